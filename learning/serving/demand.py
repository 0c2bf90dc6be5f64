"""What past arrivals say about demand: running means, hot and cold phases, and who follows whom.

Everything here is a function of the arrivals up to the current slot, so a learner may see all of it.
A model is *hot* while the mean of its last two slots exceeds its slow mean; a stay in one state is a phase.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt
from typing import Any, NamedTuple

import numpy as np

from ...problem.fields import BoolArray, FloatArray, IntArray
from ...solvers.compiled import compiled

FAST_MEMORY = 0.7
"""What the fast mean keeps of itself a slot."""

SLOW_RATE = 0.01
"""What the slow mean forgets of itself a slot; before slot 100 it is the plain mean."""

FOLLOW_SLOTS = 3
"""A model that became cold at most so many slots ago still counts as the predecessor of the next hot one."""


class Demand(NamedTuple):
    """Running statistics of the arrivals of B lanes; S services, M models.

    Attributes
    ----------
    seen : int (B,)
        Slots taken in.
    fast, slow : float (B, S), requests
        Exponentially weighted means.
    last : float (B, M), requests
        Arrivals of each model in the slot before.
    hot : bool (B, M)
    age : int (B, M), slots
        How long the model has been in its phase, this slot not counted.
    phases, phase_slots, phase_squares : int (B, M, 2)
        Finished cold and hot phases, their slots in all, and the sum of the squares of their slots.
    follows : int (B, M, M)
        [i, j]: how often j became hot while i was, or had been within `FOLLOW_SLOTS`.
    """

    seen: IntArray
    fast: FloatArray
    slow: FloatArray
    last: FloatArray
    hot: BoolArray
    age: IntArray
    phases: IntArray
    phase_slots: IntArray
    phase_squares: IntArray
    follows: IntArray


def empty_demand(lanes: int, models: int, services: int) -> Demand:
    """Statistics of B lanes that have seen nothing."""
    fast, slow = np.zeros((2, lanes, services))
    phases, phase_slots, phase_squares = np.zeros((3, lanes, models, 2), np.int64)
    return Demand(
        seen=np.zeros(lanes, np.int64),
        fast=fast,
        slow=slow,
        last=np.zeros((lanes, models)),
        hot=np.zeros((lanes, models), np.bool_),
        age=np.zeros((lanes, models), np.int64),
        phases=phases,
        phase_slots=phase_slots,
        phase_squares=phase_squares,
        follows=np.zeros((lanes, models, models), np.int64),
    )


def forget(demand: Demand, lane: int) -> None:
    """Begin a lane again."""
    for array in demand:
        array[lane] = 0


def history(runs: Sequence[IntArray], service_model: IntArray, models: int) -> Demand:
    """What the arrivals (T, S) of earlier runs of a server have taught, one lane.

    Between two runs, and before what comes next, all models count as cold and nothing is known of the slots
    between.
    """
    demand = empty_demand(1, models, service_model.size)
    for run in runs:
        for requests in run:
            take_in(demand, 0, requests, service_model, models, service_model.size)
        _rest(demand, service_model)
    return demand


def _rest(demand: Demand, service_model: IntArray) -> None:
    """Keep what was learnt, drop what was going on."""
    demand.fast[0] = demand.slow[0]
    demand.last[0] = np.bincount(service_model, demand.slow[0], demand.last.shape[1])
    demand.hot[0], demand.age[0] = False, 0


def remember(demand: Demand, lane: int, learnt: Demand) -> None:
    """Begin a lane with a history, which may know fewer models and services than there is room for."""
    forget(demand, lane)
    for array, known in zip(demand, learnt, strict=True):
        if known.ndim == 1:
            array[lane] = known[0]
        else:
            array[lane][tuple(slice(size) for size in known.shape[1:])] = known[0]


@compiled
def take_in(demand: Any, lane: int, requests: Any, service_model: Any, models: int, services: int) -> None:
    """Update the statistics of one lane with the arrivals (S,) of a slot."""
    demand.seen[lane] += 1
    first = demand.seen[lane] == 1
    slow_rate = max(SLOW_RATE, 1.0 / demand.seen[lane])
    fast_rate = 1.0 if first else 1.0 - FAST_MEMORY
    total, mean = np.zeros(models), np.zeros(models)
    fast, slow = demand.fast[lane], demand.slow[lane]
    for service in range(services):
        fast[service] += fast_rate * (requests[service] - fast[service])
        slow[service] += slow_rate * (requests[service] - slow[service])
        total[service_model[service]] += requests[service]
        mean[service_model[service]] += slow[service]
    hot, age, last = demand.hot[lane], demand.age[lane], demand.last[lane]
    for model in range(models):
        before = total[model] if first else last[model]
        last[model] = total[model]
        age[model] += 0 if first else 1
        now = 0.5 * (total[model] + before) > mean[model]
        if now == hot[model]:
            continue
        state = 1 if hot[model] else 0
        demand.phases[lane, model, state] += 1
        demand.phase_slots[lane, model, state] += age[model]
        demand.phase_squares[lane, model, state] += age[model] ** 2
        hot[model] = now
        age[model] = 0
    for model in range(models):
        if hot[model] and age[model] == 0:
            _credit(demand.follows[lane], hot, age, demand.phases[lane], model, models)


@compiled
def _credit(follows: Any, hot: Any, age: Any, phases: Any, started: int, models: int) -> None:
    """Note that `started` became hot beside or just after other models."""
    for other in range(models):
        fresh = hot[other] and age[other] == 0
        if other != started and not fresh and leads(hot[other], age[other], phases[other, 1]):
            follows[other, started] += 1


@compiled
def leads(hot: bool, age: int, hot_phases: int) -> bool:
    """Whether a model is hot, or was within `FOLLOW_SLOTS`."""
    return hot or (hot_phases > 0 and age < FOLLOW_SLOTS)


@compiled
def succession(demand: Any, lane: int, models: int, chance: Any, leader: Any) -> None:
    """Find for each model the one that foretells it best now.

    Parameters
    ----------
    chance
        (M,) filled: the greatest share, over the models that lead now (`leads`), of what followed them.
    leader
        (M,) filled: the model that has it, -1 if none.
    """
    follows, hot, age, phases = demand.follows[lane], demand.hot[lane], demand.age[lane], demand.phases[lane]
    chance[:] = 0.0
    leader[:] = -1
    for other in range(models):
        if not leads(hot[other], age[other], phases[other, 1]):
            continue
        total = 0
        for model in range(models):
            total += follows[other, model]
        for model in range(models):
            if follows[other, model] > chance[model] * total:
                chance[model] = follows[other, model] / total
                leader[model] = other


@compiled
def phase_length(demand: Any, lane: int, model: int, state: int) -> tuple[float, float]:
    """Mean length (slots) of a model's finished phases, and standard deviation / mean, at most 2."""
    count = demand.phases[lane, model, state]
    slots = float(demand.phase_slots[lane, model, state])
    if count == 0 or slots == 0.0:
        return 0.0, 0.0
    mean = slots / count
    variance = max(0.0, demand.phase_squares[lane, model, state] / count - mean * mean)
    return mean, min(2.0, sqrt(variance) / mean)
