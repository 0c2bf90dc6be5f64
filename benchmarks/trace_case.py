"""A recorded trace as a world to score on: its past trains and validates, the rest tests in windows."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from ..problem import Instance, from_trace
from ..problem.errors import InvalidOption, InvalidTrace
from ..problem.processes import DemandProcess
from .settings import Split

LEAST_WINDOW, MOST_WINDOW = 24, 300
"""Slots of a window, unless the settings say how many: shorter ones leave nothing to plan, longer ones only
make the references dear."""


@dataclass(frozen=True)
class TraceCase:
    """A trace, cut in time order as `from_trace` does: training, validation, test.

    The seeds of the validation and of the test split are disjoint windows of equal length, spread evenly over
    the split, so that an interval over seeds is an interval over stretches of the trace.

    Parameters
    ----------
    path
        The file (or folder).
    digest
        sha256 of what it holds.
    windows
        How many windows are wanted; a split that is too short for them has fewer.
    slot_seconds
        Length of a slot.
    slots
        Length of a window in slots; None lets the split's length decide.
    servers, models
        As in `from_trace`; None keeps its default.
    """

    path: Path
    digest: str
    windows: int
    slot_seconds: float
    slots: int | None = None
    servers: int | None = None
    models: int | None = None

    @classmethod
    def of(cls, path: Path, windows: int, slot_seconds: float, **counts: int | None) -> TraceCase:
        """Name a trace by the bytes that it holds now, and by a path that means the same in any folder."""
        return cls(path.absolute(), _content_digest(path), windows, slot_seconds, **counts)

    @property
    def name(self) -> str:
        """The file's name without its endings."""
        return self.path.name.split(".")[0]

    def spec(self) -> dict[str, Any]:
        """Return the trace's content hash and how it becomes instances."""
        return {
            "trace": self.digest,
            "windows": self.windows,
            "slot_seconds": self.slot_seconds,
            "slots": self.slots,
            "servers": self.servers,
            "models": self.models,
        }

    def seeds(self, wanted: int, split: Split) -> range:
        """One training stretch; as many windows of the others as are long enough."""
        return range(1 if split == "train" else min(wanted, len(self._windows(split))))

    def instance(self, seed: int, split: Split) -> Instance:
        """Return the training stretch, or the split's window of that number."""
        whole = _split_instance(self, split)
        return whole if split == "train" else whole.window_slots(*self._windows(split)[seed])

    def processes(self) -> tuple[DemandProcess, ...]:
        """Nobody knows which process a recorded trace was drawn from.

        Raises
        ------
        InvalidOption
            Always.
        """
        raise InvalidOption(f"{self.name} is a recorded trace: the process behind its arrivals is not known")

    def _windows(self, split: Split) -> list[tuple[int, int]]:
        available = _split_instance(self, split).slots
        least = self.slots or LEAST_WINDOW
        count = max(1, min(self.windows, available // least))
        length = min(available // count, self.slots or MOST_WINDOW)
        starts = [(available // count) * number for number in range(count)]
        return [(start, start + length) for start in starts]


@lru_cache(maxsize=6)
def _split_instance(case: TraceCase, split: Split) -> Instance:
    if _content_digest(case.path) != case.digest:
        raise InvalidTrace(
            f"{case.path}: not the trace that the run began with; all workers must see the same"
        )
    counts = {"servers": case.servers, "models": case.models}
    given: dict[str, Any] = {name: count for name, count in counts.items() if count is not None}
    return from_trace(case.path, split=split, slot_seconds=case.slot_seconds, **given)


def _content_digest(path: Path) -> str:
    """Return the sha256 over the file, or over names and contents of the files of a folder."""
    total = hashlib.sha256()
    files = sorted(part for part in path.rglob("*") if part.is_file()) if path.is_dir() else [path]
    for file in files:
        total.update(file.relative_to(path).as_posix().encode() + b"\0")
        with file.open("rb") as stream:
            total.update(hashlib.file_digest(stream, "sha256").digest())
    return total.hexdigest()
