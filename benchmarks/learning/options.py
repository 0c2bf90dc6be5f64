"""What the command line says to every part."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...solvers.parallel.servers import worker_count


@dataclass(frozen=True)
class Options:
    """Where and how much.

    Parameters
    ----------
    out
        Folder of learners, journals and JSON.
    quick
        Small sizes: does it work, not how well.
    families, variants, training_seeds, test_seeds
        In place of the part's own; empty and None keep those.
    trace
        A recorded trace, to whose arrivals `shifts` shifts, too.
    """

    out: Path
    quick: bool = False
    families: tuple[str, ...] = ()
    variants: tuple[str, ...] = ()
    training_seeds: int | None = None
    test_seeds: int | None = None
    trace: Path | None = None

    @property
    def workers(self) -> int:
        """Processes: all cores, and this one alone where starting others would take longer than the work."""
        return 1 if self.quick else worker_count(None)

    def given(self) -> Mapping[str, Any]:
        """What is in place of the part's own, by name."""
        counts = {"training_seeds": self.training_seeds, "test_seeds": self.test_seeds}
        found: dict[str, Any] = {name: value for name, value in counts.items() if value is not None}
        lists = {"families": self.families, "variants": self.variants}
        return found | {name: value for name, value in lists.items() if value}
