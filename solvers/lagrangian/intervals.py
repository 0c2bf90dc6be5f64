"""Exact chains for services that may rightly serve less than what arrives.

Where a request costs more than it saves (early in an interval, or because compute and energy have prices),
serving is a choice: a loss now can buy context for later. For every start u and end v of a caching interval
the best service is then a dynamic programme over (slot, context) for each service, run forward once for
each start.

Only the best value with *at least* k units of context is kept: more context never hurts, so this changes no
optimum, makes the value nonincreasing in k, and lets every k be skipped whose value the next larger context
has as well. Two starts whose value functions differ by a constant stay that far apart; the later slots are
then copied.
"""

from __future__ import annotations

import numba as nb
import numpy as np

from .graph import FloatArray
from .serve import most_useful
from .server import Server

_MOST_WORK = 4e9


def affordable(server: Server) -> bool:
    """Whether the tables of all intervals can be computed in seconds and held in memory."""
    pairs = 0.5 * server.slots**2
    work = pairs * float((server.window + 1).sum())
    return work <= _MOST_WORK and pairs * server.models <= 6e7


def interval_tables(server: Server, charge: FloatArray, scale: float = 0.0) -> FloatArray:
    """Best priced service of every caching interval (M, T, T); [m, u, v] is presence from u to v inclusive.

    Parameters
    ----------
    charge
        (S, T) what a request pays in each slot.
    scale
        0 for plain floats; otherwise savings are multiplied by it and rounded up to whole numbers, see
        ``bound.py``.
    """
    members = server.graph.members
    tables = np.zeros((server.models, server.slots, server.slots))
    saving = server.saving if scale == 0.0 else server.raised_saving
    for m in range(server.models):
        for s in members[m]:
            if s >= 0 and server.cap[s].any():
                _add_service(
                    server.cap[s], saving[s], charge[s],
                    int(server.window[s]), int(server.gain[s]), int(server.vanish[s]), scale, tables[m],
                )  # fmt: skip
    return tables


@nb.njit(cache=True, nogil=True)
def _net_savings(saving, price, scale, net):  # type: ignore[no-untyped-def]
    for k in range(net.shape[0]):
        net[k] = saving[k] - price
        if scale > 0.0:
            net[k] = np.ceil((net[k] + 4e-15 * price) * scale)


@nb.njit(cache=True, nogil=True)
def _over_slot(before, after, net, cap, window, gain, vanish):  # type: ignore[no-untyped-def]
    """Best value with at least each context after a slot, from that before it; returns the largest."""
    after[:] = -np.inf
    for k in range(window + 1):
        if before[k] == -np.inf:
            break
        if k < window and before[k + 1] == before[k]:
            continue
        if net[k] >= 0.0:
            to = min(window, max(0, k + gain * cap - vanish))
            after[to] = max(after[to], before[k] + cap * net[k])
        else:
            for x in range(most_useful(k, cap, window, gain, vanish) + 1):
                to = min(window, max(0, k + gain * x - vanish))
                after[to] = max(after[to], before[k] + x * net[k])
    for k in range(window - 1, -1, -1):
        after[k] = max(after[k], after[k + 1])
    return after[0]


@nb.njit(cache=True, nogil=True)
def _shifted(a, b, tolerance):  # type: ignore[no-untyped-def]
    """Whether a - b is the same wherever they are finite, and they are finite together."""
    shift = a[0] - b[0]
    for k in range(a.shape[0]):
        if a[k] == -np.inf or b[k] == -np.inf:
            if a[k] != b[k]:
                return False
        elif abs(a[k] - b[k] - shift) > tolerance:
            return False
    return True


@nb.njit(cache=True, nogil=True)
def _add_service(cap, saving, charge, window, gain, vanish, scale, table):  # type: ignore[no-untyped-def]
    slots = cap.shape[0]
    net = np.empty((slots, window + 1))
    for t in range(slots):
        _net_savings(saving, charge[t], scale, net[t])
    tolerance = 0.0 if scale > 0.0 else 1e-12 * np.abs(net).max() * cap.max()
    values = np.full((slots + 1, window + 1), -np.inf)
    worth = np.zeros(slots)
    now, then = np.empty(window + 1), np.empty(window + 1)
    for u in range(slots - 1, -1, -1):
        now[:] = -np.inf
        now[0] = 0.0
        for v in range(u, slots):
            end = _over_slot(now, then, net[v], cap[v], window, gain, vanish)
            now, then = then, now
            if v > u and _shifted(now, values[v + 1], tolerance):
                shift = now[0] - values[v + 1, 0]
                for later in range(v, slots):
                    worth[later] += shift
                    values[later + 1] += shift
                break
            worth[v] = end
            values[v + 1] = now
        for v in range(u, slots):
            table[u, v] += worth[v]


@nb.njit(cache=True, nogil=True)
def best_intervals(table, rent, load, best, chosen):  # type: ignore[no-untyped-def]
    """Best disjoint intervals of one model for its table (T, T) and rent (T,); fills ``chosen`` (T,)."""
    slots = rent.shape[0]
    end = np.zeros(slots, dtype=np.int64)
    best[slots] = 0.0
    for u in range(slots - 1, -1, -1):
        best[u] = best[u + 1]
        end[u] = -1
        paid = load
        for v in range(u, slots):
            paid += rent[v]
            total = table[u, v] - paid + best[v + 1]
            if total > best[u]:
                best[u] = total
                end[u] = v
    chosen[:] = False
    u = 0
    while u < slots:
        if end[u] < 0:
            u += 1
        else:
            chosen[u : end[u] + 1] = True
            u = end[u] + 1
    return best[0]
