"""The double Dutch auction with truthful clearing: the last pair gives way when no common price suits it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from ..market import Floats, Number
from ..ranking import Ranking, Rankings
from ..rule import Claims, Terms, TermsMany
from ..rules.mcafee import McAfee
from ..rules.trade_reduction import TradeReduction
from .clocks import ClockAuction


@dataclass(frozen=True)
class TruthfulDoubleDutchAuction(ClockAuction):
    """The clocks of `DoubleDutchAuction`, and prices that no winner can move.

    Accepting means "I am in at this price" and binds only if the rule makes it a trade. With k accepted
    pairs, Case A: if the middle of the next buyer's and the next seller's tick lies between those of the last
    pair, all k trade there. Case B: the last pair is dropped, and its ticks are the prices. To hear the next
    two traders, quantity-balanced clocks run on past each other; simultaneous clocks stop where they meet, so
    that only Case B is left to them.

    Continuous quantity-balanced clocks make it McAfee's auction, and ``case_a=False`` trade reduction. With
    ticks it is truthful for traders whose values and costs are ticks of their clock; others can gain less
    than one tick.

    Parameters
    ----------
    balance, first, ticks, low, high
        See `ClockAuction`.
    case_a
        Whether Case A is used.
    """

    case_a: bool = True

    cases: ClassVar[tuple[str, ...]] = ("A", "B")

    @property
    def claims(self) -> Claims:
        """What the auction declares of itself: with ticks it is truthful only for traders on the ticks."""
        continuous = self.ticks == "exact"
        guarantee = continuous and self.balance == "quantity"
        return Claims(truthful=continuous, budget="weak", guarantee=guarantee)

    @property
    def runs_on(self) -> bool:
        """Whether the clocks pass each other, to hear one more trader of each side."""
        return self.case_a and self.balance == "quantity"

    def terms(self, ranking: Ranking, price: Number) -> Terms:  # noqa: ARG002
        """Decide who trades at which prices; where the clocks met does not matter."""
        return (McAfee() if self.case_a else TradeReduction()).terms(ranking)

    def terms_many(self, rankings: Rankings, price: Floats) -> TermsMany:  # noqa: ARG002
        """Decide the same for many markets."""
        return (McAfee() if self.case_a else TradeReduction()).terms_many(rankings)
