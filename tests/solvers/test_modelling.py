"""The compact model handed out as PuLP and cvxpy objects, MPS and LP files: the optimum stays the same."""

from __future__ import annotations

from pathlib import Path

import cvxpy as cp
import highspy
import numpy as np
import pulp
import pytest
from hypothesis import HealthCheck, given, settings

from edgeopt.problem import Instance, InvalidFile, InvalidPlan, cloud_only_cost, evaluate, scenario
from edgeopt.solvers import solve, to_cvxpy, to_pulp, write_model
from edgeopt.solvers.milp import run_highs
from edgeopt.solvers.milp.rows import linear_rows
from strategies import instances

FEW = settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])


def optimum(instance: Instance) -> float:
    solution = solve(instance, method="milp", gap=0.0)
    assert solution.status == "optimal"
    return solution.cost


def read(path: Path) -> highspy.Highs:
    model = highspy.Highs()
    model.setOptionValue("output_flag", False)
    assert model.readModel(str(path)) == highspy.HighsStatus.kOk
    return model


def read_and_solve(path: Path) -> float:
    model = read(path)
    for option in ("mip_rel_gap", "mip_abs_gap"):
        model.setOptionValue(option, 0.0)
    for option in ("mip_feasibility_tolerance", "primal_feasibility_tolerance"):
        model.setOptionValue(option, 1e-9)
    model.run()
    assert model.getModelStatus() == highspy.HighsModelStatus.kOptimal
    return float(model.getInfo().objective_function_value)


@FEW
@given(instance=instances(max_slots=4))
def test_every_form_has_the_same_optimum(tmp_path: Path, instance: Instance) -> None:
    best = optimum(instance)
    for reduce in (True, False):
        model = to_pulp(instance, reduce=reduce)
        outcome = run_highs(model.problem)
        assert outcome.objective == pytest.approx(best, rel=1e-6, abs=1e-7)
        for suffix in (".mps", ".lp"):
            write_model(instance, tmp_path / f"model{suffix}", reduce=reduce)
            assert read_and_solve(tmp_path / f"model{suffix}") == pytest.approx(best, rel=1e-6, abs=1e-7)


@FEW
@given(instance=instances(max_slots=4))
def test_solved_variables_become_a_plan_of_that_cost(instance: Instance) -> None:
    best = optimum(instance)
    model = to_pulp(instance)
    model.problem.solve(pulp.HiGHS(msg=False, gapRel=0.0, gapAbs=0.0))
    assert evaluate(instance, model.plan()).total == pytest.approx(best, rel=1e-6, abs=1e-7)


@settings(max_examples=6)
@given(instance=instances(max_slots=3))
def test_cvxpy_agrees(instance: Instance) -> None:
    best = optimum(instance)
    model = to_cvxpy(instance)
    model.problem().solve(solver="HIGHS", mip_rel_gap=0.0, mip_abs_gap=0.0)
    assert evaluate(instance, model.plan()).total == pytest.approx(best, rel=1e-6, abs=1e-6)
    relaxed = to_cvxpy(instance, whole=False).problem()
    relaxed.solve(solver="HIGHS")
    assert relaxed.value <= best + 1e-6 * (1 + best)


def test_files_hold_every_number_exactly(tmp_path: Path) -> None:
    instance = scenario("hotset", size="small", slots=6).replace(cloud_cost=1 / 3)
    rows = linear_rows(to_pulp(instance, reduce=True).problem)
    write_model(instance, tmp_path / "model.mps")
    found = read(tmp_path / "model.mps").getLp()
    assert list(found.col_names_) == [*rows.names, "cloud_only"]
    np.testing.assert_array_equal(found.col_cost_, [*rows.cost, rows.constant])
    np.testing.assert_array_equal(found.row_upper_, rows.right)
    np.testing.assert_array_equal(found.a_matrix_.value_, rows.matrix.tocsc().data)


BUSY = Instance(
    requests=np.tile([[2, 1, 0], [0, 1, 2]], (3, 1)),
    service_model=[0, 1, 2],
    memory=2,
    footprint=[1, 1, 1],
    cloud_cost=1,
    load_cost=0.5,
    window=4,
    accuracy=[0.2, 0.4, 0.6, 0.8, 1.0],
    accuracy_weight=0.5,
)


def test_constraints_of_ones_own_in_pulp() -> None:
    """At most two loads in all; and a model that never pays can be asked for."""
    model = to_pulp(BUSY)
    model.problem += pulp.lpSum(model.loads.values()) <= 2
    run = model.problem.solve(pulp.HiGHS(msg=False, gapRel=0.0))
    plan = model.plan()
    report = evaluate(BUSY, plan)
    assert run == pulp.LpStatusOptimal
    assert report.loads == 2
    assert report.total == pytest.approx(pulp.value(model.problem.objective))
    assert report.total > optimum(BUSY)

    dear = BUSY.replace(load_cost=100)
    assert optimum(dear) == cloud_only_cost(dear)
    model = to_pulp(dear)
    model.problem += model.cached[4, 0, 2] == 1
    model.problem += pulp.lpSum(model.served.values()) == 2
    model.problem.solve(pulp.HiGHS(msg=False))
    plan = model.plan()
    assert plan.cached[4, 0, 2]
    assert plan.served.sum() == 2


def test_constraints_of_ones_own_in_cvxpy() -> None:
    model = to_cvxpy(BUSY)
    at_most_two = cp.Problem(model.objective, [*model.constraints, cp.sum(model.loads) <= 2])
    at_most_two.solve(solver="HIGHS")
    report = evaluate(BUSY, model.plan())
    assert report.loads == 2
    assert report.total == pytest.approx(at_most_two.value)

    pulp_model = to_pulp(BUSY)
    pulp_model.problem += pulp.lpSum(pulp_model.loads.values()) <= 2
    assert run_highs(pulp_model.problem).objective == pytest.approx(at_most_two.value)


def test_variables_are_found_by_name() -> None:
    named = to_pulp(BUSY).problem.variablesDict()
    assert {"n0_y_0_0", "n0_z_5_2"} <= named.keys()


def test_what_is_no_plan_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidPlan, match="no solution yet"):
        to_pulp(BUSY).plan()
    relaxed = to_cvxpy(BUSY, whole=False)
    with pytest.raises(InvalidPlan, match="no solution yet"):
        relaxed.plan()
    half = relaxed.cached[0, 0, 0] == 0.5
    cp.Problem(relaxed.objective, [*relaxed.constraints, half]).solve(solver="CLARABEL")
    with pytest.raises(InvalidPlan, match="must be a whole number"):
        relaxed.plan()
    with pytest.raises(InvalidFile, match=r"use \.mps or \.lp"):
        write_model(BUSY, tmp_path / "model.txt")


def test_nothing_to_decide_is_no_special_case(tmp_path: Path) -> None:
    """No model fits: the models are empty but for their constant."""
    instance = BUSY.replace(footprint=[9, 9, 9])
    model = to_pulp(instance)
    assert run_highs(model.problem).objective == cloud_only_cost(instance)
    assert evaluate(instance, model.plan()).total == cloud_only_cost(instance)
    other = to_cvxpy(instance)
    other.problem().solve(solver="HIGHS")
    assert evaluate(instance, other.plan()).total == other.objective.value == cloud_only_cost(instance)
    for suffix in (".mps", ".lp"):
        write_model(instance, tmp_path / f"model{suffix}")
        assert read_and_solve(tmp_path / f"model{suffix}") == cloud_only_cost(instance)
