"""Traders who watch a clock: sincere, late, and erratic ones. `replies` has those who reply best.

A trader is asked once at every position of her own clock, until she accepts; she cannot take it back.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from ...problem.errors import InvalidOption
from ..market import Number, Side


class Bidder(Protocol):
    """Somebody who answers a clock."""

    def accepts(self, clock: Number) -> bool:
        """Say whether to accept now; asked no more after a yes."""
        ...


@dataclass(frozen=True)
class Sincere:
    """Accepts as soon as the clock is no worse than her limit: a buyer's value, a seller's cost.

    Parameters
    ----------
    side
        Hers.
    limit
        Her value or cost, or whatever else she acts as if it were.
    """

    side: Side
    limit: Number

    def accepts(self, clock: Number) -> bool:
        """Compare the clock with the limit."""
        return bool(clock <= self.limit if self.side == "buyer" else clock >= self.limit)


@dataclass(frozen=True)
class Never:
    """Accepts nothing, and so sees every position of her clock."""

    def accepts(self, clock: Number) -> bool:  # noqa: ARG002
        """Say no."""
        return False


@dataclass
class Delayed:
    """Lets the clock run on for some positions after it suits her.

    Parameters
    ----------
    side, limit
        As for `Sincere`.
    patience
        How many suitable positions she lets pass.
    """

    side: Side
    limit: Number
    patience: int = 1

    def accepts(self, clock: Number) -> bool:
        """Accept the first suitable position after those she lets pass."""
        if not Sincere(self.side, self.limit).accepts(clock):
            return False
        self.patience -= 1
        return self.patience < 0


@dataclass
class Erratic:
    """Accepts a suitable position with some probability, every time she is asked.

    Parameters
    ----------
    side, limit
        As for `Sincere`.
    probability
        Of a yes to a suitable position, from 0 to 1.
    seed
        Of her own draws.

    Raises
    ------
    InvalidOption
        When the probability is none.
    """

    side: Side
    limit: Number
    probability: float = 0.5
    seed: int = 0
    _draws: np.random.Generator = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if not 0 <= self.probability <= 1:
            raise InvalidOption(f"probability is {self.probability!r}: a number from 0 to 1 is expected")
        self._draws = np.random.default_rng(self.seed)

    def accepts(self, clock: Number) -> bool:
        """Draw once for every suitable position."""
        suits = Sincere(self.side, self.limit).accepts(clock)
        return suits and bool(self._draws.random() < self.probability)
