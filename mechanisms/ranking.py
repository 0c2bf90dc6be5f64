"""Traders in order of eagerness, the efficient number of trades, and the Walrasian prices.

With b_1 >= b_2 >= ... and s_1 <= s_2 <= ..., the efficient number of trades k is the largest with b_k >= s_k.
Every price between L = max(s_k, b_{k+1}) and U = min(b_k, s_{k+1}) clears the market; a missing b is -inf and
a missing s is +inf. Ties go to the lower index, on both sides.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from .market import Floats, Market, Markets, Number


@dataclass(frozen=True)
class Ranking:
    """One market, ranked, with numbers of the kind it was given.

    Parameters
    ----------
    buyers, sellers
        Indices, the highest value and the lowest cost first.
    values, costs
        Reports in that order.
    efficient
        k, the efficient number of trades.
    """

    buyers: tuple[int, ...]
    sellers: tuple[int, ...]
    values: tuple[Number, ...]
    costs: tuple[Number, ...]
    efficient: int

    def value(self, rank: int) -> Number | None:
        """B of a rank, from 1; None where there is no such buyer (that is -inf)."""
        return self.values[rank - 1] if 1 <= rank <= len(self.values) else None

    def cost(self, rank: int) -> Number | None:
        """S of a rank, from 1; None where there is no such seller (that is +inf)."""
        return self.costs[rank - 1] if 1 <= rank <= len(self.costs) else None


def rank(market: Market) -> Ranking:
    """Rank a market's traders by comparing reports only, so that any ordered kind of number will do."""
    values, costs = market.values, market.costs
    # A reversed sort in Python keeps equal elements in their order: ties go to the lower index.
    buyers = tuple(sorted(range(len(values)), key=lambda i: values[i], reverse=True))
    sellers = tuple(sorted(range(len(costs)), key=lambda j: costs[j]))
    ranked_values = tuple(values[i] for i in buyers)
    ranked_costs = tuple(costs[j] for j in sellers)
    efficient = 0
    for value, cost in zip(ranked_values, ranked_costs, strict=False):
        if value < cost:
            break
        efficient += 1
    return Ranking(buyers, sellers, ranked_values, ranked_costs, efficient)


def walrasian_prices(ranking: Ranking) -> tuple[Number | None, Number | None]:
    """Return L and U: every price between them clears the market. None stands for no limit on that side."""
    k = ranking.efficient
    return (
        largest(ranking.cost(k), ranking.value(k + 1)),
        smallest(ranking.value(k), ranking.cost(k + 1)),
    )


def largest(first: Number | None, second: Number | None) -> Number | None:
    """Return the larger one; None is -inf."""
    if first is None or second is None:
        return second if first is None else first
    return second if first < second else first


def smallest(first: Number | None, second: Number | None) -> Number | None:
    """Return the smaller one; None is +inf."""
    if first is None or second is None:
        return second if first is None else first
    return second if second < first else first


def optimal_welfare(market: Market) -> Number:
    """Return the first best: the largest gain from trade, sum of b_i - s_i over the efficient trades."""
    ranking = rank(market)
    k = ranking.efficient
    return sum(ranking.values[:k]) - sum(ranking.costs[:k])


@dataclass(frozen=True, eq=False)
class Rankings:
    """Many markets, ranked.

    Parameters
    ----------
    markets
        The markets, (G,B) and (G,K).
    values, costs
        (G,B+2) and (G,K+2) reports, the highest value and the lowest cost first, from rank 0 on: rank 0 and
        the rank after the last are what is missing, +inf and -inf for buyers and -inf and +inf for sellers.
    efficient
        (G,) k.
    """

    markets: Markets
    values: Floats
    costs: Floats
    efficient: npt.NDArray[np.int64]

    @cached_property
    def buyers(self) -> npt.NDArray[np.intp]:
        """(G,B) indices by rank, found when asked for: sorting indices takes longer than sorting reports."""
        return np.argsort(-self.markets.values, axis=1, kind="stable")

    @cached_property
    def sellers(self) -> npt.NDArray[np.intp]:
        """(G,K) indices by rank."""
        return np.argsort(self.markets.costs, axis=1, kind="stable")

    def value(self, ranks: npt.NDArray[np.int64]) -> Floats:
        """(G,) b of one rank a market, from 0 to B + 1."""
        return _of_rank(self.values, ranks)

    def cost(self, ranks: npt.NDArray[np.int64]) -> Floats:
        """(G,) s of one rank a market, from 0 to K + 1."""
        return _of_rank(self.costs, ranks)

    def first_buyers(self, count: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
        """(G,B) by index: whether each buyer is among the first ``count`` (G,) by rank."""
        values, last = self.markets.values, self.value(count)[:, None]
        return _first(values > last, values == last, count)

    def first_sellers(self, count: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
        """(G,K) by index: whether each seller is among the first ``count`` (G,) by rank."""
        costs, last = self.markets.costs, self.cost(count)[:, None]
        return _first(costs < last, costs == last, count)


def rank_many(markets: Markets) -> Rankings:
    """Rank many markets at once."""
    values = _bordered(np.sort(markets.values, axis=1)[:, ::-1], np.inf)
    costs = _bordered(np.sort(markets.costs, axis=1), -np.inf)
    pairs = min(markets.values.shape[1], markets.costs.shape[1])
    # Willing pairs come first, so counting them finds the last.
    efficient = (values[:, 1 : pairs + 1] >= costs[:, 1 : pairs + 1]).sum(axis=1)
    return Rankings(markets, values, costs, efficient)


def walrasian_prices_many(rankings: Rankings) -> tuple[Floats, Floats]:
    """(G,) L and (G,) U; infinite where there is no limit on that side."""
    k = rankings.efficient
    lower = np.maximum(rankings.cost(k), rankings.value(k + 1))
    upper = np.minimum(rankings.value(k), rankings.cost(k + 1))
    return lower, upper


def optimal_welfare_many(markets: Markets) -> Floats:
    """(G,) first best of each market."""
    rankings = rank_many(markets)
    pairs = min(markets.values.shape[1], markets.costs.shape[1])
    gains = rankings.values[:, 1 : pairs + 1] - rankings.costs[:, 1 : pairs + 1]
    total: Floats = np.where(gains > 0, gains, 0.0).sum(axis=1)
    return total


def _bordered(ranked: Floats, first: float) -> Floats:
    bordered = np.empty((len(ranked), ranked.shape[1] + 2))
    bordered[:, 0], bordered[:, 1:-1], bordered[:, -1] = first, ranked, -first
    return bordered


def _of_rank(ranked: Floats, ranks: npt.NDArray[np.int64]) -> Floats:
    taken: Floats = ranked[np.arange(len(ranked)), ranks]
    return taken


def _first(
    ahead: npt.NDArray[np.bool_], level: npt.NDArray[np.bool_], count: npt.NDArray[np.int64]
) -> npt.NDArray[np.bool_]:
    """Take all who are ahead of the last one, and of those level with her the lower indices."""
    taken: npt.NDArray[np.bool_] = ahead | level
    contested = np.flatnonzero(taken.sum(axis=1) > count)
    if contested.size:
        room = count[contested] - ahead[contested].sum(axis=1)
        places = np.cumsum(level[contested], axis=1)
        taken[contested] = ahead[contested] | (level[contested] & (places <= room[:, None]))
    return taken
