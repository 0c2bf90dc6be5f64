"""What an auctioneer may know before a market opens, and what it keeps of earlier prices."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ...mechanisms.market import Floats
from ...problem.errors import InvalidOption
from .fitting import EVALUATIONS, crowding, fitted
from .forecast import Model
from .sequences import Ints, Sequences


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
    model
        How prices follow each other.

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
    model: Model

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
    def of(cls, sequences: Sequences, prices: Floats, *, evaluations: int = EVALUATIONS) -> Prior:
        """Estimate the prior from past sequences.

        Parameters
        ----------
        sequences
            With the values and costs reported in them.
        prices
            (S,T) clearing prices, NaN where there is none.
        evaluations
            Of the likelihood of the forecast's model, at most.
        """
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
            fitted(sequences, prices, evaluations=evaluations),
        )


@dataclass(frozen=True)
class Past:
    """What is public of an earlier market.

    Parameters
    ----------
    price
        Its clearing price; None where it had none.
    buyers, sellers
        How many took part.
    phase
        Time of the day in [0, 1).

    Raises
    ------
    InvalidOption
        When a number is out of range.
    """

    price: float | None
    buyers: int
    sellers: int
    phase: float = 0.0

    def __post_init__(self) -> None:
        _check(self.buyers, self.sellers, self.phase)
        if self.price is not None and not math.isfinite(self.price):
            raise InvalidOption(f"price is {self.price}: a finite number or None is expected")


@dataclass(frozen=True)
class Statistics:
    """Public statistics of a market that is about to open.

    Parameters
    ----------
    buyers, sellers
        How many will take part, 0 or more.
    past
        Earlier markets, the oldest first.
    phase
        Time of the day in [0, 1).

    Raises
    ------
    InvalidOption
        When a number is out of range.
    """

    buyers: int
    sellers: int
    past: tuple[Past, ...] = ()
    phase: float = 0.0

    def __post_init__(self) -> None:
        _check(self.buyers, self.sellers, self.phase)


def _check(buyers: int, sellers: int, phase: float) -> None:
    if buyers < 0 or sellers < 0:
        raise InvalidOption(f"{buyers} buyers and {sellers} sellers: 0 or more are expected")
    if not 0 <= phase < 1:
        raise InvalidOption(f"phase is {phase}: a number from 0 to below 1 is expected")


@dataclass(frozen=True, eq=False)
class Public:
    """What is known of R markets that are about to open.

    Parameters
    ----------
    buyers, sellers
        (R,) how many take part.
    phase
        (R,) time of the day.
    last
        (R,) the last clearing price.
    density
        (R,101) forecast of the coming one, see `Model.prices`.
    """

    buyers: Ints
    sellers: Ints
    phase: Floats
    last: Floats
    density: Floats


@dataclass(frozen=True, eq=False)
class Memory:
    """What is kept of the earlier prices of R sequences.

    Parameters
    ----------
    last
        (R,) the last price.
    belief
        (R,4,101), see `Model`.
    """

    last: Floats
    belief: Floats

    @classmethod
    def empty(cls, rows: int, prior: Prior) -> Memory:
        """Return the memory before the first market."""
        return cls(np.full(rows, prior.price), prior.model.start(rows))

    def public(self, buyers: Ints, sellers: Ints, phase: Floats, prior: Prior) -> Public:
        """Return what is known of the next markets."""
        crowd, _ = crowding(buyers, sellers)
        density = prior.model.prices(prior.model.passed(self.belief), crowd, phase)
        return Public(buyers, sellers, phase, self.last, density)

    def after(self, price: Floats, known: Public, prior: Prior) -> Memory:
        """Return the memory after those markets cleared at (R,) prices, NaN where there is none."""
        crowd, size = crowding(known.buyers, known.sellers)
        belief, _ = prior.model.seen(prior.model.passed(self.belief), price, crowd, size, known.phase)
        return Memory(np.where(np.isfinite(price), price, self.last), belief)
