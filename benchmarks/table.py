"""The benchmark's table for the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..problem.dynamics import TERMS
from .aggregate import CaseSummary, PolicySummary
from .gaps import OnlineSummary
from .ladders import LadderSummary
from .standings import Standing
from .words import (
    CLAIRVOYANT_MARK,
    CLAIRVOYANT_NOTE,
    GAP_HEADINGS,
    GAP_NOTE,
    LADDER_HEADINGS,
    LADDER_TITLE,
    STANDING_HEADINGS,
    STANDING_TITLE,
    cost,
    finding,
    gap_cells,
    headroom,
    ladder_cells,
    percent,
    percent_range,
    proof,
    ratio,
    ratio_range,
    reach,
    standing,
    standing_cells,
)

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table


SHARES = {
    "switching": "switch",
    "transmission": "transm",
    "computation": "comput",
    "accuracy": "errors",
    "cloud": "cloud",
}
"""Headings of the five terms' shares of the cost."""

ENDLESS = 10_000
"""Characters: wider than any table."""


def show(summaries: Sequence[CaseSummary], console: Console, found: Sequence[Standing] = ()) -> None:
    """Show every case: first how telling it is, then its policies; then the standings across cases."""
    for summary in summaries:
        _say(console, f"{summary.instance}: {standing(summary)}", style="bold")
        if summary.warning:
            _say(console, f"Warning: {summary.warning}.", style="yellow")
        best = cost(summary.best_known, summary.best_known)
        _say(console, f"The best plan known costs {best}; it is {proof(summary)}.")
        if left := headroom(summary):
            _say(console, left)
        _show_table(summary, console)
        if summary.online is not None:
            _say(console, reach(summary.online))
            if summary.online.gaps:
                console.print(gap_table(summary.online))
        if summary.ladder is not None:
            _show_ladder(summary.ladder, console)
        console.print()
    if len(summaries) > 1 and found:
        _say(console, STANDING_TITLE)
        console.print(_plain_table(STANDING_HEADINGS, [standing_cells(one) for one in found]))
    if any(policy.clairvoyant for summary in summaries for policy in summary.policies):
        _say(console, CLAIRVOYANT_NOTE)
    if any(summary.online is not None and summary.online.gaps for summary in summaries):
        _say(console, GAP_NOTE)
    for summary in summaries:
        _say(console, finding(summary))


def _say(console: Console, text: str, style: str | None = None) -> None:
    """Print a line as it is: what stands in brackets is no markup."""
    console.print(text, style=style, markup=False, highlight=False, soft_wrap=True)


def _show_table(summary: CaseSummary, console: Console) -> None:
    """Show the whole table in files and pipes, and on a terminal as many columns as it has room for."""
    table = policy_table(summary)
    if not console.is_terminal:
        console.width = max(console.width, _needed(table, console))
    for ranges, terms in ((True, False), (False, False)):
        if _needed(table, console) > console.width:
            table = policy_table(summary, ranges=ranges, terms=terms)
    console.print(table)


def gap_table(online: OnlineSummary) -> Table:
    """Return the table of where each policy's gap comes from."""
    return _plain_table(
        ("policy", *GAP_HEADINGS), [[gap.policy, *gap_cells(gap, online)] for gap in online.gaps]
    )


def _show_ladder(ladder: LadderSummary, console: Console) -> None:
    if ladder.unavailable is not None:
        _say(console, f"No ladder of bounds: {ladder.unavailable}.")
        return
    _say(console, LADDER_TITLE)
    console.print(_plain_table(LADDER_HEADINGS, [ladder_cells(rung, ladder.best) for rung in ladder.rungs]))


def _plain_table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
    for place, heading in enumerate(headings):
        if place:
            table.add_column(heading, justify="right", no_wrap=True)
        else:
            table.add_column(heading, overflow="fold")
    for row in rows:
        table.add_row(*row)
    return table


def _needed(table: Table, console: Console) -> int:
    """Return the width at which nothing of the table is cut."""
    return console.measure(table, options=console.options.update(width=ENDLESS)).maximum


def policy_table(summary: CaseSummary, *, ranges: bool = True, terms: bool = True) -> Table:
    """Return the table of a case's policies, from cheap to dear.

    Parameters
    ----------
    ranges
        Whether to show the bootstrap intervals.
    terms
        Whether to show the five terms' shares of the cost.
    """
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
    table.add_column("policy", overflow="fold")
    for heading, wanted in (
        ("cost", True),
        ("x best", True),
        ("95 %", ranges),
        ("gap", True),
        ("captured", True),
        ("95 %", ranges),
        *((SHARES[term], terms) for term in TERMS),
        ("accuracy", True),
    ):
        if wanted:
            table.add_column(heading, justify="right", no_wrap=True)
    for policy in summary.policies:
        cells = _cells(policy, summary.best_known, ranges=ranges, terms=terms)
        table.add_row(*cells, style="dim" if policy.clairvoyant else "")
    return table


def _cells(policy: PolicySummary, scale: float, *, ranges: bool, terms: bool) -> list[str]:
    shares = [f"{100 * policy.terms[term] / policy.cost:.0f} %" if policy.cost > 0 else "" for term in TERMS]
    return [
        f"{policy.policy} {CLAIRVOYANT_MARK}" if policy.clairvoyant else policy.policy,
        cost(policy.cost, scale),
        ratio(policy.ratio.value),
        *([ratio_range(policy.ratio)] if ranges else []),
        percent(policy.gap_to_bound),
        percent(policy.captured.value),
        *([percent_range(policy.captured)] if ranges else []),
        *(shares if terms else []),
        ratio(policy.mean_accuracy),
    ]
