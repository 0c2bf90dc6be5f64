"""The strongly budget-balanced double auction: one price, no surplus, and a lot among sellers."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from ..lottery import shares_of_the_unit
from ..market import Floats, Market, Markets, Number
from ..outcome import Outcome, Outcomes
from ..ranking import Ranking, Rankings, rank, rank_many
from ..rule import Claims, Terms, TermsMany, settle, settle_many


@dataclass(frozen=True)
class StronglyBudgetBalanced:
    """Price p = min(b_k, s_{k+1}): all k trade if a seller sets it ("seller"), else buyer k leaves ("buyer").

    In the second case k - 1 buyers meet k sellers, one of whom is left out by lot. The lot is a number u in
    [0, 1) drawn before any report; it falls on the floor(u k)-th of the k sellers, counted by index: counted
    by cost, a seller could move to another place by what she reports.

    E. Segal-Halevi, A. Hassidim and Y. Aumann, SBBA: a strongly-budget-balanced double-auction
    mechanism (2016).

    Parameters
    ----------
    seed
        Of the lot when no coin is given.
    """

    seed: int = 0

    cases: ClassVar[tuple[str, ...]] = ("seller", "buyer")

    @property
    def claims(self) -> Claims:
        """What the rule declares of itself."""
        return Claims(truthful=True, budget="strong", guarantee=True)

    def coins(self, buyers: int, sellers: int) -> Iterator[tuple[Fraction, Fraction]]:
        """Every lot up to equivalence, with its probability."""
        yield from shares_of_the_unit(min(buyers, sellers))

    def clear(self, market: Market, coin: Number | None = None) -> Outcome:
        """Clear one market with this lot in [0, 1), or with one drawn from the seed."""
        if not market.exact:
            coins = None if coin is None else np.array([float(coin)])
            return self.clear_many(Markets(np.array([market.values]), np.array([market.costs])), coins)[0]
        lot = Fraction(np.random.default_rng(self.seed).random()) if coin is None else coin
        ranking = rank(market)
        return settle(market, ranking.buyers, ranking.sellers, _terms(ranking, lot))

    def clear_many(self, markets: Markets, coins: Floats | None = None) -> Outcomes:
        """Clear many markets of equal size; ``coins`` (G,) are their lots."""
        rankings = rank_many(markets)
        lots = np.random.default_rng(self.seed).random(len(markets)) if coins is None else coins
        return settle_many(
            markets,
            rankings.buyers,
            rankings.sellers,
            _terms_many(rankings, lots),
            StronglyBudgetBalanced.cases,
        )


def _terms(ranking: Ranking, lot: Number) -> Terms:
    k = ranking.efficient
    if k == 0:
        return Terms((), ())
    value, cost = ranking.values[k - 1], ranking.cost(k + 1)
    if cost is not None and cost <= value:
        return Terms(range(1, k + 1), range(1, k + 1), cost, cost, case="seller")
    left_out = sorted(ranking.sellers[:k])[math.floor(lot * k)]
    selling = [r for r in range(1, k + 1) if ranking.sellers[r - 1] != left_out]
    return Terms(range(1, k), selling, value, value, case="buyer")


def _terms_many(rankings: Rankings, lots: Floats) -> TermsMany:
    k = rankings.efficient
    value, cost = rankings.value(k), rankings.cost(k + 1)
    all_trade = (cost <= value) & (k > 0)
    price = np.where(all_trade, cost, value)
    K = rankings.sellers.shape[1]
    selling = np.arange(K) < k[:, None]
    selling &= all_trade[:, None] | ~_drawn(rankings.sellers, selling, np.floor(lots * k).astype(np.int64))
    return TermsMany(
        np.where(all_trade, k, np.maximum(k - 1, 0)),
        price,
        price,
        sellers=selling,
        case=np.where(k > 0, np.where(all_trade, 0, 1), -1).astype(np.int8),
    )


def _drawn(
    sellers: npt.NDArray[np.intp], candidates: npt.NDArray[np.bool_], place: npt.NDArray[np.int64]
) -> npt.NDArray[np.bool_]:
    """(G,K) by rank: whether this is the candidate at that place in the order of indices."""
    by_index = np.zeros_like(candidates)
    np.put_along_axis(by_index, sellers, candidates, axis=1)
    before = np.cumsum(by_index, axis=1) - 1
    drawn = by_index & (before == place[:, None])
    return np.take_along_axis(drawn, sellers, axis=1)
