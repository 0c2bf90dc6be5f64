"""How far the formulas of `inference` are from measured runs, and which efficiencies fit them.

`fit` separates the two efficiencies by the phases of an overloaded run. After the last prompt was read
nothing but decoding is left (the drain): bytes moved per second give the decode efficiency. Before it,
whatever time the decode steps do not explain went into prompts: the prefill efficiency. `compare` puts
the formula, with any efficiencies, beside the run. `fit_profile` does the same from a table of layer
latencies.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ..errors import InvalidTrace
from .footprint import QUANTISATIONS, Quantisation, kv_bytes_per_token, visible_tokens
from .inference import (
    Efficiency,
    Tokens,
    peak_flops,
    prefill_flops,
    prefill_seconds,
    request_seconds,
    touched_weight_bytes,
)
from .measured import Clock, FloatArray, Run, at_once, measure, read_text, shares, step_clock
from .records import Device, Model

_WEIGHT_LAYERS = ("qkv_proj", "o_proj", "gate_up_proj", "down_proj")
BoolArray = npt.NDArray[np.bool_]
_FP16 = QUANTISATIONS["fp16"]


@dataclass(frozen=True, kw_only=True)
class Fit:
    """Efficiencies of one run.

    Attributes
    ----------
    decode : float
        Bytes moved in the drain / (seconds x bandwidth x devices).
    prefill : float or None
        Prefill operations / (seconds that decoding leaves x peak x devices); None where the catalogue
        has no peak for the device.
    prefill_flops : float or None, operations per second and device
        The same without the peak; None where decoding alone explains all the time.
    drain_seconds, drain_batch : float
        Length of the drain, and sequences per step in it.
    residual : float
        Root mean square, over requests, of fitted / measured time from first to last token - 1.
    within_ten_per_cent : float
        Share of the requests for which that is below 0.1; preempted ones are not.
    """

    decode: float
    prefill: float | None
    prefill_flops: float | None
    drain_seconds: float
    drain_batch: float
    residual: float
    within_ten_per_cent: float


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """The formula beside a run; what is predicted is None where the catalogue has no peak for the device.

    Attributes
    ----------
    gpu_seconds : (measured, predicted), GPU-seconds per request
    token_seconds : (measured, predicted), seconds per output token
        Prefills of other requests included: predicted is batch x GPU-seconds / (devices x output).
    first_token_seconds : (measured, predicted), seconds
        Medians over the requests that did not queue. Measured ones also wait for the step under way and
        for prompts that are read in the same step.
    step_seconds : (measured, predicted), seconds per decode step in the drain
    """

    gpu_seconds: tuple[float, float | None]
    token_seconds: tuple[float, float | None]
    first_token_seconds: tuple[float | None, float | None]
    step_seconds: tuple[float, float]

    @property
    def gpu_ratio(self) -> float | None:
        """Predicted / measured GPU-seconds per request."""
        measured, predicted = self.gpu_seconds
        return None if predicted is None else predicted / measured

    @property
    def step_ratio(self) -> float:
        """Predicted / measured seconds per decode step."""
        measured, predicted = self.step_seconds
        return predicted / measured


@dataclass(frozen=True, kw_only=True)
class ProfileFit:
    """Efficiencies of single layers, with no engine around them.

    Attributes
    ----------
    prefill : float
        Operations of a chunk, weights and attention, / (seconds of all its layers x peak).
    weights : float
        Bytes of the weight matrices / (seconds x bandwidth) for one token.
    cache : float
        Bytes of keys and values / (seconds x bandwidth) for many sequences decoding at length.
    """

    prefill: float
    weights: float
    cache: float


def fit(
    run: Run, model: Model, device: Device, stored: Quantisation = _FP16, *, smoothing: float = 0.2
) -> Fit:
    """Decode and prefill efficiency of a run by its drain and its balance of time.

    decode = bytes in the drain / (drain seconds x bandwidth x devices), the bytes of a step being
    touched weights + visible cached tokens x cache bytes; prefill operations per second =
    all prefill operations / (seconds before the drain - decode bytes then / decode bandwidth).
    `smoothing` is that of `measured.step_clock`: vary it to see how far the figures depend on it.

    Raises
    ------
    InvalidTrace
        If the run has no drain: its last prompt is read after nearly all answers are finished.
    """
    clock = step_clock(run, smoothing=smoothing)
    width, moved = np.diff(clock.edges), _moved(clock, model, stored)
    drain = _drain(run, clock)
    rate = moved[drain].sum() / width[drain].sum()
    reading = float(clock.edges[:-1][drain].min() - run.scheduled.min()) - moved[~drain].sum() / rate
    operations = np.array([prefill_flops(model, tokens) for tokens in run.prompt])
    speed = float(operations.sum() / (reading * run.gpus)) if reading > 0 else None
    peak = None if device.bf16_flops is None else peak_flops(device, stored)
    error = _residuals(run, clock, moved / rate, operations, operations.sum() / max(reading, 1e-9))
    return Fit(
        decode=float(rate / (device.bandwidth * run.gpus)),
        prefill=None if peak is None or speed is None else speed / peak,
        prefill_flops=speed,
        drain_seconds=float(width[drain].sum()),
        drain_batch=_drain_batch(clock, drain),
        residual=float(np.sqrt(np.mean(error**2))),
        within_ten_per_cent=float(np.mean(np.abs(error) < 0.1)),
    )


def compare(
    run: Run,
    model: Model,
    device: Device,
    stored: Quantisation = _FP16,
    *,
    efficiency: Efficiency | None = None,
) -> Comparison:
    """Formula against run: mean request at the run's mean batch, and the mean step of the drain.

    GPU-seconds count every device, so the formula of one device applies to runs on several; seconds are
    those of one device / devices.
    """
    seen = measure(run)
    clock = step_clock(run)
    drain = _drain(run, clock)
    steps = clock.steps[drain].sum()
    bandwidth = device.bandwidth * run.gpus * (efficiency or Efficiency()).decode
    work = per_token = first = None
    if device.bf16_flops is not None:
        tokens = Tokens(prompt=seen.prompt_tokens, output=seen.output_tokens)
        work = request_seconds(model, device, stored, tokens, batch=seen.batch, efficiency=efficiency)
        per_token = seen.batch * work / (run.gpus * seen.output_tokens)
        prompts = run.prompt[at_once(run)]
        if len(prompts):
            reading = [
                prefill_seconds(model, device, stored, each, efficiency=efficiency) for each in prompts
            ]
            first = float(np.median(reading)) / run.gpus
    return Comparison(
        gpu_seconds=(seen.gpu_seconds_per_request, work),
        token_seconds=(seen.seconds_per_output_token, per_token),
        first_token_seconds=(seen.first_token_seconds, first),
        step_seconds=(
            float(np.diff(clock.edges)[drain].sum() / steps),
            float(_moved(clock, model, stored)[drain].sum() / bandwidth / steps),
        ),
    )


def fit_profile(
    dense: str | Path,
    attention: str | Path,
    model: Model,
    device: Device,
    *,
    chunk: int = 2048,
    sequences: int = 64,
    length: int = 4096,
) -> ProfileFit:
    """Efficiencies from tables of layer latencies in microseconds (LLMServingSim's profiler).

    The weights of a layer are (parameters - 2 x vocabulary x width) / layers: embedding and output
    matrix, taken to be separate, are left out.

    Raises
    ------
    InvalidTrace
        If a table cannot be read, lacks a column, or has no row for what is asked.
    """
    weights = (model.parameters - 2.0 * model.vocabulary * model.width) / model.layers
    keys = ("prefill_chunk", "kv_prefill", "n_decode", "kv_decode")
    layers, kernels = _rows(dense), _rows(attention)
    try:
        times = {(row["layer"], int(row["tokens"])): float(row["time_us"]) * 1e-6 for row in layers}
        attending = {tuple(int(row[key]) for key in keys): float(row["time_us"]) * 1e-6 for row in kernels}
        one_token = sum(times[layer, 1] for layer in _WEIGHT_LAYERS)
        many = sum(times[layer, chunk] for layer in _WEIGHT_LAYERS) + attending[chunk, 0, 0, 0]
        decoding = attending[0, 0, sequences, length]
    except KeyError as missing:
        raise InvalidTrace(f"{dense}, {attention}: no row or column {missing}") from missing
    except (TypeError, ValueError) as error:
        raise InvalidTrace(f"{dense}, {attention}: not a table of latencies ({error})") from error
    scores = 4.0 * model.heads * model.head_dim * chunk * chunk / 2.0
    cache = sequences * length * kv_bytes_per_token(model, _FP16) / model.layers
    return ProfileFit(
        prefill=(2.0 * weights * chunk + scores) / many / peak_flops(device, _FP16),
        weights=weights * _FP16.weight_bytes / one_token / device.bandwidth,
        cache=cache / decoding / device.bandwidth,
    )


def _moved(clock: Clock, model: Model, stored: Quantisation) -> FloatArray:
    """Bytes moved by the decode steps of each bin."""
    batch = np.maximum(clock.batch, 1.0)
    touched = np.array([touched_weight_bytes(model, stored, each) for each in batch])
    mean_length = clock.cached_tokens / np.maximum(clock.batch, 1e-9)
    visible = np.array([visible_tokens(model, each) for each in mean_length]) * clock.batch
    moved: FloatArray = clock.steps * (touched + visible * kv_bytes_per_token(model, stored))
    return moved


def _drain(run: Run, clock: Clock) -> BoolArray:
    """Bins after the last first token: no prompt is read any more."""
    drain: BoolArray = clock.edges[:-1] >= run.first.max()
    if drain.sum() < 3:
        raise InvalidTrace(
            "the run has no drain of three seconds or more: decoding cannot be told from prefill"
        )
    return drain


def _drain_batch(clock: Clock, drain: BoolArray) -> float:
    """Sequences per step in the drain."""
    return float((clock.batch * clock.steps)[drain].sum() / clock.steps[drain].sum())


def _residuals(
    run: Run, clock: Clock, decoding: FloatArray, operations: FloatArray, speed: float
) -> FloatArray:
    """Fitted / measured seconds from first to last token - 1, for requests of at least 20 tokens.

    Fitted: the decode seconds of the steps a request sat through, and the prefill seconds of all
    prompts read meanwhile (spread evenly between their schedule and their first token).
    """
    edges = clock.edges
    spent = np.maximum(run.first - run.scheduled, 1e-9)
    read = (shares(edges, run.scheduled, run.first) / spent[:, None] * operations[:, None]).sum(axis=0)
    inside = shares(edges, run.first, run.last) / np.diff(edges)
    fitted = inside @ (decoding + read / speed)
    long = run.output >= 20
    error: FloatArray = (fitted / np.maximum(run.last - run.first, 1e-9) - 1.0)[long]
    return error


def _rows(path: str | Path) -> list[dict[str, str]]:
    return list(csv.DictReader(read_text(Path(path)).splitlines()))
