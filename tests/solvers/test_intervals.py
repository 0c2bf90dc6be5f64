"""Column generation over caching intervals: against brute force, known optima, its own bounds, the clock."""

from __future__ import annotations

import math
import os
import signal
import threading
from functools import partial
from typing import Any

import numpy as np
import pytest
from timing import returns_within

from edgeopt.problem import Instance, cloud_only_cost, evaluate, scenario
from edgeopt.solvers import solve
from edgeopt.solvers.brute import solve_brute
from edgeopt.solvers.intervals import solve_intervals
from edgeopt.solvers.intervals.generation import Generation
from edgeopt.solvers.lagrangian import bound_from_prices
from edgeopt.solvers.lagrangian.server import Server
from strategies import random_instance

BELADY = (7, 0, 1, 2, 0, 3, 0, 4, 2, 3, 0, 3, 2, 1, 2, 0, 1, 7, 0, 1)


def tiny(seed: int) -> Instance:
    """Limits on compute in half, on energy in a third; accuracies of any shape, losses, vanishing context."""
    rng = np.random.default_rng(np.random.SeedSequence([0x1417, seed]))
    sizes = {"slots": int(rng.integers(1, 6)), "models": int(rng.integers(1, 5))}
    return random_instance(rng, servers=1, services=int(rng.integers(1, 5)), **sizes)


def unlimited(instance: Instance) -> bool:
    return not Server.of(instance, 0).limited


@pytest.mark.parametrize("block", range(12))
def test_bound_and_plan_enclose_the_optimum(block: int) -> None:
    for seed in range(10 * block, 10 * block + 10):
        instance = tiny(seed)
        optimum = solve_brute(instance).cost
        solution = solve_intervals(instance, gap=1e-9)
        assert solution.plan is not None
        assert solution.lower_bound <= optimum * (1 + 1e-9) + 1e-12
        assert solution.cost >= optimum * (1 - 1e-9) - 1e-12
        assert solution.cost == evaluate(instance, solution.plan).total
        if unlimited(instance):
            assert solution.cost == pytest.approx(optimum, rel=1e-9, abs=1e-12)
            assert solution.lower_bound == pytest.approx(optimum, rel=1e-7, abs=1e-9)


def test_instances_exercise_the_limits() -> None:
    """The agreement above is worth little unless limits bind in a good part of the instances."""
    assert sum(not unlimited(tiny(seed)) for seed in range(120)) >= 40


def test_every_round_has_a_valid_bound() -> None:
    rounds = 0
    for seed in range(60):
        instance = tiny(seed)
        optimum = solve_brute(instance).cost
        server = Server.of(instance, 0)
        work = Generation(server, 0.0, 0, math.inf, bool)
        values = [-math.inf]
        for _ in work.rounds_until(math.inf):
            assert work.safe_bound() <= optimum * (1 + 1e-9) + 1e-12
            assert server.cloud_only - work.pool.worth >= optimum * (1 - 1e-9) - 1e-12
            assert values[-1] <= work.value + 1e-9
            assert work.value <= work.cap + 1e-9
            values.append(work.value)
            rounds += 1
        assert work.converged
        assert work.value == pytest.approx(work.cap, rel=1e-7, abs=1e-9)
    assert rounds > 100


def test_prices_prove_their_bound() -> None:
    instance = scenario("workflow", slots=50, models=8)
    solution = solve_intervals(instance, time_limit=10)
    prices = (solution.details[f"{name}_price"] for name in ("presence", "compute", "energy"))
    assert bound_from_prices(instance, *prices) == pytest.approx(solution.details["price_bound"], rel=1e-12)


def test_whole_intervals_close_what_the_linear_programme_leaves() -> None:
    """After another method has used HiGHS: the models of a process share its threads."""
    assert solve(P01, "milp").status == "optimal"
    instance = scenario("workflow", slots=40)
    solution = solve_intervals(instance)
    account = solution.details["servers"][0]
    assert account["master_solved"]
    assert account["enumerated"][0] > 100
    assert solution.status == "optimal"
    assert solution.details["price_bound"] < solution.cost * (1 - 1e-4)
    assert solution.details["price_bound"] == pytest.approx(account["master_cost"], rel=1e-7)
    assert solution.cost == pytest.approx(solve(instance, "lagrangian").cost, rel=1e-6)


def paging(frames: int, **changes: Any) -> Instance:
    pages = sorted(set(BELADY))
    arrays: dict[str, Any] = {
        "requests": np.array([[page == asked for page in pages] for asked in BELADY], dtype=np.int64),
        "service_model": np.arange(len(pages)),
        "memory": frames,
        "footprint": np.ones(len(pages)),
        "load_cost": 1.0,
        "cloud_cost": 100.0,
        "gain": 0,
    }
    return Instance(**(arrays | changes))


P01 = Instance(
    requests=np.ones((1, 10), dtype=np.int64),
    service_model=np.arange(10),
    memory=165,
    footprint=[23, 31, 29, 44, 53, 38, 63, 85, 89, 82],
    cloud_cost=[92, 57, 49, 68, 60, 43, 67, 84, 87, 72],
)
BUILDING_CONTEXT = Instance(
    requests=[[2], [2], [0], [2]],
    service_model=[0],
    memory=1,
    footprint=[1],
    window=4,
    vanish=1,
    computation_cost=0.25,
    accuracy_weight=1,
    cloud_cost=1,
    accuracy=[0.2, 0.5, 0.75, 0.9, 1.0],
    load_cost=0.5,
)
KNOWN = {
    "belady": (paging(3), 9.0),
    "bypass": (paging(3, cloud_cost=1.0), 8.0),
    "weighted": (paging(3, load_cost=[1.0, 3.0, 2.0, 5.0, 1.0, 4.0]), 24.0),
    "knapsack": (P01, 370.0),
    "one service": (BUILDING_CONTEXT, 5.6),
}


@pytest.mark.parametrize("name", sorted(KNOWN))
@pytest.mark.parametrize("method", ["intervals", "exact"])
def test_known_optima(name: str, method: str) -> None:
    instance, optimum = KNOWN[name]
    solution = solve(instance, method, time_limit=20)
    assert solution.cost == pytest.approx(optimum, rel=1e-9)
    assert solution.lower_bound == pytest.approx(optimum, rel=1e-6)
    assert solution.status == "optimal"


@pytest.mark.parametrize("slots", [2, 4, 7])
def test_ski_rental(slots: int) -> None:
    instance = Instance(
        requests=np.ones((slots, 1), dtype=np.int64),
        service_model=[0], memory=1, footprint=[1], load_cost=4, cloud_cost=1,
    )  # fmt: skip
    assert solve_intervals(instance).cost == pytest.approx(min(slots, 4))


def test_no_room_or_no_requests_leaves_the_cloud() -> None:
    for changes in ({"memory": 0.5}, {"requests": np.zeros((20, 6), dtype=np.int64)}):
        instance = paging(3, **changes)
        solution = solve_intervals(instance)
        assert solution.cost == pytest.approx(cloud_only_cost(instance))
        assert solution.status == "optimal"


def test_servers_add_up() -> None:
    double = random_instance(np.random.default_rng(7), slots=5, servers=2, models=3, services=3)
    alone = [solve_intervals(double.server(n)).cost for n in range(2)]
    assert solve_intervals(double).cost == pytest.approx(sum(alone), rel=1e-6)


def test_time_limit_is_honoured() -> None:
    instance = scenario("workflow", slots=150)
    solve_intervals(instance, time_limit=0.01)
    for limit in (0.3, 2.0):
        solution = returns_within(limit, partial(solve_intervals, instance, time_limit=limit, gap=0.0))
        assert 0 < solution.lower_bound <= solution.cost


@pytest.mark.parametrize("method", ["intervals", "exact"])
def test_interrupt_returns_the_best_with_its_bound(method: str) -> None:
    """Ctrl-C is a SIGINT; one second is long before this one is done."""
    instance = scenario("realistic", slots=120)
    solve(instance, method, time_limit=0.01)
    threading.Timer(1.0, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
    solution = solve(instance, method, gap=0.0)
    assert solution.details["interrupted"] is True
    assert 0 < solution.lower_bound <= solution.cost < cloud_only_cost(instance)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
