"""Where each policy's gap comes from, where that was asked for: bars and their table."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from ..gaps import OnlineSummary, PolicyGap
from ..words import GAP_HEADINGS, GAP_NOTE, gap_cells, reach, share_of_best
from .markup import Cell, Column, per_cent, table

PARTS = {
    "relaxation": "slack of the bound",
    "foresight": "price of not knowing the future",
    "left": "left to win, at most",
}
"""The parts of a gap from the clairvoyant bound upwards: their class and what they are called."""

MOST_DRAWN = 4
"""Gaps beyond this multiple of the smallest one are not drawn."""


def online_section(online: OnlineSummary | None) -> str:
    """Return what any online policy can reach, and each policy's gap; nothing where it was not asked for."""
    if online is None:
        return ""
    shown = f"<h3>Where the gap comes from</h3>\n<p>{escape(reach(online))}</p>\n"
    if not online.gaps:
        return shown
    rows = [(Cell(gap.policy), [Cell(*each) for each in _cells(gap, online)], "") for gap in online.gaps]
    columns = [Column(heading) for heading in ("policy", *GAP_HEADINGS)]
    return f'{shown}{_figure(online)}\n{table(columns, rows)}\n<p class="note">{escape(GAP_NOTE)}</p>\n'


def _cells(gap: PolicyGap, online: OnlineSummary) -> list[tuple[str, str, float]]:
    values = (gap.total, gap.against_online, gap.foresight, gap.relaxation, gap.unreachable)
    return [(text, "", value) for text, value in zip(gap_cells(gap, online), values, strict=True)]


def _figure(online: OnlineSummary) -> str:
    drawn = _comparable(online.gaps)
    widest = max(gap.total for gap in drawn)
    keys = "".join(f'<span class="key"><i class="{part}"></i>{name}</span>' for part, name in PARTS.items())
    rows = "".join(_bar(gap, online, widest) for gap in drawn)
    left_out = "" if len(drawn) == len(online.gaps) else " Dearer policies are in the table only."
    caption = f"<figcaption>Cost above the clairvoyant bound.{left_out} {keys}</figcaption>"
    return f'<figure class="gaps">{caption}{rows}</figure>'


def _comparable(gaps: Sequence[PolicyGap]) -> list[PolicyGap]:
    """Return the policies whose bars can be told apart on one axis; dear ones would squeeze all others."""
    least = min((gap.total for gap in gaps if gap.total > 0), default=0.0)
    return [gap for gap in gaps if gap.total <= MOST_DRAWN * least] or list(gaps)


def _bar(gap: PolicyGap, online: OnlineSummary, widest: float) -> str:
    """Draw the parts; where a policy seems to beat the bound, foresight ends at the policy's own gap."""
    foresight = min(gap.foresight, max(0.0, gap.total - gap.relaxation))
    parts = dict(zip(PARTS, (gap.relaxation, foresight, gap.against_online), strict=True))
    boxes = "".join(
        f'<i class="{part}" style="width:{per_cent(value / widest)}"></i>'
        for part, value in parts.items()
        if value > 0 < widest
    )
    shown = {"relaxation": gap.relaxation, "foresight": gap.foresight, "left": gap.against_online}
    told = "\n".join(f"{PARTS[part]}: {share_of_best(value, online)}" for part, value in shown.items())
    return (
        f'<div class="row" data-tip="{escape(gap.policy)}\n{told}">'
        f'<span class="name">{escape(gap.policy)}</span>'
        f'<span class="bar">{boxes}</span><span class="value">{share_of_best(gap.total, online)}</span></div>'
    )
