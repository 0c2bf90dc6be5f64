"""Optima that are known without us: paging, weighted caching, knapsacks, ski rental, and one by hand."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

from edgeopt.problem import Instance, cloud_only_cost
from edgeopt.solvers.solve import solve

BELADY = (7, 0, 1, 2, 0, 3, 0, 4, 2, 3, 0, 3, 2, 1, 2, 0, 1, 7, 0, 1)
"""The reference string of Silberschatz' textbook: 9 faults at best with 3 frames (LRU 12, FIFO 15)."""


def paging(frames: int, **changes: Any) -> Instance:
    """One request a slot for one of the pages, which are models of size 1."""
    pages = sorted(set(BELADY))
    arrays = {
        "requests": np.array([[page == asked for page in pages] for asked in BELADY], dtype=np.int64),
        "service_model": np.arange(len(pages)),
        "memory": frames,
        "footprint": np.ones(len(pages)),
        "load_cost": 1.0,
        "cloud_cost": 100.0,
        "gain": 0,
    }
    return Instance(**(arrays | changes))


def ski_rental(slots: int) -> Instance:
    return Instance(
        requests=np.ones((slots, 1), dtype=np.int64),
        service_model=[0],
        memory=1,
        footprint=[1],
        load_cost=4,
        cloud_cost=1,
    )


def one_service(load_cost: float = 0.5) -> Instance:
    return Instance(
        requests=np.array([[2], [2], [0], [2]]),
        service_model=[0],
        memory=1,
        footprint=[1],
        window=4,
        gain=1,
        vanish=1,
        computation_cost=0.25,
        accuracy_weight=1,
        cloud_cost=1,
        accuracy=[0.2, 0.5, 0.75, 0.9, 1.0],
        load_cost=load_cost,
    )


def knapsacks(slots: int, rng: np.random.Generator) -> Instance:
    """No loading cost, no context: each slot is a knapsack of its own."""
    models = 6
    return Instance(
        requests=rng.integers(0, 4, (slots, models)),
        service_model=np.arange(models),
        memory=9,
        footprint=rng.integers(1, 6, models),
        cloud_cost=rng.integers(1, 10, models),
        computation_cost=0.5,
        gain=0,
    )


METHODS = pytest.mark.parametrize("method", ["milp", "brute"])


def check(instance: Instance, method: str, optimum: float) -> None:
    solution = solve(instance, method, gap=0.0)
    assert solution.status == "optimal"
    assert solution.cost == pytest.approx(optimum, rel=1e-9)
    assert solution.lower_bound == pytest.approx(optimum, rel=1e-9)


@METHODS
def test_paging_costs_belady_nine_faults(method: str) -> None:
    check(paging(3), method, 9)


def test_more_frames_mean_fewer_faults() -> None:
    """4 frames: 8 faults; 6 frames, one for every page: the 6 unavoidable ones."""
    check(paging(4), "milp", 8)
    check(paging(6), "milp", 6)


@METHODS
def test_paging_with_bypass_costs_eight(method: str) -> None:
    check(paging(3, cloud_cost=1.0), method, 8)


@METHODS
def test_weighted_caching_costs_24(method: str) -> None:
    weights = {7: 4, 0: 1, 1: 3, 2: 2, 3: 5, 4: 1}
    check(paging(3, load_cost=[weights[page] for page in sorted(weights)]), method, 24)


@METHODS
def test_one_slot_is_the_knapsack_p01(method: str) -> None:
    """Burkardt's knapsack data set P01: the best savings are 309 of 679."""
    savings = [92, 57, 49, 68, 60, 43, 67, 84, 87, 72]
    instance = Instance(
        requests=np.ones((1, 10), dtype=np.int64),
        service_model=np.arange(10),
        memory=165,
        footprint=[23, 31, 29, 44, 53, 38, 63, 85, 89, 82],
        cloud_cost=savings,
    )
    assert cloud_only_cost(instance) == 679
    check(instance, method, 370)


@METHODS
@pytest.mark.parametrize("slots", [1, 3, 4, 5, 9])
def test_ski_rental_rents_up_to_the_price(method: str, slots: int) -> None:
    check(ski_rental(slots), method, min(slots, 4))


@METHODS
def test_the_example_by_hand(method: str) -> None:
    """Load 0.5, 8 x edge 0.25 = 1.5 for 6 requests, errors 2 (.8 + .5 + .5): 5.60."""
    check(one_service(), method, 5.60)


@METHODS
def test_without_load_cost_and_context_the_slots_are_knapsacks(method: str) -> None:
    instance = knapsacks(4, np.random.default_rng(5))
    optimum = cloud_only_cost(instance)
    for arrivals in instance.requests[:, 0, :]:
        optimum -= max(
            sum(arrivals[m] * (instance.cloud_cost[0, m] - 0.5) for m in models)
            for size in range(7)
            for models in itertools.combinations(range(6), size)
            if instance.footprint[list(models)].sum() <= 9
        )
    check(instance, method, optimum)
