"""What an auctioneer may know before a market opens, and what it keeps of earlier prices."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ...mechanisms.market import Floats
from ...problem.errors import InvalidOption
from .sequences import Sequences

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Prior:
    """What is known of values and costs before the first market.

    Parameters
    ----------
    values, costs
        (101,) percentiles 0 to 100 of values and of costs.
    price
        Mean clearing price.
    spread
        Mean distance of a clearing price from the one before, above 0.
    low, high
        The price range.

    Raises
    ------
    InvalidOption
        When a number is not finite, percentiles do not rise, or the price range is empty.
    """

    values: Floats
    costs: Floats
    price: float
    spread: float
    low: float
    high: float

    def __post_init__(self) -> None:
        for name in ("values", "costs"):
            levels = getattr(self, name)
            if levels.shape != (101,) or not np.isfinite(levels).all() or (np.diff(levels) < 0).any():
                raise InvalidOption(f"prior: {name} must be 101 percentiles that do not fall")
        if not all(map(math.isfinite, (self.price, self.spread))) or self.spread <= 0:
            raise InvalidOption(f"prior: price {self.price}, spread {self.spread}: numbers, spread above 0")
        if not 0 <= self.low < self.high < math.inf:
            raise InvalidOption(f"prior: price range {self.low} to {self.high}: 0 <= low < high is expected")

    @classmethod
    def of(cls, sequences: Sequences, prices: Floats) -> Prior:
        """Estimate the prior from past sequences and their (S,T) clearing prices, NaN where there is none."""
        values, costs = sequences.values, sequences.costs
        shares = np.arange(101)
        steps = np.abs(np.diff(prices, axis=1))
        known, moved = prices[np.isfinite(prices)], steps[np.isfinite(steps)]
        middle = (sequences.low + sequences.high) / 2
        return cls(
            np.percentile(values[np.isfinite(values)], shares),
            np.percentile(costs[np.isfinite(costs)], shares),
            float(known.mean()) if len(known) else middle,
            max(float(moved.mean()) if len(moved) else 0.0, (sequences.high - sequences.low) / 1000),
            sequences.low,
            sequences.high,
        )


@dataclass(frozen=True)
class Statistics:
    """Public statistics of a market that is about to open.

    Parameters
    ----------
    buyers, sellers
        How many will take part, 0 or more.
    prices
        Clearing prices of earlier markets, the oldest first; None where a market had none.
    phase
        Time of the day in [0, 1).

    Raises
    ------
    InvalidOption
        When a number is out of range.
    """

    buyers: int
    sellers: int
    prices: tuple[float | None, ...] = ()
    phase: float = 0.0

    def __post_init__(self) -> None:
        if self.buyers < 0 or self.sellers < 0:
            raise InvalidOption(f"{self.buyers} buyers and {self.sellers} sellers: 0 or more are expected")
        if not 0 <= self.phase < 1:
            raise InvalidOption(f"phase is {self.phase}: a number from 0 to below 1 is expected")
        for place, price in enumerate(self.prices):
            if price is not None and not math.isfinite(price):
                raise InvalidOption(f"prices[{place}] is {price}: a finite number or None is expected")


@dataclass(frozen=True, eq=False)
class Memory:
    """What is kept of the prices of R sequences, (R,) each.

    Parameters
    ----------
    last, fast, slow
        The last price, and two moving averages.
    error
        A moving average of the distance of a price from the fast average before it.
    """

    last: Floats
    fast: Floats
    slow: Floats
    error: Floats

    @classmethod
    def empty(cls, rows: int, prior: Prior) -> Memory:
        """Return the memory before the first market."""
        price = np.full(rows, prior.price)
        return cls(price, price, price, np.full(rows, prior.spread))

    def after(self, price: Floats, gains: Floats) -> Memory:
        """Return the memory after markets with these prices, NaN where there is none.

        Parameters
        ----------
        price
            (R,).
        gains
            (3, R) or (3, 1) weights in (0, 1) of the newest price: fast, slow, error.
        """
        known = np.isfinite(price)
        seen = np.where(known, price, self.fast)
        return Memory(
            np.where(known, seen, self.last),
            self.fast + gains[0] * known * (seen - self.fast),
            self.slow + gains[1] * known * (seen - self.slow),
            self.error + gains[2] * known * (np.abs(seen - self.fast) - self.error),
        )


@dataclass(frozen=True, eq=False)
class Public:
    """What is known of R markets that are about to open, (R,) each."""

    buyers: Ints
    sellers: Ints
    phase: Floats
    memory: Memory
