"""Compiled searches for columns: the best interval from every start, all near-best ones, near-best sets."""

from __future__ import annotations

import numba as nb
import numpy as np

from ..lagrangian.serve import most_useful


@nb.njit(cache=True, nogil=True)
def best_ends_on_graph(m, first, successor, value, rent, load, profit, end):  # type: ignore[no-untyped-def]
    """For every start u of model m the most profitable last slot ``end`` (T,), and that ``profit`` (T,)."""
    slots = rent.shape[0]
    for u in range(slots):
        node, total = first[m, u], -load
        profit[u], end[u] = -np.inf, u
        for v in range(u, slots):
            total += value[node] - rent[v]
            if total > profit[u]:
                profit[u], end[u] = total, v
            node = successor[node]


@nb.njit(cache=True, nogil=True)
def best_ends_in_table(table, rent, load, profit, end):  # type: ignore[no-untyped-def]
    """Like ``best_ends_on_graph`` for a table (T, T) of interval values."""
    slots = rent.shape[0]
    for u in range(slots):
        paid = load
        profit[u], end[u] = -np.inf, u
        for v in range(u, slots):
            paid += rent[v]
            if table[u, v] - paid > profit[u]:
                profit[u], end[u] = table[u, v] - paid, v


@nb.njit(cache=True, nogil=True)
def fill_table(m, first, successor, value, table):  # type: ignore[no-untyped-def]
    """Value (T, T) of every caching interval of model m on the context graph."""
    slots = table.shape[0]
    for u in range(slots):
        node, total = first[m, u], 0.0
        for v in range(u, slots):
            total += value[node]
            table[u, v] = total
            node = successor[node]


@nb.njit(cache=True, nogil=True)
def best_around(table, rent, load):  # type: ignore[no-untyped-def]
    """Rents paid up to each slot, and the worth of the best intervals before and after it: (T + 1,) each."""
    slots = rent.shape[0]
    paid = np.zeros(slots + 1)
    for t in range(slots):
        paid[t + 1] = paid[t] + rent[t]
    before, after = np.zeros(slots + 1), np.zeros(slots + 1)
    for v in range(slots):
        before[v + 1] = before[v]
        for u in range(v + 1):
            before[v + 1] = max(before[v + 1], before[u] + table[u, v] - load - (paid[v + 1] - paid[u]))
    for u in range(slots - 1, -1, -1):
        after[u] = after[u + 1]
        for v in range(u, slots):
            after[u] = max(after[u], after[v + 1] + table[u, v] - load - (paid[v + 1] - paid[u]))
    return paid, before, after


@nb.njit(cache=True, nogil=True)
def near_best(table, rent, load, slack, found):  # type: ignore[no-untyped-def]
    """Intervals of one model that lie on disjoint intervals within ``slack`` of the best; returns how many.

    ``found`` (rows, 2) is filled with starts and ends as far as it has room.
    """
    slots = rent.shape[0]
    paid, before, after = best_around(table, rent, load)
    count = 0
    for u in range(slots):
        for v in range(u, slots):
            through = before[u] + table[u, v] - load - (paid[v + 1] - paid[u]) + after[v + 1]
            if through >= after[0] - slack:
                if count < found.shape[0]:
                    found[count, 0], found[count, 1] = u, v
                count += 1
    return count


@nb.njit(cache=True, nogil=True)
def near_best_sets(price, weight, capacity, least, budget, found):  # type: ignore[no-untyped-def]
    """Maximal feasible sets of models worth at least ``least``; returns how many, -1 for too much work.

    Depth first, taking before leaving, pruned by the Dantzig bound; models come by falling price per byte.
    ``found`` (rows, models) is filled; more sets than it has rows are too much, and so are more than
    ``budget`` steps.
    """
    models = price.shape[0]
    taken = np.zeros(models, np.bool_)
    load, worth, k, count = 0.0, 0.0, 0, 0
    for _ in range(budget):
        if k < models and worth + _dantzig(price, weight, k, capacity - load) >= least:
            if load + weight[k] <= capacity:
                taken[k] = True
                load += weight[k]
                worth += price[k]
            k += 1
            continue
        if k == models and worth >= least and _maximal(taken, weight, capacity - load):
            if count == found.shape[0]:
                return -1
            found[count] = taken
            count += 1
        k -= 1
        while k >= 0 and not taken[k]:
            k -= 1
        if k < 0:
            return count
        taken[k] = False
        load, worth = 0.0, 0.0
        for m in range(k):
            if taken[m]:
                load += weight[m]
                worth += price[m]
        k += 1
    return -1


@nb.njit(cache=True, nogil=True)
def _dantzig(price, weight, k, room):  # type: ignore[no-untyped-def]
    total = 0.0
    for m in range(k, price.shape[0]):
        if weight[m] > room:
            return total + price[m] * max(0.0, room / weight[m])
        room -= weight[m]
        total += price[m]
    return total


@nb.njit(cache=True, nogil=True)
def _maximal(taken, weight, room):  # type: ignore[no-untyped-def]
    return not np.any(~taken & (weight <= room))


@nb.njit(cache=True, nogil=True)
def savings_of(served, saving, window, gain, vanish):  # type: ignore[no-untyped-def]
    """Savings of serving ``served`` (L,) requests of one service through an interval."""
    k, total = 0, 0.0
    for t in range(served.shape[0]):
        total += served[t] * saving[k]
        k = min(window, max(0, k + gain * served[t] - vanish))
    return total


@nb.njit(cache=True, nogil=True)
def serve_interval(cap, price, saving, window, gain, vanish, served):  # type: ignore[no-untyped-def]
    """Serve one service as well as possible through an interval; returns the savings without the prices.

    Parameters
    ----------
    cap, price
        (L,) most requests of each slot, and the price of one.
    served
        (L,) filled; requests that neither cost nor save anything are served.
    """
    slots = cap.shape[0]
    ahead = np.zeros((slots + 1, window + 1))
    for t in range(slots - 1, -1, -1):
        for k in range(window + 1):
            net, full = saving[k] - price[t], cap[t]
            best = full * net + ahead[t + 1, min(window, max(0, k + gain * full - vanish))]
            if net < 0.0:
                for x in range(most_useful(k, full, window, gain, vanish) + 1):
                    best = max(best, x * net + ahead[t + 1, min(window, max(0, k + gain * x - vanish))])
            ahead[t, k] = best
    k, total = 0, 0.0
    for t in range(slots):
        net, full = saving[k] - price[t], cap[t]
        best_x, best = full, full * net + ahead[t + 1, min(window, max(0, k + gain * full - vanish))]
        if net < 0.0:
            for x in range(most_useful(k, full, window, gain, vanish) + 1):
                worth = x * net + ahead[t + 1, min(window, max(0, k + gain * x - vanish))]
                if worth > best:
                    best_x, best = x, worth
        served[t] = best_x
        total += best_x * saving[k]
        k = min(window, max(0, k + gain * best_x - vanish))
    return total


@nb.njit(cache=True, nogil=True)
def serve_on_graph(m, first, successor, context, members, cap, saving, share, price, begin, served):  # type: ignore[no-untyped-def]
    """Serve what pays at the largest contexts possible; fills ``served`` (J, L), returns the savings.

    This is what the context graph believes: an overestimate where serving less than everything pays.
    """
    node, total = first[m, begin], 0.0
    for i in range(served.shape[1]):
        t = begin + i
        for j in range(served.shape[0]):
            s = members[m, j]
            worth = saving[s, context[node, j]]
            net = worth - price[0, t] * share[0, s] - price[1, t] * share[1, s]
            served[j, i] = cap[s, t] if net > 0.0 else 0
            total += served[j, i] * worth
        node = successor[node]
    return total
