"""Prices of presence and of every request, where compute or energy bind: the slots pack whole requests.

Pricing a limit lets chains share it out as if it were fluid, and as if it had to hold on average over the
sets of models that the relaxation mixes. Here requests are duplicated as presence is: chains pay an
allowance a[s, t] >= 0 for each request they serve, slots collect it for each request they let in, and every
set of models is packed with its own whole requests (``packings.py``). With a = q share this is never looser
than the price q of the limit. One step of Adam (Kingma and Ba 2015) moves rents and allowances together.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .dual import Dual
from .graph import FloatArray
from .packings import NODES, TOLERANCE
from .server import Server
from .slots import SlotProblem

_FADE = 0.97


class AllowanceSearch:
    """Improves rents and allowances of one server.

    Attributes
    ----------
    best
        Smallest upper bound on the savings so far.
    rent, allowance
        (M, T) and (S, T) that give it.
    average
        (M, T) fading mean of what chains and slots chose.
    iterations
        Evaluations of the dual function.
    """

    def __init__(self, dual: Dual, rent: FloatArray, allowance: FloatArray, resource: FloatArray) -> None:
        """Start from ``rent`` and ``allowance``; ``resource`` (2, T) are known prices of the limits."""
        self.dual = dual
        self.server: Server = dual.server
        self.slots = SlotProblem(self.server, resource)
        self.rent, self.allowance = rent.copy(), allowance.copy()
        self.average: FloatArray = np.zeros(rent.shape)
        self.iterations = 0
        self.best = np.inf
        self.restart()
        self._evaluate(repriced=True)
        self.average = 0.5 * (dual.chains.astype(np.float64) + self.slots.chosen)

    def restart(self) -> None:
        """Go back to the best prices and forget directions."""
        models = self.server.models
        self._at = np.vstack([self.rent, self.allowance])
        paid = self.allowance[self.allowance > 0.0]
        typical = max(float(self.rent.mean()), 1e-9 * float(np.abs(self.dual.value).max(initial=0.0)))
        self._size = np.full((self._at.shape[0], 1), typical)
        self._size[models:] = max(typical, float(paid.mean())) if paid.size else typical
        self._mean: FloatArray = np.zeros_like(self._at)
        self._square: FloatArray = np.zeros_like(self._at)
        self._steps = 0

    def steps(
        self, first: int, count: int, epoch: int, rate: float, every: int = 1, stop: Callable[[], bool] = bool
    ) -> None:
        """Do steps ``first`` to ``first + count`` of an epoch in which ``rate`` falls a thousandfold.

        ``every`` so many steps the chains learn of the new allowances, which are held in between;
        ``stop`` is asked before each step.
        """
        models = self.server.models
        for k in range(first, first + count):
            if stop():
                return
            slope = self._evaluate(repriced=k % every == 0)
            if k % every:
                slope[models:] = 0.0
            self._steps += 1
            self._mean += 0.1 * (slope - self._mean)
            self._square += 0.01 * (slope**2 - self._square)
            unbiased = np.sqrt(self._square / (1.0 - 0.99**self._steps)) + 1e-3
            move = self._mean / ((1.0 - 0.9**self._steps) * unbiased)
            if every > 1 and (k + 1) % every:
                move[models:] = 0.0
            step = rate * 1000.0 ** (-k / epoch) * self._size
            np.maximum(self._at - step * move, 0.0, out=self._at)

    def _evaluate(self, *, repriced: bool) -> FloatArray:
        """Evaluate where the search stands; returns a subgradient."""
        server, dual, models = self.server, self.dual, self.server.models
        rent, allowance = self._at[:models], self._at[models:]
        if repriced:
            dual.set_charge(allowance)
        value = dual.best_presence(rent, dual.chains) + self.slots.solve(rent, allowance, TOLERANCE, NODES)
        self.iterations += 1
        if value < self.best:
            self.best = value
            self.rent, self.allowance = rent.copy(), allowance.copy()
        self.average *= _FADE
        self.average += (1.0 - _FADE) * 0.5 * (dual.chains.astype(np.float64) + self.slots.chosen)
        slope = np.empty_like(self._at)
        np.subtract(self.slots.chosen, dual.chains, out=slope[:models], dtype=np.float64)
        asked = dual.served_by_chains(allowance)
        np.divide(self.slots.served - asked, np.maximum(1, server.cap), out=slope[models:])
        return slope
