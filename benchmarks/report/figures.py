"""Two figures of a case: what each policy pays for, and what it captures of the possible savings.

They are drawn with HTML boxes whose widths are per cents, so that the text keeps its size on every screen
and the colours follow the reader's light or dark scheme.
"""

from __future__ import annotations

import math
from html import escape

from ...problem.dynamics import TERMS
from ..aggregate import CaseSummary, PolicySummary
from ..words import CLAIRVOYANT_MARK, cost, percent, percent_range

LOWEST_SHOWN = -1.0
"""Captured savings below this are drawn at the edge of the figure."""


def policy_name(policy: PolicySummary) -> str:
    """Return the policy's name as HTML, marked if it sees the future."""
    mark = f' <span class="mark">{CLAIRVOYANT_MARK}</span>' if policy.clairvoyant else ""
    return f"{escape(policy.policy)}{mark}"


def breakdown_figure(summary: CaseSummary) -> str:
    """Return stacked bars of the five cost terms, with a line at the best known cost."""
    dearest = max(policy.cost for policy in summary.policies) or 1.0
    rows = "".join(_bar(policy, dearest, summary.best_known) for policy in summary.policies)
    keys = " ".join(f'<span class="key"><i class="{term}"></i> {term}</span>' for term in TERMS)
    return (
        f'<figure class="bars" style="--best:{_per_cent(summary.best_known / dearest)}">'
        f"<figcaption>Mean cost of a test instance, by term. {keys} "
        f'<span class="key"><i class="bestline"></i> best plan known</span></figcaption>{rows}</figure>'
    )


def _bar(policy: PolicySummary, dearest: float, scale: float) -> str:
    parts = "".join(
        f'<i class="{term}" style="width:{_per_cent(value / dearest)}" '
        f'title="{term}: {cost(value, scale)}"></i>'
        for term, value in policy.terms.items()
        if value > 0
    )
    return (
        f'<div class="row"><span class="name">{policy_name(policy)}</span><div class="track">{parts}</div>'
        f'<span class="value">{cost(policy.cost, scale)}</span></div>'
    )


def captured_figure(summary: CaseSummary) -> str:
    """Return a dot with its interval for each policy, on an axis from the cloud (0 %) to the best plan."""
    ends = [end for policy in summary.policies for end in _ends(policy) if not math.isnan(end)]
    lowest = max(LOWEST_SHOWN, math.floor(4 * min([0.0, *ends])) / 4)
    step = 0.5 if lowest < -0.25 else 0.25
    ticks = [step * number for number in range(math.ceil(lowest / step), round(1 / step) + 1)]
    axis = "".join(f'<span style="left:{_place(tick, lowest)}">{100 * tick:.0f} %</span>' for tick in ticks)
    lines = "".join(
        f'<i class="grid{" zero" if tick == 0 else ""}" style="left:{_place(tick, lowest)}"></i>'
        for tick in ticks
    )
    rows = "".join(_dot(policy, lowest, lines) for policy in summary.policies)
    return (
        '<figure class="dots"><figcaption>0 % is the cloud alone, 100 % the best plan known; '
        "the line is the 95 % bootstrap interval over seeds.</figcaption>"
        f'{rows}<div class="row axis"><span class="name"></span><div class="track">{axis}</div>'
        '<span class="value"></span></div></figure>'
    )


def _dot(policy: PolicySummary, lowest: float, lines: str) -> str:
    low, value, high = _ends(policy)
    marks = ""
    if not math.isnan(low):
        left, right = _share(low, lowest), _share(high, lowest)
        marks += f'<i class="range" style="left:{_per_cent(left)};width:{_per_cent(right - left)}"></i>'
    if not math.isnan(value):
        kind = "dot outside" if value < lowest else "dot"
        spoken = f"{percent(value)} {percent_range(policy.captured)}".strip()
        marks += f'<i class="{kind}" style="left:{_place(value, lowest)}" title="{spoken}"></i>'
    return (
        f'<div class="row{" clairvoyant" if policy.clairvoyant else ""}">'
        f'<span class="name">{policy_name(policy)}</span>'
        f'<div class="track">{lines}{marks}</div><span class="value">{percent(value)}</span></div>'
    )


def _ends(policy: PolicySummary) -> tuple[float, float, float]:
    return policy.captured.low, policy.captured.value, policy.captured.high


def _share(value: float, lowest: float) -> float:
    """Return the place of a value on the axis from `lowest` to 1, kept on the axis."""
    return min(1.0, max(0.0, (value - lowest) / (1 - lowest)))


def _place(value: float, lowest: float) -> str:
    return _per_cent(_share(value, lowest))


def _per_cent(share: float) -> str:
    return f"{100 * share:.2f}%"
