"""``solve(instance, method="brute")``: every plan of a tiny instance, by a programme over full states.

A state is the set of cached models with the context of each of their services. From every state that can be
reached, every feasible set of models and every feasible vector of served requests is tried. Nothing is
bounded, relaxed or reduced, and no other solver's code is used, so that this is the oracle the others are
tested against.
"""

from __future__ import annotations

import itertools
import math
import time

import numpy as np

from ..problem.capacity import fits
from ..problem.errors import InvalidOption
from ..problem.instance import Instance
from ..problem.plan import Plan
from .solution import Solution, refereed

MAX_TRANSITIONS = 2_000_000
MAX_MODELS = 10

Models = tuple[int, ...]
Contexts = tuple[int, ...]
State = tuple[Models, Contexts]
Choice = tuple[State, Models, Contexts]
"""Where a state came from: the state before, the models cached and the requests served in between."""


def solve_brute(
    instance: Instance,
    *,
    time_limit: float | None = None,
    gap: float = 1e-6,
    progress: bool = False,  # noqa: ARG001 - tiny instances need none
) -> Solution:
    """Find the optimum of a tiny instance by trying everything.

    Raises
    ------
    InvalidOption
        If more than two million transitions might have to be tried, or the time limit passes: there is
        no partial result.
    """
    transitions = count_transitions(instance)
    if transitions > MAX_TRANSITIONS:
        raise InvalidOption(
            f"method 'brute' might try {transitions:.3g} transitions for this instance; it is for at most "
            f"{MAX_TRANSITIONS:,}: use 'milp' or 'lagrangian'"
        )
    begin = time.monotonic()
    deadline = math.inf if time_limit is None else begin + time_limit
    costs, plans = [], []
    for index in range(instance.servers):
        cost, plan = _solve_server(instance.server(index), deadline)
        costs.append(cost)
        plans.append(plan)
    return refereed(
        instance,
        Plan.join(plans),
        lower_bound=math.fsum(costs),
        method="brute",
        seconds=time.monotonic() - begin,
        gap=gap,
        claimed=math.fsum(costs),
        details={"bound": "every plan was tried", "transitions_at_most": transitions},
    )


def count_transitions(instance: Instance) -> float:
    """Bound the number of transitions that brute force would try; inf where there are too many models."""
    if instance.models > MAX_MODELS:
        return math.inf
    total = 0.0
    for index in range(instance.servers):
        requests = instance.requests[:, index, :]
        sets = _feasible_sets(instance.server(index))
        hosted = np.array([np.isin(instance.service_model, models) for models in sets])
        for slot, contexts in enumerate(_context_counts(instance, requests)):
            states = 1.0 if slot == 0 else _sum_of_products(hosted, contexts)
            total += states * _sum_of_products(hosted, requests[slot] + 1.0)
    return total


def _sum_of_products(hosted: np.typing.NDArray[np.bool_], numbers: np.typing.NDArray[np.float64]) -> float:
    """Multiply the numbers of the services in each set (rows of ``hosted``), and add up over the sets."""
    return float(np.where(hosted, numbers, 1.0).prod(axis=1).sum())


def _context_counts(
    instance: Instance, requests: np.ndarray[tuple[int, ...], np.dtype[np.int64]]
) -> list[np.ndarray]:
    """Bound, for each slot, the number of values the context of each service can have."""
    largest = np.zeros(instance.services, dtype=np.int64)
    options = np.ones(instance.services)
    counts = []
    for arrivals in requests:
        counts.append(np.minimum(options, largest + 1.0))
        largest = np.minimum(
            instance.window, np.maximum(0, largest + instance.gain * arrivals - instance.vanish)
        )
        options = np.where(instance.gain > 0, options * (arrivals + 1.0), options)
    return counts


def _feasible_sets(instance: Instance) -> list[Models]:
    """Return every set of models that fits the memory of the one server."""
    everything = (
        models
        for size in range(instance.models + 1)
        for models in itertools.combinations(range(instance.models), size)
    )
    return [
        models for models in everything if fits(instance.footprint[list(models)].sum(), instance.memory[0])
    ]


def _solve_server(instance: Instance, deadline: float) -> tuple[float, Plan]:
    sets = _feasible_sets(instance)
    none: Contexts = (0,) * instance.services
    values: dict[State, float] = {((), none): 0.0}
    history: list[dict[State, Choice]] = []
    for slot in range(instance.slots):
        after: dict[State, float] = {}
        choices: dict[State, Choice] = {}
        vectors = {models: _served_vectors(instance, slot, models) for models in sets}
        for state, value in values.items():
            if time.monotonic() > deadline:
                raise InvalidOption(
                    f"method 'brute' ran out of time in slot {slot}: give it more, or use 'milp'"
                )
            for models in sets:
                for served in vectors[models]:
                    cost, following = _step(instance, slot, state, models, served)
                    if value + cost < after.get(following, math.inf):
                        after[following] = value + cost
                        choices[following] = (state, models, served)
        values = after
        history.append(choices)
    best = min(values, key=lambda state: values[state])
    return values[best], _trace_back(instance, history, best)


def _served_vectors(instance: Instance, slot: int, models: Models) -> list[Contexts]:
    """Return every vector of served requests that the cached models and the slot's capacities allow."""
    ranges = [
        range(int(count) + 1) if model in models else range(1)
        for count, model in zip(instance.requests[slot, 0], instance.service_model.tolist(), strict=True)
    ]
    everything = np.array(list(itertools.product(*ranges)), dtype=np.int64)
    legal = fits(everything @ instance.work[0], instance.compute[0])
    legal &= fits(everything @ instance.energy[0], instance.energy_budget[0])
    return [tuple(row) for row in everything[legal].tolist()]


def _step(
    instance: Instance, slot: int, state: State, models: Models, served: Contexts
) -> tuple[float, State]:
    """Return the cost of a slot and the state after it, as the model's specification words them."""
    before, contexts = state
    cost = float(sum(instance.load_cost[0, model] for model in models if model not in before))
    following = []
    for service, count in enumerate(served):
        model = int(instance.service_model[service])
        counts = contexts[service] if model in models and model in before else 0
        error = 1.0 - instance.accuracy[service, counts]
        local = instance.transmission_cost[0, service] + instance.computation_cost[0, service]
        cost += count * float(local + instance.accuracy_weight[service] * error)
        cost += float((instance.requests[slot, 0, service] - count) * instance.cloud_cost[0, service])
        grown = counts + int(instance.gain[service]) * count - int(instance.vanish[service])
        following.append(min(int(instance.window[service]), max(0, grown)) if model in models else 0)
    return cost, (models, tuple(following))


def _trace_back(instance: Instance, history: list[dict[State, Choice]], last: State) -> Plan:
    cached = np.zeros((instance.slots, 1, instance.models), dtype=bool)
    served = np.zeros((instance.slots, 1, instance.services), dtype=np.int64)
    for slot in reversed(range(instance.slots)):
        last, models, counts = history[slot][last]
        cached[slot, 0, list(models)] = True
        served[slot, 0] = counts
    return Plan(cached, served)
