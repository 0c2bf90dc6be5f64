"""Work on the servers of an instance in threads, and share the time among them.

Servers do not couple, and what is found for one does not depend on the others: without a time limit the
result is the same whatever the number of workers. Threads cost nothing to start, but only the compiled
kernels of the chains and knapsacks run beside each other; what is done in Python between them does not.

With a time limit, a server that begins gets an equal part of the time left: with k servers not yet begun
and w workers, time left / ceil(k / w). What a server does not need goes to those that begin after it.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait

from ..problem.errors import InvalidOption

_WAKE = 0.1

Job = Callable[[float, Callable[[], bool]], None]
"""Works on one server until a deadline (monotonic clock) or until the function says that it must stop."""


def worker_count(workers: int | None) -> int:
    """Return the number of threads that an option ``workers`` asks for: None is all cores.

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
    jobs: Sequence[Job], deadline: float, asked_to_stop: Callable[[], bool], workers: int | None
) -> None:
    """Do the job of every server, with as many threads as ``workers`` says; in this thread if that is one.

    An error or a KeyboardInterrupt stops the other jobs, at the next point where they can stop, and is
    raised when they have.
    """
    threads = min(worker_count(workers), len(jobs))
    broken, turn, begun = threading.Event(), threading.Lock(), iter(range(len(jobs)))

    def stop() -> bool:
        return broken.is_set() or asked_to_stop()

    def work() -> None:
        try:
            while True:
                with turn:
                    n = next(begun, None)
                if n is None:
                    return
                now, rounds = time.monotonic(), -(-(len(jobs) - n) // threads)
                jobs[n](now + (deadline - now) / rounds, stop)
        except BaseException:
            broken.set()
            raise

    if threads == 1:
        work()
        return
    with ThreadPoolExecutor(threads) as pool:
        try:
            running = [pool.submit(work) for _ in range(threads)]
            # A signal may reach another thread: its handler runs once this one wakes.
            while wait(running, timeout=_WAKE).not_done:
                pass
            for future in running:
                future.result()
        except BaseException:
            broken.set()
            raise
