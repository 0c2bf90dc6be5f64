"""The edge site on which a trace is replayed: devices, models and prices, from the catalogue.

The defaults make caching matter: an L40S holds about a third of the twelve models with their
caches, its GPU-seconds run out at a few requests a second, and the alternative is a frontier model
at list price. An engine takes a minute to start. With a cheap hosted open model instead, or loads of
a few seconds, the per-slot optimum would be near-optimal and there would be little to decide.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .. import catalogue
from ..accuracy import LogCurve
from ..errors import InvalidOption
from .trace import FloatArray, IntArray

MODELS = (
    "Llama-3.1-8B:int8+kv8",
    "Qwen2.5-7B:int8+kv8",
    "Qwen3-8B:int8+kv8",
    "Mistral-7B-v0.3:int8+kv8",
    "Gemma-2-9B:int8+kv8",
    "Qwen2.5-14B:int4+kv8",
    "Phi-4:int4+kv8",
    "Qwen2.5-3B:fp16+kv8",
    "Qwen3-4B:fp16+kv8",
    "Llama-3.2-3B:fp16+kv8",
    "Phi-4-mini:fp16+kv8",
    "Gemma-2-2B:fp16+kv8",
)
"""Models of 2.6 to 14.8 billion parameters, each at the precision that brings it to 5 to 12 GB."""

QUANTISED = "int8+kv8"
"""Precision of a model that is named without one and is not in `MODELS`."""

USUAL_TOKENS = (1024.0, 256.0)
"""Prompt and answer of a service about which the trace says nothing."""


@dataclass(frozen=True, kw_only=True)
class EdgeSite:
    """Devices, models, prices and the value of a right answer; errors and accuracies are assumed.

    Parameters
    ----------
    device
        Device of the catalogue, one a server.
    models
        Models of the catalogue, ``"name"`` or ``"name:quantisation"``.
    price
        Hosted model that serves what the edge does not.
    window, gain, vanish
        Context units: window of every service, gain per local request, loss per slot.
    unit_tokens
        Tokens of one context unit. The pool of keys and values is reserved for a full window beside
        the mean prompt and answer.
    concurrency
        Sequences of a service that run at once.
    error_cents
        Cost of a wrong answer, US cents: the accuracy weight.
    accuracy_start, accuracy_full, alpha
        Accuracy without context and with a full window; exponent of the log law between them.
    cloud_accuracy
        Accuracy of the hosted model; its error is part of the cloud cost.
    economics
        What the operator pays.
    """

    device: str = "L40S"
    models: tuple[str, ...] = MODELS
    price: str = "openai/gpt-4o"
    window: int = 32
    gain: int = 1
    vanish: int = 1
    unit_tokens: float = 100.0
    concurrency: float = 4.0
    error_cents: float = 0.5
    accuracy_start: float = 0.55
    accuracy_full: float = 0.9
    alpha: float = 0.8
    cloud_accuracy: float = 0.9
    economics: catalogue.Economics = field(default_factory=catalogue.Economics)

    def __post_init__(self) -> None:
        if not self.models:
            raise InvalidOption("models: at least one model of the catalogue is needed")
        if not 0 <= self.accuracy_start <= self.accuracy_full <= 1 or not 0 <= self.cloud_accuracy <= 1:
            raise InvalidOption(
                f"accuracy_start = {self.accuracy_start}, accuracy_full = {self.accuracy_full}, "
                f"cloud_accuracy = {self.cloud_accuracy}: must lie in [0, 1], the first not above the second"
            )

    def curve(self) -> LogCurve:
        """Accuracy at the edge by context: the log law of arXiv 2305.12130, ending at the window."""
        end = float(np.log2(1.0 + float(self.window) ** self.alpha)) if self.window else 1.0
        rise = (self.accuracy_full - self.accuracy_start) / end
        return LogCurve(a0=self.accuracy_start, a1=rise, alpha=self.alpha, ceiling=self.accuracy_full)


@dataclass(frozen=True, eq=False)
class Demand:
    """What the training part of a trace says about each service.

    Parameters
    ----------
    names : (S,)
    model : int (S,)
        Index into the site's models.
    prompt, output : float (S,), tokens
        Means; 0 where the trace does not say.
    hot_requests : float (S,), requests per slot and server
        Mean over the slots in which the service is asked for at all.
    """

    names: tuple[str, ...]
    model: IntArray
    prompt: FloatArray
    output: FloatArray
    hot_requests: FloatArray


def site_arrays(site: EdgeSite, demand: Demand, slot_seconds: float) -> dict[str, Any]:
    """Every array of the instance but the requests, in bytes, GPU-seconds, joule and US cents.

    A prompt that is longer than a model can read beside its window and answer is cut to that.

    Raises
    ------
    InvalidOption
        For names that the catalogue does not know, or a model that does not fit into the device.
    """
    names, quantised = _parse_models(site.models)
    known = catalogue.models()
    services = []
    local_error = site.error_cents * (1.0 - 0.5 * (site.accuracy_start + site.accuracy_full))
    for index, name in enumerate(demand.names):
        model = known[names[int(demand.model[index])]]
        room = model.context_window - site.window * site.unit_tokens
        output = min(demand.output[index] or USUAL_TOKENS[1], room / 2)
        services.append(
            catalogue.Service(
                name=name,
                model=model,
                price=site.price,
                prompt_tokens=float(min(demand.prompt[index] or USUAL_TOKENS[0], room - output)),
                output_tokens=float(output),
                window=site.window,
                unit_tokens=site.unit_tokens,
                concurrency=site.concurrency,
                cloud_error_cents=site.error_cents * (1.0 - site.cloud_accuracy),
                local_error_cents=local_error,
                hot_requests=float(demand.hot_requests[index]),
            )
        )
    built = catalogue.build(
        site.device,
        services,
        models=names,
        quantised=quantised,
        slot_seconds=slot_seconds,
        economics=site.economics,
    )
    context = {"gain": site.gain, "vanish": site.vanish}
    return built.arrays() | context | {"accuracy": site.curve(), "accuracy_weight": site.error_cents}


def choose_models(models: int | Sequence[str] | None) -> tuple[str, ...]:
    """Models from a number (so many of `MODELS`), from names, or all of `MODELS`.

    Raises
    ------
    InvalidOption
        If more are asked for than the default list has.
    """
    if models is None:
        return MODELS
    if isinstance(models, int):
        if not 1 <= models <= len(MODELS):
            raise InvalidOption(f"models = {models}: must lie in 1 to {len(MODELS)}; name them to use others")
        return MODELS[:models]
    if isinstance(models, str):
        return (models,)
    return tuple(models)


def _parse_models(models: Sequence[str]) -> tuple[list[str], dict[str, str]]:
    usual = dict(model.split(":") for model in MODELS)
    names, quantised = [], {}
    for model in models:
        name, _, how = model.partition(":")
        names.append(name)
        quantised[name] = how or usual.get(name, QUANTISED)
    if len(quantised) < len(names):
        raise InvalidOption(f"models: {', '.join(names)} must differ")
    return names, quantised
