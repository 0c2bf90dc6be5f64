"""One step of backward induction over full states: the referee's dynamics, every choice tried.

A decision has two halves. First the set changes; only contexts of models in both sets count on. Then requests
are served: the best service depends on the new set and the contexts that count, which together are a state
again, so it is found once for each state and not once for each pair of states.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ...problem.fields import FloatArray, IntArray
from ..compiled import compiled
from .states import StateSpace


def step_back(space: StateSpace, requests: IntArray, after: FloatArray) -> FloatArray:
    """Least cost (X,) from a slot with these requests (S,) on, for each state before it.

    Parameters
    ----------
    space
        The states.
    requests
        (S,) arrivals of the slot.
    after
        (X,) cost from the state after the slot on.
    """
    value = np.empty(space.size)
    run: Any = _step
    run(*_arguments(space, requests, after), space.kept, space.loading, value)
    return value


def decide(
    space: StateSpace, requests: IntArray, after: FloatArray, state: int
) -> tuple[int, IntArray, float]:
    """Best set, served requests (S,) and cost from one state; among equals the first set is taken."""
    served = np.zeros(requests.size, dtype=np.int64)
    trial = np.zeros_like(served)
    serve: Any = best_service
    arguments = _arguments(space, requests, after)
    best, chosen = np.inf, 0
    for other in range(len(space.sets)):
        counted = space.kept[state, other]
        cost = space.loading[space.of_set[state], other] + serve(*arguments, counted, trial)
        if cost < best:
            best, chosen = cost, other
            served[:] = trial
    return chosen, served, float(best)


def _arguments(space: StateSpace, requests: IntArray, after: FloatArray) -> tuple[Any, ...]:
    return (
        requests, np.ascontiguousarray(after), space.of_set, space.context, space.hosted, space.first,
        space.radix, space.saving, space.cloud_cost, space.window, space.gain, space.vanish, space.work,
        space.energy, space.limits,
    )  # fmt: skip


@compiled
def best_service(
    requests: Any, after: Any, of_set: Any, context: Any, hosted: Any, first: Any, radix: Any,
    saving: Any, cloud_cost: Any, window: Any, gain: Any, vanish: Any, work: Any, energy: Any,
    limits: Any, state: int, served: Any,
) -> float:  # fmt: skip
    """Try every vector of served requests from one state of counted contexts; ``served`` gets the best."""
    services = requests.shape[0]
    chosen = of_set[state]
    trial = np.zeros(services, dtype=np.int64)
    cloud: float = 0.0
    for s in range(services):
        cloud += requests[s] * cloud_cost[s]
    best: float = np.inf
    while True:
        used, burnt, cost, follows = 0.0, 0.0, cloud, first[chosen]
        for s in range(services):
            if hosted[chosen, s]:
                x, k = trial[s], context[state, s]
                used += x * work[s]
                burnt += x * energy[s]
                cost -= x * saving[s, k]
                follows += radix[chosen, s] * min(window[s], max(0, k + gain[s] * x - vanish[s]))
        if used <= limits[0] and burnt <= limits[1] and cost + after[follows] < best:
            best = cost + after[follows]
            served[:] = trial
        s = 0
        while s < services and (not hosted[chosen, s] or trial[s] == requests[s]):
            trial[s] = 0
            s += 1
        if s == services:
            return best
        trial[s] += 1


@compiled
def _step(
    requests: Any, after: Any, of_set: Any, context: Any, hosted: Any, first: Any, radix: Any,
    saving: Any, cloud_cost: Any, window: Any, gain: Any, vanish: Any, work: Any, energy: Any,
    limits: Any, kept: Any, loading: Any, value: Any,
) -> None:  # fmt: skip
    states = of_set.shape[0]
    cost = np.empty(states)
    served = np.zeros(requests.shape[0], dtype=np.int64)
    for state in range(states):
        cost[state] = best_service(
            requests, after, of_set, context, hosted, first, radix, saving, cloud_cost, window, gain,
            vanish, work, energy, limits, state, served,
        )  # fmt: skip
    for state in range(states):
        best = np.inf
        for other in range(loading.shape[0]):
            best = min(best, loading[of_set[state], other] + cost[kept[state, other]])
        value[state] = best
