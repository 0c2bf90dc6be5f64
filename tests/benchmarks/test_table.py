"""On a terminal of eighty columns every number of the tables can be read."""

from __future__ import annotations

import io

from rich.console import Console

from edgeopt.benchmarks.aggregate import CaseSummary, Interval, PolicySummary
from edgeopt.benchmarks.gaps import OnlineSummary, PolicyGap
from edgeopt.benchmarks.table import show

NAMES = ("least-context-admission", "look-ahead", "my_package.policies.of_mine:MyOwnPolicyWithALongName")


def summary() -> CaseSummary:
    terms = dict.fromkeys(("switching", "transmission", "computation", "accuracy", "cloud"), 2469.138)
    policies = tuple(
        PolicySummary(
            policy=name,
            clairvoyant=name == "look-ahead",
            cost=12345.69,
            terms=terms,
            ratio=Interval(1.234, 1.2, 1.3),
            captured=Interval(-2.345, -2.4, -2.3),
            gap_to_bound=1.359,
            mean_accuracy=0.777,
        )
        for name in NAMES
    )
    gaps = tuple(PolicyGap(name, 12345.69, 9.0, 1359.0, 1011.1, 123.4, 246.9, 100.1, 0.25) for name in NAMES)
    online = OnlineSummary(None, 24, 24, 11000.0, 120.0, 9900.0, 10000.0, 1100.0, 90.0, gaps)
    return CaseSummary("hotset", 10, 7, 2e4, 10000.0, 9900.0, 2.0, 1.1, policies, online)


def shown(width: int, *, terminal: bool) -> list[str]:
    stream = io.StringIO()
    screen = Console(file=stream, width=width, force_terminal=terminal, color_system=None, highlight=False)
    show([summary()], screen)
    return stream.getvalue().splitlines()


def test_eighty_columns_cut_nothing() -> None:
    text = "\n".join(shown(80, terminal=True))
    assert "…" not in text
    for cell in (
        "12,346",
        "1.234",
        "135.9 %",
        "-234.5 %",
        "0.777",
        "13.6 %",
        "10.1 ± 1.2 %",
        "2.5 %",
        "25 %",
    ):
        assert text.count(cell) >= len(NAMES), cell
    for heading in ("cost", "x best", "captured", "accuracy", "left to win", "foresight", "slack", "beyond"):
        assert heading in text
    tables = [line for line in text.splitlines() if " ± " in line and "sampled" not in line]
    assert len(tables) == len(NAMES)
    assert all(len(line.rstrip()) <= 80 for line in tables)
    assert NAMES[0] in text


def test_a_file_gets_every_column() -> None:
    lines = shown(80, terminal=False)
    assert any(NAMES[2] in line and "[-240.0, -230.0]" in line for line in lines)
    assert any(NAMES[2] in line and "10.1 ± 1.2 %" in line for line in lines)
