"""``solve(instance, method="lagrangian")``: a plan and a proven bound from decomposition by prices.

Each server is worked on by itself: prices are improved in small pieces, every piece suggests plans, and
what is left of the time goes into local search. It can be stopped at any moment: prices and plan are
complete after the first evaluation.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from functools import cache

import numpy as np
from rich.console import Console
from rich.progress import Progress, TaskID

from ...problem.instance import Instance
from ...problem.plan import Plan
from ..certificate import certified
from ..parallel import deferred_interrupt, work_on_servers
from ..solution import Solution, refereed
from .server import Server
from .work import ServerWork, sweep_details

_RESERVE = 0.03


def solve_lagrangian(
    instance: Instance,
    *,
    time_limit: float | None = None,
    gap: float = 1e-6,
    progress: bool = False,
    workers: int | None = None,
) -> Solution:
    """Bound and plan by Lagrangian decomposition into caching chains and memory knapsacks.

    Parameters
    ----------
    instance
        The problem.
    time_limit
        Wall-clock seconds, None for none. Compiling the kernels, once for each installation, does not count.
    gap
        Relative gap at which to stop.
    progress
        Show a progress bar with the current server's gap on stderr.
    workers
        Threads that work on servers at the same time, None for all cores.

    Returns
    -------
    Solution
        ``details`` holds the prices that prove the bound (`bound_from_prices`): ``presence_price`` (T, N, M),
        ``compute_price`` and ``energy_price`` (T, N), ``service_price`` (T, N, S; what a request pays a slot
        to be let in: where it is used, the prices of the limits are 0), and ``iterations`` (evaluations of
        the dual function), ``widest_sweep`` and ``excess_ahead`` (N, T + 1; cost): width of the sweeps behind
        the bound, and what they found that the slots from each slot on cost beyond what prices prove.
        ``certificate`` holds them in whole numbers, for `edgeopt.solvers.certificate.check_certificate`.
    """
    _compile()
    begin = time.monotonic()
    deadline = math.inf if time_limit is None else begin + time_limit * (1.0 - _RESERVE)
    works = [ServerWork(Server.of(instance, n), gap, seed=n) for n in range(instance.servers)]
    interrupted = False
    with (
        Progress(transient=True, console=Console(stderr=True), disable=not progress) as bar,
        deferred_interrupt() as asked_to_stop,
    ):
        task = bar.add_task("lagrangian", total=len(works))
        try:
            work_on_servers(works, deadline, asked_to_stop, workers, report=reporter(bar, task))
        except KeyboardInterrupt:
            interrupted = True
        interrupted = interrupted or asked_to_stop()
    return _join(instance, works, begin, gap, interrupted)


def reporter(bar: Progress, task: TaskID) -> Callable[[int, float | None], None]:
    """Show the gap of the server that reported last, and how many are done."""

    def report(server: int, gap: float | None) -> None:
        if gap is None:
            bar.advance(task)
        else:
            bar.update(task, description=f"server {server}: gap {gap:.4%}")

    return report


def _join(
    instance: Instance, works: list[ServerWork], begin: float, gap: float, interrupted: bool
) -> Solution:
    models = instance.models
    plan = Plan(
        np.stack([work.cached.T for work in works], axis=1),
        np.stack([work.served.T for work in works], axis=1),
    )
    bounds = [work.bound() for work in works]
    prices = np.stack([work.proving for work in works], axis=1)
    details = {
        "presence_price": np.moveaxis(prices[:models], 0, 2).swapaxes(0, 1).copy(),
        "compute_price": prices[models].T,
        "energy_price": prices[models + 1].T,
        "service_price": np.stack(
            [np.zeros(work.served.T.shape) if work.allowance is None else work.allowance.T for work in works],
            axis=1,
        ),
        "iterations": sum(work.iterations for work in works),
        **sweep_details([work.swept for work in works], instance.slots),
        "server_bounds": np.array(bounds),
        "interrupted": interrupted,
    }
    solution = refereed(
        instance,
        plan,
        lower_bound=math.fsum(bounds) * (1.0 - 1e-15),
        method="lagrangian",
        seconds=time.monotonic() - begin,
        gap=gap,
        details=details,
    )
    return certified(instance, solution)


@cache
def _compile() -> None:
    """Load every compiled kernel (compile it, the first time ever) on problems of two slots."""
    for compute, footprint in ((np.inf, 1.0), (1.0, 1.5)):
        tiny = Instance(
            requests=[[1, 1], [1, 1]],
            service_model=[0, 1],
            memory=1.5,
            footprint=[footprint, 1.0],
            cloud_cost=[1.0, 2.0],
            compute=compute,
            work=1.0,
        )
        ServerWork(Server.of(tiny, 0), 0.0, seed=0).rehearse()
