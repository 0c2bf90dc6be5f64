"""Tasks in, results out as they complete: the same few lines whatever does the work."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any, Protocol, TypeVar

from ...problem.errors import EdgeoptError
from .call import Died, Done, Outcome, Refused

ATTEMPTS = 4
"""A task is given up when so many processes in a row have died over it."""

CONNECT_SECONDS = 20.0
"""A cluster that has not answered after so long counts as unreachable."""

T = TypeVar("T")


class WorkerDied(EdgeoptError):
    """Every process that took a task has died."""


class EngineUnreachable(EdgeoptError):
    """No cluster answers at the address, or it stopped to answer."""


class Backend(Protocol):
    """What an engine must be able to do; it tries a task again where a worker died over it."""

    def width(self) -> int:
        """Return how many tasks are done at the same time at present."""

    def window(self) -> int:
        """Return how many tasks should have been started and not finished."""

    def start(self, number: int, function: Callable[[Any], Any], task: Any) -> None:
        """Start a task, or put it where a worker will find it."""

    def finished(self) -> list[tuple[int, Outcome]]:
        """Wait until something is finished; return the number and the outcome of all that is."""


class Crew:
    """The workers of an open engine."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    def width(self) -> int:
        """Return how many tasks are done at the same time at present."""
        return max(1, self._backend.width())

    def results(
        self,
        function: Callable[[Any], Any],
        tasks: deque[T],
        *,
        data: Callable[[T], Any] = lambda task: task,
        label: Callable[[T], str] = str,
    ) -> Iterator[tuple[T, Any]]:
        """Yield every task with its result, in the order in which they complete.

        No more tasks are under way than keep all workers busy, so the data of a long queue is neither made
        nor sent before its turn.

        Parameters
        ----------
        function
            Of a module: what a worker calls.
        tasks
            Taken from the left; the caller may add to it between two results.
        data
            Makes, when its turn has come, what is sent of a task: the function's argument.
        label
            The task in words, for messages.

        Raises
        ------
        EdgeoptError
            The first refusal by a task, with its label.
        WorkerDied
            If a task has cost as many workers as are allowed.
        """
        numbers, running = count(), dict[int, T]()
        while tasks or running:
            while tasks and len(running) < max(1, self._backend.window()):
                number, task = next(numbers), tasks.popleft()
                running[number] = task
                self._backend.start(number, function, data(task))
            for number, outcome in self._backend.finished():
                task = running.pop(number)
                yield task, _value(outcome, label(task))


def _value(outcome: Outcome, label: str) -> Any:
    if isinstance(outcome, Done):
        return outcome.value
    if isinstance(outcome, Refused):
        raise EdgeoptError(f"{label}: {outcome.reason}") from outcome.reason
    raise WorkerDied(
        f"{label}: a worker process died (out of memory, or killed), {outcome.times} times in a row; "
        "finished tasks are kept, run again"
    )


__all__ = ["ATTEMPTS", "CONNECT_SECONDS", "Backend", "Crew", "Died", "EngineUnreachable", "WorkerDied"]
