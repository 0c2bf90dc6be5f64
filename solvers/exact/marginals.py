"""Min-marginals: what it costs, at given prices, to force a model into a slot or out of it.

At prices that cap the savings at U, every plan that has model m in slot t saves at most U - a - b, where a is
what the best intervals of m lose by covering t, and b what the best set of t loses by holding m; likewise for
its absence. A plan that saves more than L therefore has everything in it that costs more than U - L to leave
out, and nothing that costs more than that to take in.
"""

from __future__ import annotations

import numba as nb
import numpy as np

from ..intervals.columns import BoolArray, Pricer
from ..intervals.kernels import best_around
from ..lagrangian.graph import FloatArray
from ..lagrangian.sets import best_sets


def fixed_presence(pricer: Pricer, prices: FloatArray, slack: float) -> tuple[BoolArray, BoolArray]:
    """Presence (M, T) that every plan within ``slack`` of the cap at ``prices`` has, and that none has."""
    taken, left_out = presence_marginals(pricer, prices)
    return left_out > slack, taken > slack


def presence_marginals(pricer: Pricer, prices: FloatArray) -> tuple[FloatArray, FloatArray]:
    """What presence costs, and what absence costs, (M, T) each, at prices (M + 2, T)."""
    server = pricer.server
    shape = (server.models, server.slots)
    pricer.evaluate(prices)
    taken, left_out = np.zeros(shape), np.zeros(shape)
    for m in range(server.models):
        _of_intervals(pricer.table(m), prices[m], server.load_cost[m], taken[m], left_out[m])
    presence = np.ascontiguousarray(prices[: server.models])
    best = _best_worth(pricer, presence)
    force = 2.0 * float(presence.sum(axis=0).max(initial=0.0)) + 1.0
    for m in range(server.models):
        row = presence[m].copy()
        presence[m] = 0.0
        left_out[m] += best - _best_worth(pricer, presence)
        if server.footprint[m] <= server.outer_shelf.capacity:
            presence[m] = row + force
            taken[m] += best - (_best_worth(pricer, presence) - force)
        else:
            taken[m] = np.inf
        presence[m] = row
    return taken, left_out


def _best_worth(pricer: Pricer, presence: FloatArray) -> FloatArray:
    worth = np.zeros(presence.shape[1])
    best_sets(presence, pricer.server.outer_shelf, worth, np.zeros(presence.shape, dtype=np.bool_))
    return worth


@nb.njit(cache=True, nogil=True)
def _of_intervals(table, rent, load, taken, left_out):  # type: ignore[no-untyped-def]
    """Loss of the best disjoint intervals of one model when a slot must, or must not, be covered."""
    slots = rent.shape[0]
    paid, before, after = best_around(table, rent, load)
    covering = np.full(slots, -np.inf)
    for u in range(slots):
        best = -np.inf
        for v in range(slots - 1, u - 1, -1):
            best = max(best, before[u] + table[u, v] - load - (paid[v + 1] - paid[u]) + after[v + 1])
            covering[v] = max(covering[v], best)
    for t in range(slots):
        taken[t] = after[0] - covering[t]
        left_out[t] = after[0] - (before[t] + after[t + 1])
