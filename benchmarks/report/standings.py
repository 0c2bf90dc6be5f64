"""All cases together: each policy's interquartile mean, and how it compares with the best other one."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from ..aggregate import Interval
from ..standings import Standing
from ..words import NOTHING, STANDING_NOTE, STANDING_TITLE, named, percent, percent_range, ratio, ratio_range
from .markup import Cell, Column, table

HEADINGS = ("policy", "× best", "compared with", "difference", "cheaper in")


def standings_section(found: Sequence[Standing]) -> str:
    """Return the table; nothing where there are no standings."""
    if not found:
        return ""
    rows = [(Cell(named(one)), _cells(one), "clairvoyant" if one.clairvoyant else "") for one in found]
    columns = [Column(heading) for heading in HEADINGS]
    return (
        f'<section id="standings">\n<h2>All cases together</h2>\n<p>{escape(STANDING_TITLE)}</p>\n'
        f'{table(columns, rows)}\n<p class="note">{escape(STANDING_NOTE)}</p>\n</section>'
    )


def _cells(one: Standing) -> list[Cell]:
    return [
        _interval(one.ratio, ratio(one.ratio.value), ratio_range(one.ratio)),
        Cell(one.against or NOTHING),
        _interval(one.difference, percent(one.difference.value), percent_range(one.difference)),
        _interval(one.improvement, percent(one.improvement.value), percent_range(one.improvement)),
    ]


def _interval(found: Interval, text: str, between: str) -> Cell:
    return Cell(text, between, found.value)
