"""What a mechanism decides: who trades, who pays what, and what it took to find out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from .market import Floats, Market, Markets, Number, Reports, Side


@dataclass(frozen=True, eq=False)
class Outcome:
    """The result of clearing one market.

    Parameters
    ----------
    buyers, sellers
        Indices of those who trade: by rank, or in order of acceptance in a clock auction.
    payments, receipts
        (B,) what each buyer pays and (K,) what each seller gets; 0 for those who do not trade.
    price
        The common price, where there is one and somebody trades.
    rounds, messages
        Rounds of a clock or quote auction and messages sent in it; for a sealed-bid rule one round and one
        message for each report.
    case
        Which branch of the rule applied, where it has several.
    """

    buyers: tuple[int, ...]
    sellers: tuple[int, ...]
    payments: Reports
    receipts: Reports
    price: Number | None = None
    rounds: int = 1
    messages: int = 0
    case: str | None = None

    @property
    def trades(self) -> int:
        """Units traded."""
        return len(self.buyers)

    @property
    def budget_surplus(self) -> Number:
        """Sum of payments less sum of receipts: what is left to the auctioneer; negative is a deficit."""
        return sum(self.payments) - sum(self.receipts)

    def welfare(self, market: Market) -> Number:
        """Gain from trade at ``market``'s values and costs: the true ones, where a report was not."""
        return sum(market.values[i] for i in self.buyers) - sum(market.costs[j] for j in self.sellers)

    def utility(self, market: Market, side: Side, index: int) -> Number:
        """Gain of one trader at ``market``'s values and costs."""
        if side == "buyer":
            gross = market.values[index] if index in self.buyers else 0
            return gross - self.payments[index]
        return self.receipts[index] - (market.costs[index] if index in self.sellers else 0)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Outcome):
            return NotImplemented
        return self._key() == other._key()

    __hash__ = None  # type: ignore[assignment]

    def _key(self) -> tuple[Any, ...]:
        prices = (tuple(self.payments), tuple(self.receipts), self.price)
        return (self.buyers, self.sellers, *prices, self.rounds, self.messages, self.case)


@dataclass(frozen=True, eq=False)
class Outcomes:
    """The results of clearing many markets of equal size.

    Parameters
    ----------
    markets
        The markets, (G,B) and (G,K).
    buyer_order, seller_order
        (G,B) and (G,K): indices of the traders in the order in which an outcome names them; None: by rank.
    bought, sold
        (G,B) and (G,K): whether each trader trades.
    payments, receipts
        (G,B) and (G,K).
    price
        (G,) the common price; NaN where there is none or nobody trades.
    rounds, messages
        (G,) as in `Outcome`.
    case, cases
        (G,) index into the names ``cases``; -1 where the rule has no branches.
    """

    markets: Markets
    buyer_order: npt.NDArray[np.intp] | None
    seller_order: npt.NDArray[np.intp] | None
    bought: npt.NDArray[np.bool_]
    sold: npt.NDArray[np.bool_]
    payments: Floats
    receipts: Floats
    price: Floats
    rounds: npt.NDArray[np.int64]
    messages: npt.NDArray[np.int64]
    case: npt.NDArray[np.int8]
    cases: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.price)

    @property
    def trades(self) -> npt.NDArray[np.int64]:
        """(G,) units traded."""
        units: npt.NDArray[np.int64] = self.bought.sum(axis=1)
        return units

    @property
    def budget_surplus(self) -> Floats:
        """(G,) what is left to the auctioneer; negative is a deficit."""
        surplus: Floats = self.payments.sum(axis=1) - self.receipts.sum(axis=1)
        return surplus

    def welfare(self, markets: Markets | None = None) -> Floats:
        """(G,) gain from trade at ``markets``' values and costs (those that were cleared, by default)."""
        true = self.markets if markets is None else markets
        total: Floats = (true.values * self.bought).sum(axis=1) - (true.costs * self.sold).sum(axis=1)
        return total

    def __getitem__(self, market: int) -> Outcome:
        g = range(len(self))[market]
        price, case = self.price[g], int(self.case[g])
        buyers, sellers = self.buyer_order, self.seller_order
        return Outcome(
            buyers=_named(self.bought[g], -self.markets.values[g], None if buyers is None else buyers[g]),
            sellers=_named(self.sold[g], self.markets.costs[g], None if sellers is None else sellers[g]),
            payments=self.payments[g],
            receipts=self.receipts[g],
            price=None if np.isnan(price) else float(price),
            rounds=int(self.rounds[g]),
            messages=int(self.messages[g]),
            case=None if case < 0 else self.cases[case],
        )


def _named(
    trading: npt.NDArray[np.bool_], ranks: Floats, order: npt.NDArray[np.intp] | None
) -> tuple[int, ...]:
    """Return those who trade in the given order, or by ``ranks``, ties by index."""
    if order is None:
        indices = np.flatnonzero(trading)
        named = indices[np.argsort(ranks[indices], kind="stable")]
    else:
        named = order[trading[order]]
    return tuple(named.tolist())
