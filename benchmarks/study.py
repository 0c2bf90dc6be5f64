"""What a part of the solvers', auctions' and learners' benchmarks hands back; screen and one JSON file."""

from __future__ import annotations

import json
import math
import os
import platform
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from .._version import __version__
from ..problem.errors import InvalidOption
from ..problem.storage import write_atomic

PACKAGES = (
    *("numpy", "numba", "scipy", "highspy", "pulp", "torch", "cma"),
    *("libcachesim", "pymarket", "mechaudit"),
)

WIDTH = 160
"""Characters of a table that goes into a file or a pipe."""


@dataclass(frozen=True)
class Report:
    """The result of a part.

    Parameters
    ----------
    name, title
        Of the part.
    headings, rows
        The table; every row is text.
    notes
        What has to be said beside it, with everything that was left out.
    findings
        The same as numbers.
    """

    name: str
    title: str
    headings: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]
    notes: list[str]
    findings: list[dict[str, Any]]

    def record(self) -> dict[str, Any]:
        """All of it but the table, as JSON has it."""
        return {"title": self.title, "notes": self.notes, "findings": self.findings}


def chosen(named: Sequence[str] | None, parts: Sequence[str], *, apart: Sequence[str] = ()) -> list[str]:
    """Return the parts that are named, each once; where none is, all but those `apart`.

    Raises
    ------
    InvalidOption
        For a name that is no part's.
    """
    for name in named or ():
        if name not in parts:
            raise InvalidOption(f"unknown part {name!r}: choose from {', '.join(parts)}")
    return list(dict.fromkeys(named or [name for name in parts if name not in apart]))


def seconds_of(task: Callable[[], Any], *, least: float = 0.2, most_runs: int = 1000) -> float:
    """Return the seconds of one run: the fastest of as many as take ``least`` seconds together."""
    best, spent, runs = math.inf, 0.0, 0
    while spent < least and runs < most_runs:
        begin = time.perf_counter()
        task()
        took = time.perf_counter() - begin
        best, spent, runs = min(best, took), spent + took, runs + 1
    return best


def duration(seconds: float) -> str:
    """Seconds, milliseconds or microseconds with three significant digits."""
    if seconds >= 1:
        return f"{seconds:.3g} s"
    return f"{1e3 * seconds:.3g} ms" if seconds >= 1e-3 else f"{1e6 * seconds:.3g} us"


def percent(share: float, digits: int = 1) -> str:
    """Return a share in per cent."""
    return f"{100 * share:.{digits}f} %"


def document(reports: Sequence[Report], command: Sequence[str], **more: Any) -> dict[str, Any]:
    """Return everything that was measured and `more`, with where and how; what is not finite is None."""
    content = {
        "edgeopt": __version__,
        "python": platform.python_version(),
        "machine": platform.platform(),
        "cores": os.cpu_count(),
        "load_average": os.getloadavg() if hasattr(os, "getloadavg") else None,
        "finished": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "packages": {name: installed(name) for name in PACKAGES},
        "command": list(command),
        **more,
        "parts": {report.name: report.record() for report in reports},
    }
    plain: dict[str, Any] = finite(content)
    return plain


def write(path: Path, reports: Sequence[Report], command: Sequence[str], **more: Any) -> None:
    """Write the JSON file and its folder; nothing is ever half written."""
    path.parent.mkdir(parents=True, exist_ok=True)
    content = json.dumps(document(reports, command, **more), indent=1, allow_nan=False)
    write_atomic(path, content.encode() + b"\n")


def show(report: Report) -> None:
    """Print the part's table and notes."""
    from rich.console import Console
    from rich.table import Table

    table = Table(title=report.title, title_justify="left")
    for number, heading in enumerate(report.headings):
        table.add_column(heading, justify="left" if number == 0 else "right", overflow="fold")
    for row in report.rows:
        table.add_row(*row)
    screen = Console(highlight=False)
    if not screen.is_terminal:
        screen.width = WIDTH
    screen.print(table)
    for note in report.notes:
        screen.print(note, soft_wrap=True, markup=False)


def installed(name: str) -> str | None:
    """Return the version of a package; None if it is not installed."""
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def finite(value: Any) -> Any:
    """Return a structure as JSON can have it: lists, and None for what is not finite."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, dict):
        return {key: finite(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [finite(part) for part in value]
    return value
