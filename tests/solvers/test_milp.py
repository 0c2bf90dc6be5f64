"""The compact model is exact: against brute force, under known transformations, and out of time."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from edgeopt.problem import Instance, Plan, cloud_only_cost, evaluate
from edgeopt.solvers.brute import MAX_TRANSITIONS, count_transitions, solve_brute
from edgeopt.solvers.milp import solve_milp
from edgeopt.solvers.milp.model import build_model, concave_hull
from edgeopt.solvers.milp.reduce import reduce_server
from edgeopt.solvers.solution import RefusedClaim


def tiny_instance(seed: int, *, limited: bool, shape: str) -> Instance:
    """Draw a tiny instance in which loads, contexts and negative savings matter.

    ``shape`` of the accuracy: "concave", "any" nondecreasing table, or "steps" with plateaus.
    """
    rng = np.random.default_rng([2026, seed])
    slots, servers, models = int(rng.integers(2, 8)), 1 + int(rng.random() < 0.1), int(rng.integers(1, 4))
    services = int(rng.integers(models, 4))
    window = rng.integers(0, 7, services)
    table = np.sort(rng.random((services, int(window.max()) + 1)), axis=1)
    if shape == "concave":
        table = 0.2 + 0.8 * (1 - 0.5 ** np.arange(table.shape[1])) * np.ones((services, 1))
    if shape == "steps":
        table = np.round(table * 3) / 3
    return Instance(
        requests=rng.poisson(1.4, (slots, servers, services)),
        service_model=rng.integers(0, models, services),
        memory=rng.integers(3, 9, servers),
        footprint=rng.integers(2, 5, models),
        compute=rng.integers(1, 6, servers) if limited else np.inf,
        work=rng.integers(0, 3, (servers, services)),
        energy_budget=rng.uniform(0.3, 2, servers) if limited else np.inf,
        energy=rng.random((servers, services)) * (rng.random((servers, services)) < 0.8),
        window=window,
        gain=rng.integers(0, 3, services),
        vanish=rng.integers(0, 3, services),
        accuracy=table,
        accuracy_weight=rng.choice([0, 0.5, 1, 2], services),
        load_cost=rng.choice([0, 0.3, 1, 2], (servers, models)),
        transmission_cost=0.1 * rng.random((servers, services)),
        computation_cost=0.3 * rng.random((servers, services)),
        cloud_cost=rng.uniform(0.6, 1.5, (servers, services)),
    )


def drifting_instance(slots: int, models: int, *, compute: float = np.inf, servers: int = 1) -> Instance:
    """Draw drifting popularity, a third of the models fitting, contexts worth having."""
    rng = np.random.default_rng(11)
    services = 2 * models
    host = np.concatenate([np.arange(models), rng.integers(0, models, services - models)])
    footprint = rng.choice([6.0, 8, 10, 12, 16], models)
    popularity = np.exp(np.cumsum(rng.normal(0, 0.3, (slots, servers, services)), axis=0))
    popularity *= (1 / np.arange(1, services + 1) ** 0.9)[rng.permutation(services)]
    context = np.arange(17)
    return Instance(
        requests=rng.poisson(30 * popularity / popularity.sum(axis=-1, keepdims=True)),
        service_model=host,
        memory=0.35 * footprint.sum(),
        footprint=footprint,
        compute=compute,
        work=rng.uniform(0.3, 1, services),
        window=16,
        vanish=1,
        accuracy=0.35 + 0.5 * np.log2(1 + context**0.8) / np.log2(1 + 16**0.8),
        accuracy_weight=1.0,
        load_cost=10 * footprint / footprint.mean(),
        transmission_cost=0.05,
        computation_cost=0.05 * footprint[host] / 10,
        cloud_cost=rng.uniform(0.85, 1.15, services),
    )


@pytest.mark.parametrize("shape", ["concave", "any", "steps"])
@pytest.mark.parametrize("limited", [False, True])
@pytest.mark.parametrize("block", range(4))
def test_random_instances_agree_with_brute_force(shape: str, limited: bool, block: int) -> None:
    for seed in range(15 * block, 15 * block + 15):
        instance = tiny_instance(seed, limited=limited, shape=shape)
        if count_transitions(instance) > 100_000:
            continue
        exact, compact = solve_brute(instance), solve_milp(instance, gap=0.0)
        assert compact.status == "optimal", seed
        assert compact.cost == pytest.approx(exact.cost, rel=1e-7), seed
        assert compact.lower_bound <= exact.cost * (1 + 1e-9), seed
        objective = sum(server["objective"] for server in compact.details["servers"])
        assert objective == pytest.approx(compact.cost, rel=1e-6), seed


def test_the_random_instances_are_not_idle() -> None:
    """Limits bind, contexts pay, models come and go, requests are served at a loss for their context."""
    seen = dict.fromkeys(("limit", "context", "reload", "loss", "bits"), 0)
    for seed in range(60):
        instance = tiny_instance(seed, limited=seed % 2 == 0, shape="any")
        if count_transitions(instance) > 100_000 or instance.servers > 1:
            continue
        plan, reduced = solve_brute(instance).plan, reduce_server(instance)
        assert plan is not None
        report = evaluate(instance, plan)
        saving = np.take_along_axis(instance.saving[0].T, report.context[:, 0], axis=0)
        seen["limit"] += bool((reduced.compute_binds | reduced.energy_binds).any())
        seen["context"] += bool((report.context * plan.served).any())
        seen["reload"] += report.loads > 1
        seen["loss"] += bool((plan.served[:, 0] * (saving < -1e-9)).any())
        seen["bits"] += bool((reduced.sensitive & ~reduced.whole).any())
    assert min(seen.values()) >= 3, seen


def test_copies_of_a_server_multiply_the_optimum() -> None:
    one = drifting_instance(8, 4)
    three = one.replace(
        requests=np.repeat(one.requests, 3, axis=1),
        **{
            name: np.repeat(getattr(one, name), 3, axis=0)
            for name in (
                *("memory", "compute", "work", "energy_budget", "energy", "load_cost"),
                *("transmission_cost", "computation_cost", "cloud_cost"),
            )
        },
        server_names=["a", "b", "c"],
    )
    single, triple = solve_milp(one), solve_milp(three)
    assert triple.status == "optimal"
    assert triple.cost == pytest.approx(3 * single.cost, rel=1e-6)
    assert len(triple.details["servers"]) == 3


def test_cost_falls_with_memory_down_to_having_everything() -> None:
    instance = drifting_instance(8, 4)
    total = float(instance.footprint.sum())
    costs = [
        solve_milp(instance.replace(memory=share * total), gap=0.0).cost
        for share in (0.1, 0.35, 0.6, 1.0, 2.0)
    ]
    assert all(more <= less * (1 + 1e-9) for less, more in pairwise(costs))
    assert costs[0] == pytest.approx(cloud_only_cost(instance))
    assert costs[0] > costs[-1]
    assert costs[-2] == pytest.approx(costs[-1])


def test_a_model_nobody_asks_for_changes_nothing() -> None:
    instance = drifting_instance(8, 4)
    more = Instance(
        **{
            name: getattr(instance, name)
            for name in ("compute", "transmission_cost", "cloud_cost", "computation_cost", "window", "vanish")
        },
        requests=instance.requests,
        service_model=instance.service_model,
        memory=instance.memory,
        footprint=[*instance.footprint, 1.0],
        load_cost=np.append(instance.load_cost, [[0.0]], axis=1),
        accuracy=instance.accuracy,
        accuracy_weight=instance.accuracy_weight,
        work=instance.work,
    )
    assert solve_milp(more).cost == pytest.approx(solve_milp(instance).cost, rel=1e-6)


@pytest.mark.parametrize("factor", [1e-6, 3.0, 1e7])
def test_costs_times_q_give_q_times_optimum_and_bound(factor: float) -> None:
    instance = drifting_instance(8, 4, compute=12.0)
    names = ("load_cost", "transmission_cost", "computation_cost", "accuracy_weight", "cloud_cost")
    scaled = instance.replace(**{name: factor * getattr(instance, name) for name in names})
    before, after = solve_milp(instance, gap=0.0), solve_milp(scaled, gap=0.0)
    assert after.status == "optimal"
    assert after.cost == pytest.approx(factor * before.cost, rel=1e-8)
    assert after.lower_bound == pytest.approx(factor * before.lower_bound, rel=1e-8)


def test_the_gap_asked_for_is_kept() -> None:
    solution = solve_milp(drifting_instance(12, 5), gap=0.05)
    assert solution.status == "optimal"
    assert 0 <= solution.gap <= 0.05


def test_out_of_time_a_plan_and_a_valid_bound_remain() -> None:
    instance = drifting_instance(16, 5, compute=14.0)
    best = solve_milp(instance, gap=1e-3, time_limit=60)
    for limit in (0.3, 1e-3):
        hurried = solve_milp(instance, time_limit=limit)
        assert hurried.status == "feasible"
        assert hurried.gap > 1e-6
        assert hurried.lower_bound <= best.cost
        assert best.lower_bound <= hurried.cost <= cloud_only_cost(instance) * (1 + 1e-12)
        assert hurried.seconds < limit + 10
    nothing = solve_milp(instance, time_limit=1e-9)
    assert nothing.details["servers"][0]["status"] == "not built"
    assert nothing.cost == pytest.approx(cloud_only_cost(instance))
    assert 0 < nothing.lower_bound <= best.cost


def test_the_time_limit_is_shared_by_the_servers() -> None:
    """No server is left without its turn: a third of the limit is ample to build each model."""
    instance = drifting_instance(24, 6, compute=14.0, servers=3)
    solution = solve_milp(instance, time_limit=4.5)
    assert solution.status == "feasible"
    assert solution.seconds < 15
    assert all(server["status"] != "not built" for server in solution.details["servers"])


def test_a_start_is_never_made_worse() -> None:
    instance = drifting_instance(16, 5, compute=14.0)
    start = solve_milp(instance, gap=0.02, time_limit=30)
    assert start.plan is not None
    for limit in (1e-9, 0.2):
        assert solve_milp(instance, time_limit=limit, start=start.plan).cost <= start.cost * (1 + 1e-9)


def test_the_start_stands_for_its_plan() -> None:
    """Fixing the whole-numbered variables at a start gives the cost of its plan."""
    from edgeopt.solvers.milp import run_highs

    instance = drifting_instance(10, 4, compute=12.0)
    plan = solve_milp(instance, gap=0.0).plan
    assert plan is not None
    report = evaluate(instance, plan)
    model = build_model(instance, reduce_server(instance))
    start = model.start(plan, report.context)
    for variable in model.problem.variables():
        if variable.cat == "Integer":
            variable.lowBound = variable.upBound = start[variable.name]
    assert run_highs(model.problem).objective * model.scale == pytest.approx(report.total, rel=1e-8)


def test_a_plan_outside_the_tolerance_is_rejected_not_repaired(monkeypatch: pytest.MonkeyPatch) -> None:
    instance = drifting_instance(8, 4)
    everything = Plan(np.ones((8, 1, 4), bool), np.zeros((8, 1, 8), np.int64))
    monkeypatch.setattr("edgeopt.solvers.milp.model.CompactModel.plan", lambda *_: everything)
    solution = solve_milp(instance)
    assert solution.status == "feasible"
    assert solution.cost == pytest.approx(cloud_only_cost(instance))
    assert solution.details["servers"][0]["rejected"].startswith("infeasible plan: memory at slot 0")


def test_a_plan_that_costs_more_than_its_objective_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrong model must not go unnoticed: here the plan read from it is not the one it priced."""
    instance = drifting_instance(8, 4)
    idle = Plan.cloud_only(8, 1, 4, 8)
    monkeypatch.setattr("edgeopt.solvers.milp.model.CompactModel.plan", lambda *_: idle)
    with pytest.raises(RefusedClaim, match="objective of HiGHS is"):
        solve_milp(instance)


def test_models_that_do_not_fit_and_services_that_never_pay_are_left_out() -> None:
    instance = Instance(
        requests=np.full((3, 3), 5),
        service_model=[0, 1, 2],
        memory=10,
        footprint=[4, 11, 4],
        cloud_cost=[1, 1, 0.2],
        computation_cost=[0.5, 0.5, 0.3],
        compute=7,
        work=[2, 1, 1],
    )
    reduced = reduce_server(instance)
    assert reduced.models.tolist() == [0]
    assert reduced.most.tolist() == [[3, 0, 0]] * 3
    assert not reduced.sensitive.any()


def test_a_context_that_vanishes_to_nothing_does_not_forbid_caching() -> None:
    """Model 1 is best loaded in slot 2, where one request builds less context than vanishes after it."""
    instance = Instance(
        requests=[[9, 4], [9, 4], [0, 1], [0, 0], [0, 4]],
        service_model=[0, 1],
        memory=1,
        footprint=[1, 1],
        window=6,
        vanish=2,
        accuracy=[0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.0],
        accuracy_weight=1,
        load_cost=[[0, 1]],
        cloud_cost=1,
    )
    exact, compact = solve_brute(instance), solve_milp(instance, gap=0.0)
    assert exact.plan is not None
    assert exact.plan.cached[2:, 0, 1].all()
    assert compact.cost == pytest.approx(exact.cost, rel=1e-9)


def test_concave_hull_keeps_the_corners() -> None:
    assert concave_hull(np.array([0.0, 0.5, 0.75, 0.9, 1.0])).tolist() == [0, 1, 2, 3, 4]
    assert concave_hull(np.array([0.0, 0.1, 0.75, 0.8, 0.8])).tolist() == [0, 2, 3, 4]
    assert concave_hull(np.array([0.2, 0.3, 0.4])).tolist() == [0, 2]
    assert concave_hull(np.array([0.2])).tolist() == [0]


def test_brute_force_knows_its_limits() -> None:
    instance = drifting_instance(16, 5)
    assert count_transitions(instance) > MAX_TRANSITIONS
    with pytest.raises(ValueError, match=r"method 'brute' might try .* at most 2,000,000"):
        solve_brute(instance)
