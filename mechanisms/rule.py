"""The protocol of mechanisms, what they claim, and the base of rules that rank traders and name two prices.

A rule is written twice: on one ranked market with numbers of any kind (`Rule.terms`, exact with fractions and
what the audit runs on symbols), and on many ranked markets with numpy (`Rule.terms_many`). The tests hold
the two equal.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar, Literal, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from .market import Floats, Market, Markets, Number
from .outcome import Outcome, Outcomes
from .ranking import Ranking, Rankings, rank, rank_many


@dataclass(frozen=True)
class Claims:
    """What a mechanism declares of itself; the audit decides whether it holds.

    Parameters
    ----------
    truthful
        Whether reporting the truth is a dominant strategy: for all, for one side only, or for nobody. For a
        rule with a lottery: for every coin.
    individually_rational
        Whether a truthful trader never loses.
    budget
        "strong": payments equal receipts; "weak": never a deficit; "deficit": there may be one.
    efficient
        Whether truthful reports give the first best.
    guarantee
        Whether truthful reports give at least (1 - 1/k) of the first best, k the efficient number of trades;
        for a rule with a lottery, on average over its coins.
    """

    truthful: bool | Literal["buyers", "sellers"]
    individually_rational: bool = True
    budget: Literal["strong", "weak", "deficit"] = "weak"
    efficient: bool = False
    guarantee: bool = False


@runtime_checkable
class Mechanism(Protocol):
    """Anything that clears a market. ``claims`` is optional for mechanisms of your own."""

    def clear(self, market: Market) -> Outcome:
        """Decide who trades and at which prices, from reports alone."""
        ...


@dataclass(frozen=True)
class Terms:
    """What a rule decides for one ranked market.

    Parameters
    ----------
    buyers, sellers
        Ranks (from 1) of those who trade, in order.
    buyer_price, seller_price
        What each trading buyer pays and each trading seller gets; ignored where nobody trades.
    rounds, messages
        None: sealed bids, one round and one message for each report.
    """

    buyers: Sequence[int]
    sellers: Sequence[int]
    buyer_price: Number = 0
    seller_price: Number = 0
    case: str | None = None
    rounds: int | None = None
    messages: int | None = None


@dataclass(frozen=True, eq=False)
class TermsMany:
    """What a rule decides for many ranked markets.

    Parameters
    ----------
    trades
        (G,) number of buyers, the most eager ones, who trade.
    buyer_price, seller_price
        (G,); ignored where nobody trades.
    sellers
        (G,K) by rank, whether each seller trades; None: as many of the most eager as buyers.
    case
        (G,) index into the rule's ``cases``; None where it has no branches.
    rounds, messages
        (G,); None: sealed bids.
    """

    trades: npt.NDArray[np.int64]
    buyer_price: Floats
    seller_price: Floats
    sellers: npt.NDArray[np.bool_] | None = None
    case: npt.NDArray[np.int8] | None = None
    rounds: npt.NDArray[np.int64] | None = None
    messages: npt.NDArray[np.int64] | None = None


class Rule(ABC):
    """A mechanism that looks at the ranking and names one price for buyers and one for sellers."""

    cases: ClassVar[tuple[str, ...]] = ()

    @property
    @abstractmethod
    def claims(self) -> Claims:
        """What the rule declares of itself."""

    @abstractmethod
    def terms(self, ranking: Ranking) -> Terms:
        """Decide one ranked market, with numbers of any kind."""

    @abstractmethod
    def terms_many(self, rankings: Rankings) -> TermsMany:
        """Decide many ranked markets, in floating point."""

    def clear(self, market: Market) -> Outcome:
        """Clear one market: exactly if its reports are exact, in floating point if they are arrays."""
        if not market.exact:
            return self.clear_many(Markets(np.array([market.values]), np.array([market.costs])))[0]
        ranking = rank(market)
        return settle(market, ranking.buyers, ranking.sellers, self.terms(ranking))

    def clear_many(self, markets: Markets) -> Outcomes:
        """Clear many markets of equal size in one call."""
        rankings = rank_many(markets)
        return settle_ranked(rankings, self.terms_many(rankings), self.cases)


def settle(market: Market, buyer_order: Sequence[int], seller_order: Sequence[int], terms: Terms) -> Outcome:
    """Turn a rule's decision into an outcome: who has which rank, pays and gets what."""
    buyers = tuple(buyer_order[r - 1] for r in terms.buyers)
    sellers = tuple(seller_order[r - 1] for r in terms.sellers)
    payments: list[Number] = [Fraction(0)] * len(market.values)
    receipts: list[Number] = [Fraction(0)] * len(market.costs)
    for i in buyers:
        payments[i] = terms.buyer_price
    for j in sellers:
        receipts[j] = terms.seller_price
    uniform = bool(buyers) and terms.buyer_price is terms.seller_price
    if buyers and not uniform:
        uniform = bool(terms.buyer_price == terms.seller_price)
    return Outcome(
        buyers,
        sellers,
        tuple(payments),
        tuple(receipts),
        price=terms.buyer_price if uniform else None,
        rounds=1 if terms.rounds is None else terms.rounds,
        messages=len(payments) + len(receipts) if terms.messages is None else terms.messages,
        case=terms.case,
    )


def settle_many(
    markets: Markets,
    buyer_order: npt.NDArray[np.intp],
    seller_order: npt.NDArray[np.intp],
    terms: TermsMany,
    cases: tuple[str, ...] = (),
) -> Outcomes:
    """Turn a rule's decisions into outcomes; the orders are (G,B) and (G,K) indices by rank."""
    trades, (G, B), K = terms.trades, buyer_order.shape, seller_order.shape[1]
    bought, sold = np.zeros((G, B), dtype=bool), np.zeros((G, K), dtype=bool)
    np.put_along_axis(bought, buyer_order, np.arange(B) < trades[:, None], axis=1)
    selling = np.arange(K) < trades[:, None] if terms.sellers is None else terms.sellers
    np.put_along_axis(sold, seller_order, selling, axis=1)
    return outcomes_of(markets, (buyer_order, seller_order), bought, sold, terms, cases)


def settle_ranked(rankings: Rankings, terms: TermsMany, cases: tuple[str, ...] = ()) -> Outcomes:
    """Turn decisions about ranked markets into outcomes, without sorting indices where possible."""
    if terms.sellers is not None:
        return settle_many(rankings.markets, rankings.buyers, rankings.sellers, terms, cases)
    bought, sold = rankings.first_buyers(terms.trades), rankings.first_sellers(terms.trades)
    return outcomes_of(rankings.markets, None, bought, sold, terms, cases)


def outcomes_of(
    markets: Markets,
    orders: tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]] | None,
    bought: npt.NDArray[np.bool_],
    sold: npt.NDArray[np.bool_],
    terms: TermsMany,
    cases: tuple[str, ...] = (),
) -> Outcomes:
    """Turn prices and who trades, (G,B) and (G,K) by index, into outcomes; orders are None where by rank."""
    trading, (G, B), K = terms.trades > 0, bought.shape, sold.shape[1]
    pays = np.where(trading, terms.buyer_price, 0.0)
    gets = np.where(trading, terms.seller_price, 0.0)
    return Outcomes(
        markets,
        None if orders is None else orders[0],
        None if orders is None else orders[1],
        bought,
        sold,
        payments=np.where(bought, pays[:, None], 0.0),
        receipts=np.where(sold, gets[:, None], 0.0),
        price=np.where(trading & (pays == gets), pays, np.nan),
        rounds=np.ones(G, dtype=np.int64) if terms.rounds is None else terms.rounds,
        messages=np.full(G, B + K, dtype=np.int64) if terms.messages is None else terms.messages,
        case=np.full(G, -1, dtype=np.int8) if terms.case is None else terms.case,
        cases=cases,
    )
