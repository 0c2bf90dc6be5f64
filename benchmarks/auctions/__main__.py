"""``python -m edgeopt.benchmarks.auctions [part ...]``: measure, print, write JSON."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from ...problem.errors import EdgeoptError
from ..study import Report, chosen, document, show, write
from . import auctioneer, edge, schedules, shares, speed, table

PARTS = {
    "table": table.run,
    "shares": shares.run,
    "speed": speed.run,
    "schedules": schedules.run,
    "edge": edge.run,
    "auctioneer": auctioneer.run,
}

NAMED_ONLY = ("auctioneer",)
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
        for name in chosen(parts, tuple(PARTS), apart=NAMED_ONLY):
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


if __name__ == "__main__":
    typer.run(main)
