"""Relaxations: below every optimum, in order, exact where theory says so, and safe with useless prices."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings

from edgeopt.problem import Instance, scenario
from edgeopt.problem.errors import InvalidOption
from edgeopt.solvers import solve
from edgeopt.solvers.brute import count_transitions
from edgeopt.solvers.lagrangian import bound_from_prices
from edgeopt.solvers.relaxation import KINDS, method, relaxation
from edgeopt.solvers.relaxation import sets as hull_sets
from edgeopt.solvers.relaxation.linear import solve_linear
from strategies import instances, random_instance

FEW = 20_000
"""Transitions that brute force tries in a fifth of a second."""


def paging(**changes: object) -> Instance:
    """One request a slot, three models, room for two: loads and misses cost 1 and 3."""
    arrays = {
        "requests": np.eye(3, dtype=int)[[0, 1, 2, 0, 1, 2]],
        "service_model": [0, 1, 2],
        "memory": 2.0,
        "footprint": [1.0, 1.0, 1.0],
        "cloud_cost": 3.0 * np.ones(3),
        "load_cost": 1.0,
    }
    return Instance(**(arrays | changes))  # type: ignore[arg-type]


def check_order(instance: Instance) -> None:
    """Every kind is valid and no weaker than the kind before; the proved bound is the solver's optimum."""
    optimum, before = solve(instance, "brute").cost, 0.0
    for kind in KINDS:
        solution = relaxation(instance, kind)
        bound = solution.lower_bound
        assert solution.status == "bound"
        assert solution.details["finished"]
        assert bound <= optimum * (1 + 1e-12), kind
        assert bound >= before - 1e-7 * (1 + before), kind
        assert bound == pytest.approx(max(0.0, solution.details["solver_objective"]), rel=1e-6, abs=1e-6)
        before = bound


@settings(max_examples=25)
@given(instance=instances(max_slots=5, max_servers=2, max_models=4, max_services=4))
def test_bounds_are_ordered_and_below_the_optimum(instance: Instance) -> None:
    assume(count_transitions(instance) <= FEW)
    check_order(instance)


def test_hull_is_below_the_optimum_of_many_instances() -> None:
    """Two hundred small instances: steps in accuracy, losses, vanishing context, all limits."""
    rng, tried, limited, open_gaps = np.random.default_rng(20), 0, 0, 0
    while tried < 200:
        sizes = {"slots": int(rng.integers(1, 5)), "models": int(rng.integers(1, 5))}
        instance = random_instance(rng, servers=1, services=int(rng.integers(1, 4)), **sizes)
        if count_transitions(instance) > 4_000:
            continue
        optimum, bound = solve(instance, "brute").cost, relaxation(instance, "hull").lower_bound
        assert bound <= optimum * (1 + 1e-12)
        tried += 1
        limited += bool(np.isfinite(instance.compute).any() or np.isfinite(instance.energy_budget).any())
        open_gaps += bool(bound < optimum * (1 - 1e-6))
    assert limited > tried / 3
    assert 0 < open_gaps < tried / 2, "the hull is exact for most of them"


def test_compact_bound_of_one_slot_is_the_fractional_knapsack() -> None:
    """Knapsack P01 (memory 165): Dantzig fills 23, 31, 29, 44 and 38/53 of the fifth by value per byte."""
    footprint = np.array([23, 31, 29, 44, 53, 38, 63, 85, 89, 82.0])
    worth = np.array([92, 57, 49, 68, 60, 43, 67, 84, 87, 72.0])
    instance = Instance(
        requests=np.ones((1, 10), dtype=int), service_model=np.arange(10), memory=165.0, footprint=footprint,
        cloud_cost=worth,
    )  # fmt: skip
    fractional = 92 + 57 + 49 + 68 + 38 / 53 * 60
    compact = relaxation(instance, "compact")
    assert compact.lower_bound == pytest.approx(679 - fractional, abs=1e-6)
    assert compact.details["memory_price"][0, 0] == pytest.approx(60 / 53, rel=1e-6)
    assert relaxation(instance, "hull").lower_bound == pytest.approx(370, abs=1e-6)


@pytest.mark.parametrize("slots", [1, 3, 4, 9])
def test_ski_rental_is_exact_in_every_kind(slots: int) -> None:
    """Load for 4 or pay 1 a slot, no other model: already the compact polyhedron has whole corners."""
    instance = Instance(
        requests=np.ones((slots, 1), dtype=int), service_model=[0], memory=1.0, footprint=[1.0],
        cloud_cost=[1.0], load_cost=4.0,
    )  # fmt: skip
    for kind in KINDS:
        assert relaxation(instance, kind).lower_bound == pytest.approx(min(slots, 4), abs=1e-8)


def test_chain_hull_is_exact_for_one_model_with_context() -> None:
    """The optimum 5.60 of one service (window 4, vanish 1): a single chain is its own convex hull."""
    instance = Instance(
        requests=[[2], [2], [0], [2]], service_model=[0], memory=1.0, footprint=[1.0], window=4,
        gain=1, vanish=1, accuracy=[0.2, 0.5, 0.75, 0.9, 1.0], accuracy_weight=1.0, computation_cost=0.25,
        cloud_cost=[1.0], load_cost=0.5,
    )  # fmt: skip
    assert relaxation(instance, "extended").lower_bound == pytest.approx(5.60, abs=1e-8)


def test_perspective_is_tighter_than_two_planes() -> None:
    instance = scenario("workflow", size="small")
    two_planes, envelope, chains, hull = (relaxation(instance, kind).lower_bound for kind in KINDS)
    assert two_planes * 1.002 < envelope < chains * 0.99 < hull * 0.95


def test_hull_agrees_with_the_decomposition_and_proves_its_prices() -> None:
    """The prices of the hull, given to the decomposition's own proof, give the same bound."""
    instance = scenario("hotset", size="small")
    hull = relaxation(instance, "hull")
    assert hull.lower_bound == pytest.approx(solve(instance, "lagrangian").lower_bound, rel=1e-6)
    again = bound_from_prices(instance, hull.details["presence_price"])
    assert again == pytest.approx(hull.lower_bound, rel=1e-7)


def test_generated_sets_reach_the_bound_of_all_sets(monkeypatch: pytest.MonkeyPatch) -> None:
    instance = scenario("workflow", size="small")
    everything = relaxation(instance, "hull").lower_bound
    monkeypatch.setattr(hull_sets, "MOST_MODELS", 0)
    assert relaxation(instance, "hull").lower_bound == pytest.approx(everything, rel=1e-6)
    monkeypatch.setattr(hull_sets, "MOST_ROUNDS", 1)
    assert 0 < relaxation(instance, "hull").lower_bound < everything * (1 - 1e-6), "early rounds are valid"


def test_interior_point_solver_proves_nearly_the_same() -> None:
    instance = scenario("decoy", size="small", slots=20)
    first, second = (relaxation(instance, "extended", solver=name) for name in ("HIGHS", "CLARABEL"))
    assert second.lower_bound <= first.lower_bound * (1 + 1e-9)
    assert second.lower_bound == pytest.approx(first.lower_bound, rel=1e-4)


def test_costs_in_another_currency_scale_the_bound() -> None:
    instance = random_instance(np.random.default_rng(5), slots=6, servers=2, models=4, services=6)
    names = ("load_cost", "transmission_cost", "computation_cost", "accuracy_weight", "cloud_cost")
    for factor in (1e-6, 1e9):
        dear = instance.replace(**{name: getattr(instance, name) * factor for name in names})
        for kind in KINDS:
            bound = relaxation(instance, kind).lower_bound
            assert relaxation(dear, kind).lower_bound == pytest.approx(factor * bound, rel=1e-7)


def test_more_memory_never_raises_the_bound() -> None:
    instance = scenario("decoy", size="small", slots=20)
    for kind in KINDS:
        bounds = [
            relaxation(instance.replace(memory=instance.memory * factor), kind).lower_bound
            for factor in (0.5, 1.0, 2.0)
        ]
        assert bounds == sorted(bounds, reverse=True)


def test_nothing_fits_means_cloud_only() -> None:
    for kind in KINDS:
        assert relaxation(paging(memory=0.5), kind).lower_bound == pytest.approx(18.0)


def test_automatic_choice_is_tight_and_says_so() -> None:
    small = scenario("onoff", size="small")
    assert solve(small, "relaxation").details["kind"] == "hull"
    large = scenario("stationary", slots=300)
    solution = relaxation(large, time_limit=0.5)
    assert solution.details["kind"] == "extended"
    assert solution.seconds < 5


def test_without_time_the_bound_is_poor_but_valid() -> None:
    instance = scenario("workflow", size="small")
    optimum = solve(instance, "lagrangian").cost
    for kind in KINDS:
        solution = relaxation(instance, kind, time_limit=1e-9)
        assert solution.lower_bound <= optimum
        assert not solution.details["finished"]
        assert solution.lower_bound > 0.3 * optimum, "every request at the best saving its slot can offer"


def test_interrupted_run_returns_a_valid_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C in the second of three servers: the first keeps its bound, the others what costs nothing."""
    instance = scenario("decoy", size="small", slots=20, servers=3)
    calls = iter([False, True, False, False])

    def interrupted_once(*arguments: object) -> object:
        if next(calls):
            raise KeyboardInterrupt
        return solve_linear(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(method, "solve_linear", interrupted_once)
    solution = relaxation(instance, "extended")
    assert solution.details["interrupted"]
    assert not solution.details["finished"]
    assert 0 < solution.lower_bound < relaxation_of_all(instance)


def relaxation_of_all(instance: Instance) -> float:
    """The sum of the bounds of the servers alone."""
    return sum(
        solve(instance.server(n), "lagrangian", time_limit=5).lower_bound for n in range(instance.servers)
    )


@pytest.mark.parametrize("wrong", [{"kind": "tightest"}, {"solver": "GUROBI"}])
def test_unknown_names_are_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(InvalidOption, match="choose from"):
        relaxation(paging(), **wrong)  # type: ignore[arg-type]
