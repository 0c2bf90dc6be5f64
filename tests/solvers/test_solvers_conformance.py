"""One suite over every method that solves an instance: what any solver must do, whatever its idea."""

from __future__ import annotations

import numpy as np
import pytest
from timing import returns_within

from edgeopt.problem import Instance, cloud_only_cost, evaluate, scenario
from edgeopt.solvers import method_names, policy, policy_names, simulate, solve
from strategies import random_instance

METHODS = method_names()
PLANNERS = tuple(name for name in METHODS if name != "relaxation")
COSTS = ("load_cost", "transmission_cost", "computation_cost", "accuracy_weight", "cloud_cost")
SLACK = 1e-9


def tiny(seed: int, servers: int = 1) -> Instance:
    """Draw contexts, both signs of saving, compute limits on half the servers, energy limits on a third."""
    sizes = {"slots": 4, "servers": servers, "models": 3, "services": 4}
    return random_instance(np.random.default_rng([7, seed]), **sizes)


@pytest.fixture(scope="module")
def optima() -> dict[int, float]:
    """Optima by enumeration, which shares no code with any other method."""
    return {seed: solve(tiny(seed), "brute", gap=0.0).cost for seed in range(12)}


@pytest.mark.parametrize("method", METHODS)
def test_bounds_and_plans_enclose_the_enumerated_optimum(method: str, optima: dict[int, float]) -> None:
    for seed, optimum in optima.items():
        found = solve(tiny(seed), method, time_limit=20, gap=0.0)
        assert found.lower_bound <= optimum * (1 + SLACK)
        assert found.cost >= optimum * (1 - SLACK)
        if found.plan is not None:
            assert evaluate(tiny(seed), found.plan).total == found.cost
        if method in {"milp", "exact", "auto"}:
            assert found.cost == pytest.approx(optimum, rel=1e-7)


@pytest.mark.parametrize("method", METHODS)
def test_no_policy_beats_a_bound(method: str) -> None:
    instance = tiny(3, servers=2)
    bound = solve(instance, method, time_limit=20).lower_bound
    for name in policy_names():
        assert evaluate(instance, simulate(instance, policy(name))).total >= bound * (1 - SLACK)


@pytest.mark.parametrize("method", METHODS)
def test_copies_of_a_server_and_factors_of_cost_multiply(method: str) -> None:
    one = tiny(5)
    three = one.replace(
        **{
            name: np.repeat(getattr(one, name), 3, axis=0)
            for name in ("memory", "compute", "work", "energy_budget", "energy", *COSTS)
            if name != "accuracy_weight"
        },
        requests=np.repeat(one.requests, 3, axis=1),
        server_names=("a", "b", "c"),
    )
    dear = one.replace(**{name: 8.0 * getattr(one, name) for name in COSTS})
    found = solve(one, method, gap=0.0)
    for other, factor in ((three, 3.0), (dear, 8.0)):
        again = solve(other, method, gap=0.0)
        assert again.lower_bound == pytest.approx(factor * found.lower_bound, rel=1e-6)
        if found.plan is not None:
            assert again.cost == pytest.approx(factor * found.cost, rel=1e-6)


@pytest.mark.parametrize("method", METHODS)
def test_more_memory_never_costs_more_and_unused_models_nothing(method: str) -> None:
    """What holds for optima holds for a method's interval: a roomier bound is below a tighter plan."""
    instance = tiny(8)
    found = solve(instance, method, gap=0.0)
    roomy = solve(instance.replace(memory=2.0 * instance.memory), method, gap=0.0)
    assert roomy.lower_bound <= (found.cost if found.plan is not None else np.inf) * (1 + SLACK)
    idle = instance.replace(
        footprint=np.append(instance.footprint, 1.0),
        load_cost=np.append(instance.load_cost, [[1.0]], axis=1),
        model_names=(*instance.model_names, "idle"),
    )
    again = solve(idle, method, gap=0.0)
    if method in {"brute", "milp", "exact", "auto"}:
        assert roomy.cost <= found.cost * (1 + SLACK)
        assert again.cost == pytest.approx(found.cost, rel=1e-7)
    else:
        assert again.lower_bound <= solve(instance, "brute").cost * (1 + SLACK)


@pytest.mark.parametrize("method", [name for name in PLANNERS if name != "brute"])
def test_a_time_limit_leaves_a_plan_and_a_bound(method: str) -> None:
    """Compiling comes before; HiGHS looks at the clock between steps that may take a second."""
    instance = scenario("realistic", slots=60)
    solve(instance.window_slots(0, 3), method, time_limit=0.2)
    slack = 2.0 if method in {"milp", "auto"} else 0.3
    found = returns_within(2.0, lambda: solve(instance, method, time_limit=2.0, gap=0.0), slack=slack)
    assert 0 < found.lower_bound <= found.cost <= cloud_only_cost(instance) * (1 + SLACK)
