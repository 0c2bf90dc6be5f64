"""Solve the servers of an instance on an engine: each is a task that carries its own slice of the problem.

Servers do not couple, so plans stand side by side, costs and bounds add up, and a certificate is the servers'
certificates in one. Every task is solved by itself, with the same seed whichever worker takes it: without a
time limit the result is the same on every engine and with any number of workers.
"""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import Progress

from ..problem.instance import Instance
from ..problem.plan import Plan
from .certificate import joined
from .engines import Crew, Engine
from .kept import Kept
from .solution import Solution, bound_only, refereed

_LEAST_SECONDS = 0.01
"""Time that a server gets where none is left: every method needs some to begin."""


@dataclass(frozen=True)
class ServerTask:
    """One server, and how it is to be solved: all that is sent to a worker."""

    server: Instance
    method: str
    time_limit: float | None
    gap: float


def solve_across(
    instance: Instance,
    method: str,
    engine: Engine,
    solve_server: Callable[[ServerTask], Solution],
    *,
    time_limit: float | None = None,
    gap: float = 1e-6,
    progress: bool = False,
    keep: str | Path | None = None,
) -> Solution:
    """Solve every server on the engine's workers and put the solutions together.

    Parameters
    ----------
    instance, method, gap, progress
        As in `edgeopt.solvers.solve`; the method is any of those, and chosen for each server by ``"auto"``.
    engine, solve_server
        Where the servers are solved, and the function of a module that solves one there.
    time_limit
        Wall-clock seconds for all servers. One that is sent off gets time left / ceil(servers without a
        result / workers); starting the engine, and loading the kernels on a worker, does not count.
    keep
        Folder in which every finished server is kept as soon as it is finished; what is there already, of
        the same servers, method, limits and version, is not solved again. None keeps nothing.

    Returns
    -------
    Solution
        ``details["servers"]`` says for each server what its solution says: method, status, cost,
        lower_bound, gap, seconds. The certificate is there if every server has one.

    Raises
    ------
    EdgeoptError
        The first refusal of a server, with its name; what is finished stays in ``keep``.
    KeyboardInterrupt
        On Ctrl-C, after the workers have been told to stop.
    """
    kept = None if keep is None else Kept(keep, method, time_limit, gap)
    found = {} if kept is None else _restored(instance, kept)
    begin = time.monotonic()
    todo = deque(n for n in range(instance.servers) if n not in found)
    screen = Console(stderr=True)
    with Progress(transient=True, console=screen, disable=not (progress and screen.is_terminal)) as bar:
        row = bar.add_task(f"servers on {engine.name}", total=instance.servers, completed=len(found))
        if todo:
            with engine.open() as crew:
                begin = time.monotonic()
                end = None if time_limit is None else begin + time_limit
                for n, solution in _results(instance, todo, crew, solve_server, method, gap, end):
                    found[n] = solution
                    if kept is not None:
                        kept.keep(instance.server(n), solution)
                    bar.advance(row)
    return _join(instance, [found[n] for n in range(instance.servers)], method, time.monotonic() - begin, gap)


def _restored(instance: Instance, kept: Kept) -> dict[int, Solution]:
    """Solutions of the servers that were finished before."""
    known = {n: kept.find(instance.server(n)) for n in range(instance.servers)}
    return {n: solution for n, solution in known.items() if solution is not None}


def _results(
    instance: Instance,
    todo: deque[int],
    crew: Crew,
    solve_server: Callable[[ServerTask], Solution],
    method: str,
    gap: float,
    end: float | None,
) -> Iterator[tuple[int, Solution]]:
    """Yield servers as they are solved; one that is sent off gets a share of the time that is left then."""
    unsolved = len(todo)

    def task(n: int) -> ServerTask:
        share = None
        if end is not None:
            rounds = math.ceil(unsolved / crew.width())
            share = max(_LEAST_SECONDS, (end - time.monotonic()) / rounds)
        return ServerTask(instance.server(n), method, share, gap)

    for n, solution in crew.results(
        solve_server, todo, data=task, label=lambda n: f"server {instance.server_names[n]}"
    ):
        unsolved -= 1
        yield n, solution


def _join(instance: Instance, parts: list[Solution], method: str, seconds: float, gap: float) -> Solution:
    details: dict[str, Any] = {"servers": [_account(part) for part in parts]}
    chosen = dict.fromkeys(part.details["chosen"] for part in parts if "chosen" in part.details)
    if chosen:
        details["chosen"] = ", ".join(chosen)
    # Rounding in a sum must not lift the bound above what the parts prove.
    lower_bound = math.fsum(part.lower_bound for part in parts) * (1.0 - 1e-15)
    plans = [part.plan for part in parts if part.plan is not None]
    if len(plans) < len(parts):
        return bound_only(lower_bound, method=method, seconds=seconds, details=details)
    plan = Plan(
        np.concatenate([one.cached for one in plans], axis=1),
        np.concatenate([one.served for one in plans], axis=1),
    )
    solution = refereed(
        instance,
        plan,
        lower_bound=lower_bound,
        method=method,
        seconds=seconds,
        gap=gap,
        claimed=math.fsum(part.cost for part in parts),
        details=details,
    )
    proofs = [part.certificate for part in parts if part.certificate is not None]
    if len(proofs) < len(parts):
        return solution
    return replace(solution, certificate=joined(instance, proofs, plan, solution.cost))


def _account(part: Solution) -> dict[str, Any]:
    names = ("method", "status", "cost", "lower_bound", "gap", "seconds")
    return {name: getattr(part, name) for name in names}
