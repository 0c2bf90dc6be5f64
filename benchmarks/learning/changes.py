"""Named shifts: a world that begins as the learner knows it, and becomes another halfway.

Half of the slots have the family's own arrivals, the other half those of the shift; costs, models and memory
stay what they are, unless the shift is one of capacity. A policy keeps its cache, its contexts and all that
it has learnt across the shift.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np

from ...problem import Instance, from_trace, scenario
from ...problem.errors import InvalidOption
from ...problem.fields import IntArray

SLOT_SECONDS = 60.0
"""Length of a recorded trace's slots."""


@dataclass(frozen=True)
class Change:
    """A shift.

    Parameters
    ----------
    meaning
        What becomes other.
    arrivals
        ``arrivals(family, seed, split, **sizes) -> (T, N, S)`` of the second half.
    memory
        Memory in place of the family's, times its own, from the first slot on; 1 where that stays.
    """

    meaning: str
    arrivals: Callable[..., IntArray]
    memory: float = 1.0


def _of(name: str, **knobs: Any) -> Callable[..., IntArray]:
    def arrivals(family: str, seed: int, split: str, **sizes: Any) -> IntArray:
        del family
        return scenario(name, seed=seed, split=split, **sizes, **knobs).requests

    return arrivals


def _own(family: str, seed: int, split: str, **sizes: Any) -> IntArray:
    """The family's arrivals go on: another stretch, which begins anew."""
    return scenario(family, seed=seed + 10_000, split=split, **sizes).requests


def _swapped(family: str, seed: int, split: str, **sizes: Any) -> IntArray:
    """The models' parts are dealt anew: each model has the demand of another one."""
    own = scenario(family, seed=seed + 10_000, split=split, **sizes)
    order = np.random.default_rng(np.random.SeedSequence([seed, own.models])).permutation(own.models)
    return _dealt(own, order)


def _new_model(family: str, seed: int, split: str, **sizes: Any) -> IntArray:
    """The least wanted model takes over the demand of the most wanted one, which is not wanted any more."""
    own = scenario(family, seed=seed + 10_000, split=split, **sizes)
    wanted = np.bincount(own.service_model, own.requests.sum(axis=(0, 1)), own.models)
    order = np.arange(own.models)
    order[[wanted.argmax(), wanted.argmin()]] = wanted.argmin(), wanted.argmax()
    return _dealt(own, order)


def _dealt(own: Instance, order: IntArray) -> IntArray:
    """Give each model the requests of model ``order[m]``."""
    return _spread(own, _of_models(own)[..., order])


def _of_models(instance: Instance) -> IntArray:
    """Requests (T, N, M) of each model, all its services together."""
    totals: IntArray = instance.requests @ (instance.service_model[:, None] == np.arange(instance.models))
    return totals


def _spread(own: Instance, totals: IntArray) -> IntArray:
    """Spread the requests (T, N, M) of each model over its services by their own shares."""
    shares = own.requests.sum(axis=(0, 1)) + 1.0
    found = np.zeros((*totals.shape[:2], own.services), np.int64)
    for model in range(own.models):
        mine = np.flatnonzero(own.service_model == model)
        edges = np.concatenate([[0.0], np.cumsum(shares[mine]) / shares[mine].sum()])
        counts = np.rint(totals[..., model, None] * edges).astype(np.int64)
        found[..., mine] = np.diff(counts, axis=-1)
    return found


def _recorded(path: Path, family: str, seed: int, split: str, **sizes: Any) -> IntArray:
    """A window of a recorded trace, thinned or copied until it has as many requests a slot as the family."""
    own = scenario(family, seed=seed, split=split, **sizes)
    trace = _trace(path, own.models, split)
    if own.servers != 1 or trace.slots < own.slots:
        raise InvalidOption(
            f"{path}: {trace.slots} slots of its part {split!r} on one server, {family} has {own.slots} "
            f"slots on {own.servers}: give fewer, or a longer trace"
        )
    at = seed * own.slots % (trace.slots - own.slots + 1)
    totals = _of_models(trace.window_slots(at, at + own.slots))
    copies, share = divmod(own.requests.sum() / max(1, totals.sum()), 1.0)
    rng = np.random.default_rng(np.random.SeedSequence([seed, own.slots]))
    return _spread(own, int(copies) * totals + rng.binomial(totals, share))


@lru_cache(maxsize=4)
def _trace(path: Path, models: int, split: str) -> Instance:
    return from_trace(path, slot_seconds=SLOT_SECONDS, models=models, split=split)


CHANGES: Mapping[str, Change] = {
    "nothing": Change("nothing but a new stretch: the control", _own),
    "drift": Change("popularity drifts smoothly, without phases", _of("drift")),
    "regime": Change("arrivals of `hotset`: other durations, no decoys", _of("hotset")),
    "zipf": Change("constant popularity of exponent 1.4", _of("stationary", exponent=1.4)),
    "swapped": Change("the models' parts are dealt anew", _swapped),
    "new-model": Change("the least wanted model takes over from the most wanted one", _new_model),
    "capacity": Change("memory is 0.7 of what it was in training, from the first slot on", _own, 0.7),
}


TRACE = "trace"
"""The shift from a family's arrivals to those of a recorded trace."""


def change(name: str, trace: Path | None = None) -> Change:
    """A shift by name; `TRACE` needs the path of one.

    Raises
    ------
    InvalidOption
        If there is no trace.
    """
    if name != TRACE:
        return CHANGES[name]
    if trace is None:
        raise InvalidOption(f"the shift {TRACE!r} needs a recorded trace: give the path of one")
    return Change(f"arrivals of {trace.name}, as many a slot as before", partial(_recorded, trace))


def changed(
    name: str, family: str, seed: int, split: str, *, trace: Path | None = None, **sizes: Any
) -> Instance:
    """An instance that has the shift at its middle, twice the family's slots long."""
    shift = change(name, trace)
    before = scenario(family, seed=seed, split=split, **sizes)
    after = shift.arrivals(family, seed, split, **sizes)
    whole = before.with_requests(np.concatenate([before.requests, after]))
    return whole if shift.memory == 1.0 else whole.replace(memory=shift.memory * whole.memory)
