"""What a multi-unit mechanism decides: how many units each trader moves, and for how much."""

from __future__ import annotations

from dataclasses import dataclass
from math import floor

from ..market import Number, Side
from .market import Marginals, MultiUnitMarket


@dataclass(frozen=True)
class MultiUnitOutcome:
    """The result of clearing one multi-unit market.

    Parameters
    ----------
    bought, sold
        (B,) and (K,) units each trader buys or sells; parts of units where the rule divides them.
    payments, receipts
        (B,) and (K,) what each buyer pays and each seller gets in all.
    prices
        The unit prices that the rule named, in its own order; None where it named none.
    """

    bought: tuple[Number, ...]
    sold: tuple[Number, ...]
    payments: tuple[Number, ...]
    receipts: tuple[Number, ...]
    prices: tuple[Number | None, ...] = ()

    @property
    def units(self) -> Number:
        """Units traded."""
        return sum(self.bought)

    @property
    def budget_surplus(self) -> Number:
        """Sum of payments less sum of receipts: what is left to the auctioneer; negative is a deficit."""
        return sum(self.payments) - sum(self.receipts)

    def welfare(self, market: MultiUnitMarket) -> Number:
        """Gain from trade at ``market``'s values and costs: the true ones, where a report was not."""
        gross = sum(total(report, units) for report, units in zip(market.values, self.bought, strict=True))
        return gross - sum(
            total(report, units) for report, units in zip(market.costs, self.sold, strict=True)
        )

    def utility(self, market: MultiUnitMarket, side: Side, index: int) -> Number:
        """Gain of one trader at ``market``'s values and costs.

        Units that a buyer has no value for are worth 0 to her.
        """
        report = market.report(side, index)
        if side == "buyer":
            return total(report, self.bought[index]) - self.payments[index]
        return self.receipts[index] - total(report, self.sold[index])


def total(marginals: Marginals, units: Number) -> Number:
    """Value or cost of a number of units; of a last part of a unit, that part of its value or cost."""
    whole = floor(units)
    part = marginals[whole] * (units - whole) if whole < len(marginals) and units > whole else 0
    return sum(marginals[:whole]) + part
