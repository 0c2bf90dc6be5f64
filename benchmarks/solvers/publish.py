"""Where results go: a table on the screen, one JSON file, one self-contained picture a part."""

from __future__ import annotations

import json
import math
import os
import platform
import time
from collections.abc import Sequence
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from io import BytesIO
from pathlib import Path
from typing import Any

from ..._version import __version__
from ...problem.storage import write_atomic
from .part import Report
from .runs import contradictions

PACKAGES = ("numpy", "numba", "highspy", "pulp", "libcachesim")


def document(reports: Sequence[Report], command: Sequence[str]) -> dict[str, Any]:
    """Return everything that was measured, with where and how; what is not finite is None."""
    content = {
        "edgeopt": __version__,
        "python": platform.python_version(),
        "machine": platform.platform(),
        "cores": os.cpu_count(),
        "load_average": os.getloadavg() if hasattr(os, "getloadavg") else None,
        "finished": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "packages": {name: _installed(name) for name in PACKAGES},
        "command": list(command),
        "contradictions": all_contradictions(reports),
        "parts": {
            report.name: {
                "title": report.title,
                "notes": report.notes,
                "findings": report.findings,
                "runs": [asdict(run) for run in report.outcomes],
            }
            for report in reports
        },
    }
    plain: dict[str, Any] = _finite(content)
    return plain


def all_contradictions(reports: Sequence[Report]) -> list[str]:
    """Return what the runs of all parts say against each other."""
    return contradictions([run for report in reports for run in report.outcomes])


def write(folder: Path, reports: Sequence[Report], command: Sequence[str]) -> None:
    """Write ``solvers.json`` and the picture of the last part; nothing is ever half written."""
    folder.mkdir(parents=True, exist_ok=True)
    content = json.dumps(document(reports, command), indent=1, allow_nan=False)
    write_atomic(folder / "solvers.json", content.encode() + b"\n")
    write_atomic(folder / f"{reports[-1].name}.svg", picture(reports[-1]))


def picture(report: Report) -> bytes:
    """Draw a part as an SVG file that needs nothing else."""
    import matplotlib as mpl
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    stream = BytesIO()
    with mpl.rc_context({"svg.hashsalt": report.name, "font.size": 9}):
        figure = Figure(figsize=(9.0, 5.0), layout="constrained")
        FigureCanvasSVG(figure)
        report.draw(figure)
        figure.suptitle(report.title, fontsize=10)
        figure.savefig(stream, format="svg", metadata={"Date": None})
    return stream.getvalue()


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
    screen.print(table)
    for note in report.notes:
        screen.print(note, soft_wrap=True, markup=False)


def _installed(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _finite(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, dict):
        return {key: _finite(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(part) for part in value]
    return value
