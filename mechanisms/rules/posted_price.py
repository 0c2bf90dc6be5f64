"""A posted price: the simplest truthful rule, and the only one for two traders that balances its budget."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from ...problem.errors import InvalidOption
from ..market import Market, Markets, Number
from ..outcome import Outcome, Outcomes
from ..rule import Claims, Terms, TermsMany, outcomes_of, settle


@dataclass(frozen=True)
class PostedPrice:
    """Trade at a price that does not depend on any report.

    Whoever gains at the price may trade; when one side has more of them than the other, the lower indices are
    served: a queue that no report moves. Truthful, individually rational and strongly budget balanced, and in
    bilateral trade nothing else is (K. Hagerty and W. Rogerson, J. Economic Theory 42, 1987).

    Parameters
    ----------
    price
        The price, 0 or more.

    Raises
    ------
    InvalidOption
        When the price is not a number, 0 or more.
    """

    price: Number

    def __post_init__(self) -> None:
        if not isinstance(self.price, int | float | Fraction) or not 0 <= self.price < float("inf"):
            raise InvalidOption(f"price is {self.price!r}: a finite number, 0 or more, is expected")

    @property
    def claims(self) -> Claims:
        """What the rule declares of itself."""
        return Claims(truthful=True, budget="strong")

    def clear(self, market: Market) -> Outcome:
        """Clear one market."""
        if not market.exact:
            return self.clear_many(Markets(np.array([market.values]), np.array([market.costs])))[0]
        buyers = [i for i, value in enumerate(market.values) if value >= self.price]
        sellers = [j for j, cost in enumerate(market.costs) if cost <= self.price]
        served = range(1, min(len(buyers), len(sellers)) + 1)
        return settle(market, buyers, sellers, Terms(served, served, self.price, self.price))

    def clear_many(self, markets: Markets) -> Outcomes:
        """Clear many markets of equal size in one call."""
        price = float(self.price)
        buying, selling = markets.values >= price, markets.costs <= price
        trades = np.minimum(buying.sum(axis=1), selling.sum(axis=1))
        bought, sold = _first(buying, trades), _first(selling, trades)
        prices = np.full(len(markets), price)
        queues = (_by_index(bought), _by_index(sold))
        return outcomes_of(markets, queues, bought, sold, TermsMany(trades, prices, prices))


def _first(willing: npt.NDArray[np.bool_], served: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """Keep the first ``served`` (G,) of the willing, by index."""
    kept: npt.NDArray[np.bool_] = willing & (np.cumsum(willing, axis=1) <= served[:, None])
    return kept


def _by_index(traders: npt.NDArray[np.bool_]) -> npt.NDArray[np.intp]:
    return np.broadcast_to(np.arange(traders.shape[1]), traders.shape)
