"""A picture of a ladder: bounds to the left of the best plan, plans to the right."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from .rungs import Ladder

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLOURS = {"bound": "#0072b2", "optimum": "#1b2430", "plan": "#d55e00"}
MARKS = {"bound": ">", "optimum": "D", "plan": "<"}
LINEAR = 0.1
"""Per cent around the best plan within which the axis is linear; beyond, it is logarithmic."""


def plot_ladder(ladder: Ladder, *, title: str = "") -> Figure:
    """Draw a rung a line, at its distance from the best plan.

    Parameters
    ----------
    ladder
        What :func:`edgeopt.solvers.bounds.ladder` returned.
    title
        Printed above the picture.

    Returns
    -------
    matplotlib.figure.Figure
        Belongs to no window and no global state; ``figure.savefig(path)`` writes it.
    """
    from matplotlib.figure import Figure
    from matplotlib.ticker import FuncFormatter

    rungs = ladder.rungs
    figure = Figure(figsize=(7.5, 0.32 * len(rungs) + 1.1), layout="constrained")
    axes = figure.subplots()
    above = [-100.0 * rung.below_best for rung in rungs]
    for place, (rung, distance) in enumerate(zip(rungs, above, strict=True)):
        colour = COLOURS[rung.kind]
        axes.plot([0.0, distance], [place, place], color=colour, linewidth=1.0, alpha=0.35)
        axes.plot(
            [distance], [place], marker=MARKS[rung.kind], color=colour, markersize=7,
            fillstyle="full" if rung.finished else "none",
        )  # fmt: skip
        axes.annotate(
            _percent(distance),
            (1.01, place), xycoords=("axes fraction", "data"), va="center", fontsize=8, color=colour,
        )  # fmt: skip
    axes.axvline(0.0, color=COLOURS["optimum"], linewidth=0.8)
    names = [rung.name if rung.finished else f"{rung.name} (out of time)" for rung in rungs]
    axes.set_yticks(range(len(rungs)), names, fontsize=9)
    axes.invert_yaxis()
    axes.set_xscale("symlog", linthresh=LINEAR)
    widest = max([LINEAR, *(abs(each) for each in above)])
    ticks = [each for each in (LINEAR, 1.0, 10.0, 100.0) if each <= 2.0 * widest]
    axes.set_xticks([-each for each in reversed(ticks)] + [0.0] + ticks)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:+g} %" if value else "best"))
    axes.set_xlabel("cost against the best plan (logarithmic beyond 0.1 %)", fontsize=9)
    axes.tick_params(axis="x", labelsize=8)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.grid(axis="x", linewidth=0.4, alpha=0.5)
    if title:
        axes.set_title(title, loc="left", fontsize=10)
    return figure


def _percent(value: float) -> str:
    if abs(value) < 0.0005:
        return "0.000 %"
    return f"{value:+.3f} %" if abs(value) < 1.0 else f"{value:+.1f} %"


def ladder_svg(ladder: Ladder, *, title: str = "") -> str:
    """Return the picture as SVG text: the same ladder gives the same bytes."""
    import matplotlib as mpl

    target = io.StringIO()
    with mpl.rc_context({"svg.hashsalt": "ladder", "svg.fonttype": "none"}):
        plot_ladder(ladder, title=title).savefig(target, format="svg", metadata={"Date": None})
    return target.getvalue()
