"""All slots of a server as packing problems: models and whole requests within memory, compute, energy."""

from __future__ import annotations

import numpy as np

from .graph import FloatArray, IntArray
from .packings import best_packings, guess_prices
from .server import Server

BoolArray = np.typing.NDArray[np.bool_]

_ROOM = (1.0 + 1e-9) * (1.0 + 1e-12)
"""Load of a limit that a bound must admit: the referee's tolerance and the rounding of sums."""


class SlotProblem:
    """Solves the slots at given rents and allowances, each solution the start of the next.

    Attributes
    ----------
    chosen, served
        (M, T) bool and (S, T): the best set of each slot and its requests.
    collected
        (T,) upper bound on what each slot collects.
    """

    def __init__(self, server: Server, resource: FloatArray) -> None:
        """``resource`` (2, T): known prices of compute and energy; they only say which limit matters."""
        self.chosen: BoolArray = np.zeros((server.models, server.slots), dtype=np.bool_)
        self.served: IntArray = np.zeros_like(server.cap)
        self.collected = np.zeros(server.slots)
        self._server = (
            server.cap, server.service_model, server.footprint, server.outer_shelf.capacity, server.share
        )  # fmt: skip
        self._mix = _mix(server, resource)
        self._price: FloatArray | None = None

    def solve(self, rent: FloatArray, allowance: FloatArray, tolerance: float, nodes: int) -> float:
        """Return an upper bound on what all slots collect at rents (M, T) and allowances (S, T).

        Parameters
        ----------
        tolerance
            Relative to a slot's value: how much of it may stay unproved.
        nodes
            Steps back after which a search raises its tolerance.
        """
        effort = (_ROOM, tolerance, nodes)
        if self._price is None:
            self._price = np.zeros(self.collected.size)
            guess_prices(rent, allowance, self._server, self._mix, _ROOM, self._price, self.chosen)
        best_packings(
            rent, allowance, self._server, self._mix, effort, self._price,
            self.chosen, self.served, self.collected,
        )  # fmt: skip
        return float(self.collected.sum())


def _mix(server: Server, resource: FloatArray) -> float:
    """Weight of compute in the surrogate constraint; energy has the rest."""
    compute, energy = bool(server.binding[0].any()), bool(server.binding[1].any())
    if not (compute and energy):
        return 0.0 if energy else 1.0
    paid = resource.sum(axis=1)
    return float(np.clip(paid[0] / paid.sum(), 0.05, 0.95)) if paid.sum() > 0 else 0.5
