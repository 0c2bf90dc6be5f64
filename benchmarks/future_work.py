"""Do the optional tasks: the online bound, plans and policies on sampled futures, the ladder of bounds."""

from __future__ import annotations

from typing import Any

from ..problem import evaluate
from ..problem.errors import InvalidOption
from ..solvers import OnlinePolicy, simulate, solve
from .future_tasks import FUTURES_SEED, FuturePlan, FutureRuns, LadderTask, OnlineReference, future


def online_reference(task: OnlineReference) -> dict[str, Any]:
    """Return the online bound with its samples; "unavailable" says why there is none."""
    from ..solvers.online import online_bound

    world = task.case.instance(0, "test")
    try:
        bound = online_bound(world, task.case.processes(), samples=task.samples, seed=FUTURES_SEED)
    except InvalidOption as error:  # contexts too large to tabulate: a property of the world, no mistake
        return {"unavailable": str(error)}
    return {
        "unavailable": None,
        "online": bound.samples[:, 0].tolist(),
        "clairvoyant": bound.samples[:, 1].tolist(),
        "luck": bound.luck.tolist(),
    }


def future_plan(task: FuturePlan) -> dict[str, Any]:
    """Return the cost and the bound of the best plan of a future; None for what there is not."""
    instance = future(task.case, task.index)
    solution = solve(instance, task.method, time_limit=task.time_limit, gap=task.gap, workers=1)
    return {
        "status": solution.status,
        "cost": None if solution.plan is None else evaluate(instance, solution.plan).total,
        "lower_bound": max(0.0, solution.lower_bound),
    }


def future_runs(task: FutureRuns, fitted: OnlinePolicy) -> dict[str, Any]:
    """Return what a fitted policy pays in each future."""
    costs = []
    for index in range(task.samples):
        instance = future(task.case, index)
        costs.append(evaluate(instance, simulate(instance, fitted, seed=index)).total)
    return {"costs": costs}


def ladder_rungs(task: LadderTask) -> dict[str, Any]:
    """Return the ladder of the case's first test instance as a table."""
    from ..solvers.bounds import ladder

    found = ladder(task.case.instance(0, "test"), time_limit=task.time_limit)
    return {"best": found.best, "digest": found.digest, "rungs": found.rows()}
