"""The compact model of what min-marginals leave open, solved by HiGHS from the best plan known."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import highspy
import numpy as np
import pulp

from ...problem.errors import InfeasiblePlan
from ...problem.instance import Instance
from ...problem.plan import Plan
from ...problem.referee import evaluate
from ..intervals.columns import BoolArray
from ..intervals.master import TOLERANCE, quiet_highs
from ..milp.model import BuildTimeoutError, build_model
from ..milp.reduce import reduce_server

LARGEST_CELLS = 5000
"""Slots times (models + services) up to which the compact model is built."""


@dataclass(frozen=True)
class Residual:
    """The best plan, its cost, and a lower bound (floating point) on plans that keep to what was fixed."""

    plan: Plan
    cost: float
    lower_bound: float


def solve_residual(
    instance: Instance,
    plan: Plan,
    fixed: tuple[BoolArray, BoolArray],
    gap: float,
    deadline: float,
    asked_to_stop: Callable[[], bool],
) -> Residual:
    """Solve the compact model of one server with presence fixed where it is known.

    Parameters
    ----------
    plan
        A feasible plan to start from.
    fixed
        (M, T) presence fixed to 1, and to 0.
    gap
        Relative gap at which to stop.
    deadline
        On the monotonic clock.
    asked_to_stop
        Asked during branch and bound.
    """
    report = evaluate(instance, plan)
    nothing = Residual(plan, report.total, -math.inf)
    if instance.slots * (instance.models + instance.services) > LARGEST_CELLS:
        return nothing
    try:
        model = build_model(instance, reduce_server(instance), deadline=deadline)
    except BuildTimeoutError:
        return nothing
    for (slot, m), variable in model.cached.items():
        if fixed[0][m, slot]:
            variable.lowBound = 1
        elif fixed[1][m, slot]:
            variable.upBound = 0
    highs = _loaded(model.problem, asked_to_stop)
    names = [variable.name for variable in model.problem.variables()]
    start = model.start(plan, report.context)
    known = [place for place, name in enumerate(names) if name in start]
    values = np.array([start[names[place]] for place in known], dtype=np.float64)
    highs.setSolution(len(known), np.array(known, dtype=np.int32), values)
    highs.setOptionValue("mip_rel_gap", gap / (1.0 + gap))
    highs.setOptionValue("mip_abs_gap", 0.0)
    highs.setOptionValue("mip_feasibility_tolerance", TOLERANCE)
    highs.setOptionValue("time_limit", min(1e9, max(0.0, deadline - time.monotonic())))
    highs.run()
    info = highs.getInfo()
    bound = float(info.mip_dual_bound) * model.scale
    if info.primal_solution_status != highspy.SolutionStatus.kSolutionStatusFeasible:
        return Residual(plan, report.total, bound)
    found = model.plan(np.array(highs.getSolution().col_value))
    try:
        cost = evaluate(instance, found).total
    except InfeasiblePlan:
        # Within HiGHS' tolerances, not within the referee's: the bound holds, the plan does not.
        return Residual(plan, report.total, bound)
    return Residual(found, cost, bound) if cost < report.total else Residual(plan, report.total, bound)


def _loaded(problem: pulp.LpProblem, asked_to_stop: Callable[[], bool]) -> Any:
    """HiGHS with the PuLP problem in it, objective's constant included, that stops when it is asked to."""
    interface = pulp.HiGHS(msg=False)
    interface.createAndConfigureSolver(problem)
    interface.buildSolverModel(problem)
    highs = quiet_highs(asked_to_stop)
    highs.passModel(problem.solverModel.getLp())
    highs.changeObjectiveOffset(float(problem.objective.constant or 0.0))
    return highs
