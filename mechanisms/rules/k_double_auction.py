"""The k-double auction: one clearing price, efficient at truth and not truthful."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

import numpy as np

from ...problem.errors import InvalidOption
from ..market import Number
from ..ranking import Ranking, Rankings, walrasian_prices, walrasian_prices_many
from ..rule import Claims, Rule, Terms, TermsMany


@dataclass(frozen=True)
class KDoubleAuction(Rule):
    """All efficient pairs trade at p = (1 - k) L + k U, a point of the interval of clearing prices.

    K. Chatterjee and W. Samuelson (Operations Research 31, 1983) for one pair; M. Satterthwaite and
    S. Williams (J. Economic Theory 48, 1989) for many. With k = 0 the price is L, which no trading buyer
    sets; with k = 1 it is U, which no trading seller sets: each is truthful for that side alone.

    Parameters
    ----------
    k
        Position of the price, from 0 (favours buyers) to 1 (favours sellers). A float stands for the binary
        fraction it is, so that exact reports have exact outcomes.

    Raises
    ------
    InvalidOption
        When k is not a number from 0 to 1.
    """

    k: Number

    def __post_init__(self) -> None:
        if not isinstance(self.k, int | float | Fraction) or not 0 <= self.k <= 1:
            raise InvalidOption(f"k is {self.k!r}: a number from 0 to 1 is expected")

    @property
    def claims(self) -> Claims:
        """What the rule declares of itself."""
        truthful: Literal["buyers", "sellers", False] = False
        if self.k in {0, 1}:
            truthful = "buyers" if self.k == 0 else "sellers"
        return Claims(truthful=truthful, budget="strong", efficient=True, guarantee=True)

    def terms(self, ranking: Ranking) -> Terms:
        """Decide one ranked market."""
        trading = range(1, ranking.efficient + 1)
        if not trading:
            return Terms((), ())
        lower, upper = walrasian_prices(ranking)
        k: Number = Fraction(self.k)
        price = (1 - k) * lower + k * upper
        return Terms(trading, trading, price, price)

    def terms_many(self, rankings: Rankings) -> TermsMany:
        """Decide many ranked markets."""
        lower, upper = walrasian_prices_many(rankings)
        trading = rankings.efficient > 0
        k = float(self.k)
        price = np.zeros(len(trading))
        price[trading] = (1 - k) * lower[trading] + k * upper[trading]
        return TermsMany(rankings.efficient, price, price)
