"""Tables of policies, in Markdown, from what ``edgeopt benchmark --out FOLDER`` wrote.

``python docs/tables.py scenarios FOLDER``: cost over the best plan, a column a scenario; ``... together
FOLDER``: all runs, and each policy against the learner; ``... worlds FOLDER``: what can be won where. These
are the tables of the page of results and of the README.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

from edgeopt.benchmarks import read_rows
from edgeopt.benchmarks.aggregate import Interval, paired_interval
from edgeopt.benchmarks.results import Row
from edgeopt.benchmarks.standings import standings

LEARNER = "t2drl"


def main() -> None:
    """Print one table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("table", choices=("scenarios", "together", "worlds"))
    parser.add_argument("folder", type=Path)
    parser.add_argument("--scenario", action="append", help="a column; all by default, may be given often")
    parser.add_argument("--policy", action="append", help="a row; all by default, may be given often")
    asked = parser.parse_args()
    rows = list(read_rows(asked.folder / "results.csv"))
    summary = json.loads((asked.folder / "summary.json").read_text())
    sees = {one["policy"] for case in summary for one in case["policies"] if one["clairvoyant"]}
    if asked.policy:
        rows = [row for row in rows if row.policy in {*asked.policy, "reference"}]
    lines = {
        "scenarios": lambda: scenarios(rows, sees, asked.scenario),
        "together": lambda: together(rows, sees),
        "worlds": lambda: worlds(summary),
    }[asked.table]()
    sys.stdout.write("\n".join(lines) + "\n")


def called(name: str, sees: set[str]) -> str:
    """A policy as the tables have it."""
    if name == "reference":
        return "best plan (sees the future)"
    return f"`{name}`{' (sees the future)' if name in sees else ''}"


def scenarios(rows: list[Row], sees: set[str], chosen: list[str] | None) -> list[str]:
    """Cost over the best plan of each scenario, cheap first by all of them together."""
    names = chosen or [name.removesuffix("-medium") for name in dict.fromkeys(row.instance for row in rows)]
    own = [row for row in rows if row.instance.removesuffix("-medium") in names]
    lines = ["| policy | " + " | ".join(names) + " |", "|---" * (len(names) + 1) + "|"]
    for standing in standings(own, sees):
        cells = []
        for name in names:
            of = [
                row
                for row in own
                if row.instance.removesuffix("-medium") == name and row.policy == standing.policy
            ]
            one = paired_interval(
                np.array([row.cost for row in of]), np.array([row.best_known for row in of])
            )
            cells.append(f"{one.value:.3f} [{one.low:.3f}, {one.high:.3f}]")
        lines.append(f"| {called(standing.policy, sees)} | " + " | ".join(cells) + " |")
    return lines


def together(rows: list[Row], sees: set[str]) -> list[str]:
    """The middle half of all runs, and the differences to the learner, run by run."""
    runs = len({(row.instance, row.seed) for row in rows})
    lines = [
        f"| policy | middle half of {runs} runs | against `{LEARNER}` | cheaper than it in |",
        "|---|---:|---:|---:|",
    ]
    for standing in standings(rows, sees, LEARNER):
        cells = [between(standing.ratio, 1, 3, ""), "", ""]
        if standing.policy != LEARNER:
            cells[1] = between(standing.difference, 100, 1, " %", sign=True)
            cells[2] = between(standing.improvement, 100, 0, " %")
        if standing.policy != "reference":
            lines.append(f"| {called(standing.policy, sees)} | " + " | ".join(cells) + " |")
    return lines


def between(one: Interval, times: float, digits: int, unit: str, *, sign: bool = False) -> str:
    """A value with its interval."""
    value, low, high = (
        f"{times * end:{'+' if sign else ''}.{digits}f}" for end in (one.value, one.low, one.high)
    )
    return f"{value}{unit} [{low}, {high}]"


def worlds(summary: list[dict[str, Any]]) -> list[str]:
    """What the cloud alone and the best fixed set cost, what was proven, and what a forecast would win."""
    lines = [
        "| scenario | cloud / best plan | best fixed set / best plan | seeds proven optimal "
        "| gap of the others, mean | a perfect forecast would win |",
        "|---|---:|---:|---|---:|---:|",
    ]
    for case in summary:
        won, gap = case["headroom"], case["best_known"] / case["lower_bound"] - 1
        lines.append(
            f"| {case['instance'].removesuffix('-medium')} | {case['cloud_ratio']:.3f} "
            f"| {case['static_ratio']:.3f} | {case['proven']} of {case['seeds']} "
            f"| {'–' if case['proven'] == case['seeds'] else f'{100 * gap:.2f} %'} "
            f"| {'' if won is None else f'{100 * won:+.1f} %'} |"
        )
    return lines


if __name__ == "__main__":
    main()
