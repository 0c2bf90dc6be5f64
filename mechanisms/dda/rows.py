"""Ticks of its own for each of many markets, cleared in one call: what training an auctioneer needs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, cast

import numpy as np
import numpy.typing as npt

from ...problem.errors import InvalidOption
from ..market import Floats, Markets, Number, Side
from ..ranking import Rankings, rank_many
from ..rule import TermsMany
from .clocks import ClockAuction
from .many import Clocks, Counts, Meetings, heard_many, meetings
from .ticks import Ticks


@dataclass(frozen=True, eq=False)
class TickRows:
    """Ticks of R markets.

    Parameters
    ----------
    buyers
        (R, n) positions of each market's buyers' clock, falling; ends with -inf where there are fewer than n.
    sellers
        (R, m) positions of the sellers' clock, rising; ends with +inf.

    Raises
    ------
    InvalidOption
        When positions are out of order, or a clock has no finite opening.
    """

    buyers: Floats
    sellers: Floats

    def __post_init__(self) -> None:
        falling, rising = self.buyers, self.sellers
        for name, positions, way in (("buyers", falling, -1.0), ("sellers", rising, 1.0)):
            if positions.ndim != 2 or not positions.shape[1] or not np.isfinite(positions[:, 0]).all():
                raise InvalidOption(f"{name}: (markets, ticks) with a finite opening are expected")
            with np.errstate(invalid="ignore"):  # inf - inf: padding follows padding
                steps = way * np.diff(positions, axis=1)
            if not ((steps > 0) | (positions[:, 1:] == way * np.inf)).all():
                raise InvalidOption(f"{name}: ticks are out of order")
        if not (falling[:, 0] > rising[:, 0]).all():
            raise InvalidOption("the buyers' clock must open above the sellers' clock")

    def __len__(self) -> int:
        return len(self.buyers)

    def __getitem__(self, row: int) -> Ticks:
        """Return one market's ticks, exactly the floating-point numbers they are."""
        buyers, sellers = self.buyers[row], self.sellers[row]
        return Ticks(
            tuple(float(x) for x in buyers[np.isfinite(buyers)]),
            tuple(float(x) for x in sellers[np.isfinite(sellers)]),
        )

    def heard_many(self, side: Side, reports: Floats) -> Floats:
        """(R,B) ticks at which sincere traders accept, infinite where they never do."""
        ticks = self.buyers if side == "buyer" else self.sellers
        reached = (
            ticks[:, None, :] <= reports[:, :, None]
            if side == "buyer"
            else ticks[:, None, :] >= reports[:, :, None]
        )
        never = -np.inf if side == "buyer" else np.inf
        padded = np.concatenate([ticks, np.full((len(ticks), 1), never)], axis=1)
        first = np.where(reached.any(axis=2), reached.argmax(axis=2), ticks.shape[1])
        heard: Floats = np.take_along_axis(padded, first, axis=1)
        return heard

    def moves_many(self, side: Side, stops: Floats) -> npt.NDArray[np.int64]:
        """(R,) moves a clock makes before it would pass the market's stop."""
        ticks = self.buyers if side == "buyer" else self.sellers
        within = ticks >= stops[:, None] if side == "buyer" else ticks <= stops[:, None]
        moved: npt.NDArray[np.int64] = (within & np.isfinite(ticks)).sum(axis=1) - 1
        return moved


@dataclass(frozen=True, eq=False)
class Cleared:
    """What clearing R markets came to, (R,) each.

    Parameters
    ----------
    trades, rounds, messages
        Counted as in `Meeting`.
    welfare
        Gain from trade at the reports.
    price
        The middle of what the rule lets buyers pay and sellers get; NaN where nobody could trade.
    """

    trades: Counts
    rounds: Counts
    messages: Counts
    welfare: Floats
    price: Floats


@dataclass(frozen=True)
class _Clocks:
    """The quantity-balanced clocks of an auction, with other ticks in each market."""

    grid: TickRows
    first: str
    runs_on: bool
    balance: Literal["quantity"] = "quantity"

    @property
    def opening(self) -> tuple[Number, Number]:
        return self.grid.buyers[:, 0], self.grid.sellers[:, 0]

    @property
    def halt(self) -> tuple[Number, Number]:
        return -np.inf, np.inf  # these clocks stop at each other, at no place of their own


def clear_rows(auction: ClockAuction, markets: Markets, rows: TickRows | Ticks | None = None) -> Cleared:
    """Clear markets with an auction's rule, each with its own ticks.

    Parameters
    ----------
    auction
        With quantity-balanced clocks; its own ticks are ignored.
    markets
        (R,B) and (R,K); missing traders are -inf buyers and +inf sellers.
    rows
        The ticks: a row a market; one for all of them; None for continuous clocks.

    Raises
    ------
    InvalidOption
        When the auction's clocks are simultaneous, or there are not as many rows as markets.
    """
    if auction.balance != "quantity":
        raise InvalidOption("simultaneous clocks: quantity-balanced ones are expected")
    if isinstance(rows, TickRows):
        if len(rows) != len(markets):
            raise InvalidOption(f"{len(rows)} rows of ticks for {len(markets)} markets")
        # Quantity-balanced clocks are asked of `TickRows` only what it has.
        clocks = cast(Clocks, _Clocks(rows, auction.first, auction.runs_on))
    else:
        clocks = replace(auction, ticks="exact" if rows is None else rows)
    rankings = heard_many(clocks, markets)
    met: Meetings = meetings(clocks, rankings)
    terms: TermsMany = auction.terms_many(rankings, met.price)
    return _cleared(markets, rankings, terms, met)


def _cleared(markets: Markets, rankings: Rankings, terms: TermsMany, met: Meetings) -> Cleared:
    bought, sold = rankings.first_buyers(terms.trades), rankings.first_sellers(terms.trades)
    gain = np.where(bought, markets.values, 0.0).sum(axis=1) - np.where(sold, markets.costs, 0.0).sum(axis=1)
    price = np.full(len(markets), np.nan)
    paired = rankings.efficient > 0
    price[paired] = (terms.buyer_price[paired] + terms.seller_price[paired]) / 2
    return Cleared(terms.trades, met.rounds, met.messages, gain, price)


def padded_markets(values: Floats, costs: Floats) -> Markets:
    """Make markets of different sizes: -inf stands for a buyer who is missing, +inf for a seller."""
    markets = object.__new__(Markets)
    object.__setattr__(markets, "values", values)
    object.__setattr__(markets, "costs", costs)
    return markets


def first_best(markets: Markets) -> Floats:
    """(R,) the largest gain from trade of each market, of which some traders may be missing."""
    rankings = rank_many(markets)
    pairs = min(markets.values.shape[1], markets.costs.shape[1])
    values, costs = rankings.values[:, 1 : pairs + 1], rankings.costs[:, 1 : pairs + 1]
    paired = values >= costs
    total: Floats = (np.where(paired, values, 0.0) - np.where(paired, costs, 0.0)).sum(axis=1)
    return total
