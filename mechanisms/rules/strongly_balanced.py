"""The strongly budget-balanced double auction: one price, no surplus, and a lot among sellers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from ...problem.errors import InvalidOption
from ..lottery import Expectations, shares_of_the_unit
from ..market import Floats, Market, Markets, Number
from ..outcome import Outcome, Outcomes
from ..ranking import Ranking, Rankings, rank, rank_many
from ..rule import Claims, Terms, TermsMany, outcomes_of, settle


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
        Of the lot when no coin is given: a whole number gives the same lot in every call (and the first of
        the same lots in a batch), a generator goes on to the next.

    Raises
    ------
    InvalidOption
        When the seed is neither a whole number of 0 or more nor a generator.
    """

    seed: int | np.random.Generator = 0

    cases: ClassVar[tuple[str, ...]] = ("seller", "buyer")

    def __post_init__(self) -> None:
        if not isinstance(self.seed, np.random.Generator) and (
            not isinstance(self.seed, int) or self.seed < 0
        ):
            raise InvalidOption(f"seed is {self.seed!r}: a whole number of 0 or more is expected")

    @property
    def claims(self) -> Claims:
        """What the rule declares of itself."""
        return Claims(truthful=True, budget="strong", guarantee=True)

    def coins(self, buyers: int, sellers: int) -> Iterator[tuple[Fraction, Fraction]]:
        """Every lot up to equivalence, with its probability."""
        yield from shares_of_the_unit(min(buyers, sellers))

    def clear(self, market: Market, coin: Number | None = None) -> Outcome:
        """Clear one market with this lot in [0, 1), or with one drawn from the seed."""
        lot = np.random.default_rng(self.seed).random() if coin is None else coin
        if not 0 <= lot < 1:
            raise InvalidOption(f"coin is {coin!r}: a number from 0 to below 1 is expected")
        if not market.exact:
            rankings = rank_many(Markets(np.array([market.values]), np.array([market.costs])))
            return _outcomes(rankings, np.array([int(lot * int(rankings.efficient[0]))]))[0]
        ranking = rank(market)
        return settle(market, ranking.buyers, ranking.sellers, _terms(ranking, lot))

    def clear_many(self, markets: Markets, coins: Floats | None = None) -> Outcomes:
        """Clear many markets of equal size; ``coins`` (G,) are their lots."""
        rankings = rank_many(markets)
        lots = np.random.default_rng(self.seed).random(len(markets)) if coins is None else np.asarray(coins)
        if lots.shape != (len(markets),) or not ((lots >= 0) & (lots < 1)).all():
            raise InvalidOption(f"coins must be {len(markets)} numbers from 0 to below 1, one a market")
        # Below 1, a rounded product never reaches k.
        return _outcomes(rankings, np.floor(lots * rankings.efficient).astype(np.int64))

    def expectation_many(self, markets: Markets) -> Expectations:
        """Mean outcomes of many markets: in a lot, each of the k sellers trades with probability 1 - 1/k."""
        rankings = rank_many(markets)
        k, price, all_trade = _prices(rankings)
        buyers = rankings.first_buyers(np.where(all_trade, k, np.maximum(k - 1, 0)))
        share = np.where(all_trade, 1.0, (k - 1) / np.maximum(k, 1))
        buying = np.where(buyers, 1.0, 0.0)
        selling = np.where(rankings.first_sellers(k), share[:, None], 0.0)
        paid = np.where(k > 0, price, 0.0)[:, None]
        return Expectations(markets, buying, selling, buying * paid, selling * paid)


def _terms(ranking: Ranking, lot: Number) -> Terms:
    k = ranking.efficient
    if k == 0:
        return Terms((), ())
    value, cost = ranking.values[k - 1], ranking.cost(k + 1)
    if cost is not None and cost <= value:
        return Terms(range(1, k + 1), range(1, k + 1), cost, cost, case="seller")
    left_out = sorted(ranking.sellers[:k])[int(lot * k)]
    selling = [r for r in range(1, k + 1) if ranking.sellers[r - 1] != left_out]
    return Terms(range(1, k), selling, value, value, case="buyer")


def _outcomes(rankings: Rankings, places: npt.NDArray[np.int64]) -> Outcomes:
    """Clear ranked markets; ``places`` (G,) say which candidate, by index, may be left out."""
    k, price, all_trade = _prices(rankings)
    trades = np.where(all_trade, k, np.maximum(k - 1, 0))
    candidates = rankings.first_sellers(k)
    drawn = (np.cumsum(candidates, axis=1) == places[:, None] + 1) & ~all_trade[:, None]
    case = np.where(k > 0, np.where(all_trade, 0, 1), -1).astype(np.int8)
    return outcomes_of(
        rankings.markets,
        None,
        rankings.first_buyers(trades),
        candidates & ~drawn,
        TermsMany(trades, price, price, case=case),
        StronglyBudgetBalanced.cases,
    )


def _prices(rankings: Rankings) -> tuple[npt.NDArray[np.int64], Floats, npt.NDArray[np.bool_]]:
    """(G,) k, the price, and whether a seller sets it, so that all k trade."""
    k = rankings.efficient
    value, cost = rankings.value(k), rankings.cost(k + 1)
    return k, np.minimum(value, cost), (cost <= value) & (k > 0)
