"""``solve(instance, method="intervals")``: the strong formulation by column generation, server by server."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import Progress

from ...problem.instance import Instance
from ...problem.plan import Plan
from ..certificate import certified
from ..lagrangian.server import Server
from ..lagrangian.solve import reporter
from ..parallel import Stop, deferred_interrupt, work_on_servers
from ..solution import Solution, refereed
from .columns import BoolArray
from .generation import Generation

_RESERVE = 0.03
PROCESS_CELLS = 1000
"""Slots times models of a server from which on servers are solved in processes."""
_GENERATION_SHARES = (0.6, 0.7, 0.7)
_WHOLE_SECONDS = 60.0
"""Time for whole intervals on each server where no time limit is given."""


def solve_intervals(
    instance: Instance,
    *,
    time_limit: float | None = None,
    gap: float = 1e-6,
    progress: bool = False,
    workers: int | None = None,
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
    workers
        Workers on servers at the same time, None for all cores: processes where a server is seconds of work,
        else threads.

    Returns
    -------
    Solution
        ``certificate`` proves ``price_bound``, which the prices prove by themselves. ``details`` holds them
        (``presence_price`` (T, N, M), ``compute_price`` and ``energy_price`` (T, N); `bound_from_prices`),
        and for each server the size of the master and whether it was solved. Where ``lower_bound`` is better
        than ``price_bound`` it rests on HiGHS' branch and bound (floating point).
    """
    _compile()
    begin = time.monotonic()
    deadline = math.inf if time_limit is None else begin + time_limit * (1.0 - _RESERVE)
    works = [_Work(Server.of(instance, n), gap, n) for n in range(instance.servers)]
    with (
        Progress(transient=True, console=Console(stderr=True), disable=not progress) as bar,
        deferred_interrupt() as asked_to_stop,
    ):
        task = bar.add_task("intervals", total=len(works))
        work_on_servers(
            works, deadline, asked_to_stop, workers,
            processes=instance.slots * instance.models >= PROCESS_CELLS, report=reporter(bar, task),
        )  # fmt: skip
        interrupted = asked_to_stop()
    return _join(instance, works, begin, gap, interrupted)


class _Work:
    """What is found for one server; complete after `run`, and empty but valid before.

    Attributes
    ----------
    cached, served
        (M, T) and (S, T) of the best plan.
    prices
        (M + 2, T) best prices.
    price_bound, bound
        Lower bounds: from the prices alone, and with what HiGHS proved.
    account
        What was done, in numbers.
    """

    def __init__(self, server: Server, gap: float, seed: int) -> None:
        self.server, self.gap, self.seed = server, gap, seed
        self.cached: BoolArray = np.zeros((server.models, server.slots), dtype=np.bool_)
        self.served = np.zeros_like(server.cap)
        self.prices = np.zeros((server.models + 2, server.slots))
        self.price_bound = self.bound = 0.0
        self.account: dict[str, Any] = {}

    def run(self, deadline: float, asked_to_stop: Stop, report: Callable[[float], None]) -> None:
        """Generate columns and choose whole intervals until the deadline (monotonic clock)."""
        work = Generation(self.server, self.gap, self.seed, deadline, asked_to_stop)
        generate(work, report)
        self.cached, self.served, self.prices = work.pool.cached, work.pool.served, work.prices
        self.price_bound, self.bound, self.account = work.safe_bound(), work.bound(), account(work)


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


def _join(instance: Instance, works: list[_Work], begin: float, gap: float, interrupted: bool) -> Solution:
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
        method="intervals",
        seconds=time.monotonic() - begin,
        gap=gap,
        details={
            "presence_price": np.moveaxis(prices[:models], 0, 2).swapaxes(0, 1).copy(),
            "compute_price": prices[models].T,
            "energy_price": prices[models + 1].T,
            "price_bound": math.fsum(work.price_bound for work in works) * (1.0 - 1e-15),
            "server_bounds": np.array([work.price_bound for work in works]),
            "servers": [work.account for work in works],
            "interrupted": interrupted,
        },
    )
    return certified(instance, solution)


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
