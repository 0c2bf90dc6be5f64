"""Markets that follow each other while values and costs drift, jump or swing: what there is to learn from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ...mechanisms import Market, Markets
from ...mechanisms.dda.rows import padded_markets
from ...mechanisms.market import Floats
from ...problem.errors import InvalidOption

Ints = npt.NDArray[np.int64]

KINDS = ("stationary", "drift", "regimes", "season")
"""Of `draw_sequences`: how the level of prices moves from market to market."""

PERIOD = 24
"""Markets after which a season repeats."""
FINENESS = 64
"""Reports are whole multiples of 1/64, so that they are exact in floating point."""


@dataclass(frozen=True, eq=False)
class Sequences:
    """S sequences of T markets each, of at most B buyers and K sellers.

    Parameters
    ----------
    values
        (S,T,B) values; -inf where there are fewer buyers.
    costs
        (S,T,K) costs; +inf where there are fewer sellers.
    phase
        (T,) in [0, 1): the time of the day, known to everybody.
    low, high
        The price range.
    levels
        (S,T) what values and costs were drawn around, if that is known. No auctioneer sees it.

    Raises
    ------
    InvalidOption
        When shapes do not fit, or a report that is present lies outside the price range.
    """

    values: Floats
    costs: Floats
    phase: Floats
    low: float = 0.0
    high: float = 100.0
    levels: Floats | None = None

    def __post_init__(self) -> None:
        if self.values.ndim != 3 or self.costs.ndim != 3 or self.values.shape[:2] != self.costs.shape[:2]:
            raise InvalidOption(
                f"values {self.values.shape} and costs {self.costs.shape}: "
                "(sequences, markets, traders) with as many sequences and markets are expected"
            )
        if self.values.shape[0] * self.values.shape[1] == 0 or self.phase.shape != self.values.shape[1:2]:
            raise InvalidOption(f"phase {self.phase.shape}: one number a market is expected, and a market")
        for name, reports, missing in (("values", self.values, -np.inf), ("costs", self.costs, np.inf)):
            if not ((reports == missing) | ((reports >= self.low) & (reports <= self.high))).all():
                raise InvalidOption(f"{name} lie outside the price range, {self.low:g} to {self.high:g}")

    @property
    def count(self) -> int:
        """S."""
        return int(self.values.shape[0])

    @property
    def length(self) -> int:
        """T."""
        return int(self.values.shape[1])

    @property
    def buyers(self) -> Ints:
        """(S,T) number of buyers."""
        present: Ints = np.isfinite(self.values).sum(axis=2)
        return present

    @property
    def sellers(self) -> Ints:
        """(S,T) number of sellers."""
        present: Ints = np.isfinite(self.costs).sum(axis=2)
        return present

    def at(self, place: int) -> Markets:
        """Return the S markets of a place in the sequences."""
        return padded_markets(self.values[:, place], self.costs[:, place])

    def all(self) -> Markets:
        """Return all S*T markets, sequence by sequence."""
        return padded_markets(
            self.values.reshape(-1, self.values.shape[2]), self.costs.reshape(-1, self.costs.shape[2])
        )

    def market(self, sequence: int, place: int) -> Market:
        """Return one market, without those who are missing."""
        values, costs = self.values[sequence, place], self.costs[sequence, place]
        return Market(values[np.isfinite(values)], costs[np.isfinite(costs)])


def draw_sequences(
    count: int,
    length: int,
    *,
    seed: int,
    kinds: Sequence[str] = KINDS,
    traders: tuple[int, int] = (6, 14),
) -> Sequences:
    """Draw sequences in the price range 0 to 100, the kinds taken in turn.

    Around a level m, values are normal with mean m + 4 and costs with mean m - 4, standard deviation 10,
    rounded to 64ths and cut to 1, ..., 99. The level starts anywhere from 25 to 75 and stays ("stationary"),
    walks by a normal step of 2.5 a market ("drift"), jumps anywhere with probability 1/20 ("regimes"), or
    swings by 20 around its start once in 24 markets, all sequences at the same time of the day ("season").

    Parameters
    ----------
    count, length
        S and T.
    seed
        Of numpy's generator.
    kinds
        Any of `KINDS`.
    traders
        Fewest and most on each side; drawn anew for each side and market.

    Raises
    ------
    InvalidOption
        When a kind is unknown or a number out of range.
    """
    for kind in kinds:
        if kind not in KINDS:
            raise InvalidOption(f"kind {kind!r}: one of {', '.join(KINDS)} is expected")
    if count < 1 or length < 1 or not kinds or not 1 <= traders[0] <= traders[1]:
        raise InvalidOption(f"count {count}, length {length}, traders {traders}: 1 or more are expected")
    rng = np.random.default_rng([11, seed])
    phase = (np.arange(length) % PERIOD) / PERIOD
    levels = np.stack([_level(kinds[s % len(kinds)], length, phase, rng) for s in range(count)])
    sides = []
    for shift, missing in ((4.0, -np.inf), (-4.0, np.inf)):
        reports = levels[:, :, None] + shift + 10.0 * rng.standard_normal((count, length, traders[1]))
        reports = np.clip(np.round(reports * FINENESS) / FINENESS, 1.0, 99.0)
        present = rng.integers(traders[0], traders[1] + 1, (count, length))
        sides.append(np.where(np.arange(traders[1]) < present[:, :, None], reports, missing))
    return Sequences(sides[0], sides[1], phase, levels=levels)


def _level(kind: str, length: int, phase: Floats, rng: np.random.Generator) -> Floats:
    """(T,) the level of one sequence."""
    start = rng.uniform(25.0, 75.0)
    steps, jumps = rng.standard_normal(length), rng.random(length) < 1 / 20
    targets = rng.uniform(25.0, 75.0, length)
    level = np.full(length, start)
    for t in range(1, length):
        if kind == "drift":
            walked = level[t - 1] + 2.5 * steps[t]
            level[t] = 30.0 - walked if walked < 15.0 else 170.0 - walked if walked > 85.0 else walked
        elif kind == "regimes":
            level[t] = targets[t] if jumps[t] else level[t - 1]
    if kind == "season":
        swing: Floats = 50.0 + (start - 50.0) / 5.0 + 20.0 * np.sin(2 * np.pi * phase)
        return swing
    return level
