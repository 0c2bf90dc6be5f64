"""``solve(instance, method="milp")``: the compact model of each server."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any

from rich.console import Console
from rich.progress import Progress

from ...problem.errors import InfeasiblePlan
from ...problem.instance import Instance
from ...problem.plan import Plan
from ...problem.referee import evaluate
from ..parallel import Stop, deferred_interrupt, work_on_servers
from ..solution import CLAIM_TOLERANCE, RefusedClaim, Solution, refereed, relative_gap
from .highs import require_highs, run_highs
from .model import BuildTimeoutError, build_model
from .reduce import reduce_server

PROCESS_CELLS = 1000
"""Slots times (models + services) of a server from which on servers are solved in processes."""


def solve_milp(
    instance: Instance,
    *,
    time_limit: float | None = None,
    gap: float = 1e-6,
    progress: bool = False,
    start: Plan | None = None,
    workers: int | None = 1,
) -> Solution:
    """Solve the compact model of every server with HiGHS.

    Parameters
    ----------
    instance, time_limit, gap, progress
        As in :func:`edgeopt.solvers.solve.solve`. Building the model counts; handing it to HiGHS cannot be
        interrupted.
    start
        A feasible plan from which HiGHS starts.
    workers
        Servers that are worked on at the same time, None for as many as there are cores; see
        :mod:`edgeopt.solvers.parallel.servers`.

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
    works = [_Work(instance.server(n), gap, _start_of(start, n)) for n in range(instance.servers)]
    with (
        Progress(transient=True, console=Console(stderr=True), disable=not progress) as bar,
        deferred_interrupt() as asked_to_stop,
    ):
        task = bar.add_task("milp", total=len(works))
        work_on_servers(
            works, end, asked_to_stop, workers,
            processes=instance.slots * (instance.models + instance.services) >= PROCESS_CELLS,
            report=lambda _server, gap: bar.advance(task) if gap is None else None,
        )  # fmt: skip
        interrupted = asked_to_stop()
    return refereed(
        instance,
        Plan.join([work.plan for work in works]),
        lower_bound=math.fsum(work.found["lower_bound"] for work in works),
        method="milp",
        seconds=time.monotonic() - begin,
        gap=gap,
        details={
            "bound": "dual bound of branch and bound (floating point)",
            "highspy": version,
            "servers": [work.found for work in works],
            "interrupted": interrupted,
        },
    )


class _Work:
    """One server: its plan, and the account of it with the lower bound."""

    def __init__(self, instance: Instance, gap: float, start: Plan | None) -> None:
        self.instance, self.gap, self.start = instance, gap, start
        self.plan = start or Plan.cloud_only(instance.slots, 1, instance.models, instance.services)
        self.found: dict[str, Any] = {"status": "not begun", "lower_bound": 0.0}

    def run(self, deadline: float, asked_to_stop: Stop, report: Callable[[float], None]) -> None:
        """Solve it; ``report`` hears of the end only."""
        self.plan, self.found = _solve_server(self.instance, deadline, self.gap, self.start, asked_to_stop)
        report(relative_gap(evaluate(self.instance, self.plan).total, self.found["lower_bound"]))


def _start_of(start: Plan | None, index: int) -> Plan | None:
    keep = slice(index, index + 1)
    return None if start is None else Plan(start.cached[:, keep], start.served[:, keep])


def _solve_server(
    instance: Instance, deadline: float, gap: float, start: Plan | None, asked_to_stop: Stop
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
        asked_to_stop=asked_to_stop,
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
