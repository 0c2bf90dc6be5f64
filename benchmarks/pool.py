"""Finish tasks in parallel processes, each exactly once, remembering every one in the journal."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Any, Protocol, TypeVar

from ..problem.errors import EdgeoptError
from .journal import Journal

Result = dict[str, Any]

THREAD_LIMITS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")


class Job(Protocol):
    """What the pool needs to know of a task."""

    @property
    def key(self) -> str:
        """The content hash under which the journal remembers the result."""

    @property
    def label(self) -> str:
        """The task in words, for messages."""

    def spec(self) -> Mapping[str, Any]:
        """The task as JSON-able names and values."""


J = TypeVar("J", bound=Job)


def available_cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def finish(
    jobs: Sequence[J],
    work: Callable[[J], Result],
    journal: Journal,
    *,
    workers: int,
    follow: Callable[[J, Result], Iterable[J]] = lambda _job, _result: (),
    on_finished: Callable[[J], None] = lambda _job: None,
) -> None:
    """Finish all jobs and those that follow from their results; the results are then in `journal.results`.

    Parameters
    ----------
    jobs
        In the order in which they should start (long ones first keeps the cores busy to the end).
    work
        A module-level function: job -> JSON-able result. It must depend on nothing but the job.
    workers
        Number of processes; 1 works in this process.
    follow
        Jobs that can start once this one has its result.

    Raises
    ------
    EdgeoptError
        The first failure, with the job's label before the message. What is finished stays in the journal.
    """

    def unfinished(candidates: Iterable[J]) -> list[J]:
        """Those without a result, and those that follow from the results there are."""
        todo, queue = [], list(candidates)
        while queue:
            job = queue.pop(0)
            if job.key in journal.results:
                on_finished(job)
                queue.extend(follow(job, journal.results[job.key]))
            else:
                todo.append(job)
        return todo

    def record(job: J, result: Result) -> list[J]:
        journal.append(job.key, job.spec(), result)
        return unfinished([job])

    ready = unfinished(jobs)
    if workers > 1 and ready:
        _finish_parallel(ready, work, workers, record)
    while workers == 1 and ready:
        job = ready.pop(0)
        ready.extend(record(job, _labelled(job, work)))


def _labelled(job: J, work: Callable[[J], Result]) -> Result:
    try:
        return work(job)
    except EdgeoptError as error:
        raise EdgeoptError(f"{job.label}: {error}") from error


def _finish_parallel(
    ready: Sequence[J], work: Callable[[J], Result], workers: int, record: Callable[[J, Result], list[J]]
) -> None:
    context = get_context("spawn")
    listener, lifeline = context.Pipe(duplex=False)
    with _single_threaded_children():
        executor = ProcessPoolExecutor(
            workers, mp_context=context, initializer=_start_worker, initargs=(listener,)
        )
        try:
            running: dict[Future[Result], J] = {executor.submit(_labelled, job, work): job for job in ready}
            while running:
                finished, _ = wait(running, return_when=FIRST_COMPLETED)
                for future in finished:
                    job = running.pop(future)
                    for next_job in record(job, _outcome(job, future)):
                        running[executor.submit(_labelled, next_job, work)] = next_job
        except BaseException:
            # Closing the lifeline ends every worker at once, in the middle of whatever it does.
            lifeline.close()
            executor.shutdown(wait=False, cancel_futures=True)
            raise
        executor.shutdown()
    lifeline.close()
    listener.close()


def _outcome(job: Job, future: Future[Result]) -> Result:
    try:
        return future.result()
    except BrokenProcessPool:
        raise EdgeoptError(
            f"{job.label}: a worker process died (out of memory, or killed); "
            "finished tasks are kept, run again"
        ) from None


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
