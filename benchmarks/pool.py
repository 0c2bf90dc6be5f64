"""Finish tasks on an engine, each exactly once, remembering every one in the journal."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol, TypeVar

from ..problem.errors import EdgeoptError
from ..solvers.engines import Engine
from .journal import Journal

Result = dict[str, Any]


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


def finish(
    jobs: Sequence[J],
    work: Callable[[J], Result],
    journal: Journal,
    *,
    engine: Engine,
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
    engine
        Where they are done; it is not started if nothing is left to do.
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

    ready = deque(unfinished(jobs))
    if not ready:
        return
    with engine.open() as crew:
        for job, result in crew.results(
            _done_there, ready, data=lambda job: (work, job.key, job), label=lambda job: job.label
        ):
            journal.append(job.key, job.spec(), result)
            ready.extend(unfinished([job]))


def _done_there(sent: tuple[Callable[[J], Result], str, J]) -> Result:
    """Do a job where it arrives, if its key, a hash of all that its result depends on, is the same there."""
    work, key, job = sent
    if job.key != key:
        raise EdgeoptError("a worker has other code, or another file of a policy, than there is here")
    return work(job)
