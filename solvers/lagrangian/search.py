"""Search for good prices: a level-controlled subgradient method, then Adam in epochs of falling step.

The first converges to the very optimum in a few hundred steps where the decomposition is tight and stalls
where it is not; the second is slower but gets through. Subgradient: Polyak's step with the path-free level
rule of Brannlund, Kiwiel and Lindberg (1995) and a deflected direction; Adam: Kingma and Ba (2015) on the
same subgradients, projected.
"""

from __future__ import annotations

import numpy as np

from .dual import Dual, starting_prices
from .graph import FloatArray

_DEFLECTION = 0.7
_PATIENCE = 20
_FADE = 0.97


class PriceSearch:
    """Keeps the best prices of one server and improves them in small pieces: a caller can stop any time.

    Attributes
    ----------
    best
        Smallest upper bound on the savings so far.
    prices
        (M + 2, T) prices that give it.
    average
        (M, T) fading mean of what chains and knapsacks chose: near 0 or 1 where both agree.
    iterations
        Evaluations of the dual function.
    closed
        Chains and knapsacks agree and no price is wasted: the bound is attained by the chains' own plan.
    """

    def __init__(self, dual: Dual, prices: FloatArray | None = None) -> None:
        self.dual = dual
        self.prices = starting_prices(dual) if prices is None else prices.copy()
        self.best = dual.evaluate(self.prices)
        self.average: FloatArray = 0.5 * (dual.sets.astype(np.float64) + dual.chains)
        self.iterations = 26
        self.closed = False
        self._scale = max(float(np.abs(dual.value).mean()), 1e-300)
        self._at = self.prices.copy()
        self._level: float | None = None
        self._reference = self.best
        self._since = 0
        self._direction: FloatArray = np.zeros_like(self.prices)
        self._mean: FloatArray = np.zeros_like(self.prices)
        self._square: FloatArray = np.zeros_like(self.prices)

    def _evaluate(self) -> float:
        value = self.dual.evaluate(self._at)
        self.iterations += 1
        if value < self.best:
            self.best = value
            self.prices[:] = self._at
        self.average *= _FADE
        self.average += (1.0 - _FADE) * 0.5 * (self.dual.sets.astype(np.float64) + self.dual.chains)
        return value

    def offer(self, prices: FloatArray) -> None:
        """Take over prices (M + 2, T) found elsewhere, if they are better."""
        self._at = prices.copy()
        self._evaluate()
        self.restart()

    def restart(self) -> None:
        """Go back to the best prices and forget directions."""
        self._at = self.prices.copy()
        self._direction[:] = 0.0
        self._mean[:] = 0.0
        self._square[:] = 0.0
        self._steps = 0

    def level_steps(self, count: int) -> bool:
        """Do ``count`` steps towards a level below the best; False once the level is as good as reached."""
        if self._level is None:
            self._level = 0.05 * max(abs(self.best), self._scale)
        for _ in range(count):
            before = self.best
            value = self._evaluate()
            if self.best <= self._reference - 0.5 * self._level:
                self._reference, self._since = self.best, 0
            elif self._since > _PATIENCE:
                self._level *= 0.7
                self._reference, self._since = self.best, 0
            self._since += 1
            self._direction *= _DEFLECTION
            self._direction += self.dual.slope
            active = (self._at > 0.0) | (self._direction < 0.0)
            length = float(np.sum(self._direction**2, where=active))
            if not np.any(self.dual.slope):
                self.closed = True
                return False
            if length <= 0.0 or self._level <= 1e-10 * max(abs(before), self._scale):
                return False
            step = (value - (self._reference - self._level)) / length
            np.maximum(self._at - step * self._direction, 0.0, out=self._at)
        return True

    def adam_steps(self, first: int, count: int, epoch: int, rate: float) -> None:
        """Do steps ``first`` to ``first + count`` of an epoch in which ``rate`` falls a thousandfold."""
        for k in range(first, first + count):
            self._evaluate()
            slope = self.dual.slope
            self._mean += 0.1 * (slope - self._mean)
            self._square += 0.01 * (slope**2 - self._square)
            step = rate * self._scale * 1000.0 ** (-k / epoch)
            unbiased = np.sqrt(self._square / (1.0 - 0.99 ** (k + 1))) + 1e-3
            move = self._mean / ((1.0 - 0.9 ** (k + 1)) * unbiased)
            np.maximum(self._at - step * move, 0.0, out=self._at)
