"""A posted price: the simplest truthful rule, and the only one for two traders that balances its budget."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from ...problem.errors import InvalidOption
from ..market import Floats, Market, Markets, Number
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
        return queue_at(np.full(len(markets), float(self.price)), markets)


def queue_at(
    prices: Floats,
    markets: Markets,
    rounds: npt.NDArray[np.int64] | None = None,
    messages: npt.NDArray[np.int64] | None = None,
) -> Outcomes:
    """Trade at prices (G,), one a market: on the longer side the lower indices are served."""
    buying, selling = markets.values >= prices[:, None], markets.costs <= prices[:, None]
    trades = np.minimum(buying.sum(axis=1), selling.sum(axis=1))
    served = [side & (np.cumsum(side, axis=1) <= trades[:, None]) for side in (buying, selling)]
    by_index = [np.broadcast_to(np.arange(side.shape[1]), side.shape) for side in served]
    terms = TermsMany(trades, prices, prices, rounds=rounds, messages=messages)
    return outcomes_of(markets, (by_index[0], by_index[1]), served[0], served[1], terms)
