"""Named shifts: a world that begins as the learner knows it, and becomes another halfway.

Half of the slots have the family's own arrivals, the other half those of the shift; costs, models and memory
stay what they are, unless the shift is one of capacity. A policy keeps its cache, its contexts and all that
it has learnt across the shift.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...problem import Instance, scenario
from ...problem.fields import IntArray


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
    """Give each model the requests of model ``order[m]``, spread over its services by their own shares."""
    shares = own.requests.sum(axis=(0, 1)) + 1.0
    found = np.zeros_like(own.requests)
    for model in range(own.models):
        mine = np.flatnonzero(own.service_model == model)
        total = own.requests[..., own.service_model == order[model]].sum(axis=-1)
        edges = np.concatenate([[0.0], np.cumsum(shares[mine]) / shares[mine].sum()])
        counts = np.rint(total[..., None] * edges).astype(np.int64)
        found[..., mine] = np.diff(counts, axis=-1)
    return found


CHANGES: Mapping[str, Change] = {
    "nothing": Change("nothing but a new stretch: the control", _own),
    "drift": Change("popularity drifts smoothly, without phases", _of("drift")),
    "regime": Change("arrivals of `hotset`: other durations, no decoys", _of("hotset")),
    "zipf": Change("constant popularity of exponent 1.4", _of("stationary", exponent=1.4)),
    "swapped": Change("the models' parts are dealt anew", _swapped),
    "new-model": Change("the least wanted model takes over from the most wanted one", _new_model),
    "capacity": Change("memory is 0.7 of what it was in training, from the first slot on", _own, 0.7),
}


def changed(name: str, family: str, seed: int, split: str, **sizes: Any) -> Instance:
    """An instance that has the shift at its middle, twice the family's slots long."""
    change = CHANGES[name]
    before = scenario(family, seed=seed, split=split, **sizes)
    after = change.arrivals(family, seed, split, **sizes)
    whole = before.with_requests(np.concatenate([before.requests, after]))
    return whole if change.memory == 1.0 else whole.replace(memory=change.memory * whole.memory)
