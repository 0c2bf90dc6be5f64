"""What work on a server looks like to those who have it done."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeVar

Stop = Callable[[], bool]


class Work(Protocol):
    """The work on one server. Where processes are used it must survive pickling, before and after it ran."""

    def run(self, deadline: float, asked_to_stop: Stop, report: Callable[[float], None]) -> None:
        """Work until a deadline (monotonic clock) or until told to stop; ``report`` the gap now and then."""


W = TypeVar("W", bound=Work)


class Runner(Protocol):
    """Does the work of one server somewhere, and returns it done."""

    def __call__(self, work: W, end: float, stop: Stop, report: Callable[[float], None]) -> W:
        """Work until ``end`` (monotonic clock), or until ``stop`` says so."""
