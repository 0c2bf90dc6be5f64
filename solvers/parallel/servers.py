"""Work on the servers of an instance side by side, and share the time among them.

Servers do not couple, and what is found for one does not depend on the others: without a time limit the
result is the same whatever the number of workers, and whether they are threads or processes
(``processes.py``). Threads cost nothing to start, and suit what is spent in compiled kernels, which run in
parallel; what is done in Python does not. Processes take seconds to start, and suit work in Python.

With a time limit, a server that begins gets an equal part of the time left: with k servers not yet begun
and w workers, time left / ceil(k / w). What a server does not need goes to those that begin after it.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import ExitStack
from functools import partial
from multiprocessing import current_process

from ...problem.errors import InvalidOption
from .work import Runner, Stop, W

_WAKE = 0.1
_START_SECONDS = 10.0
"""Processes are not worth their start where there is less time in all."""


def worker_count(workers: int | None) -> int:
    """Return the number of workers that an option ``workers`` asks for: None is all cores.

    Raises
    ------
    InvalidOption
        If it is no whole number, or less than 1.
    """
    if workers is None:
        return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if not isinstance(workers, int) or isinstance(workers, bool) or workers < 1:
        raise InvalidOption(f"workers is {workers!r}: it must be a whole number, 1 or more, or None")
    return workers


def work_on_servers(
    works: list[W],
    deadline: float,
    asked_to_stop: Stop,
    workers: int | None,
    *,
    processes: bool = False,
    report: Callable[[int, float | None], None] = lambda _server, _gap: None,
) -> None:
    """Do the work of every server with as many workers as ``workers`` says; in this thread if that is one.

    An error or a KeyboardInterrupt stops the others, at the next point where they can stop, and is raised
    when they have.

    Parameters
    ----------
    works
        One for each server. With ``processes`` they are replaced by what comes back.
    processes
        The work is long enough for processes; they are used if there is time for their start, and this
        process may start others (a daemon of multiprocessing may not).
    report
        Told the number of a server and its gap; None in place of the gap when it is done.
    """
    count = min(worker_count(workers), len(works))
    broken, turns = threading.Event(), _Turns(len(works), count, deadline)

    def stop() -> bool:
        return broken.is_set() or asked_to_stop()

    def work(run: Runner) -> None:
        try:
            while (turn := turns.next()) is not None:
                n, end = turn
                works[n] = run(works[n], end, stop, partial(report, n))
                report(n, None)
        except BaseException:
            broken.set()
            raise

    if count == 1:
        work(_here)
        return
    with ExitStack() as stack:
        run: Runner = _here
        if processes and deadline - time.monotonic() > _START_SECONDS and not current_process().daemon:
            from .processes import elsewhere

            run = stack.enter_context(elsewhere(count))
        with ThreadPoolExecutor(count) as pool:
            try:
                running = [pool.submit(work, run) for _ in range(count)]
                # A signal may reach another thread: its handler runs once this one wakes.
                while wait(running, timeout=_WAKE).not_done:
                    pass
                for future in running:
                    future.result()
            except BaseException:
                broken.set()
                raise


class _Turns:
    """Hands out the servers in order, each with the end of its time."""

    def __init__(self, servers: int, workers: int, deadline: float) -> None:
        self._lock = threading.Lock()
        self._begun = iter(range(servers))
        self._servers, self._workers, self._deadline = servers, workers, deadline

    def next(self) -> tuple[int, float] | None:
        with self._lock:
            n = next(self._begun, None)
        if n is None:
            return None
        now, rounds = time.monotonic(), -(-(self._servers - n) // self._workers)
        return n, now + (self._deadline - now) / rounds


def _here(work: W, end: float, stop: Stop, report: Callable[[float], None]) -> W:
    work.run(end, stop, report)
    return work
