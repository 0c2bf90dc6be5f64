"""What a part of the benchmark is given and what it hands back."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from ...problem.errors import InvalidOption
from ...solvers.solve import METHODS
from .. import study
from .cases import Case
from .runs import Job, Outcome

YARDSTICK = "milp"
"""The compact model in PuLP, solved by HiGHS: what everybody else would run."""

APART = frozenset({"auto", "brute", "relaxation", YARDSTICK})
"""Methods that are no contestants: a choice among the others, the oracle of tests, a bound without a plan."""

Perform = Callable[[Job], Outcome]
Named = TypeVar("Named", bound=Case)


def contestants() -> tuple[str, ...]:
    """Return the registered methods that give plan and bound at scale."""
    return tuple(sorted(set(METHODS) - APART))


@dataclass(frozen=True)
class Options:
    """Settings of a run.

    Parameters
    ----------
    quick
        Small instances and short limits: a check that everything works, not a measurement.
    methods
        The contestants.
    time_limit
        Seconds that each run may take at most; the parts have lower limits of their own.
    data
        Folder of recorded traces; None if there is none.
    only
        Text that the name of an instance must contain; the part `growth` always takes all of its own.
    """

    quick: bool = False
    methods: tuple[str, ...] = field(default_factory=contestants)
    time_limit: float = 300.0
    data: Path | None = None
    only: str = ""

    def kept(self, cases: Sequence[Named]) -> list[Named]:
        """Return the cases whose names contain `only`.

        Raises
        ------
        InvalidOption
            If there are none.
        """
        chosen = [case for case in cases if self.only in case.name]
        if not chosen:
            raise InvalidOption(
                f"no instance is called {self.only!r}: choose from {'; '.join(case.name for case in cases)}"
            )
        return chosen


@dataclass(frozen=True)
class Report(study.Report):
    """The result of a part, with every run and a picture.

    Parameters
    ----------
    outcomes
        Every run.
    draw
        Draws the part's picture on an empty matplotlib figure.
    """

    outcomes: list[Outcome]
    draw: Callable[[Any], None]

    def record(self) -> dict[str, Any]:
        """All of it but table and picture, as JSON has it."""
        return super().record() | {"runs": [asdict(run) for run in self.outcomes]}


def percent(gap: float) -> str:
    """A gap in per cent, with the digits that a small one needs."""
    if math.isinf(gap):
        return "none"
    return f"{100 * gap:.2g} %" if gap < 1e-3 else f"{100 * gap:.2f} %"


def duration(seconds: float) -> str:
    """Seconds with two or three significant digits."""
    if math.isnan(seconds):
        return "-"
    return f"{seconds:.2g} s" if seconds < 10 else f"{seconds:.0f} s"


def stopped_mark(outcome: Outcome) -> str:
    """Time to the proof, marked where the run was stopped before it, or the failure."""
    if outcome.status.startswith("failed"):
        return "failed"
    return duration(outcome.seconds) if outcome.proved else f"> {duration(outcome.seconds)}"


def failures(outcomes: list[Outcome]) -> list[str]:
    """One line for every run that failed."""
    return [f"{run.method} on {run.case} {run.status}" for run in outcomes if run.status.startswith("failed")]
