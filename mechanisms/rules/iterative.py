"""An iterative double auction: a low and a high quote close in on a price at which demand meets supply."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from ...problem.errors import InvalidOption
from ..market import Floats, Market, Markets, Number
from ..outcome import Outcome, Outcomes
from ..rule import Claims, Terms, TermsMany, settle, settle_many

_FINEST = float(1 << 52)


@dataclass(frozen=True)
class IterativeDoubleAuction:
    """Quotes move to shrink excess demand until they meet: the iterative baseline of a clock auction.

    Prices are whole multiples of ``step``. In each round the auctioneer quotes one price and every trader
    answers whether she would trade at it (a buyer if her value is not below, a seller if her cost is not
    above). Demand less supply is the excess demand.

    1. The prices 0, one step, two steps, four steps, ... are quoted while there is excess demand. The last
       price with excess demand is the low quote, the first without is the high quote.
    2. The middle of the two quotes, rounded down to a step, is quoted. With excess demand the low quote moves
       there, otherwise the high quote.
    3. It ends at once at a price with no excess of either kind, and else when the quotes are one step apart
       (or both are 0). Then the one of the two with more trades is the price, the lower one if they have as
       many. Those who would trade at it do; on the long side those who accept the other quote too are served
       first, and lower indices before higher ones.

    Nobody buys above the highest value, so 1 ends, and each round of 2 halves the distance of the quotes:
    it takes at most 2 log2(max(1, highest value / step)) + 3 rounds. With an empty side there is no round.
    A message is one trader's answer to one price. The price moves with the reports, so the auction is not
    truthful; where no multiple of the step clears the market it is not efficient either.

    Parameters
    ----------
    step
        Distance of possible prices, above 0.

    Raises
    ------
    InvalidOption
        When the step is not a finite number above 0, or (in floating point) finer than 2**-52 of a report.
    """

    step: Number = 1

    def __post_init__(self) -> None:
        number = isinstance(self.step, int | float | Fraction) and not isinstance(self.step, bool)
        if not number or not 0 < self.step < float("inf"):
            raise InvalidOption(f"step is {self.step!r}: a finite number above 0 is expected")

    @property
    def claims(self) -> Claims:
        """What the auction declares of itself."""
        return Claims(truthful=False, budget="strong")

    def clear(self, market: Market) -> Outcome:
        """Clear one market: exactly if its reports are exact, in floating point if they are arrays."""
        if not market.exact:
            return self.clear_many(Markets(np.array([market.values]), np.array([market.costs])))[0]
        price, other, rounds = self._quotes(market)
        buyers = [i for i, value in enumerate(market.values) if value >= price]
        sellers = [j for j, cost in enumerate(market.costs) if cost <= price]
        # Sorting is stable: lower indices stay first.
        buyers.sort(key=lambda i: bool(market.values[i] < other))
        sellers.sort(key=lambda j: bool(market.costs[j] > other))
        served = range(1, min(len(buyers), len(sellers)) + 1)
        messages = rounds * (len(market.values) + len(market.costs))
        return settle(market, buyers, sellers, Terms(served, served, price, price, None, rounds, messages))

    def clear_many(self, markets: Markets) -> Outcomes:
        """Clear many markets of equal size in one call; markets that have their price wait for the others."""
        prices, others, rounds = self._quotes_many(markets)
        traders = markets.values.shape[1] + markets.costs.shape[1]
        buyer_refusals = markets.values[:, :, None] < np.stack([prices, others], axis=1)[:, None, :]
        seller_refusals = markets.costs[:, :, None] > np.stack([prices, others], axis=1)[:, None, :]
        trades = np.minimum(
            *((~refusals[:, :, 0]).sum(axis=1) for refusals in (buyer_refusals, seller_refusals))
        )
        return settle_many(
            markets,
            _queue(buyer_refusals),
            _queue(seller_refusals),
            TermsMany(trades, prices, prices, rounds=rounds, messages=rounds * traders),
        )

    def _quotes(self, market: Market) -> tuple[Number, Number, int]:
        """Return the final price, the other quote, and the number of rounds."""
        if not market.values or not market.costs:
            return Fraction(0), Fraction(0), 0
        step = Fraction(self.step)
        low = high = 0
        excess, trades = _answers(market, high * step)
        low_trades, rounds = trades, 1
        while excess > 0:
            low, low_trades, high = high, trades, max(1, 2 * high)
            excess, trades = _answers(market, high * step)
            rounds += 1
        high_trades = trades
        while excess != 0 and high - low > 1:
            middle = (low + high) // 2
            excess, trades = _answers(market, middle * step)
            rounds += 1
            if excess > 0:
                low, low_trades = middle, trades
            else:
                high, high_trades = middle, trades
        upper = excess == 0 or high_trades > low_trades
        return (high if upper else low) * step, (low if upper else high) * step, rounds

    def _quotes_many(self, markets: Markets) -> tuple[Floats, Floats, npt.NDArray[np.int64]]:
        """(G,) final prices, other quotes and numbers of rounds: all markets step by step at once."""
        G, step = len(markets), float(self.step)
        rounds = np.zeros(G, dtype=np.int64)
        if not markets.values.size or not markets.costs.size:
            return np.zeros(G), np.zeros(G), rounds
        if markets.values.max(initial=0) > step * _FINEST:
            raise InvalidOption(f"step is {self.step!r}: too fine for values of {markets.values.max():g}")
        low, high = np.zeros(G), np.zeros(G)
        excess, trades = _answers_many(markets, high)
        low_trades = trades.copy()
        rounds += 1
        while (rows := np.flatnonzero(excess > 0)).size:
            low[rows], low_trades[rows], high[rows] = high[rows], trades[rows], np.maximum(1, 2 * high[rows])
            excess[rows], trades[rows] = _answers_many(markets, high[rows] * step, rows)
            rounds[rows] += 1
        high_trades = trades
        while (rows := np.flatnonzero((excess != 0) & (high - low > 1))).size:
            middle = np.floor((low[rows] + high[rows]) / 2)
            excess[rows], answered = _answers_many(markets, middle * step, rows)
            rounds[rows] += 1
            up, down = rows[excess[rows] > 0], rows[excess[rows] <= 0]
            moved = excess[rows] > 0
            low[up], low_trades[up] = middle[moved], answered[moved]
            high[down], high_trades[down] = middle[~moved], answered[~moved]
        upper = (excess == 0) | (high_trades > low_trades)
        return np.where(upper, high, low) * step, np.where(upper, low, high) * step, rounds


def _queue(refusals: npt.NDArray[np.bool_]) -> npt.NDArray[np.intp]:
    """Order traders, of whom (G,traders,2) say which quotes they refuse: those who refuse fewest first."""
    return np.argsort(refusals[:, :, 0] * 2 + refusals[:, :, 1], axis=1, kind="stable")


def _answers(market: Market, price: Number) -> tuple[int, int]:
    """Return the excess demand at a price, and how many can trade."""
    demand = sum(1 for value in market.values if value >= price)
    supply = sum(1 for cost in market.costs if cost <= price)
    return demand - supply, min(demand, supply)


def _answers_many(
    markets: Markets, prices: Floats, rows: npt.NDArray[np.intp] | slice = slice(None)
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return the same for some of the markets, one price each."""
    demand = (markets.values[rows] >= prices[:, None]).sum(axis=1)
    supply = (markets.costs[rows] <= prices[:, None]).sum(axis=1)
    return demand - supply, np.minimum(demand, supply)
