"""The optional parts of a case: where each policy's gap comes from, and the ladder of bounds."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from html import escape

from ..gaps import OnlineSummary, PolicyGap
from ..ladders import LadderSummary
from ..words import (
    GAP_HEADINGS,
    GAP_NOTE,
    LADDER_HEADINGS,
    LADDER_TITLE,
    gap_cells,
    ladder_cells,
    reach,
    share_of_best,
)

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
    rows = [(gap.policy, gap_cells(gap, online)) for gap in online.gaps]
    return (
        f"{shown}{_gap_figure(online)}\n{_table(('policy', *GAP_HEADINGS), rows)}\n"
        f'<p class="note">{escape(GAP_NOTE)}</p>\n'
    )


def _gap_figure(online: OnlineSummary) -> str:
    drawn = _comparable(online.gaps)
    widest = max(gap.total for gap in drawn)
    keys = " ".join(f'<span class="key"><i class="{part}"></i> {name}</span>' for part, name in PARTS.items())
    rows = "".join(_bar(gap, online, widest) for gap in drawn)
    left_out = "" if len(drawn) == len(online.gaps) else "Dearer policies are in the table only. "
    caption = f"<figcaption>Cost above the clairvoyant bound. {left_out}{keys}</figcaption>"
    return f'<figure class="gaps">{caption}{rows}</figure>'


def _comparable(gaps: Sequence[PolicyGap]) -> list[PolicyGap]:
    """Return the policies whose bars can be told apart on one axis; dear ones would squeeze all others."""
    least = min((gap.total for gap in gaps if gap.total > 0), default=0.0)
    return [gap for gap in gaps if gap.total <= MOST_DRAWN * least] or list(gaps)


def _bar(gap: PolicyGap, online: OnlineSummary, widest: float) -> str:
    """Draw the parts; where a policy seems to beat the bound, foresight ends at the policy's own gap."""
    foresight = min(gap.foresight, max(0.0, gap.total - gap.relaxation))
    values = zip(PARTS, (gap.relaxation, foresight, gap.against_online), strict=True)
    boxes = "".join(
        f'<i class="{part}" style="width:{100 * value / widest:.2f}%" '
        f'title="{PARTS[part]}: {share_of_best(value, online)}"></i>'
        for part, value in values
        if value > 0 < widest
    )
    return (
        f'<div class="row"><span class="name">{escape(gap.policy)}</span><div class="track">{boxes}</div>'
        f'<span class="value">{share_of_best(gap.total, online)}</span></div>'
    )


def ladder_section(ladder: LadderSummary | None, instance: str) -> str:
    """Return the picture of a ladder and its table; nothing where it was not asked for."""
    if ladder is None:
        return ""
    title = "<h3>The ladder of bounds</h3>\n"
    if ladder.unavailable is not None:
        return f"{title}<p>Not computed: {escape(ladder.unavailable)}.</p>\n"
    # as an image of its own, so that its ids and styles cannot meet those of the page
    picture = b64encode(ladder.picture(instance).encode()).decode()
    rows = [(cells[0], cells[1:]) for cells in (ladder_cells(rung, ladder.best) for rung in ladder.rungs)]
    return (
        f'{title}<figure class="ladder"><figcaption>{escape(LADDER_TITLE)}</figcaption>'
        f'<img src="data:image/svg+xml;base64,{picture}" alt="Bounds and plans against the best plan">'
        f"</figure>\n{_table(LADDER_HEADINGS, rows)}\n"
    )


def _table(headings: Sequence[str], rows: Sequence[tuple[str, Sequence[str]]]) -> str:
    head = "".join(f'<th scope="col">{escape(heading)}</th>' for heading in headings)
    body = "\n".join(
        f'<tr><th scope="row">{escape(name)}</th>{"".join(f"<td>{escape(cell)}</td>" for cell in cells)}</tr>'
        for name, cells in rows
    )
    return f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>\n{body}\n</tbody></table></div>'
