"""The ladder of bounds of an instance: a rung a line, at its distance from the best plan."""

from __future__ import annotations

import math
from html import escape

from ..ladders import LadderRung, LadderSummary
from ..words import LADDER_HEADINGS, LADDER_TITLE, cost, ladder_cells
from .markup import Cell, Column, per_cent, table

LINEAR = 0.1
"""Per cent around the best plan within which the axis is linear; beyond, it is logarithmic."""

KINDS = {"bound": "lower bound", "optimum": "optimum", "plan": "plan of a policy"}


def ladder_section(ladder: LadderSummary | None, of: str, *, timed: bool = True) -> str:
    """Return the picture of a ladder and its table; nothing where there is none.

    Parameters
    ----------
    of
        The case whose first test instance it belongs to.
    timed
        Whether to say how long each rung took.
    """
    if ladder is None:
        return ""
    title = f"<h3>The ladder of bounds <small>{escape(of)}, seed 0</small></h3>\n"
    if ladder.unavailable is not None:
        return f"{title}<p>Not computed: {escape(ladder.unavailable)}.</p>\n"
    places = slice(None) if timed else slice(-1)
    columns = [Column(heading) for heading in LADDER_HEADINGS[places]]
    rows = [_row(rung, ladder.best, places) for rung in ladder.rungs]
    return (
        f"{title}{_figure(ladder)}\n"
        f"<details><summary>the rungs as a table</summary>{table(columns, rows)}</details>\n"
    )


def _row(rung: LadderRung, best: float, places: slice) -> tuple[Cell, list[Cell], str]:
    name, *texts = ladder_cells(rung, best)[places]
    values = (rung.value, rung.below_best_percent, rung.seconds)
    return Cell(name), [Cell(text, value=value) for text, value in zip(texts, values, strict=False)], ""


def _figure(ladder: LadderSummary) -> str:
    above = [-rung.below_best_percent for rung in ladder.rungs]
    axis = _Axis(min([0.0, *above]), max([0.0, *above]))
    rows = "".join(_rung(rung, ladder.best, axis) for rung in ladder.rungs)
    keys = "".join(
        f'<span class="key"><i class="mark {kind}"></i>{name}</span>' for kind, name in KINDS.items()
    )
    return (
        f'<figure class="ladder"><figcaption>{escape(LADDER_TITLE)} Logarithmic beyond {LINEAR} %. {keys}'
        f'</figcaption>{rows}<div class="row"><span></span>{axis.ticks()}<span></span></div></figure>'
    )


def _rung(rung: LadderRung, best: float, axis: _Axis) -> str:
    distance = -rung.below_best_percent
    place, zero = axis.share(distance), axis.share(0.0)
    name, shown, below = ladder_cells(rung, best)[:3]
    kind = f"mark {rung.kind}{'' if rung.finished else ' unfinished'}"
    tip = f"{name}\n{KINDS[rung.kind]}: {shown}\n{below} below the best plan, {cost(best, best)}"
    return (
        f'<div class="row" data-tip="{escape(tip)}"><span class="name">{escape(name)}</span>'
        f'<span class="track">{axis.grid()}'
        f'<i class="reach {rung.kind}" style="left:{per_cent(min(place, zero))};'
        f'width:{per_cent(abs(place - zero))}"></i>'
        f'<i class="{kind}" style="left:{per_cent(place)}"></i></span>'
        f'<span class="value">{_percent(distance)}</span></div>'
    )


class _Axis:
    """Per cent above the best plan, symmetrically logarithmic."""

    def __init__(self, low: float, high: float) -> None:
        self._low, self._high = _stretched(low), _stretched(high)
        pad = 0.04 * (self._high - self._low) or 1.0
        self._low, self._high = self._low - pad, self._high + pad
        steps = [LINEAR * 10.0**power for power in range(5)]
        self._marks = [
            mark for mark in (*(-step for step in reversed(steps)), 0.0, *steps) if low <= mark <= high
        ]

    def share(self, value: float) -> float:
        """Return the place of a value from 0 to 1."""
        return (_stretched(value) - self._low) / (self._high - self._low)

    def grid(self) -> str:
        return "".join(
            f'<i class="grid{"" if mark else " zero"}" style="left:{per_cent(self.share(mark))}"></i>'
            for mark in self._marks
        )

    def ticks(self) -> str:
        return f'<span class="axis">{"".join(map(self._tick, self._marks))}</span>'

    def _tick(self, mark: float) -> str:
        """Return the words at a mark; those between the ends and the middle have no room on a phone."""
        outer = abs(mark) > LINEAR and mark in (self._marks[0], self._marks[-1])
        kind = "" if outer or not mark else ' class="minor"'
        word = f"{mark:+g} %" if mark else "best"
        return f'<span{kind} style="left:{per_cent(self.share(mark))}">{word}</span>'


def _stretched(value: float) -> float:
    size = abs(value) / LINEAR
    return math.copysign(size if size <= 1 else 1 + math.log10(size), value)


def _percent(value: float) -> str:
    if abs(value) < 0.0005:
        return "0 %"
    return f"{value:+.3f} %" if abs(value) < 1.0 else f"{value:+.1f} %"
