"""Integer 0/1 knapsacks, one for each slot: which models to keep for prices of presence.

Weights are the same in every slot, so they are prepared once. Small whole weights (after division by their
common divisor) go through dynamic programming over the capacity, anything else through depth-first branch
and bound with the Dantzig bound. Both are exact: should branch and bound ever exhaust its budget of nodes,
the value returned is the Dantzig bound, which is still a valid upper bound, while the set stays feasible.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..compiled import kernel

_MAX_CELLS = 4096
_NODE_BUDGET = 200_000
ROUNDING = 1e-12
"""Relative amount by which branch and bound may fall short of the true maximum."""


@dataclass(frozen=True)
class Shelf:
    """Prepared weights (M,), in bytes, and, if ``whole``, in whole units with the room in them."""

    weight: npt.NDArray[np.float64]
    capacity: float
    units: npt.NDArray[np.int64]
    room: int
    whole: bool


def shelf(footprint: npt.NDArray[np.float64], memory: float, *, outward: bool) -> Shelf:
    """Prepare the knapsack of one server.

    Parameters
    ----------
    footprint, memory
        Bytes.
    outward
        Rounding of the capacity (the tolerance 1e-9 of ``fits`` included) against rounding errors in sums
        of weights: True for bounds, so that no feasible set is missed, False for plans, so that no
        infeasible set is taken.
    """
    slack = 4e-16 * (len(footprint) + 4)
    capacity = memory * (1.0 + 1e-9) * (1.0 + slack if outward else 1.0 - slack)
    none = np.zeros(0, dtype=np.int64)
    if footprint.size == 0 or np.any(footprint != np.floor(footprint)) or footprint.max() > 2.0**53:
        return Shelf(footprint, capacity, none, 0, False)
    divisor = max(1, int(np.gcd.reduce(footprint.astype(np.int64))))
    room = int(min(capacity, footprint.sum()) // divisor)
    if room > _MAX_CELLS:
        return Shelf(footprint, capacity, none, 0, False)
    return Shelf(footprint, capacity, footprint.astype(np.int64) // divisor, room, True)


def best_sets(
    prices: npt.NDArray[np.float64],
    kit: Shelf,
    values: npt.NDArray[np.float64],
    chosen: npt.NDArray[np.bool_],
) -> None:
    """Solve a knapsack for each column of ``prices`` (M, T); fill ``values`` (T,) and ``chosen`` (M, T)."""
    if kit.whole:
        _by_capacity(prices, kit.units, kit.room, values, chosen)
    else:
        _by_branching(prices, kit.weight, kit.capacity, values, chosen)


@kernel
def _by_capacity(prices, units, room, values, chosen):  # type: ignore[no-untyped-def]
    """Row k of ``best`` holds the values with the first k models of positive price: no row is overwritten.

    So the loop over capacities has no dependence between its steps, and compilers use vector instructions.
    """
    models, slots = prices.shape
    best = np.zeros((models + 1, room + 1))
    member = np.zeros(models, dtype=np.int64)
    for t in range(slots):
        count = 0
        for m in range(models):
            chosen[m, t] = False
            if prices[m, t] > 0.0 and units[m] <= room:
                member[count] = m
                count += 1
                _with_item(best[count - 1], best[count], prices[m, t], units[m])
        values[t] = best[count, room]
        c = room
        for k in range(count - 1, -1, -1):
            if best[k + 1, c] > best[k, c]:
                chosen[member[k], t] = True
                c -= units[member[k]]


@kernel
def _with_item(before, after, price, weight):  # type: ignore[no-untyped-def]
    after[:weight] = before[:weight]
    count = before.shape[0] - weight
    without, lighter, best = before[weight:], before[:count], after[weight:]
    for c in range(count):
        with_it = lighter[c] + price
        best[c] = with_it if with_it > without[c] else without[c]


@kernel
def _by_branching(prices, weight, capacity, values, chosen):  # type: ignore[no-untyped-def]
    models, slots = prices.shape
    order = np.zeros(models, dtype=np.int64)
    state = np.zeros(models, dtype=np.int8)
    keep = np.zeros(models, dtype=np.bool_)
    for t in range(slots):
        count = 0
        for m in range(models):
            chosen[m, t] = False
            if prices[m, t] > 0.0 and weight[m] <= capacity:
                k = count
                while k > 0 and prices[order[k - 1], t] * weight[m] < prices[m, t] * weight[order[k - 1]]:
                    order[k] = order[k - 1]
                    k -= 1
                order[k] = m
                count += 1
        values[t] = _branch(prices[:, t], weight, capacity, order[:count], state, keep)
        for k in range(count):
            chosen[order[k], t] = keep[k]


@kernel
def _dantzig(price, weight, order, k, room):  # type: ignore[no-untyped-def]
    total = 0.0
    while k < order.shape[0]:
        m = order[k]
        if weight[m] > room:
            return total + price[m] * (room / weight[m])
        room -= weight[m]
        total += price[m]
        k += 1
    return total


@kernel
def _branch(price, weight, capacity, order, state, keep):  # type: ignore[no-untyped-def]
    """Depth first, items by falling price per byte, taking before leaving; ``keep`` gets the best set."""
    count = order.shape[0]
    keep[:count] = False
    best, value, load, k = 0.0, 0.0, 0.0, 0
    root = _dantzig(price, weight, order, 0, capacity)
    for _ in range(_NODE_BUDGET):
        while k < count:
            m = order[k]
            if load + weight[m] <= capacity:
                state[k] = 1
                value += price[m]
                load += weight[m]
            else:
                state[k] = 0
            k += 1
        if value > best:
            best = value
            for i in range(count):
                keep[i] = state[i] == 1
        promising = False
        while k > 0 and not promising:
            k -= 1
            if state[k] == 1:
                m = order[k]
                state[k] = 0
                value, load = 0.0, 0.0
                for i in range(k):
                    if state[i] == 1:
                        value += price[order[i]]
                        load += weight[order[i]]
                if value + _dantzig(price, weight, order, k + 1, capacity - load) > best * (1.0 + ROUNDING):
                    promising = True
                    k += 1
        if not promising:
            return best
    return root
