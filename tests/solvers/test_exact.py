"""Proven optima: against brute force and the compact model, step by step and all together."""

from __future__ import annotations

import math
from functools import partial

import numpy as np
import pytest
from timing import returns_within

from edgeopt.problem import Instance, cloud_only_cost, evaluate, scenario
from edgeopt.solvers import solve
from edgeopt.solvers.brute import solve_brute
from edgeopt.solvers.exact import solve_exact, work
from edgeopt.solvers.exact.marginals import fixed_presence, presence_marginals
from edgeopt.solvers.intervals.columns import Pricer
from edgeopt.solvers.lagrangian.server import Server
from strategies import random_instance, random_plan


def tiny(seed: int) -> Instance:
    rng = np.random.default_rng(np.random.SeedSequence([0xE8AC7, seed]))
    sizes = {"slots": int(rng.integers(1, 6)), "models": int(rng.integers(1, 5))}
    return random_instance(rng, servers=1, services=int(rng.integers(1, 5)), **sizes)


@pytest.fixture
def no_brute_force(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tiny instances would otherwise be enumerated, and nothing else be tested."""
    monkeypatch.setattr(work, "BRUTE_TRANSITIONS", -1)


@pytest.mark.usefixtures("no_brute_force")
@pytest.mark.parametrize("block", range(16))
def test_proves_the_optimum(block: int) -> None:
    for seed in range(10 * block, 10 * block + 10):
        instance = tiny(seed)
        optimum = solve_brute(instance).cost
        solution = solve_exact(instance)
        assert solution.status == "optimal"
        assert solution.cost == pytest.approx(optimum, rel=1e-6, abs=1e-12)
        assert solution.lower_bound <= optimum * (1 + 1e-9) + 1e-12
        assert solution.details["safe_bound"] <= optimum * (1 + 1e-9) + 1e-12


@pytest.mark.usefixtures("no_brute_force")
@pytest.mark.parametrize("seed", range(6))
def test_agrees_with_the_compact_model(seed: int) -> None:
    rng = np.random.default_rng(np.random.SeedSequence([0xC0, seed]))
    instance = random_instance(rng, slots=9, servers=2, models=4, services=6)
    solution, compact = solve_exact(instance), solve(instance, "milp", gap=1e-7)
    assert solution.status == compact.status == "optimal"
    assert solution.cost == pytest.approx(compact.cost, rel=2e-6)


@pytest.mark.parametrize("seed", range(30))
def test_marginals_cap_every_plan(seed: int) -> None:
    """No plan that has a model in a slot, or has not, saves more than the cap less the marginal."""
    instance = tiny(seed)
    rng = np.random.default_rng(seed)
    server = Server.of(instance, 0)
    pricer = Pricer(server)
    prices = rng.uniform(0, 0.8, (server.models + 2, server.slots))
    if not server.limited:
        prices[server.models :] = 0.0
    cap = pricer.evaluate(prices)
    taken, left_out = presence_marginals(pricer, prices)
    assert min(taken.min(), left_out.min()) >= -1e-9
    plans = [random_plan(instance, rng) for _ in range(40)] + [solve_brute(instance).plan]
    for plan in plans:
        assert plan is not None
        cached = plan.cached[:, 0].T
        saved = server.cloud_only - evaluate(instance, plan).total
        assert saved <= cap - np.where(cached, taken, left_out).max() + 1e-9


def test_marginals_are_those_of_forced_problems() -> None:
    """Without prices the marginal is what the best intervals of the model alone lose."""
    instance = Instance(
        requests=[[3], [0], [3]], service_model=[0], memory=1, footprint=[1], cloud_cost=1.0, load_cost=2.0
    )
    pricer = Pricer(Server.of(instance, 0))
    taken, left_out = presence_marginals(pricer, np.zeros((3, 3)))
    assert taken == pytest.approx(np.zeros((1, 3)))  # cached throughout saves 6 - 2
    assert left_out == pytest.approx(np.array([[3.0, 2.0, 3.0]]))
    must, never = fixed_presence(pricer, np.zeros((3, 3)), 2.5)
    assert must.tolist() == [[True, False, True]]
    assert not never.any()


def test_closes_the_gap_that_prices_leave() -> None:
    """A family on which the decomposition's own bound stays half a per cent below the optimum."""
    instance = scenario("workflow", slots=60)
    solution = solve_exact(instance, time_limit=60)
    assert solution.status == "optimal"
    assert solution.gap <= 1e-6
    assert solution.details["safe_bound"] > solution.cost * (1 - 2e-6)


def test_whole_intervals_prove_what_sweeps_cannot(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the decomposition stopped at once, column generation and whole intervals must do it."""
    monkeypatch.setattr(work, "_PRICES_PLAIN", (0.0, 0.0))
    instance = scenario("workflow", slots=30)
    solution = solve_exact(instance, time_limit=40)
    steps = [step["step"] for step in solution.details["servers"][0]["steps"]]
    assert solution.status == "optimal"
    assert any(step.startswith("whole intervals") for step in steps)
    assert solution.cost == pytest.approx(solve(instance, "lagrangian").cost, rel=1e-6)


def test_time_limit_is_honoured() -> None:
    instance = scenario("realistic", slots=120)
    solve_exact(instance, time_limit=0.01)
    for limit in (0.5, 3.0):
        solution = returns_within(limit, partial(solve_exact, instance, time_limit=limit, gap=0.0))
        assert 0 < solution.lower_bound <= solution.cost < cloud_only_cost(instance)


def test_gap_asked_for_ends_the_work() -> None:
    instance = scenario("workflow", slots=100)
    solution = solve_exact(instance, gap=0.05, time_limit=30)
    assert solution.status == "optimal"
    assert solution.gap <= 0.05
    assert math.isfinite(solution.lower_bound)
    assert len(solution.details["servers"][0]["steps"]) == 1
