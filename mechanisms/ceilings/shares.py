"""A mechanism's expected welfare on a grid of types, and its share of the best that is possible there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...problem.errors import InvalidOption
from ..lottery import Lottery
from ..market import Floats, Markets
from ..rule import Mechanism
from .design import Ceiling, second_best
from .population import Ints, Population, populations
from .programme import Budget, Truthful

LARGEST = 5_000_000
"""Most profiles that are cleared."""

_BATCH = 50_000


@dataclass(frozen=True)
class WelfareShare:
    """Expected welfare of a mechanism at truthful reports, beside what could be had.

    Parameters
    ----------
    welfare
        The mechanism's expected gain from trade, averaged over its own coins.
    surplus
        Expected payments less expected receipts: what is left to the auctioneer; negative is a deficit.
    ceiling
        The second best on the same grid.
    """

    welfare: float
    surplus: float
    ceiling: Ceiling

    @property
    def of_second_best(self) -> float:
        """Share of the second best; above 1 only for a mechanism without its properties, such as VCG."""
        return self.welfare / self.ceiling.welfare if self.ceiling.welfare > 0 else 1.0

    @property
    def of_first_best(self) -> float:
        """Share of the first best."""
        return self.welfare / self.ceiling.first_best if self.ceiling.first_best > 0 else 1.0


def welfare_share(
    mechanism: Mechanism,
    types: Any,
    *,
    buyers: int,
    sellers: int,
    prior: Any = None,
    truthful: Truthful = "DSIC",
    budget: Budget = "weak",
    ceiling: Ceiling | None = None,
) -> WelfareShare:
    """Compare a mechanism's expected welfare with the best truthful mechanism on the same grid of types.

    Parameters
    ----------
    mechanism
        Anything that clears a market; it is given every profile of the grid, in every order of the traders.
    types, buyers, sellers, prior, truthful, budget
        As in `second_best`.
    ceiling
        The result of `second_best` for these arguments, where it is known already.
    """
    sides = populations(types, prior, buyers, sellers)
    welfare, surplus = _expected(mechanism, *sides)
    if ceiling is None:
        ceiling = second_best(
            types, buyers=buyers, sellers=sellers, prior=prior, truthful=truthful, budget=budget
        )
    return WelfareShare(welfare, surplus, ceiling)


def _expected(mechanism: Mechanism, buyers: Population, sellers: Population) -> tuple[float, float]:
    total = buyers.types**buyers.traders * sellers.types**sellers.traders
    if total > LARGEST:
        raise InvalidOption(f"welfare_share: {total} profiles, at most {LARGEST} are cleared")
    welfare = surplus = 0.0
    for first in range(0, total, _BATCH):
        bought, sold = _profiles(buyers, sellers, np.arange(first, min(first + _BATCH, total)))
        chances = buyers.prior[bought].prod(axis=1) * sellers.prior[sold].prod(axis=1)
        gains, left = mean_welfare(mechanism, Markets(buyers.worth[bought], -sellers.worth[sold]))
        welfare += float(chances @ gains)
        surplus += float(chances @ left)
    return welfare, surplus


def _profiles(buyers: Population, sellers: Population, numbers: Ints) -> tuple[Ints, Ints]:
    """(n, B) and (n, K) types in the ordered profiles of the given numbers."""
    shape = (buyers.types,) * buyers.traders + (sellers.types,) * sellers.traders
    members = np.stack(np.unravel_index(numbers, shape), axis=1)
    return members[:, : buyers.traders], members[:, buyers.traders :]


def mean_welfare(mechanism: Any, markets: Markets) -> tuple[Floats, Floats]:
    """(n,) welfare and (n,) budget surplus of a mechanism in many markets, on average over its own coins."""
    if hasattr(mechanism, "expectation_many"):
        mean = mechanism.expectation_many(markets)
        return mean.welfare, mean.budget_surplus
    if hasattr(mechanism, "clear_many") and not isinstance(mechanism, Lottery):
        outcomes = mechanism.clear_many(markets)
        return outcomes.welfare(), outcomes.budget_surplus
    pairs = np.array([_mean(mechanism, markets, g) for g in range(len(markets))])
    return pairs[:, 0], pairs[:, 1]


def _mean(mechanism: Any, markets: Markets, number: int) -> tuple[float, float]:
    market = markets[number]
    welfare = surplus = 0.0
    for weight, outcome in _coin_by_coin(mechanism, market):
        welfare += weight * float(outcome.welfare(market))
        surplus += weight * float(outcome.budget_surplus)
    return welfare, surplus


def _coin_by_coin(mechanism: Any, market: Any) -> Iterator[tuple[float, Any]]:
    if not isinstance(mechanism, Lottery):
        yield 1.0, mechanism.clear(market)
        return
    for weight, coin in mechanism.coins(len(market.values), len(market.costs)):
        yield float(weight), mechanism.clear(market, coin)
