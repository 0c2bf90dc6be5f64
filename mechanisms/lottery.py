"""Rules with a lottery: the coin is drawn before any report, so each coin is a rule of its own.

A rule is universally truthful if it is truthful for every coin, which is stronger than truthful on average.
To check it coin by coin, `Lottery.coins` lists every coin that can make a difference, with its probability.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Any, Protocol, runtime_checkable

from .market import Floats, Market, Markets, Number
from .outcome import Outcome


@runtime_checkable
class Lottery(Protocol):
    """A mechanism whose outcome depends on reports and on a coin drawn before them."""

    def clear(self, market: Market, coin: Any = None) -> Outcome:
        """Clear a market with this coin, or with one drawn from the mechanism's own seed."""
        ...

    def coins(self, buyers: int, sellers: int) -> Iterator[tuple[Fraction, Any]]:
        """Every coin up to equivalence for markets of this size, with its probability; they add up to 1."""
        ...


@dataclass(frozen=True)
class Expectation:
    """Means over the coins.

    Parameters
    ----------
    payments, receipts
        (B,) and (K,) what each trader pays and gets.
    budget_surplus, welfare
        Of the market as reported.
    """

    payments: tuple[Number, ...]
    receipts: tuple[Number, ...]
    budget_surplus: Number
    welfare: Number


@dataclass(frozen=True, eq=False)
class Expectations:
    """Means over the coins in many markets of equal size.

    Parameters
    ----------
    markets
        The markets, (G,B) and (G,K).
    buying, selling
        (G,B) and (G,K) probability that each trader trades.
    payments, receipts
        (G,B) and (G,K) what each trader pays and gets on average.
    """

    markets: Markets
    buying: Floats
    selling: Floats
    payments: Floats
    receipts: Floats

    @property
    def budget_surplus(self) -> Floats:
        """(G,) mean of what is left to the auctioneer."""
        surplus: Floats = self.payments.sum(axis=1) - self.receipts.sum(axis=1)
        return surplus

    @property
    def welfare(self) -> Floats:
        """(G,) mean gain from trade of the markets as reported."""
        bought = (self.markets.values * self.buying).sum(axis=1)
        total: Floats = bought - (self.markets.costs * self.selling).sum(axis=1)
        return total


def expectation(lottery: Lottery, market: Market) -> Expectation:
    """Return a lottery's mean outcome, exactly, by going through its coins."""
    payments = [Fraction(0)] * len(market.values)
    receipts = [Fraction(0)] * len(market.costs)
    surplus: Number = 0
    welfare: Number = 0
    for weight, coin in lottery.coins(len(market.values), len(market.costs)):
        outcome = lottery.clear(market, coin)
        payments = [mean + weight * x for mean, x in zip(payments, outcome.payments, strict=True)]
        receipts = [mean + weight * x for mean, x in zip(receipts, outcome.receipts, strict=True)]
        surplus += weight * outcome.budget_surplus
        welfare += weight * outcome.welfare(market)
    return Expectation(tuple(payments), tuple(receipts), surplus, welfare)


def shares_of_the_unit(most: int) -> Iterator[tuple[Fraction, Fraction]]:
    """Yield the parts of [0, 1) on which floor(u * k) is constant for all k up to ``most``.

    Yields
    ------
    length, middle
        The probability of the part, and the coin that stands for it.
    """
    ends = sorted({Fraction(j, k) for k in range(1, max(most, 1) + 1) for j in range(k + 1)})
    for left, right in pairwise(ends):
        yield right - left, (left + right) / 2
