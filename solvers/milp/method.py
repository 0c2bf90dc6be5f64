"""``solve(instance, method="milp")``: the compact model of each server, one after the other."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable
from typing import Any

from ...problem.errors import InfeasiblePlan
from ...problem.instance import Instance
from ...problem.plan import Plan
from ...problem.referee import evaluate
from ..solution import CLAIM_TOLERANCE, RefusedClaim, Solution, refereed
from .highs import require_highs, run_highs
from .model import BuildTimeoutError, build_model
from .reduce import reduce_server


def solve_milp(
    instance: Instance,
    *,
    time_limit: float | None = None,
    gap: float = 1e-6,
    progress: bool = False,
    start: Plan | None = None,
) -> Solution:
    """Solve the compact model of every server with HiGHS.

    Parameters
    ----------
    instance, time_limit, gap, progress
        As in :func:`edgeopt.solvers.solve.solve`. The time that is left is shared evenly among the servers
        that are left. Building the model counts; handing it to HiGHS cannot be interrupted.
    start
        A feasible plan from which HiGHS starts.

    Returns
    -------
    solution
        The bound is the dual bound of HiGHS' branch and bound, in floating point. Where HiGHS has no plan
        in time, the one of the start, or the one that serves everything from the cloud, stands in for it.

    Raises
    ------
    InvalidOption
        If highspy is too old.
    """
    version = require_highs()
    begin = time.monotonic()
    end = math.inf if time_limit is None else begin + time_limit
    plans, bound = [], 0.0
    servers: list[dict[str, Any]] = []
    for index in _watched(range(instance.servers), progress):
        now = time.monotonic()
        deadline = now + (end - now) / (instance.servers - index)
        single = instance.server(index)
        plan, found = _solve_server(single, deadline, gap, _start_of(start, index))
        plans.append(plan)
        servers.append(found)
        bound += found["lower_bound"]
    return refereed(
        instance,
        Plan.join(plans),
        lower_bound=bound,
        method="milp",
        seconds=time.monotonic() - begin,
        gap=gap,
        details={
            "bound": "dual bound of branch and bound (floating point)",
            "highspy": version,
            "servers": servers,
        },
    )


def _start_of(start: Plan | None, index: int) -> Plan | None:
    keep = slice(index, index + 1)
    return None if start is None else Plan(start.cached[:, keep], start.served[:, keep])


def _watched(servers: range, progress: bool) -> Iterable[int]:
    if not progress:
        return servers
    from rich.console import Console
    from rich.progress import track

    screen = Console(stderr=True)
    return track(
        servers, description="servers", console=screen, transient=True, disable=not screen.is_terminal
    )


def _solve_server(
    instance: Instance, deadline: float, gap: float, start: Plan | None
) -> tuple[Plan, dict[str, Any]]:
    """Solve one server; return the plan and the account of it, with the lower bound."""
    begin = time.monotonic()
    reduced = reduce_server(instance)
    fallback = start or Plan.cloud_only(instance.slots, 1, instance.models, instance.services)
    report = evaluate(instance, fallback)
    fallback_cost = report.total
    found: dict[str, Any] = {
        "status": "not built",
        "lower_bound": min(reduced.least_cost(instance), fallback_cost),
    }
    try:
        model = build_model(instance, reduced, deadline=deadline)
    except BuildTimeoutError:
        return fallback, found | {"build_seconds": time.monotonic() - begin}
    built = time.monotonic()
    outcome = run_highs(
        model.problem,
        time_limit=None if math.isinf(deadline) else deadline - built,
        gap=gap / (1 + gap),
        start=None if start is None else model.start(start, report.context),
    )
    found |= {
        "status": outcome.status,
        "lower_bound": max(found["lower_bound"], outcome.bound * model.scale),
        "variables": model.problem.numVariables(),
        "rows": model.problem.numConstraints(),
        "nodes": outcome.nodes,
        "build_seconds": built - begin + outcome.load_seconds,
        "solve_seconds": outcome.solve_seconds,
    }
    if outcome.status not in ("optimal", "feasible"):
        return fallback, found
    plan = model.plan(outcome.values)
    try:
        cost = evaluate(instance, plan).total
    except InfeasiblePlan as error:
        # Within HiGHS' tolerances, not within the referee's: the bound holds, the plan does not.
        return fallback, found | {"rejected": str(error)}
    found["objective"] = objective = outcome.objective * model.scale
    if cost > objective + CLAIM_TOLERANCE * abs(objective):
        # The other way round is no error: an incumbent may leave context unused that its plan has built.
        raise RefusedClaim(f"objective of HiGHS is {objective!r}: the referee finds {cost!r}")
    return (plan if cost <= fallback_cost else fallback), found
