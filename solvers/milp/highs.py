"""Run HiGHS on a PuLP model and tell the truth about the outcome.

PuLP calls a time-limited incumbent "Optimal", hides the dual bound, and reads HiGHS' "unbounded or
infeasible" as infeasible; HiGHS stops at a relative gap of 1e-4 unless told otherwise. So the model is
built by PuLP and loaded by its HiGHS interface, and everything after that is read from HiGHS itself.
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal

import highspy
import numpy as np
import numpy.typing as npt
import pulp

from ...problem.errors import InvalidOption

LEAST_VERSION = (1, 15, 1)
"""highspy 1.14.0 returns 15 for a mixed-integer problem whose optimum is 9."""

Outcome = Literal["optimal", "feasible", "unknown", "infeasible", "unbounded"]

_FEASIBILITY = 1e-9
_STATUS: Mapping[Any, Outcome] = {
    highspy.HighsModelStatus.kOptimal: "optimal",
    highspy.HighsModelStatus.kInfeasible: "infeasible",
    highspy.HighsModelStatus.kUnbounded: "unbounded",
}


@dataclass(frozen=True, eq=False)
class HighsOutcome:
    """What HiGHS found, in the sense (minimise or maximise) of the PuLP problem.

    Parameters
    ----------
    status
        ``"optimal"`` (within the gap asked for), ``"feasible"`` (stopped with an incumbent), ``"unknown"``
        (stopped without one), ``"infeasible"`` or ``"unbounded"``.
    objective
        Value of the incumbent, with the objective's constant; nan without one.
    bound
        The proven bound on every solution: a lower one when minimising. Infinite if nothing is proven.
    values : float (variables,)
        The incumbent, in the order of ``problem.variables()``; empty without one.
    nodes
        Branch-and-bound nodes.
    load_seconds, solve_seconds
        Time to hand the model over row by row, and to solve it.
    """

    status: Outcome
    objective: float
    bound: float
    values: npt.NDArray[np.float64]
    nodes: int
    load_seconds: float
    solve_seconds: float


@cache
def require_highs() -> str:
    """Return the version of highspy.

    Raises
    ------
    InvalidOption
        If it is older than 1.15.1, which can return wrong optima.
    """
    found = version("highspy")
    numbers = tuple(int(part) for part in found.split(".")[:3] if part.isdigit())
    if numbers < LEAST_VERSION:
        least = ".".join(map(str, LEAST_VERSION))
        raise InvalidOption(
            f"highspy {found} is installed; exact results need {least} or newer: "
            f"pip install 'highspy>={least}'"
        )
    _swallow_banner()
    return found


def _swallow_banner() -> None:
    """Make the first model of the process with standard output closed.

    HiGHS 1.16 greets there once, whatever its options say, and standard output belongs to results.
    """
    with Path(os.devnull).open("wb") as nowhere:
        try:
            kept = os.dup(1)
        except OSError:  # no standard output to protect
            return
        os.dup2(nowhere.fileno(), 1)
        try:
            highspy.Highs()
        finally:
            os.dup2(kept, 1)
            os.close(kept)


def run_highs(
    problem: pulp.LpProblem,
    *,
    time_limit: float | None = None,
    gap: float = 0.0,
    start: Mapping[str, float] | None = None,
    log: bool = False,
    asked_to_stop: Callable[[], bool] | None = None,
) -> HighsOutcome:
    """Solve any PuLP problem with HiGHS.

    Parameters
    ----------
    problem
        A linear or mixed-integer problem; it is not changed except that PuLP numbers its parts.
    time_limit
        Seconds for HiGHS, None for no limit.
    gap
        Relative gap ``|objective - bound| / |objective|`` at which HiGHS may stop; no absolute gap is
        granted.
    start
        Values by variable name (all or some) from which HiGHS may build a first incumbent.
    log
        Show HiGHS' own log.
    asked_to_stop
        Asked now and then during the solution; when true, HiGHS stops with what it has.
    """
    require_highs()
    begin = time.perf_counter()
    model = _load(problem, gap, log)
    if start:
        _suggest(model, problem, start)
    loaded = time.perf_counter()
    if time_limit is not None:
        model.setOptionValue("time_limit", max(float(time_limit), 0.0))
    if asked_to_stop is not None:
        stop = asked_to_stop

        def check(event: Any) -> None:
            if stop():
                event.interrupt()

        model.cbSimplexInterrupt += check
        model.cbMipInterrupt += check
    model.run()
    status = _status(problem, model)
    done = time.perf_counter()
    return _outcome(problem, model, status, loaded - begin, done - loaded)


def _load(problem: pulp.LpProblem, gap: float, log: bool) -> Any:
    if problem.objective is None:
        problem += pulp.LpAffineExpression()
    interface = pulp.HiGHS(
        msg=log,
        gapRel=gap,
        gapAbs=0.0,
        mip_feasibility_tolerance=_FEASIBILITY,
        primal_feasibility_tolerance=_FEASIBILITY,
        dual_feasibility_tolerance=_FEASIBILITY,
    )
    interface.createAndConfigureSolver(problem)
    interface.buildSolverModel(problem)
    model = problem.solverModel
    # PuLP leaves the constant out, which would turn a relative gap into something else.
    model.changeObjectiveOffset(_sign(problem) * (problem.objective.constant or 0.0))
    return model


def _sign(problem: pulp.LpProblem) -> int:
    """HiGHS always minimises: PuLP hands it the negative of what is maximised."""
    return -1 if problem.sense == pulp.LpMaximize else 1


def _suggest(model: Any, problem: pulp.LpProblem, start: Mapping[str, float]) -> None:
    known = [
        (place, start[each.name]) for place, each in enumerate(problem.variables()) if each.name in start
    ]
    places, values = zip(*known, strict=True)
    model.setSolution(len(known), np.array(places, dtype=np.int32), np.array(values, dtype=np.float64))


def _has_incumbent(model: Any) -> bool:
    status = model.getInfo().primal_solution_status
    return bool(status == highspy.SolutionStatus.kSolutionStatusFeasible)


def _status(problem: pulp.LpProblem, model: Any) -> Outcome:
    found = model.getModelStatus()
    if found == highspy.HighsModelStatus.kUnboundedOrInfeasible:
        return "unbounded" if _has_solution(problem) else "infeasible"
    if found == highspy.HighsModelStatus.kModelEmpty:
        return "optimal"
    return _STATUS.get(found) or ("feasible" if _has_incumbent(model) else "unknown")


def _has_solution(problem: pulp.LpProblem) -> bool:
    """Solve without the objective: whatever has a solution then was unbounded with it."""
    model = _load(problem, 0.0, False)
    for place in range(model.getNumCol()):
        model.changeColCost(place, 0.0)
    model.run()
    return bool(model.getModelStatus() == highspy.HighsModelStatus.kOptimal)


def _outcome(
    problem: pulp.LpProblem, model: Any, status: Outcome, load_seconds: float, solve_seconds: float
) -> HighsOutcome:
    sign, info = _sign(problem), model.getInfo()
    solved = status in ("optimal", "feasible")
    objective = sign * info.objective_function_value if solved else math.nan
    if not problem.variables():  # HiGHS looks no further at an empty model
        objective = float(problem.objective.constant)
    if any(variable.cat == pulp.LpInteger for variable in problem.variables()):
        bound = sign * info.mip_dual_bound
    else:
        bound = objective if status == "optimal" else -sign * math.inf
    if status in ("infeasible", "unbounded"):
        bound = sign * math.inf if status == "infeasible" else -sign * math.inf
    return HighsOutcome(
        status=status,
        objective=objective,
        bound=bound,
        values=np.array(model.getSolution().col_value if solved else [], dtype=np.float64),
        nodes=max(int(info.mip_node_count), 0),
        load_seconds=load_seconds,
        solve_seconds=solve_seconds,
    )
