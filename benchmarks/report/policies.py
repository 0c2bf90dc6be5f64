"""The main table of a case: each policy's figures, and drawn what it pays for and what it captures."""

from __future__ import annotations

import math
from html import escape

from ...problem.dynamics import TERMS
from ..aggregate import CaseSummary, PolicySummary
from ..words import CLAIRVOYANT_MARK, cost, percent, percent_range, ratio, ratio_range
from .markup import Cell, Column, Row, per_cent, table

LOWEST_SHOWN = -1.0
"""Captured savings below this are drawn at the edge of the picture."""


def policy_table(summary: CaseSummary) -> str:
    """Return the table, from cheap to dear."""
    axis = _Axis(summary)
    columns = (
        Column("policy"),
        Column("× best known", tip="Cost over that of the best plan known: ratio of sums over the seeds."),
        Column("captured", tip="Share of the savings over the cloud alone that the best plan known makes."),
        Column("", picture=axis.ticks()),
        Column("", picture='<span class="title">what it pays for</span>'),
        Column("mean cost", tip="Mean cost of a test instance."),
        Column("gap to bound", tip="Cost over the lower bound - 1, mean over the seeds."),
        Column("accuracy", tip="Mean accuracy of the requests served at the edge."),
    )
    dearest = max(policy.cost for policy in summary.policies) or 1.0
    rows = [_row(policy, summary, axis, dearest) for policy in summary.policies]
    return table(columns, rows, "policies")


def _row(policy: PolicySummary, summary: CaseSummary, axis: _Axis, dearest: float) -> Row:
    name = Cell(f"{policy.policy} {CLAIRVOYANT_MARK}" if policy.clairvoyant else policy.policy)
    scale = summary.best_known
    cells = (
        Cell(ratio(policy.ratio.value), ratio_range(policy.ratio), policy.ratio.value),
        Cell(percent(policy.captured.value), percent_range(policy.captured), policy.captured.value),
        Cell(picture=axis.dot(policy), tip=_captured_tip(policy)),
        Cell(picture=_bar(policy, dearest, summary), tip=_terms_tip(policy, scale)),
        Cell(cost(policy.cost, scale), value=policy.cost),
        Cell(percent(policy.gap_to_bound), value=policy.gap_to_bound),
        Cell(ratio(policy.mean_accuracy), value=policy.mean_accuracy),
    )
    return name, cells, "clairvoyant" if policy.clairvoyant else ""


def _captured_tip(policy: PolicySummary) -> str:
    between = percent_range(policy.captured)
    return f"{policy.policy}: captures {percent(policy.captured.value)} {between}".strip()


def _terms_tip(policy: PolicySummary, scale: float) -> str:
    parts = [f"{name}: {cost(value, scale)}" for name, value in policy.terms.items()]
    return "\n".join([f"{policy.policy}: mean cost {cost(policy.cost, scale)}", *parts])


def _bar(policy: PolicySummary, dearest: float, summary: CaseSummary) -> str:
    parts = "".join(
        f'<i class="{term}" style="width:{per_cent(value / dearest)}"></i>'
        for term, value in policy.terms.items()
        if value > 0
    )
    best = per_cent(summary.best_known / dearest)
    return f'<span class="bar" style="--best:{best}">{parts}</span>'


def legend() -> str:
    """Return the key of the two pictures in the table."""
    keys = "".join(f'<span class="key"><i class="{term}"></i>{escape(term)}</span>' for term in TERMS)
    return (
        f'<p class="note keys">{keys}<span class="key"><i class="bestline"></i>best plan known</span>'
        '<span class="key"><i class="range"></i>95 % interval over seeds</span></p>'
    )


class _Axis:
    """From the cloud alone (0 %), or what is worse than it, to the best plan (100 %)."""

    def __init__(self, summary: CaseSummary) -> None:
        found = [end for policy in summary.policies for end in _ends(policy) if not math.isnan(end)]
        self.lowest = max(LOWEST_SHOWN, math.floor(4 * min([0.0, *found])) / 4)
        step = 0.5 if self.lowest >= -0.25 else 1.0
        self.marks = [step * place for place in range(math.ceil(self.lowest / step), round(1 / step) + 1)]

    def ticks(self) -> str:
        return f'<span class="axis">{"".join(map(self._tick, self.marks))}</span>'

    def _tick(self, mark: float) -> str:
        """Return the words at a mark; halves have no room on a narrow screen."""
        kind = "" if mark == round(mark) else ' class="minor"'
        return f'<span{kind} style="left:{self._place(mark)}">{100 * mark:.0f} %</span>'

    def dot(self, policy: PolicySummary) -> str:
        low, value, high = _ends(policy)
        marks = "".join(
            f'<i class="grid{" zero" if tick == 0 else ""}" style="left:{self._place(tick)}"></i>'
            for tick in self.marks
        )
        if not math.isnan(low):
            left, right = self._share(low), self._share(high)
            marks += f'<i class="range" style="left:{per_cent(left)};width:{per_cent(right - left)}"></i>'
        if not math.isnan(value):
            kind = "dot outside" if value < self.lowest else "dot"
            marks += f'<i class="{kind}" style="left:{self._place(value)}"></i>'
        return f'<span class="dots">{marks}</span>'

    def _share(self, value: float) -> float:
        """Return the place of a value on the axis, kept on the axis."""
        return min(1.0, max(0.0, (value - self.lowest) / (1 - self.lowest)))

    def _place(self, value: float) -> str:
        return per_cent(self._share(value))


def _ends(policy: PolicySummary) -> tuple[float, float, float]:
    return policy.captured.low, policy.captured.value, policy.captured.high
