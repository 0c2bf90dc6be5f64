"""``edgeopt clear``: clear a market, and tell how a clock auction went."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .console import print_summary
from .mechanism_source import make_mechanism

if TYPE_CHECKING:
    from ..mechanisms.dda.protocol import Session
    from ..mechanisms.market import Market
    from ..mechanisms.outcome import Outcome


def clear(
    market: Annotated[Path, typer.Argument(help='A .json file with "values" and "costs".')],
    mechanism: Annotated[
        str, typer.Option(help="Name of a mechanism, or module:function for one of your own.")
    ] = "dda",
    option: Annotated[
        list[str] | None, typer.Option(help="An option of the mechanism as name=value; may be given again.")
    ] = None,
    pricing: Annotated[str | None, typer.Option(help="dda: crossing, last-pair or midpoint.")] = None,
    balance: Annotated[str | None, typer.Option(help="dda, truthful-dda: quantity or simultaneous.")] = None,
    first: Annotated[str | None, typer.Option(help="dda, truthful-dda: buyers or sellers.")] = None,
    ticks: Annotated[
        str | None, typer.Option(help="dda, truthful-dda: exact, a step, or steps with commas.")
    ] = None,
    transcript: Annotated[
        bool, typer.Option("--transcript", help="A clock auction: tell it round by round.")
    ] = False,
    plot: Annotated[
        Path | None, typer.Option(help="A clock auction: draw its clocks to this .svg, .png or .pdf file.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for machines.")] = False,
) -> None:
    """Decide who trades and what they pay, exactly, and compare with the best that was possible."""
    from ..mechanisms.market import Market

    flags = {"pricing": pricing, "balance": balance, "first": first, "ticks": ticks}
    chosen = make_mechanism(mechanism, option or [], flags)
    reports = Market.load(market)
    outcome = chosen.clear(reports)
    held = _held(mechanism, chosen, reports) if transcript or plot is not None else None
    if plot is not None and held is not None:
        from ..mechanisms.dda.story import draw

        draw(held, plot)
    content = _content(mechanism, reports, outcome, plot)
    if as_json:
        if held is not None and transcript:
            from ..mechanisms.dda.story import as_json as rounds

            content["transcript"] = rounds(held)
        typer.echo(json.dumps(content, indent=2, allow_nan=False))
        return
    if held is not None and transcript:
        from ..mechanisms.dda.story import tell

        typer.echo(tell(held, reports))
    print_summary(f"{market.name} cleared by {mechanism}", content)


def _held(name: str, chosen: Any, market: Market) -> Session:
    from ..mechanisms.dda.clocks import ClockAuction
    from ..mechanisms.dda.sessions import session
    from ..problem.errors import InvalidOption

    if not isinstance(chosen, ClockAuction):
        raise InvalidOption(f"{name} has no clocks: --transcript and --plot are for dda and truthful-dda")
    return session(chosen, market)


def _content(name: str, market: Market, outcome: Outcome, plot: Path | None) -> dict[str, Any]:
    from ..mechanisms.ranking import optimal_welfare
    from ..mechanisms.reading import plain

    best, welfare = optimal_welfare(market), outcome.welfare(market)
    return {
        "mechanism": name,
        "case": outcome.case,
        "trades": outcome.trades,
        "buyers": list(outcome.buyers),
        "sellers": list(outcome.sellers),
        "price": None if outcome.price is None else plain(outcome.price),
        "payments": [plain(x) for x in outcome.payments],
        "receipts": [plain(x) for x in outcome.receipts],
        "budget_surplus": plain(outcome.budget_surplus),
        "welfare": plain(welfare),
        "optimal_welfare": plain(best),
        "efficiency": float(welfare / best) if best else 1.0,
        "rounds": outcome.rounds,
        "messages": outcome.messages,
        "file": None if plot is None else str(plot),
    }
