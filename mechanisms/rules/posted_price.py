"""A posted price: the simplest truthful rule, and the only one for two traders that balances its budget."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from ...problem.errors import InvalidOption
from ..market import Market, Markets, Number
from ..outcome import Outcome, Outcomes
from ..rule import Claims, Terms, TermsMany, settle, settle_many


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
        unwilling_buyers = markets.values < float(self.price)
        unwilling_sellers = markets.costs > float(self.price)
        trades = np.minimum((~unwilling_buyers).sum(axis=1), (~unwilling_sellers).sum(axis=1))
        buyers = np.argsort(unwilling_buyers, axis=1, kind="stable")
        sellers = np.argsort(unwilling_sellers, axis=1, kind="stable")
        price = np.full(len(markets), float(self.price))
        return settle_many(markets, buyers, sellers, TermsMany(trades, price, price))
