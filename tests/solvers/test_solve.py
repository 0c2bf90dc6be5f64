"""The front door: methods by name, clear refusals, and "auto" that says what it chose."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np
import pytest

from edgeopt.problem import Instance, InvalidOption, evaluate
from edgeopt.solvers import auto
from edgeopt.solvers.solution import Solution, refereed
from edgeopt.solvers.solve import load_method, method_names, solve

SOLVE = importlib.import_module(
    "edgeopt.solvers.solve"
)  # the package's attribute of that name is the function


def world(slots: int, models: int, servers: int = 1) -> Instance:
    """Draw Zipf demand, half of the models fitting, contexts worth having, compute that binds."""
    rng = np.random.default_rng(3)
    services = 2 * models
    share = (1 / np.arange(1, services + 1))[rng.permutation(services)]
    return Instance(
        requests=rng.poisson(10 * share / share.sum(), (slots, servers, services)),
        service_model=np.arange(services) % models,
        memory=2.0 * models,
        footprint=rng.integers(2, 7, models),
        compute=5,
        work=rng.uniform(0.3, 1, services),
        window=6,
        vanish=1,
        accuracy=0.9 - 0.6 * 0.6 ** np.arange(7),
        accuracy_weight=1,
        load_cost=2,
        computation_cost=0.1,
        cloud_cost=rng.uniform(0.8, 1.2, services),
    )


PLANNERS = [name for name in method_names() if name != "relaxation"]
"""Every method but the one that finds bounds only."""


@pytest.mark.parametrize("method", [name for name in PLANNERS if name != "brute"])
def test_every_method_gives_a_refereed_plan_and_a_valid_bound(method: str) -> None:
    instance = world(6, 3, servers=2)
    best = solve(instance, "milp", gap=0.0)
    found = solve(instance, method, time_limit=20.0)
    assert found.plan is not None
    assert found.cost == evaluate(instance, found.plan).total
    assert found.lower_bound <= best.cost * (1 + 1e-9)
    assert found.cost >= best.lower_bound * (1 - 1e-9)
    assert found.method == method
    assert (found.status == "optimal") == (found.gap <= 1e-6)


def test_every_method_solves_a_tiny_instance() -> None:
    instance = world(3, 2).with_requests(np.ones((3, 1, 4)))
    costs = {method: solve(instance, method).cost for method in PLANNERS}
    assert list(costs.values()) == pytest.approx([costs["brute"]] * len(costs), rel=1e-9)


def test_a_method_without_plans_says_so() -> None:
    instance = world(3, 2).with_requests(np.ones((3, 1, 4)))
    found = solve(instance, "relaxation")
    assert (found.plan, found.status) == (None, "bound")
    assert found.lower_bound <= solve(instance, "brute").cost * (1 + 1e-9)


def test_an_unknown_method_names_the_known_ones() -> None:
    with pytest.raises(InvalidOption, match=r"unknown method 'simplex': choose from auto, brute, .*milp"):
        solve(world(2, 2), "simplex")


def test_a_method_whose_package_is_missing_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str, package: str | None) -> Any:
        raise ModuleNotFoundError("No module named 'pulp.apis'", name="pulp.apis")

    monkeypatch.setattr(SOLVE, "import_module", missing)
    with pytest.raises(InvalidOption, match=r"method 'milp' needs the package pulp.*: pip install pulp"):
        load_method("milp")


def test_a_broken_method_of_ours_is_not_blamed_on_the_user(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(name: str, package: str | None) -> Any:
        return importlib.import_module(".no_such_method", package)

    monkeypatch.setattr(SOLVE, "import_module", broken)
    with pytest.raises(ModuleNotFoundError):
        load_method("milp")


@pytest.mark.parametrize(
    "options", [{"time_limit": 0}, {"time_limit": float("nan")}, {"gap": -1e-9}, {"gap": float("nan")}]
)
def test_options_out_of_range_are_refused(options: dict[str, float]) -> None:
    with pytest.raises(InvalidOption, match=next(iter(options))):
        solve(world(2, 2), "milp", **options)


def test_auto_enumerates_what_is_tiny() -> None:
    found = solve(world(3, 2).with_requests(np.ones((3, 1, 4))))
    assert found.details["chosen"] == "brute"
    assert (found.method, found.status) == ("auto", "optimal")


def test_auto_gives_small_instances_to_the_compact_model() -> None:
    found = solve(world(8, 4).replace(memory=100))
    assert found.details["chosen"] == "milp"
    assert found.status == "optimal"


@pytest.mark.parametrize("closed", [True, False])
def test_auto_decomposes_and_finishes_with_the_compact_model(
    monkeypatch: pytest.MonkeyPatch, closed: bool
) -> None:
    """The compact model follows exactly where the decomposition leaves a gap, and starts from its plan."""
    instance = world(6, 3)
    exact = solve(instance, "milp")
    monkeypatch.setattr(auto, "BRUTE_TRANSITIONS", 0)
    monkeypatch.setattr(auto, "MILP_CELLS", 0)
    monkeypatch.setattr(
        "edgeopt.solvers.lagrangian.solve_lagrangian", _decomposition(exact, 1.0 if closed else 0.9)
    )
    found = solve(instance)
    assert found.details["chosen"] == ("lagrangian" if closed else "lagrangian + milp")
    assert found.status == "optimal"
    assert found.cost == pytest.approx(exact.cost)
    monkeypatch.setattr(auto, "BUILD_CELLS", 0)
    too_big = solve(instance)
    assert too_big.details["chosen"] == "lagrangian"
    assert too_big.status == ("optimal" if closed else "feasible")


def _decomposition(exact: Solution, tightness: float) -> Any:
    assert exact.plan is not None
    plan = exact.plan

    def solve_lagrangian(
        instance: Instance, *, time_limit: float | None, gap: float, progress: bool, workers: int | None
    ) -> Solution:
        return refereed(
            instance,
            plan,
            lower_bound=exact.cost * tightness,
            method="lagrangian",
            seconds=0.0,
            gap=gap,
        )

    return solve_lagrangian
