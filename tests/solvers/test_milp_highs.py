"""HiGHS is run as a reference must be: no gap granted, true bounds, infeasible and unbounded told apart."""

from __future__ import annotations

import math
import subprocess
import sys

import pulp
import pytest

from edgeopt.problem import InvalidOption
from edgeopt.solvers.milp import highs, run_highs


def canary(sense: int = pulp.LpMinimize, constant: float = 0.0) -> pulp.LpProblem:
    problem = pulp.LpProblem("canary", sense)
    x = problem.add_variable("x", 0, 10)
    z = problem.add_variable("z", 0, 10, cat=pulp.LpInteger)
    problem += sense * (2 * x + 3 * z) + constant
    problem += x + z >= 4.5
    return problem


def test_the_canary_costs_nine() -> None:
    """highspy 1.14.0 answers 15."""
    outcome = run_highs(canary())
    assert outcome.status == "optimal"
    assert outcome.objective == pytest.approx(9, abs=1e-6)
    assert outcome.bound == pytest.approx(9, abs=1e-6)


def test_constant_and_sense_of_the_objective_are_kept() -> None:
    outcome = run_highs(canary(pulp.LpMaximize, constant=20.0))
    assert outcome.objective == pytest.approx(11, abs=1e-6)
    assert outcome.bound == pytest.approx(11, abs=1e-6)


def test_a_problem_without_variables_costs_its_constant() -> None:
    problem = pulp.LpProblem("constant")
    problem += pulp.LpAffineExpression(constant=5)
    outcome = run_highs(problem)
    assert (outcome.status, outcome.objective, outcome.bound) == ("optimal", 5, 5)


@pytest.mark.parametrize("category", [pulp.LpInteger, pulp.LpContinuous])
@pytest.mark.parametrize("sense", [pulp.LpMinimize, pulp.LpMaximize])
@pytest.mark.parametrize(("gap", "status"), [(1, "unbounded"), (-1, "infeasible")])
def test_infeasible_and_unbounded_are_told_apart(category: str, sense: int, gap: int, status: str) -> None:
    """|x - y| <= gap with x + y worth having: no end of it, or no solution at all.

    For the integer ones HiGHS itself only says "unbounded or infeasible".
    """
    problem = pulp.LpProblem("strip", sense)
    x, y = problem.add_variable("x", 0, cat=category), problem.add_variable("y", 0, cat=category)
    problem += -sense * (x + y)
    problem += x - y <= gap
    problem += x - y >= -gap
    outcome = run_highs(problem)
    assert outcome.status == status
    assert outcome.bound == (-sense if status == "unbounded" else sense) * math.inf
    assert math.isnan(outcome.objective)
    assert outcome.values.size == 0


def market_split() -> pulp.LpProblem:
    """Build a market split problem of Cornuejols and Dawande: tiny, and out of reach of branch and bound."""
    problem = pulp.LpProblem("split")
    take = [problem.add_variable(f"x_{place:02}", cat=pulp.LpBinary) for place in range(40)]
    slack = []
    for row in range(5):
        weights = [(7919 * (place + 1) * (row + 3) ** 2 + 31 * place * place) % 100 for place in range(40)]
        over, under = problem.add_variable(f"over_{row}", 0), problem.add_variable(f"under_{row}", 0)
        slack += [over, under]
        load = pulp.lpSum(weight * variable for weight, variable in zip(weights, take, strict=True))
        problem += load + over - under == sum(weights) // 2
    problem += pulp.lpSum(slack) + 1
    return problem


def test_a_run_out_of_time_is_not_called_optimal() -> None:
    outcome = run_highs(market_split(), time_limit=0.3)
    assert outcome.status == "feasible"
    assert outcome.bound < outcome.objective
    nothing = run_highs(market_split(), time_limit=0.0)
    assert nothing.status in ("feasible", "unknown")
    assert nothing.bound <= 1 + 1e-6


def test_a_start_is_used() -> None:
    start = {f"x_{place:02}": 0.0 for place in range(40)}
    outcome = run_highs(market_split(), time_limit=0.01, start=start)
    assert outcome.status == "feasible"


def test_an_old_highspy_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    highs.require_highs.cache_clear()
    monkeypatch.setattr(highs, "version", lambda _: "1.14.0")
    with pytest.raises(InvalidOption, match=r"highspy 1\.14\.0 is installed.*1\.15\.1 or newer"):
        run_highs(canary())
    monkeypatch.undo()
    assert highs.require_highs()


def test_standard_output_stays_clean() -> None:
    """HiGHS greets on standard output when its first model is made; results must not be mixed with that."""
    code = "from edgeopt.solvers.milp import require_highs; require_highs(); import highspy; highspy.Highs()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == ""
