"""How long a device works on a request, and what energy that takes.

A roofline in two phases. Reading a prompt (prefill) is bound by arithmetic; writing an answer token by
token (decode) is bound by memory bandwidth, because each step reads the weights once for all sequences
of the batch and, for each sequence, the keys and values of everything it has seen. Both peaks are
reached only in part: `Efficiency` says how far, and `calibration` measures it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from ..errors import InvalidOption
from .footprint import Quantisation, kv_bytes_per_token, visible_tokens, weight_bytes
from .records import Device, Model


@dataclass(frozen=True, kw_only=True)
class Efficiency:
    """Share of the device's peaks that serving reaches.

    The defaults are usual values: 0.35-0.5 of the arithmetic, 0.8 of the bandwidth. `calibration.fit` gives
    those of one measured run (RTX 4090 under full load: 0.72 and 0.88; see the documentation).
    """

    prefill: float = 0.45
    decode: float = 0.8

    def __post_init__(self) -> None:
        for field in ("prefill", "decode"):
            if not 0 < getattr(self, field) <= 1:
                raise InvalidOption(f"efficiency: {field} = {getattr(self, field)}, must be in (0, 1]")


def peak_flops(device: Device, stored: Quantisation) -> float:
    """Dense peak of the device in the arithmetic of the quantisation, operations per second.

    Raises
    ------
    InvalidOption
        If the catalogue has no such figure for the device.
    """
    field = "int8_ops" if stored.arithmetic == "int8" else "bf16_flops"
    peak: float | None = getattr(device, field)
    if peak is None:
        raise InvalidOption(
            f"device {device.name!r} has no {field} in the catalogue ({device.flops_source}); "
            f"give one: dataclasses.replace(device, {field}=...)"
        )
    return peak


def prefill_flops(model: Model, tokens: float, context: float = 0.0) -> float:
    """Operations to read `tokens` new tokens behind `context` tokens whose keys and values are kept.

    2 x active parameters x tokens for the matrix products with weights, and
    4 x layers x heads x head dimension x tokens x visible for attention, where a new token attends on
    average to visible = visible_tokens(context + tokens / 2) tokens.
    """
    attended = visible_tokens(model, context + tokens / 2.0)
    weights = 2.0 * model.active_parameters * tokens
    attention = 4.0 * model.layers * model.heads * model.head_dim * tokens * attended
    return weights + attention


def prefill_seconds(
    model: Model,
    device: Device,
    stored: Quantisation,
    tokens: float,
    *,
    context: float = 0.0,
    efficiency: Efficiency | None = None,
) -> float:
    """GPU-seconds to read a prompt: prefill operations / (peak x prefill efficiency)."""
    reached = (efficiency or Efficiency()).prefill * peak_flops(device, stored)
    return prefill_flops(model, tokens, context) / reached


def touched_weight_bytes(model: Model, stored: Quantisation, batch: float) -> float:
    """Bytes of weights that one decode step reads for a batch.

    weight bytes x (1 - (1 - a)^batch), with a = active / all parameters: one sequence reads the active
    part, and each further one meets a weight already read with that chance. A dense model has a = 1
    and reads everything once. Mixtures of experts always read their shared layers, so this errs a
    little on the high side between batch 1 and large batches, and on neither end.
    """
    active = min(1.0, model.active_parameters / model.parameters)
    return float(weight_bytes(model, stored) * (1.0 - (1.0 - active) ** batch))


def decode_step_bytes(model: Model, stored: Quantisation, *, batch: float, length: float) -> float:
    """Bytes one decode step moves: touched weights + batch x visible tokens x cache bytes per token."""
    cache = kv_bytes_per_token(model, stored) * visible_tokens(model, length)
    return touched_weight_bytes(model, stored, batch) + batch * cache


def decode_step_seconds(
    model: Model,
    device: Device,
    stored: Quantisation,
    *,
    batch: float = 1.0,
    length: float = 0.0,
    efficiency: Efficiency | None = None,
) -> float:
    """Seconds of one decode step, which gives each of `batch` sequences of `length` tokens one token.

    The slower of memory, bytes / (bandwidth x decode efficiency), and arithmetic,
    2 x active parameters x batch / (peak x prefill efficiency). Arithmetic wins only in batches of a
    hundred and more; where the catalogue has no peak, memory alone counts.
    """
    if not 1 <= batch < math.inf:
        raise InvalidOption(f"batch = {batch}, must be finite and at least 1")
    reached = efficiency or Efficiency()
    moved = decode_step_bytes(model, stored, batch=batch, length=length)
    memory = moved / (device.bandwidth * reached.decode)
    if (device.int8_ops if stored.arithmetic == "int8" else device.bf16_flops) is None:
        return memory
    arithmetic = 2.0 * model.active_parameters * batch / (peak_flops(device, stored) * reached.prefill)
    return max(memory, arithmetic)


@dataclass(frozen=True, kw_only=True)
class Tokens:
    """A request in tokens: new prompt, answer, and earlier context whose keys and values are kept."""

    prompt: float
    output: float
    context: float = 0.0

    def __post_init__(self) -> None:
        for field in ("prompt", "output", "context"):
            if not 0 <= getattr(self, field) < math.inf:
                raise InvalidOption(
                    f"tokens: {field} = {getattr(self, field)}, must be finite and not negative"
                )

    @property
    def mean_length(self) -> float:
        """Mean length of the sequence while the answer grows: context + prompt + output / 2."""
        return self.context + self.prompt + self.output / 2.0


def request_seconds(
    model: Model,
    device: Device,
    stored: Quantisation,
    tokens: Tokens,
    *,
    batch: float = 1.0,
    efficiency: Efficiency | None = None,
) -> float:
    """GPU-seconds a request takes from the device: the work w of the problem.

    prefill seconds(prompt behind context) + output tokens x decode step seconds(mean length) / batch.
    A decode step is shared by the batch, so that a request bears 1 / batch of the weights read; its own
    cache counts in full.
    """
    reading, step = _phases(model, device, stored, tokens, batch, efficiency)
    return reading + tokens.output * step / batch


def response_seconds(
    model: Model,
    device: Device,
    stored: Quantisation,
    tokens: Tokens,
    *,
    batch: float = 1.0,
    efficiency: Efficiency | None = None,
) -> float:
    """Seconds until the user has the whole answer, without queueing.

    Prefill seconds + output tokens x decode step seconds: sharing a step makes it cheaper, not faster.
    """
    reading, step = _phases(model, device, stored, tokens, batch, efficiency)
    return reading + tokens.output * step


def _phases(
    model: Model,
    device: Device,
    stored: Quantisation,
    tokens: Tokens,
    batch: float,
    efficiency: Efficiency | None,
) -> tuple[float, float]:
    """Seconds of the prefill, and of one decode step at the mean length."""
    reading = prefill_seconds(
        model, device, stored, tokens.prompt, context=tokens.context, efficiency=efficiency
    )
    step = decode_step_seconds(
        model, device, stored, batch=batch, length=tokens.mean_length, efficiency=efficiency
    )
    return reading, step


def request_joules(device: Device, gpu_seconds: float, *, power_share: float = 0.8) -> float:
    """Energy of a request in joule: thermal design power x share drawn while busy x GPU-seconds.

    The share of 0.8 is assumed: prefill runs near the limit, decode below it.
    """
    return device.power * power_share * gpu_seconds
