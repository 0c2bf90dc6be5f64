"""``edgeopt audit``: which properties a mechanism has, with proof or counterexample."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from .mechanism_source import make_mechanism

A_CLAIM_FAILS = 1


def audit(
    mechanism: Annotated[
        str, typer.Argument(help="Name of a mechanism, or module:function for one of your own.")
    ],
    option: Annotated[
        list[str] | None, typer.Option(help="An option of the mechanism as name=value; may be given again.")
    ] = None,
    pricing: Annotated[str | None, typer.Option(help="dda: crossing, last-pair or midpoint.")] = None,
    balance: Annotated[str | None, typer.Option(help="dda, truthful-dda: quantity or simultaneous.")] = None,
    first: Annotated[str | None, typer.Option(help="dda, truthful-dda: buyers or sellers.")] = None,
    ticks: Annotated[
        str | None, typer.Option(help="dda, truthful-dda: exact, a step, or steps with commas.")
    ] = None,
    markets: Annotated[int, typer.Option(help="How many small random markets, full of ties.")] = 100,
    market: Annotated[
        list[Path] | None, typer.Option(help="Audit this market (.json) in their place; may be given again.")
    ] = None,
    axioms: Annotated[
        bool, typer.Option("--axioms", help="Anonymity, non-bossiness, equivariance and collusion too.")
    ] = False,
    seed: Annotated[int, typer.Option(help="Seed of the random markets.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for machines.")] = False,
) -> None:
    """Look for the best misreport of every trader in every market, exactly, and print one table.

    Exits with 1 if a property that the mechanism declares fails: a refuted property that was never claimed is
    shown, and is no failure.
    """
    from ..mechanisms.audits.audit import audit as run
    from ..mechanisms.market import Market

    flags = {"pricing": pricing, "balance": balance, "first": first, "ticks": ticks}
    chosen = make_mechanism(mechanism, option or [], flags)
    given = [Market.load(path) for path in market] if market else None
    report = run(chosen, given, draws=markets, seed=seed, axioms=axioms)
    typer.echo(json.dumps(report.as_json(), indent=2, allow_nan=False) if as_json else str(report))
    if not report.claims_hold:
        raise typer.Exit(A_CLAIM_FAILS)
