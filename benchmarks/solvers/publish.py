"""Where results go: the screen, one JSON file, and one self-contained picture a part."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

from ...problem.storage import write_atomic
from .. import study
from .part import Report
from .runs import contradictions


def all_contradictions(reports: Sequence[Report]) -> list[str]:
    """Return what the runs of all parts say against each other."""
    return contradictions([run for report in reports for run in report.outcomes])


def write(folder: Path, reports: Sequence[Report], command: Sequence[str]) -> None:
    """Write ``solvers.json`` and the picture of the last part; nothing is ever half written."""
    study.write(folder / "solvers.json", reports, command, contradictions=all_contradictions(reports))
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
