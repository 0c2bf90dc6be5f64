"""``solve(instance, method="exact")``: the optimum, proved, server by server."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from functools import cache, partial

import numpy as np
from rich.console import Console
from rich.progress import Progress, TaskID

from ...problem.instance import Instance
from ...problem.plan import Plan
from ..intervals import solve_intervals
from ..lagrangian import solve_lagrangian
from ..lagrangian.interrupt import deferred_interrupt
from ..servers import work_on_servers
from ..solution import Solution, refereed
from .work import ExactWork

_RESERVE = 0.03


def solve_exact(
    instance: Instance,
    *,
    time_limit: float | None = None,
    gap: float = 1e-6,
    progress: bool = False,
    workers: int | None = None,
) -> Solution:
    """Find the optimum and prove it, by whatever closes the gap first.

    Parameters
    ----------
    instance
        The problem.
    time_limit
        Wall-clock seconds, None for none: each step (see :mod:`.work`) then has minutes. Compiling the
        kernels, once for each installation, does not count.
    gap
        Relative gap at which to stop.
    progress
        Show a progress bar with the current server's gap on stderr.
    workers
        Threads that work on servers at the same time; None for all cores.

    Returns
    -------
    Solution
        ``details`` holds the prices (``presence_price`` (T, N, M), ``compute_price`` and ``energy_price``
        (T, N)), ``safe_bound``, the part of the bound that rests on whole-number arithmetic alone, and for
        each server the steps that were taken, with what each achieved.
    """
    _compile()
    begin = time.monotonic()
    deadline = math.inf if time_limit is None else begin + time_limit * (1.0 - _RESERVE)
    works = [ExactWork(instance.server(n), gap, n) for n in range(instance.servers)]
    with (
        Progress(transient=True, console=Console(stderr=True), disable=not progress) as bar,
        deferred_interrupt() as asked_to_stop,
    ):
        task = bar.add_task("exact", total=len(works))
        jobs = [partial(_run, work, bar, task, n) for n, work in enumerate(works)]
        work_on_servers(jobs, deadline, asked_to_stop, workers)
        interrupted = asked_to_stop()
    return _join(instance, works, begin, gap, interrupted)


def _run(
    work: ExactWork, bar: Progress, task: TaskID, n: int, deadline: float, asked_to_stop: Callable[[], bool]
) -> None:
    work.run(deadline, asked_to_stop, _reporter(bar, task, n))
    bar.advance(task)


def _reporter(bar: Progress, task: TaskID, server: int) -> Callable[[float], None]:
    return lambda gap: bar.update(task, description=f"server {server}: gap {gap:.4%}")


def _join(
    instance: Instance, works: list[ExactWork], begin: float, gap: float, interrupted: bool
) -> Solution:
    models = instance.models
    plan = Plan(
        np.stack([work.cached.T for work in works], axis=1),
        np.stack([work.served.T for work in works], axis=1),
    )
    prices = np.stack([work.prices for work in works], axis=1)
    return refereed(
        instance,
        plan,
        lower_bound=math.fsum(work.bound for work in works) * (1.0 - 1e-15),
        method="exact",
        seconds=time.monotonic() - begin,
        gap=gap,
        details={
            "presence_price": np.moveaxis(prices[:models], 0, 2).swapaxes(0, 1).copy(),
            "compute_price": prices[models].T,
            "energy_price": prices[models + 1].T,
            "safe_bound": math.fsum(work.safe_bound for work in works) * (1.0 - 1e-15),
            "servers": [{"steps": work.steps} for work in works],
            "interrupted": interrupted,
        },
    )


@cache
def _compile() -> None:
    """Load every compiled kernel (compile it, the first time ever) on problems of two slots."""
    tiny = Instance(
        requests=[[1, 1], [1, 1]],
        service_model=[0, 1],
        memory=1.5,
        footprint=[1.5, 1.0],
        cloud_cost=[1.0, 2.0],
    )
    solve_lagrangian(tiny)
    solve_intervals(tiny)
    ExactWork(tiny, 0.0, 0).rehearse()
