"""``python -m edgeopt.benchmarks.auctions [part ...]``: measure, print, write JSON."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from ...problem.errors import EdgeoptError, InvalidOption
from ..study import Report, document, show, write
from . import auctioneer, edge, schedules, shares, speed, table

PARTS = {
    "table": table.run,
    "shares": shares.run,
    "speed": speed.run,
    "schedules": schedules.run,
    "edge": edge.run,
    "auctioneer": auctioneer.run,
}

NAMED_ONLY = frozenset({"auctioneer"})
"""Parts that take long: run when they are named, not with all the others."""


def main(
    parts: Annotated[
        list[str] | None, typer.Argument(help=f"Any of {', '.join(PARTS)}; all but auctioneer.")
    ] = None,
    quick: Annotated[bool, typer.Option(help="Small sizes: does it work, not how fast.")] = False,
    out: Annotated[Path, typer.Option(help="Folder of the JSON file.")] = Path("benchmark-results/auctions"),
    as_json: Annotated[bool, typer.Option("--json", help="Print the JSON instead of tables.")] = False,
) -> None:
    """Measure auctions: welfare, ceilings, speed beside peers, clock schedules, incentives at the edge."""
    reports: list[Report] = []
    try:
        for name in _chosen(parts):
            typer.echo(f"{name} ...", err=True)
            reports.append(PARTS[name](quick))
            write(out / "auctions.json", reports, sys.argv)
            if not as_json:
                show(reports[-1])
    except EdgeoptError as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(2) from None
    if as_json:
        typer.echo(json.dumps(document(reports, sys.argv)))


def _chosen(parts: list[str] | None) -> list[str]:
    unknown = [name for name in parts or () if name not in PARTS]
    if unknown:
        raise InvalidOption(f"unknown part {unknown[0]!r}: choose from {', '.join(PARTS)}")
    return list(dict.fromkeys(parts or [name for name in PARTS if name not in NAMED_ONLY]))


if __name__ == "__main__":
    typer.run(main)
