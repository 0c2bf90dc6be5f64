"""The decomposition against brute force, optima known from elsewhere, and properties of any bound."""

from __future__ import annotations

import os
import signal
import threading
from functools import partial
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from timing import returns_within

from edgeopt.problem import Instance, cloud_only_cost, evaluate
from edgeopt.solvers.brute import solve_brute
from edgeopt.solvers.lagrangian import solve_lagrangian

BELADY = (7, 0, 1, 2, 0, 3, 0, 4, 2, 3, 0, 3, 2, 1, 2, 0, 1, 7, 0, 1)


def tiny(seed: int, *, limited: bool, servers: int = 1) -> Instance:
    """At most 5 slots, 3 models, 3 services: any accuracies, losses at low context, zero gains, vanishing."""
    rng = np.random.default_rng(seed)
    slots, models, services = (int(rng.integers(1, high)) for high in (6, 4, 4))
    window = rng.integers(0, 4, services)
    limits: dict[str, Any] = {}
    if limited:
        limits = {
            "compute": rng.uniform(0.5, 3, servers),
            "work": rng.uniform(0.3, 1.2, services),
            "energy_budget": rng.choice([np.inf, 2.0], servers),
            "energy": rng.uniform(0, 1, services),
        }
    return Instance(
        requests=rng.integers(0, 3, (slots, servers, services)),
        service_model=rng.integers(0, models, services),
        memory=rng.uniform(1, 4, servers),
        footprint=rng.choice([1.0, 1.5, 2.0, 0.7], models),
        cloud_cost=rng.uniform(0.3, 1.5, services),
        window=window,
        gain=rng.integers(0, 3, services),
        vanish=rng.integers(0, 2, services),
        accuracy=np.sort(rng.random((services, int(window.max()) + 1)), axis=1),
        accuracy_weight=rng.uniform(0, 1.5, services),
        transmission_cost=0.05,
        computation_cost=0.1,
        load_cost=rng.uniform(0, 1, models),
        **limits,
    )


def busy(seed: int = 0, *, slots: int = 120, models: int = 8, **changes: Any) -> Instance:
    """Hot sets that move, three services a model, contexts that matter: too large for brute force."""
    rng = np.random.default_rng(seed)
    services = 3 * models
    service_model = np.arange(services) % models
    hot = np.zeros((slots, models))
    state = rng.random(models) < 0.3
    for t in range(slots):
        state = np.where(state, rng.random(models) > 0.05, rng.random(models) < 0.03)
        hot[t] = np.where(state, 1.0, 0.1)
    footprint = rng.choice([6.0, 8.0, 10.0, 12.0, 16.0], models)
    kappa = np.arange(17)
    arrays: dict[str, Any] = {
        "requests": rng.poisson(1.5 * hot[:, service_model]),
        "service_model": service_model,
        "memory": 0.35 * footprint.sum(),
        "footprint": footprint,
        "cloud_cost": rng.uniform(0.85, 1.15, services),
        "window": 16,
        "vanish": 1,
        "accuracy": 1 - (0.15 + 0.5 * (1 - np.log2(1 + kappa**0.8) / np.log2(1 + 16**0.8))),
        "accuracy_weight": 1.0,
        "transmission_cost": 0.05,
        "computation_cost": 0.05,
        "load_cost": footprint,
    }
    return Instance(**(arrays | changes))


@pytest.mark.parametrize("seed", range(120))
def test_bound_and_plan_enclose_the_optimum(seed: int) -> None:
    limited = seed % 3 == 0
    instance = tiny(seed, limited=limited)
    optimum = solve_brute(instance).cost
    solution = solve_lagrangian(instance, time_limit=5, gap=1e-9)
    assert solution.plan is not None
    assert solution.lower_bound <= optimum * (1 + 1e-9) + 1e-12
    assert solution.cost >= optimum * (1 - 1e-9) - 1e-12
    assert solution.cost == evaluate(instance, solution.plan).total
    if not limited:
        assert solution.cost == pytest.approx(optimum, rel=1e-9, abs=1e-12)
        assert solution.lower_bound == pytest.approx(optimum, rel=1e-6, abs=1e-9)


def test_limits_seldom_cost_the_optimum() -> None:
    """With compute and energy limits neither half is exact; on small instances both must come close."""
    slack, loss = [], []
    for seed in range(300, 330):
        instance = tiny(seed, limited=True)
        optimum = solve_brute(instance).cost
        if optimum > 0:
            solution = solve_lagrangian(instance, time_limit=5, gap=1e-9)
            slack.append(1 - solution.lower_bound / optimum)
            loss.append(solution.cost / optimum - 1)
    assert np.mean(slack) < 0.02
    assert np.mean(loss) < 0.002


def paging(frames: int, **changes: Any) -> Instance:
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


@pytest.mark.parametrize(
    ("instance", "optimum"),
    [
        (paging(3), 9.0),
        (paging(3, cloud_cost=1.0), 8.0),
        (paging(3, load_cost=[1.0, 3.0, 2.0, 5.0, 1.0, 4.0]), 24.0),
    ],
)
def test_paging_optima(instance: Instance, optimum: float) -> None:
    """The textbook string with 3 frames: 9 faults, 8 with bypass, 24 with the load costs 1, 3, 2, 5, 1, 4."""
    solution = solve_lagrangian(instance, gap=1e-9)
    assert solution.status == "optimal"
    assert solution.cost == pytest.approx(optimum, abs=1e-9)


def test_knapsack_p01_and_ski_rental() -> None:
    """One slot is a 0/1 knapsack (309 of 679 saved); a load cost of 4 is paid from the fourth request on."""
    savings = [92, 57, 49, 68, 60, 43, 67, 84, 87, 72]
    knapsack = Instance(
        requests=np.ones((1, 10), dtype=np.int64),
        service_model=np.arange(10),
        memory=165,
        footprint=[23, 31, 29, 44, 53, 38, 63, 85, 89, 82],
        cloud_cost=savings,
    )
    assert solve_lagrangian(knapsack).cost == pytest.approx(370)
    for slots in (1, 3, 4, 9):
        rental = Instance(
            requests=np.ones((slots, 1), dtype=np.int64),
            service_model=[0],
            memory=1,
            footprint=[1],
            load_cost=4,
            cloud_cost=1,
        )
        assert solve_lagrangian(rental).cost == pytest.approx(min(slots, 4))


def test_one_service_by_hand() -> None:
    instance = Instance(
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
    assert solve_lagrangian(instance).cost == pytest.approx(5.60)


def test_serving_at_a_loss_to_buy_context() -> None:
    """The first request loses 1, the context it leaves makes each of the next four save 1."""
    instance = Instance(
        requests=[[1], [4]],
        service_model=[0],
        memory=1,
        footprint=[1],
        window=1,
        accuracy=[0.0, 1.0],
        accuracy_weight=2,
        cloud_cost=1,
    )
    solution = solve_lagrangian(instance, gap=1e-9)
    assert solution.cost == pytest.approx(2.0)
    assert solution.lower_bound == pytest.approx(2.0)


def test_proves_a_busy_instance_in_a_moment() -> None:
    """8 models x 120 slots: hours for the compact model; a regression here would show first as a gap."""
    solution = solve_lagrangian(busy(), time_limit=20, gap=1e-6)
    assert solution.status == "optimal"
    assert solution.seconds < 10


def test_copies_of_a_server_multiply_the_optimum() -> None:
    one = busy(3, slots=40)
    three = Instance(
        **{
            name: getattr(one, name)
            for name in ("service_model", "footprint", "accuracy", "window", "vanish")
        },
        requests=np.repeat(one.requests, 3, axis=1),
        memory=float(one.memory[0]),
        cloud_cost=one.cloud_cost[0],
        accuracy_weight=1.0,
        transmission_cost=0.05,
        computation_cost=0.05,
        load_cost=one.load_cost[0],
    )
    single, triple = (solve_lagrangian(instance, gap=1e-9) for instance in (one, three))
    assert triple.cost == pytest.approx(3 * single.cost, rel=1e-9)
    assert triple.lower_bound == pytest.approx(3 * single.lower_bound, rel=1e-6)


def test_scaling_costs_scales_plan_and_bound() -> None:
    plain = busy(4, slots=40)
    costs = ("cloud_cost", "transmission_cost", "computation_cost", "accuracy_weight", "load_cost")
    scaled = plain.replace(**{name: 1e6 * getattr(plain, name) for name in costs})
    first, second = (solve_lagrangian(instance, gap=1e-9) for instance in (plain, scaled))
    assert second.cost == pytest.approx(1e6 * first.cost, rel=1e-9)
    assert second.lower_bound == pytest.approx(1e6 * first.lower_bound, rel=1e-6)


@given(st.integers(0, 10**6))
def test_more_memory_never_costs_more(seed: int) -> None:
    instance = tiny(seed, limited=False)
    small = solve_lagrangian(instance, time_limit=5)
    large = solve_lagrangian(instance.replace(memory=1.3 * instance.memory), time_limit=5)
    assert large.lower_bound <= small.cost * (1 + 1e-9) + 1e-12


def test_no_room_or_no_requests_leaves_the_cloud() -> None:
    crowded = busy(1, slots=10, memory=1.0)
    assert solve_lagrangian(crowded).cost == pytest.approx(cloud_only_cost(crowded))
    quiet = busy(1, slots=10, requests=np.zeros((10, 24), dtype=np.int64))
    solution = solve_lagrangian(quiet)
    assert (solution.cost, solution.lower_bound, solution.status) == (0.0, 0.0, "optimal")
    starved = busy(1, slots=10, compute=0.0, work=1.0)
    assert solve_lagrangian(starved).cost == pytest.approx(cloud_only_cost(starved))


@pytest.mark.parametrize("limits", [{}, {"compute": 6.0, "work": 1.0}])
def test_time_limit_is_honoured(limits: dict[str, float]) -> None:
    instance = busy(2, slots=300, models=14, memory=60.0, **limits)
    solve_lagrangian(instance, time_limit=0.01)
    for limit in (0.5, 2.0):
        solution = returns_within(limit, partial(solve_lagrangian, instance, time_limit=limit, gap=0.0))
        assert 0 < solution.lower_bound <= solution.cost


def test_interrupt_returns_the_best_with_its_bound() -> None:
    """Ctrl-C is a SIGINT; half a second is long before this one is done."""
    instance = busy(2, slots=300, models=14, compute=6.0, work=1.0)
    solve_lagrangian(instance, time_limit=0.01)
    timer = threading.Timer(0.5, lambda: os.kill(os.getpid(), signal.SIGINT))
    timer.start()
    solution = solve_lagrangian(instance, gap=0.0)
    assert solution.details["interrupted"] is True
    assert 0 < solution.lower_bound <= solution.cost < cloud_only_cost(instance)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_same_input_same_answer() -> None:
    first, second = (solve_lagrangian(busy(5, slots=60), gap=1e-6) for _ in range(2))
    assert first.plan == second.plan
    assert first.lower_bound == second.lower_bound
