"""Processes of this machine, one task at a time each; with one worker, this very process.

Every process stands in a pool of its own: when one dies, the task that it had is known, no other is
disturbed, and a new process takes its place.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection
from types import FrameType
from typing import Any

from ..parallel import worker_count
from .call import Died, Outcome, outcome_of
from .crew import ATTEMPTS, Backend

THREAD_LIMITS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")


@contextmanager
def backend(address: None, workers: int | None) -> Iterator[Backend]:  # noqa: ARG001 - engines share it
    """Start processes when they are first needed; if the block ends with an error, end them at once."""
    count = worker_count(workers)
    if count == 1:
        yield _Here()
        return
    context = get_context("spawn")
    listener, lifeline = context.Pipe(duplex=False)
    with _single_threaded_children():
        processes = _Processes(
            count, lambda: ProcessPoolExecutor(1, context, initializer=_start_worker, initargs=(listener,))
        )
        try:
            yield processes
        except BaseException:
            # Closing the lifeline ends every process at once, in the middle of whatever it does.
            lifeline.close()
            processes.close(wait=False)
            raise
        processes.close(wait=True)
    lifeline.close()
    listener.close()


class _Here:
    """The caller's own process: a task is done when its result is asked for."""

    def __init__(self) -> None:
        self._started: list[tuple[int, Callable[[Any], Any], Any]] = []

    def width(self) -> int:
        return 1

    def window(self) -> int:
        return 1

    def start(self, number: int, function: Callable[[Any], Any], task: Any) -> None:
        self._started.append((number, function, task))

    def finished(self) -> list[tuple[int, Outcome]]:
        number, function, task = self._started.pop(0)
        with _noticed_interrupt() as came:
            outcome = outcome_of(function, task)
        if came.is_set():
            raise KeyboardInterrupt
        return [(number, outcome)]


@dataclass(frozen=True)
class _Running:
    number: int
    function: Callable[[Any], Any]
    task: Any
    attempt: int
    process: ProcessPoolExecutor


class _Processes:
    def __init__(self, count: int, start_process: Callable[[], ProcessPoolExecutor]) -> None:
        self._count = count
        self._new = start_process
        self._idle: list[ProcessPoolExecutor] = []
        self._running: dict[Future[Outcome], _Running] = {}

    def width(self) -> int:
        return self._count

    def window(self) -> int:
        return self._count

    def start(self, number: int, function: Callable[[Any], Any], task: Any) -> None:
        self._submit(number, function, task, attempt=1)

    def finished(self) -> list[tuple[int, Outcome]]:
        found: list[tuple[int, Outcome]] = []
        while not found:
            for future in wait(self._running, return_when=FIRST_COMPLETED).done:
                run = self._running.pop(future)
                try:
                    found.append((run.number, future.result()))
                    self._idle.append(run.process)
                except BrokenProcessPool:
                    run.process.shutdown(wait=False)
                    if run.attempt < ATTEMPTS:
                        self._submit(run.number, run.function, run.task, run.attempt + 1)
                    else:
                        found.append((run.number, Died(run.attempt)))
        return found

    def close(self, *, wait: bool) -> None:
        for process in [*self._idle, *(run.process for run in self._running.values())]:
            process.shutdown(wait=wait, cancel_futures=True)

    def _submit(self, number: int, function: Callable[[Any], Any], task: Any, attempt: int) -> None:
        process = self._idle.pop() if self._idle else self._new()
        try:
            future = process.submit(outcome_of, function, task)
        except BrokenProcessPool:  # it died while it was idle
            process = self._new()
            future = process.submit(outcome_of, function, task)
        self._running[future] = _Running(number, function, task, attempt, process)


@contextmanager
def _noticed_interrupt() -> Iterator[threading.Event]:
    """Notice a Ctrl-C that the task answers with what it has so far: half a result is none."""
    came = threading.Event()
    if (
        threading.current_thread() is not threading.main_thread()
        or signal.getsignal(signal.SIGINT) is not signal.default_int_handler
    ):
        yield came
        return

    def note(number: int, frame: FrameType | None) -> None:
        came.set()
        signal.default_int_handler(number, frame)

    signal.signal(signal.SIGINT, note)
    try:
        yield came
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@contextmanager
def _single_threaded_children() -> Iterator[None]:
    """Child processes started inside have one thread each: the processes are the parallelism."""
    before = {name: os.environ.get(name) for name in THREAD_LIMITS}
    os.environ.update(dict.fromkeys(THREAD_LIMITS, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _start_worker(listener: Connection) -> None:
    """Set up a worker: leave Ctrl-C to the parent, and end when the lifeline closes or the parent dies."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    def watch() -> None:
        try:
            listener.poll(None)
        finally:
            os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
