"""Holding a double Dutch auction of this package, with bidders of any kind."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from ...problem.errors import InvalidOption
from ..market import Market, Number, Side
from .bidders import Bidder
from .clocks import ClockAuction
from .protocol import Session, hold, sincere
from .ticks import Ticks
from .views import FullView


@dataclass(frozen=True)
class OnTicks:
    """A clock that goes from tick to tick."""

    ticks: Ticks

    def next(self, view: FullView) -> Number | None:
        """Return the next tick."""
        positions = self.ticks.positions(view.side)
        return positions[view.moves + 1] if view.moves + 1 < len(positions) else None


def session(
    auction: ClockAuction, market: Market, bidders: Mapping[tuple[Side, int], Bidder] | None = None
) -> Session:
    """Hold an auction round by round.

    Parameters
    ----------
    auction
        With ticks, or with continuous clocks: those stop wherever somebody of the market wants to accept.
    market
        Exact reports; floating-point ones are taken as the fractions they are.
    bidders
        Replacements of the market's sincere traders, by (side, index). They need ticks: a continuous clock
        stops for sincere traders only.

    Returns
    -------
    session
        The rounds and the outcome; for sincere traders its outcome is ``auction.clear(market)``.

    Raises
    ------
    InvalidOption
        When bidders are given for traders who are not in the market, or for continuous clocks.
    """
    present = sincere(market.as_fractions())
    if bidders:
        if auction.grid is None:
            raise InvalidOption(
                "bidders of your own need ticks: continuous clocks stop for sincere traders only"
            )
        if unknown := [x for x in bidders if x not in present]:
            raise InvalidOption(f"there is no {unknown[0][0]} {unknown[0][1]} in this market")
    return hold(auction, OnTicks(stops(auction, market.as_fractions())), present | dict(bidders or {}))


def stops(auction: ClockAuction, market: Market) -> Ticks:
    """Return the ticks of an auction, or where continuous clocks stop in this market."""
    if auction.grid is not None:
        return auction.grid
    if auction.balance == "quantity":
        return Ticks(
            (math.inf, *sorted(set(market.values), reverse=True)), (-math.inf, *sorted(set(market.costs)))
        )
    top, bottom = auction.opening
    half = (top - bottom) / 2
    times = {top - x for x in market.values} | {x - bottom for x in market.costs}
    running = [0, *sorted(t for t in times if 0 < t < half), half]
    return Ticks(tuple(top - t for t in running), tuple(bottom + t for t in running))
