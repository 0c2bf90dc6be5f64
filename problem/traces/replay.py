"""An instance from a trace: requests counted by slot, server and service; costs from the catalogue."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import InvalidOption, InvalidTrace
from ..instance import Instance
from .edge_site import Demand, EdgeSite, choose_models, site_arrays
from .formats.reading import Progress
from .formats.servegen import RATE_SCALE
from .hashing import conversation_keys, uniform
from .load import load_trace
from .services import ServiceMap, map_services
from .sessions import infer_sessions
from .trace import FloatArray, IntArray, Trace

SPLITS = {"train": (0.0, 0.5), "validation": (0.5, 0.7), "test": (0.7, 1.0)}
"""Parts of the time span: learn on the first half, tune on the next fifth, report on the rest."""

MAX_ELEMENTS = 200_000_000
MAX_SCALE = 1000.0
_COPY_SALT, _SERVER_SALT = 12, 13


def from_trace(
    path: str | Path | Trace,
    *,
    format: str = "auto",
    slot_seconds: float = 60.0,
    servers: int = 1,
    models: int | Sequence[str] | None = None,
    services: int = 24,
    group: str = "auto",
    zipf: float = 0.9,
    scale: float | None = None,
    split: str | None = None,
    start: float = 0.0,
    stop: float = math.inf,
    seed: int = 0,
    world: int = 0,
    site: EdgeSite | None = None,
    device: str | None = None,
    progress: Progress | None = None,
    **overrides: Any,
) -> Instance:
    """Build an instance that replays a trace.

    Every request of the trace in [start, stop) lands in exactly one slot, at one server, in one
    service, so with scale 1 the requests of a slot are as many as the trace has there.

    What a service costs (mean prompt and answer, how hot it is) and which requests it gets are
    worked out from the training half of the stretch, whatever `split` asks for: all parts describe
    one world, and none of it was learnt from the test part.

    Parameters
    ----------
    path
        A file, or a trace already loaded.
    format
        As for `load_trace`.
    slot_seconds
        Length of a slot. The last slot may be only partly covered by the trace.
    servers
        Equal servers. A conversation stays with one, chosen by a hash.
    models
        How many of the default models, or names of the catalogue, ``"name"`` or
        ``"name:quantisation"``. Services are dealt to them in an order that `world` draws.
    services, group, zipf
        Number of services and how requests come to them: see `services.map_services`.
    scale
        Factor on the demand. Below 1 whole conversations are left out at random; above 1 they are
        copied, each copy with a server of its own. Default 1; for ServeGen, whose production rates
        are multiplied by it before arrivals are drawn, 1/1000.
    split
        ``"train"`` (first half of the slots), ``"validation"`` (next fifth), ``"test"`` (the rest),
        or None for all.
    start, stop
        Stretch of the trace to use, seconds after its first request.
    seed
        Seed of what is drawn: thinning, ServeGen's arrivals.
    world
        Seed of what stays: which conversation belongs to which service and server, which service
        to which model.
    site
        Devices, prices, windows, accuracies; `device` and `models` replace those of the site.
    progress
        Called while the file is read, with (bytes read, bytes in all).
    **overrides
        Arrays of the instance that replace those worked out here, ``memory=...`` for one.

    Returns
    -------
    Instance
        Costs in US cents.

    Raises
    ------
    InvalidTrace
        If the file cannot be read, or the stretch holds no request.
    InvalidOption
        If an argument is out of range.
    InvalidInstance
        If an override does not fit.

    Notes
    -----
    Mooncake gives no conversations; they are inferred (`infer_sessions`), which is a heuristic.
    """
    _check_ranges(slot_seconds, servers, scale, split, start, stop)
    _check_seeds(seed=seed, world=world)
    trace = path if isinstance(path, Trace) else _load(path, format, scale, seed, progress)
    if trace.blocks is not None and trace.provenance.sessions == "absent":
        trace = infer_sessions(trace)
    factor = 1.0 if scale is None or trace.provenance.sampled else scale
    slots = _slotted(trace, slot_seconds, start, stop)
    mapped = map_services(
        trace, slots.used & (slots.of_request < slots.edges[1]), services, group=group, zipf=zipf, world=world
    )
    count = len(mapped.names)
    if slots.edges[-1] * servers * count > MAX_ELEMENTS:
        raise InvalidOption(
            f"slot_seconds = {slot_seconds:g}: {slots.edges[-1]:,} slots x {servers} servers x {count} "
            f"services exceed {MAX_ELEMENTS:,} numbers; use longer slots or a shorter stretch (start, stop)"
        )
    requests = _count_requests(trace, slots, mapped, servers, factor, (seed, world))
    chosen = _chosen_site(site, device, models)
    demand = _demand(trace, slots, mapped, requests[: slots.edges[1]], len(chosen.models), world)
    arrays = site_arrays(chosen, demand, slot_seconds) | overrides
    first, last = slots.part(split)
    return Instance(requests=arrays.pop("requests", requests[first:last]), **arrays)


@dataclass(frozen=True, eq=False)
class _Slots:
    """Slot of each request, which requests are used, and where the parts begin and end."""

    of_request: IntArray
    used: np.ndarray[Any, np.dtype[np.bool_]]
    edges: tuple[int, int, int, int]

    def part(self, split: str | None) -> tuple[int, int]:
        """First slot and end of a part."""
        if split is None:
            return 0, self.edges[-1]
        place = list(SPLITS).index(split)
        first, last = self.edges[place], self.edges[place + 1]
        if first == last:
            raise InvalidOption(
                f"split {split!r}: a trace of {self.edges[-1]} slots has no slot left for it; "
                "use shorter slot_seconds"
            )
        return first, last


def _check_ranges(
    slot_seconds: float, servers: int, scale: float | None, split: str | None, start: float, stop: float
) -> None:
    if not 0 < slot_seconds < math.inf:
        raise InvalidOption(f"slot_seconds = {slot_seconds}: must be positive and finite")
    if not 1 <= servers <= 100_000:
        raise InvalidOption(f"servers = {servers}: must lie in 1 to 100,000")
    if scale is not None and not 0 < scale <= MAX_SCALE:
        raise InvalidOption(f"scale = {scale}: must lie in (0, {MAX_SCALE:g}]")
    if split is not None and split not in SPLITS:
        raise InvalidOption(f"split {split!r}: must be {', '.join(SPLITS)} or None")
    if not 0 <= start < stop:
        raise InvalidOption(f"start = {start}, stop = {stop}: must be seconds with 0 <= start < stop")


def _check_seeds(**seeds: int) -> None:
    for name, seed in seeds.items():
        if not 0 <= seed < 2**63:
            raise InvalidOption(f"{name} = {seed}: must be a whole number from 0 to 2^63 - 1")


def _load(path: str | Path, format: str, scale: float | None, seed: int, progress: Progress | None) -> Trace:
    rate_scale = RATE_SCALE if scale is None else scale
    return load_trace(path, format, rate_scale=rate_scale, seed=seed, progress=progress)


def _slotted(trace: Trace, slot_seconds: float, start: float, stop: float) -> _Slots:
    used = (trace.arrived_at >= start) & (trace.arrived_at < stop)
    if not used.any():
        raise InvalidTrace(
            f"{trace.provenance.file}: no request between {start:g} and {stop:g} s; "
            f"the trace spans {trace.arrived_at[-1]:g} s"
        )
    slot = np.floor((trace.arrived_at - start) / slot_seconds)
    count = float(slot[used].max()) + 1
    if count > MAX_ELEMENTS:
        raise InvalidOption(
            f"slot_seconds = {slot_seconds:g}: cuts the trace into {count:.3g} slots; use longer ones"
        )
    edges = [round(count * end) for _, end in SPLITS.values()]
    of_request = np.where(used, slot, -1).astype(np.int64)
    return _Slots(of_request, used, (0, max(edges[0], 1), max(edges[1], 1), edges[2]))


def _count_requests(
    trace: Trace, slots: _Slots, mapped: ServiceMap, servers: int, scale: float, seeds: tuple[int, int]
) -> IntArray:
    """Requests (slots, servers, services), each conversation thinned or copied as a whole."""
    seed, world = seeds
    shape = (slots.edges[-1], servers, len(mapped.names))
    keys = conversation_keys(trace)
    copies = math.floor(scale) + (uniform(keys, _COPY_SALT, seed) < scale - math.floor(scale))
    total = np.zeros(math.prod(shape), dtype=np.int64)
    for copy in range(math.ceil(scale)):
        rows = np.flatnonzero(slots.used & (copies > copy))
        server = np.floor(uniform(keys[rows], _SERVER_SALT, world, copy) * servers).astype(np.int64)
        place = (slots.of_request[rows] * servers + server) * shape[2] + mapped.service[rows]
        total += np.bincount(place, minlength=total.size)
    return total.reshape(shape)


def _demand(
    trace: Trace, slots: _Slots, mapped: ServiceMap, training: IntArray, models: int, world: int
) -> Demand:
    count = len(mapped.names)
    known = slots.used & (slots.of_request < slots.edges[1])
    order = np.random.default_rng(np.random.SeedSequence([world, 1])).permutation(models)
    active = np.maximum((training > 0).sum(axis=(0, 1)), 1)
    return Demand(
        names=mapped.names,
        model=order[np.arange(count) % models].astype(np.int64),
        prompt=_means(trace.num_prefill_tokens[known], mapped.service[known], count),
        output=_means(trace.num_decode_tokens[known], mapped.service[known], count),
        hot_requests=training.sum(axis=(0, 1)) / active,
    )


def _means(tokens: IntArray, service: IntArray, count: int) -> FloatArray:
    """Mean by service; a service that training never saw gets the mean of all."""
    number = np.bincount(service, minlength=count)
    total = np.bincount(service, weights=tokens, minlength=count)
    overall = float(tokens.mean()) if tokens.size else 0.0
    means: FloatArray = np.where(number > 0, total / np.maximum(number, 1), overall)
    return means


def _chosen_site(site: EdgeSite | None, device: str | None, models: int | Sequence[str] | None) -> EdgeSite:
    chosen = site or EdgeSite()
    if device is not None:
        chosen = replace(chosen, device=device)
    return replace(chosen, models=choose_models(models)) if models is not None else chosen
