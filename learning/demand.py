"""What past arrivals say about demand: running means, hot and cold phases, and who follows whom.

Everything here is a function of the arrivals up to the current slot, so a learner may see all of it.
A model is *hot* while the mean of its last two slots exceeds its slow mean; a stay in one state is a phase.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ..problem.fields import BoolArray, FloatArray, IntArray
from ..solvers.compiled import compiled

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
    phases, phase_slots : int (B, M, 2)
        Finished cold and hot phases, and their slots in all.
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
    follows: IntArray


def empty_demand(lanes: int, models: int, services: int) -> Demand:
    """Statistics of B lanes that have seen nothing."""
    fast, slow = np.zeros((2, lanes, services))
    phases, phase_slots = np.zeros((2, lanes, models, 2), np.int64)
    return Demand(
        seen=np.zeros(lanes, np.int64),
        fast=fast,
        slow=slow,
        last=np.zeros((lanes, models)),
        hot=np.zeros((lanes, models), np.bool_),
        age=np.zeros((lanes, models), np.int64),
        phases=phases,
        phase_slots=phase_slots,
        follows=np.zeros((lanes, models, models), np.int64),
    )


def forget(demand: Demand, lane: int) -> None:
    """Begin a lane again."""
    for array in demand:
        array[lane] = 0


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
        hot[model] = now
        age[model] = 0
    for model in range(models):
        if hot[model] and age[model] == 0:
            _credit(demand.follows[lane], hot, age, demand.phases[lane], model, models)


@compiled
def _credit(follows: Any, hot: Any, age: Any, phases: Any, started: int, models: int) -> None:
    """Note that `started` became hot beside or just after other models."""
    for other in range(models):
        recent = phases[other, 1] > 0 and age[other] < FOLLOW_SLOTS
        if other != started and ((hot[other] and age[other] > 0) or (not hot[other] and recent)):
            follows[other, started] += 1


@compiled
def succession(follows: Any, hot: Any, models: int, chance: Any) -> None:
    """Fill (M,) the greatest share, over the models hot now, of what followed them in the past."""
    chance[:] = 0.0
    for other in range(models):
        if not hot[other]:
            continue
        total = 0
        for model in range(models):
            total += follows[other, model]
        if total == 0:
            continue
        for model in range(models):
            chance[model] = max(chance[model], follows[other, model] / total)
