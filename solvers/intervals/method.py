"""``solve(instance, method="intervals")``: the strong formulation by column generation, server by server."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import Progress, TaskID

from ...problem.instance import Instance
from ...problem.plan import Plan
from ..lagrangian.interrupt import deferred_interrupt
from ..lagrangian.server import Server
from ..solution import Solution, refereed
from .generation import Generation

_RESERVE = 0.03
_GENERATION_SHARES = (0.6, 0.7, 0.7)
_WHOLE_SECONDS = 60.0
"""Time for whole intervals on each server where no time limit is given."""


def solve_intervals(
    instance: Instance, *, time_limit: float | None = None, gap: float = 1e-6, progress: bool = False
) -> Solution:
    """Solve the linear programme over caching intervals and feasible sets, then choose whole intervals.

    Parameters
    ----------
    instance
        The problem.
    time_limit
        Wall-clock seconds, None for none (choosing whole intervals then takes at most a minute a server).
        Compiling the kernels, once for each installation, does not count.
    gap
        Relative gap at which to stop.
    progress
        Show a progress bar with the current server's gap on stderr.

    Returns
    -------
    Solution
        ``details`` holds the prices (``presence_price`` (T, N, M), ``compute_price`` and ``energy_price``
        (T, N)) with the bound ``price_bound`` that they prove by themselves (`bound_from_prices`), and for
        each server the size of the master and whether it was solved. Where ``lower_bound`` is better than
        ``price_bound`` it rests on HiGHS' branch and bound (floating point).
    """
    _compile()
    begin = time.monotonic()
    deadline = math.inf if time_limit is None else begin + time_limit * (1.0 - _RESERVE)
    works: list[Generation] = []
    with (
        Progress(transient=True, console=Console(stderr=True), disable=not progress) as bar,
        deferred_interrupt() as asked_to_stop,
    ):
        task = bar.add_task("intervals", total=instance.servers)
        for n in range(instance.servers):
            now = time.monotonic()
            share = now + (deadline - now) / (instance.servers - n)
            work = Generation(Server.of(instance, n), gap, n, share, asked_to_stop)
            works.append(work)
            generate(work, _reporter(bar, task, n))
            bar.advance(task)
        interrupted = asked_to_stop()
    return join(instance, works, "intervals", begin, gap, {"interrupted": interrupted})


def generate(work: Generation, report: Callable[[float], None]) -> None:
    """Generate columns and choose whole intervals; again, if the first choice came before the end."""
    for share in _GENERATION_SHARES:
        now = time.monotonic()
        if not work.converged:
            work.run(_part(now, work.deadline, share), report)
        if work.closed or work.late():
            return
        work.finish(_WHOLE_SECONDS if math.isinf(work.deadline) else math.inf)
        if work.closed or work.converged:
            return


def _part(now: float, deadline: float, share: float) -> float:
    return deadline if math.isinf(deadline) else now + share * (deadline - now)


def join(
    instance: Instance,
    works: list[Generation],
    method: str,
    begin: float,
    gap: float,
    details: dict[str, Any],
) -> Solution:
    """Join what was found for each server."""
    models = instance.models
    plan = Plan(
        np.stack([work.pool.cached.T for work in works], axis=1),
        np.stack([work.pool.served.T for work in works], axis=1),
    )
    prices = np.stack([work.prices for work in works], axis=1)
    own = [work.safe_bound() for work in works]
    return refereed(
        instance,
        plan,
        lower_bound=math.fsum(work.bound() for work in works) * (1.0 - 1e-15),
        method=method,
        seconds=time.monotonic() - begin,
        gap=gap,
        details=details
        | {
            "presence_price": np.moveaxis(prices[:models], 0, 2).swapaxes(0, 1).copy(),
            "compute_price": prices[models].T,
            "energy_price": prices[models + 1].T,
            "price_bound": math.fsum(own) * (1.0 - 1e-15),
            "servers": [account(work) for work in works],
        },
    )


def account(work: Generation) -> dict[str, Any]:
    """What was done on one server, in numbers."""
    return {
        "rounds": work.rounds,
        "interval_columns": len(work.master.intervals),
        "set_columns": work.master.sets,
        "master_solved": work.converged,
        "master_cost": work.server.cloud_only - work.value if math.isfinite(work.value) else None,
        "enumerated": list(work.enumerated),
    }


def _reporter(bar: Progress, task: TaskID, server: int) -> Callable[[float], None]:
    return lambda gap: bar.update(task, description=f"server {server}: gap {gap:.4%}")


@cache
def _compile() -> None:
    """Load every compiled kernel (compile it, the first time ever) on problems of two slots."""
    for compute, computation_cost in ((np.inf, 0.0), (np.inf, 3.0), (1.0, 0.0)):
        tiny = Instance(
            requests=[[1, 1], [1, 1]],
            service_model=[0, 1],
            memory=1.5,
            footprint=[1.5, 1.0],
            computation_cost=[computation_cost, 0.0],
            cloud_cost=[1.0, 2.0],
            compute=compute,
            work=1.0,
        )
        work = Generation(Server.of(tiny, 0), 0.0, 0, math.inf, bool)
        for _ in work.rounds_until(math.inf):
            pass
        work.finish(1.0)
        work.safe_bound()
