"""The double Dutch auction: two clocks, one price."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import Literal

import numpy as np

from ...problem.errors import InvalidOption
from ..market import Floats, Number
from ..ranking import Ranking, Rankings
from ..rule import Claims, Terms, TermsMany
from .clocks import ClockAuction


@dataclass(frozen=True)
class DoubleDutchAuction(ClockAuction):
    """The buyers' clock falls, the sellers' rises, and who has accepted when they meet trades at one price.

    A buyer accepts when her clock is at or below her value, a seller when his is at or above his cost. The
    accepted pairs trade in order of acceptance, ties by index; a trader without a partner does not. A step
    that would carry a clock past the other is not taken: the price is then that of the clock that stood still
    (the middle, when both were to move).

    K. McCabe, S. Rassenti and V. Smith, Designing call auction institutions: is double Dutch the best?
    Economic Journal 102 (1992).

    Parameters
    ----------
    balance, first, ticks, low, high
        See `ClockAuction`.
    pricing
        "crossing": where the clocks met (with quantity-balanced continuous clocks L if buyers are first, U if
        sellers are); "last-pair": ``weight`` times the tick of the last pair's buyer and the rest of its
        seller's; "midpoint": the middle of the two.
    weight
        Of the buyer in "last-pair", from 0 to 1.

    Raises
    ------
    InvalidOption
        When an option is none of these.
    """

    pricing: Literal["crossing", "last-pair", "midpoint"] = "crossing"
    weight: Number = field(default=Fraction(1, 2), kw_only=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.pricing not in {"crossing", "last-pair", "midpoint"}:
            raise InvalidOption(
                f"pricing is {self.pricing!r}: it must be 'crossing', 'last-pair' or 'midpoint'"
            )
        if not isinstance(self.weight, int | float | Fraction) or not 0 <= self.weight <= 1:
            raise InvalidOption(f"weight is {self.weight!r}: a number from 0 to 1 is expected")

    @property
    def claims(self) -> Claims:
        """What the auction declares of itself: nobody of the first side sets the crossing price."""
        exact = self.ticks == "exact" and self.balance == "quantity"
        one_side: Literal["buyers", "sellers"] | bool = False
        if exact and self.pricing == "crossing":
            one_side = self.first
        return Claims(truthful=one_side, budget="strong", efficient=exact, guarantee=exact)

    def terms(self, ranking: Ranking, price: Number) -> Terms:
        """Decide who trades at which price, given acceptances by rank and the price where the clocks met."""
        k = ranking.efficient
        if k and self.pricing != "crossing":
            share = self._share
            price = share * ranking.values[k - 1] + (1 - share) * ranking.costs[k - 1]
        trading = range(1, k + 1)
        return Terms(trading, trading, price, price)

    def terms_many(self, rankings: Rankings, price: Floats) -> TermsMany:
        """Decide the same for many markets."""
        k = rankings.efficient
        if self.pricing != "crossing":
            share, trading = float(self._share), k > 0
            price = np.zeros(len(k))
            value, cost = rankings.value(k)[trading], rankings.cost(k)[trading]
            price[trading] = share * value + (1 - share) * cost
        return TermsMany(k, price, price)

    @property
    def _share(self) -> Number:
        return Fraction(1, 2) if self.pricing == "midpoint" else self.weight
