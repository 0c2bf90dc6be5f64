"""The ladder of bounds of an instance, as it is journaled and shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True)
class LadderRung:
    """One rung: see `edgeopt.solvers.bounds.Rung`; here below_best is in per cent."""

    name: str
    kind: Literal["bound", "optimum", "plan"]
    value: float
    seconds: float
    below_best_percent: float
    finished: bool


@dataclass(frozen=True)
class LadderSummary:
    """The ladder of a case's first test instance; `unavailable` says why there is none."""

    unavailable: str | None
    best: float = 0.0
    digest: str = ""
    rungs: tuple[LadderRung, ...] = ()

    @classmethod
    def of(cls, result: Mapping[str, Any]) -> LadderSummary:
        """Read the result of the task "ladder"."""
        rungs = tuple(LadderRung(**row) for row in result["rungs"])
        return cls(None, result["best"], result["digest"], rungs)
