"""Prices of presence, compute and energy moved together on the dual function with exact chains.

A change of the resource prices costs new interval tables, a change of the presence prices does not: the
former take one step of Adam (Kingma and Ba 2015) for each ``_INNER`` steps of the latter, all with steps
that fall over an epoch.
"""

from __future__ import annotations

import numpy as np

from .dual import IntervalDual
from .graph import FloatArray
from .serve import priced_usage
from .server import Server

_INNER = 20
_SAMPLES = 4
_FADE = 0.9


class _Adam:
    """Projected Adam on one array of prices."""

    def __init__(self, prices: FloatArray, size: float) -> None:
        self.prices = prices.copy()
        self._size = size
        self._mean: FloatArray = np.zeros_like(prices)
        self._square: FloatArray = np.zeros_like(prices)
        self._steps = 0

    def step(self, slope: FloatArray, rate: float) -> None:
        self._steps += 1
        self._mean += 0.1 * (slope - self._mean)
        self._square += 0.01 * (slope**2 - self._square)
        unbiased = np.sqrt(self._square / (1.0 - 0.99**self._steps)) + 1e-3
        move = self._mean / ((1.0 - 0.9**self._steps) * unbiased)
        np.maximum(self.prices - rate * self._size * move, 0.0, out=self.prices)


class ResourceSearch:
    """Improves all prices of one server with exact chains, one table of intervals at a time.

    Attributes
    ----------
    best
        Smallest upper bound on the savings so far.
    prices
        (M + 2, T) prices that give it.
    average
        (M, T) fading mean of what chains and knapsacks chose.
    """

    def __init__(self, server: Server, prices: FloatArray) -> None:
        models = server.models
        self.server = server
        self.dual = IntervalDual(server, prices[models:])
        self.prices = prices.copy()
        self.best = self.dual.evaluate(prices)
        self.average: FloatArray = np.zeros((models, server.slots))
        self.iterations = 1
        binding: FloatArray = prices[models:][server.binding]
        typical = float(prices[:models].mean())
        self._presence = _Adam(prices[:models], typical)
        self._resource = _Adam(
            prices[models:], float(binding.mean()) + 1e-3 * typical if binding.size else 0.0
        )

    def step(self, place: float, rate: float) -> None:
        """One table and its presence steps at ``place`` (0 to 1) of an epoch in which ``rate`` falls."""
        server, models = self.server, self.server.models
        rate *= 1000.0**-place
        if server.limited:
            self.dual.reprice(self._resource.prices)
        used = np.zeros((2, server.slots))
        prices = np.vstack([self._presence.prices, self._resource.prices])
        for k in range(_INNER):
            prices[:models] = self._presence.prices
            value = self.dual.evaluate(prices)
            self.iterations += 1
            if value < self.best:
                self.best, self.prices = value, prices.copy()
            self.average *= _FADE
            self.average += 0.5 * (1.0 - _FADE) * (self.dual.sets.astype(np.float64) + self.dual.chains)
            if server.limited and k % (_INNER // _SAMPLES) == 0:
                used += priced_usage(server, self.dual.chains, self._resource.prices) / _SAMPLES
            self._presence.step(self.dual.slope[:models], rate)
        if server.limited:
            self._resource.step(np.where(server.binding, 1.0 - used, 0.0), rate)
