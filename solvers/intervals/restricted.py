"""The restricted master with whole intervals: plans, and often the proof that the best one is optimal.

At prices that cap the savings at U, any plan that saves more than L consists of intervals, and of sets
within maximal sets, that cost less than U - L against the best choice at those prices: every other column
can be left out (reduced-cost enumeration; Baldacci, Christofides and Mingozzi 2008). Where their number is
affordable and no limit couples what is served, the whole-numbered programme over just these is exact.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..lagrangian.graph import FloatArray, IntArray
from .columns import BoolArray, Interval, Pricer
from .kernels import near_best, near_best_sets

MOST_INTERVALS = 50_000
MOST_SETS = 80_000
_MOST_SLOTS = 2000
_MOST_STEPS = 1_000_000


@dataclass(frozen=True)
class NearBest:
    """All columns within a slack of the best: intervals, and maximal sets, columns of ``members`` (M, n)."""

    intervals: list[Interval]
    slots: IntArray
    members: BoolArray


def enumerate_columns(
    pricer: Pricer,
    prices: FloatArray,
    slack: float,
    most_intervals: int = MOST_INTERVALS,
    most_sets: int = MOST_SETS,
) -> NearBest | None:
    """Return every column that a plan within ``slack`` (cost) of the cap at ``prices`` can use.

    None where there are more than asked for, or where they could not make an exact programme: with compute
    or energy limits an interval stands for many columns, one for each way to serve in it.
    """
    server = pricer.server
    if server.limited or not pricer.exact or server.slots > _MOST_SLOTS:
        return None
    cap = pricer.evaluate(prices)
    slack += 1e-9 * (abs(cap) + server.cloud_only)
    found = _intervals(pricer, prices, slack, most_intervals)
    if found is None:
        return None
    sets = _sets(pricer, prices, slack, most_sets)
    if sets is None:
        return None
    return NearBest([pricer.interval(m, u, v, prices) for m, u, v in found], *sets)


def _intervals(
    pricer: Pricer, prices: FloatArray, slack: float, most: int
) -> list[tuple[int, int, int]] | None:
    server = pricer.server
    room = np.zeros((most, 2), dtype=np.int64)
    found: list[tuple[int, int, int]] = []
    for m in range(server.models):
        table = pricer.table(m)
        count = near_best(table, prices[m], server.load_cost[m], slack, room)
        if len(found) + count > most:
            return None
        found += [(m, int(u), int(v)) for u, v in room[:count]]
    return found


def _sets(pricer: Pricer, prices: FloatArray, slack: float, most: int) -> tuple[IntArray, BoolArray] | None:
    """Maximal sets of the models that are ever asked for."""
    server = pricer.server
    asked = np.zeros(server.models, dtype=np.bool_)
    asked[server.service_model[server.cap.any(axis=1)]] = True
    some = np.flatnonzero(asked)
    room = np.zeros((most, some.size), dtype=np.bool_)
    slots, members, total = [], [], 0
    best = pricer.collected(prices)
    for t in range(server.slots):
        order = some[np.argsort(-prices[some, t] / server.footprint[some], kind="stable")]
        count = near_best_sets(
            prices[order, t], server.footprint[order], server.outer_shelf.capacity, best[t] - slack,
            _MOST_STEPS, room[: most - total],
        )  # fmt: skip
        if count < 0:
            return None
        total += count
        slots += [t] * count
        whole = np.zeros((server.models, count), dtype=np.bool_)
        whole[order] = room[:count].T
        members.append(whole)
    return np.array(slots, dtype=np.int64), np.concatenate(members, axis=1)
