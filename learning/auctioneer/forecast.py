"""A forecast of the next clearing price: Bayesian filtering of a level that stays, walks, jumps or swings."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ...mechanisms.market import Floats
from ...problem.errors import InvalidOption

POINTS = 101
"""Of the grid on which beliefs live, both ends of the price range included."""
HYPOTHESES = 4
"""The level stays; walks; jumps; swings with the time of the day. They are equally likely at first."""
NUMBERS = 11
"""Of `Model`, in the order of its parameters."""
_X = np.arange(POINTS, dtype=float)
_OUTLIERS, _WIDER, _LEAST = 0.01, 4.0, 1e-7


@dataclass(frozen=True, eq=False)
class Model:
    """How clearing prices follow each other. Prices are in hundredths of the price range.

    Parameters
    ----------
    numbers
        (11,): the move of the price where buyers are e times as many as sellers; logarithms of the standard
        deviation of a price of 10 traders a side around its level, of a walk's step, and of the chance of a
        jump; weights of the sine and the cosine of the time of the day; logarithms of the standard deviation
        of the first level, and of that of one that swings; its mean; bottom and top of the price range.

    Raises
    ------
    InvalidOption
        When numbers are missing, not finite or beyond what can be computed with.
    """

    numbers: Floats

    def __post_init__(self) -> None:
        numbers = self.numbers
        if numbers.shape != (NUMBERS,) or not np.isfinite(numbers).all() or not numbers[9] < numbers[10]:
            raise InvalidOption(f"forecast model: {NUMBERS} finite numbers are expected, bottom below top")
        if (np.abs(numbers[:9]) > 1000).any() or (np.abs(numbers[[1, 2, 3, 6, 7]]) > 20).any():
            raise InvalidOption("forecast model: a number is out of range")

    def grid(self, prices: Floats) -> Floats:
        """Return prices in hundredths of the range, from its bottom."""
        low, high = self.numbers[9], self.numbers[10]
        scaled: Floats = (prices - low) * (100 / (high - low))
        return scaled

    @cached_property
    def _deviation(self) -> float:
        return max(float(np.exp(self.numbers[1])), 0.25)

    @cached_property
    def _walk(self) -> Floats:
        return _kernel(max(float(np.exp(self.numbers[2])), 0.25))

    @cached_property
    def _noise(self) -> Floats:
        return _kernel(self._deviation)

    @cached_property
    def _first(self) -> Floats:
        bells = [_bell(_X - self.numbers[8], max(float(np.exp(self.numbers[n])), 0.5)) for n in (6, 7)]
        first = np.stack([bells[0]] * 3 + [bells[1]]) + 1e-12
        summed: Floats = first / first.sum(axis=1, keepdims=True)
        return summed

    def start(self, rows: int) -> Floats:
        """(R,4,101) belief in hypotheses and levels before the first market."""
        return np.repeat(self._first[None] / HYPOTHESES, rows, axis=0)

    def passed(self, belief: Floats) -> Floats:
        """Return the belief one market later."""
        jump = min(float(np.exp(self.numbers[3])), 0.5)
        later = belief.copy()
        later[:, 1] = belief[:, 1] @ self._walk
        jumping = belief[:, 2]
        later[:, 2] = (1 - jump) * jumping + jump * jumping.sum(axis=1, keepdims=True) * self._first[2]
        return later

    def seen(
        self, belief: Floats, price: Floats, crowd: Floats, size: Floats, phase: Floats
    ) -> tuple[Floats, Floats]:
        """Return the belief after prices were seen, and the logarithm of their likelihood.

        Parameters
        ----------
        belief
            (R,4,101).
        price
            (R,) clearing prices, NaN where there is none.
        crowd, size
            (R,) logarithm of buyers by sellers, and mean number of traders a side.
        phase
            (R,) time of the day.
        """
        known = np.isfinite(price)
        middle = self.grid(np.where(known, price, 0.0)) - self.numbers[0] * crowd
        deviation = (self._deviation * np.sqrt(10 / size))[:, None]
        still = _likelihood(middle[:, None] - _X, deviation)
        swinging = _likelihood((middle - self._swing(phase))[:, None] - _X, deviation)
        likelihood = np.stack([still, still, still, swinging], axis=1)
        after = belief * np.where(known[:, None, None], likelihood, 1.0)
        total = after.sum(axis=(1, 2))
        return after / total[:, None, None], np.log(total)

    def prices(self, belief: Floats, crowd: Floats, phase: Floats) -> Floats:
        """(R,101) density of the coming clearing price on the grid; sums to 1."""
        level = belief[:, :3].sum(axis=1) + _moved(belief[:, 3], self._swing(phase))
        return self.around(level, crowd)

    def around(self, level: Floats, crowd: Floats) -> Floats:
        """(R,101) the same for a given (R,101) density of the level."""
        density = _moved(level @ self._noise, self.numbers[0] * crowd) + 1e-12
        summed: Floats = density / density.sum(axis=1, keepdims=True)
        return summed

    def known(self, level: Floats, crowd: Floats) -> Floats:
        """(R,101) the same for levels that are known, (R,) prices."""
        return self.around(_bell(self.grid(level)[:, None] - _X, 0.6), crowd)

    def _swing(self, phase: Floats) -> Floats:
        turn = 2 * np.pi * phase
        swing: Floats = self.numbers[4] * np.sin(turn) + self.numbers[5] * np.cos(turn)
        return swing


def _bell(distance: Floats, deviation: Floats | float) -> Floats:
    bell: Floats = np.exp(-0.5 * (distance / deviation) ** 2)
    return bell


def _likelihood(distance: Floats, deviation: Floats) -> Floats:
    """Normal with a few outliers, so that no price is impossible."""
    bells = _bell(distance, deviation) + _OUTLIERS * _bell(distance, _WIDER * deviation)
    likelihood: Floats = 0.4 * bells / deviation + _LEAST
    return likelihood


def _kernel(deviation: float) -> Floats:
    """(101,101) where each point's mass goes; rows sum to 1."""
    bells = _bell(_X[:, None] - _X, deviation)
    kernel: Floats = bells / bells.sum(axis=1, keepdims=True)
    return kernel


def _moved(density: Floats, shift: Floats) -> Floats:
    """(R,101) densities moved up by (R,) grid steps; the ends are continued."""
    places = np.clip(_X - shift[:, None], 0, POINTS - 1)
    below = np.minimum(places.astype(int), POINTS - 2)
    share = places - below
    left = np.take_along_axis(density, below, axis=1)
    right = np.take_along_axis(density, below + 1, axis=1)
    moved: Floats = left * (1 - share) + right * share
    return moved
