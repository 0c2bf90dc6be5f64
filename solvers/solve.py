"""One call for every method that solves an instance: ``solve(instance, method=...)``.

A method is a function ``fn(instance, *, time_limit, gap, progress) -> Solution``, with ``workers`` too if it
is in ``PARALLEL``, named in ``METHODS`` and imported when it is first asked for. To add one, write its file
and add its line.
"""

from __future__ import annotations

import math
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, cast

from ..problem.errors import InvalidOption
from ..problem.instance import Instance
from .parallel import worker_count
from .solution import Solution

if TYPE_CHECKING:
    from .across import ServerTask

METHODS = {
    "auto": "auto:solve_auto",
    "brute": "proofs:certified_brute",
    "exact": "exact:solve_exact",
    "intervals": "intervals:solve_intervals",
    "lagrangian": "lagrangian:solve_lagrangian",
    "milp": "proofs:certified_milp",
    "relaxation": "relaxation:solve_relaxation",
}
"""Name of each method -> module (of this package) and function."""

PARALLEL = frozenset({"auto", "exact", "intervals", "lagrangian", "milp"})
"""Methods that work on several servers at the same time; the others take them one after the other."""


class Method(Protocol):
    """What a registered solver looks like."""

    def __call__(
        self,
        instance: Instance,
        *,
        time_limit: float | None,
        gap: float,
        progress: bool,
        workers: int | None = None,
    ) -> Solution:
        """Solve the instance within ``time_limit`` seconds, or until the relative gap is at most ``gap``.

        Methods outside ``PARALLEL`` take no ``workers``.
        """


def method_names() -> tuple[str, ...]:
    """Return the names that ``solve`` knows."""
    return tuple(sorted(METHODS))


def load_method(name: str) -> Method:
    """Import the function behind a method's name.

    Raises
    ------
    InvalidOption
        If there is no such method, or a package that it needs is not installed.
    """
    if name not in METHODS:
        raise InvalidOption(f"unknown method {name!r}: choose from {', '.join(method_names())}")
    module, function = METHODS[name].split(":")
    try:
        return cast(Method, getattr(import_module(f".{module}", __package__), function))
    except ModuleNotFoundError as error:
        missing = (error.name or "").split(".")[0]
        if missing in ("", "edgeopt"):
            raise
        raise InvalidOption(
            f"method {name!r} needs the package {missing}, which is not installed: pip install {missing}"
        ) from error


def solve(
    instance: Instance,
    method: str = "auto",
    *,
    time_limit: float | None = None,
    gap: float = 1e-6,
    progress: bool = False,
    workers: int | None = None,
    engine: str | None = None,
    address: str | None = None,
    keep: str | Path | None = None,
) -> Solution:
    """Find a plan of least cost, or the best one within a time limit, and prove how good it is.

    Parameters
    ----------
    instance
        The problem; its servers do not couple, and every method solves them one by one.
    method
        ``"milp"``: the compact model of :mod:`edgeopt.solvers.milp` in PuLP, solved by HiGHS.
        ``"lagrangian"``: decomposition into one dynamic programme a model and one knapsack a slot.
        ``"intervals"``: caching intervals and feasible sets, by column generation on HiGHS. ``"exact"``:
        both of these, then enumeration, wide sweeps and branch and bound, until the optimum is proved.
        ``"relaxation"``: linear relaxations in cvxpy, a bound and the price of every limit, no plan.
        ``"brute"``: every plan of a tiny instance. ``"auto"``: whatever suits the size.
    time_limit
        Wall-clock seconds, None for no limit. The result is then a plan with a valid bound.
    gap
        Relative gap ``cost / lower_bound - 1`` at which the plan counts as optimal.
    progress
        Show a progress bar on stderr.
    workers
        Threads or processes that work on servers at the same time, None for all cores; see
        :mod:`.parallel.servers` for how they share the time. ``"brute"`` and ``"relaxation"`` take one server
        after the other. Without a time limit the result does not depend on it.
    engine, address, keep
        If any is given, every server is a task of its own, done by ``workers`` processes (``"local"``) or on
        a cluster (``"ray"``, ``"dask"``), and kept in a folder as soon as it is finished: see :mod:`.across`
        and :mod:`.engines`.

    Raises
    ------
    InvalidOption
        If the method is unknown or unfit for the instance, or an argument is out of range.
    """
    if time_limit is not None and not time_limit > 0:
        raise InvalidOption(f"time_limit is {time_limit!r}: it must be a positive number of seconds, or None")
    if not (gap >= 0 and math.isfinite(gap)):
        raise InvalidOption(f"gap is {gap!r}: it must be a finite number, 0 or more")
    worker_count(workers)
    run = load_method(method)
    if engine is not None or address is not None or keep is not None:
        from .across import solve_across
        from .engines import Engine

        place = Engine(engine or "local", address, workers)
        return solve_across(
            instance,
            method,
            place,
            solve_server,
            time_limit=time_limit,
            gap=gap,
            progress=progress,
            keep=keep,
        )
    if method not in PARALLEL:
        return run(instance, time_limit=time_limit, gap=gap, progress=progress)
    return run(instance, time_limit=time_limit, gap=gap, progress=progress, workers=workers)


def solve_server(task: ServerTask) -> Solution:
    """Solve one server with one worker, where the task has arrived."""
    return solve(task.server, task.method, time_limit=task.time_limit, gap=task.gap, workers=1)
