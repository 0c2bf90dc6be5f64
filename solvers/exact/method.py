"""``solve(instance, method="exact")``: the optimum, proved, server by server."""

from __future__ import annotations

import math
import time
from functools import cache

import numpy as np
from rich.console import Console
from rich.progress import Progress

from ...problem.instance import Instance
from ...problem.plan import Plan
from ..certificate import certified
from ..intervals import solve_intervals
from ..lagrangian import solve_lagrangian
from ..lagrangian.solve import reporter
from ..lagrangian.work import sweep_details
from ..parallel import deferred_interrupt, work_on_servers
from ..solution import Solution, refereed
from .work import ExactWork

_RESERVE = 0.03
PROCESS_CELLS = 1000
"""Slots times models of a server from which on servers are solved in processes."""


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
        Workers on servers at the same time, None for all cores: processes where a server is seconds of work,
        else threads.

    Returns
    -------
    Solution
        ``details`` holds the prices (``presence_price`` (T, N, M), ``compute_price`` and ``energy_price``
        (T, N), ``service_price`` (T, N, S)), ``safe_bound``, the part of the bound that rests on
        whole-number arithmetic alone (``server_bounds`` (N,) its parts), and for each server the steps that
        were taken, with what each achieved. ``certificate`` proves ``safe_bound``.
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
        work_on_servers(
            works, deadline, asked_to_stop, workers,
            processes=instance.slots * instance.models >= PROCESS_CELLS, report=reporter(bar, task),
        )  # fmt: skip
        interrupted = asked_to_stop()
    return _join(instance, works, begin, gap, interrupted)


def _join(
    instance: Instance, works: list[ExactWork], begin: float, gap: float, interrupted: bool
) -> Solution:
    models = instance.models
    plan = Plan(
        np.stack([work.cached.T for work in works], axis=1),
        np.stack([work.served.T for work in works], axis=1),
    )
    prices = np.stack([work.prices for work in works], axis=1)
    solution = refereed(
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
            "service_price": np.stack(
                [
                    np.zeros(work.served.T.shape) if work.allowance is None else work.allowance.T
                    for work in works
                ],
                axis=1,
            ),
            "server_bounds": np.array([work.safe_bound for work in works]),
            **sweep_details([work.swept for work in works], instance.slots),
            "safe_bound": math.fsum(work.safe_bound for work in works) * (1.0 - 1e-15),
            "servers": [{"steps": work.steps} for work in works],
            "interrupted": interrupted,
        },
    )
    return certified(instance, solution)


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
