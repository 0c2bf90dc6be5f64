"""Truthful clearing on ticks that is exact for every value and cost, not only for those on the ticks.

`TruthfulDoubleDutchAuction` with ticks names the prices of its rule, which may lie between ticks, and a
trader whose value lies between ticks too can gain by accepting early. Here a winner pays what a clock can
decide: the lowest tick of the buyers' clock at which she would still have won (a seller gets the highest tick
of his). Accepting as soon as the clock suits her is then best whatever her value is.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass, replace

import numpy as np

from ...problem.errors import InvalidOption
from ..market import Market, Number
from ..outcome import Outcome
from ..ranking import Ranking
from ..rule import Claims
from .ticks import Ticks
from .truthful import TruthfulDoubleDutchAuction


@dataclass(frozen=True)
class CriticalTickAuction:
    """The truthful double Dutch auction, with the critical tick of each winner as her price.

    Who trades, rounds and messages are those of ``auction``. In Case A a buyer pays the lowest tick at or
    above the common price. In Case B she pays the tick of the dropped buyer if she would be heard before
    that one at the same tick (ties go to the lower index), else the tick above it. Sellers alike. Payments
    are never below, and receipts never above, those of ``auction``: no deficit.

    Parameters
    ----------
    auction
        With ticks that do not depend on reports.

    Raises
    ------
    InvalidOption
        When its clocks are continuous: the rule's prices are critical values then.
    """

    auction: TruthfulDoubleDutchAuction

    def __post_init__(self) -> None:
        if self.auction.grid is None:
            raise InvalidOption(
                "ticks='exact': critical ticks need ticks; continuous clocks are truthful as they are"
            )

    @property
    def claims(self) -> Claims:
        """What the auction declares of itself; the audit decides."""
        return Claims(truthful=True, budget="weak")

    @property
    def grid(self) -> Ticks:
        """The ticks."""
        assert self.auction.grid is not None
        return self.auction.grid

    def clear(self, market: Market) -> Outcome:
        """Clear one market: exactly if its reports are exact, to floating-point prices if they are arrays."""
        given = market if market.exact else market.as_fractions()
        outcome = self.auction.clear(given)
        ranking = self.auction.heard(given)
        payments, receipts = list(outcome.payments), list(outcome.receipts)
        for i in outcome.buyers:
            payments[i] = self._payment(i, ranking, outcome)
        for j in outcome.sellers:
            receipts[j] = self._receipt(j, ranking, outcome)
        paid = {payments[i] for i in outcome.buyers} | {receipts[j] for j in outcome.sellers}
        price = paid.pop() if len(paid) == 1 else None
        if market.exact:
            return replace(outcome, payments=tuple(payments), receipts=tuple(receipts), price=price)
        return replace(
            outcome,
            payments=np.array(payments, dtype=float),
            receipts=np.array(receipts, dtype=float),
            price=None if price is None else float(price),
        )

    def _payment(self, buyer: int, ranking: Ranking, outcome: Outcome) -> Number:
        rising = self.grid.buyers[::-1]
        if outcome.case == "A":
            return rising[bisect_left(rising, outcome.price)]
        last = ranking.efficient - 1
        tick = ranking.values[last]
        return tick if buyer < ranking.buyers[last] else rising[bisect_right(rising, tick)]

    def _receipt(self, seller: int, ranking: Ranking, outcome: Outcome) -> Number:
        rising = self.grid.sellers
        if outcome.case == "A":
            return rising[bisect_right(rising, outcome.price) - 1]
        last = ranking.efficient - 1
        tick = ranking.costs[last]
        return tick if seller < ranking.sellers[last] else rising[bisect_left(rising, tick) - 1]
