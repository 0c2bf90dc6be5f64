"""The iterative double auction: two quotes that move until demand meets supply."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from ...problem.errors import InvalidOption
from ..market import Floats, Market, Markets, Number
from ..outcome import Outcome, Outcomes
from ..rule import Claims, Terms, settle
from .posted_price import queue_at

_MOST_ROUNDS = 10_000_000


@dataclass(frozen=True)
class IterativeDoubleAuction:
    """The buyers' quote rises from the bottom of the price range, the sellers' quote falls from the top.

    In a round the side with more traders still willing at its quote has its quote moved by one step (the
    buyers' on equality), so that excess demand or supply shrinks; those who are asked answer whether they are
    still in. When the quotes meet, that is the price: everybody willing at it may trade, and the longer side
    is served in the order of indices. No report is revealed beyond those answers, but a trader who leaves
    early or stays too long moves the price: the rule is not truthful, and a coarse step loses welfare.

    Parameters
    ----------
    step
        Size of a move, above 0.
    low, high
        The price range.

    Raises
    ------
    InvalidOption
        When the range is empty, the step is not positive, or there would be more than ten million rounds.
    """

    step: Number = 1
    low: Number = 0
    high: Number = 100

    def __post_init__(self) -> None:
        if not all(isinstance(x, int | float | Fraction) for x in (self.step, self.low, self.high)):
            raise InvalidOption("step, low and high must be numbers")
        if not 0 <= self.low < self.high < float("inf"):
            raise InvalidOption(f"the price range is {self.low} to {self.high}: 0 <= low < high is expected")
        if not self.step > 0 or (self.high - self.low) / self.step > _MOST_ROUNDS:
            raise InvalidOption(f"step is {self.step}: above 0, and at most ten million in the range")

    @property
    def claims(self) -> Claims:
        """What the rule declares of itself."""
        return Claims(truthful=False, budget="strong")

    def clear(self, market: Market) -> Outcome:
        """Clear one market, round by round."""
        if not market.exact:
            return self.clear_many(Markets(np.array([market.values]), np.array([market.costs])))[0]
        bid, ask = self.low, self.high
        buyers = [i for i, value in enumerate(market.values) if value >= bid]
        sellers = [j for j, cost in enumerate(market.costs) if cost <= ask]
        rounds, messages = 1, len(market.values) + len(market.costs)
        while bid < ask:
            rounds += 1
            if len(buyers) >= len(sellers):
                bid = min(bid + self.step, ask)
                messages += len(buyers)
                buyers = [i for i in buyers if market.values[i] >= bid]
            else:
                ask = max(ask - self.step, bid)
                messages += len(sellers)
                sellers = [j for j in sellers if market.costs[j] <= ask]
        served = range(1, min(len(buyers), len(sellers)) + 1)
        terms = Terms(served, served, bid, bid, rounds=rounds, messages=messages)
        return settle(market, buyers, sellers, terms)

    def clear_many(self, markets: Markets) -> Outcomes:
        """Clear many markets of equal size in one call."""
        G = len(markets)
        bid, ask = np.full(G, float(self.low)), np.full(G, float(self.high))
        demand, supply = _demand(markets, bid), _supply(markets, ask)
        rounds = np.ones(G, dtype=np.int64)
        messages = np.full(G, markets.values.shape[1] + markets.costs.shape[1], dtype=np.int64)
        while (moving := bid < ask).any():
            rounds += moving
            buying = moving & (demand >= supply)
            selling = moving & ~buying
            messages += np.where(buying, demand, 0) + np.where(selling, supply, 0)
            bid = np.where(buying, np.minimum(bid + float(self.step), ask), bid)
            ask = np.where(selling, np.maximum(ask - float(self.step), bid), ask)
            demand, supply = _demand(markets, bid), _supply(markets, ask)
        return queue_at(bid, markets, rounds, messages)


def _demand(markets: Markets, quote: Floats) -> npt.NDArray[np.int64]:
    willing: npt.NDArray[np.int64] = (markets.values >= quote[:, None]).sum(axis=1)
    return willing


def _supply(markets: Markets, quote: Floats) -> npt.NDArray[np.int64]:
    willing: npt.NDArray[np.int64] = (markets.costs <= quote[:, None]).sum(axis=1)
    return willing
