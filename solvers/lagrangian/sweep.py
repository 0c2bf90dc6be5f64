"""Sweep over joint states with the prices' own bound: closes the gap, or finds better plans trying.

After slot t the joint state of a server is the node of every present model. At given prices the best
continuation of every model and the knapsacks of the slots to come cap what a state can still become;
whatever a step does that no chain or no knapsack would choose lowers that cap by its *excess*. A state
carries its cap, and states whose cap does not beat a floor (the best plan known) are dropped for good. If
no other state is ever dropped the sweep is an exact dynamic programme. If there are more states than room,
those of the least cap go too, and the largest cap among them still limits the optimum: the proof stays
valid, it proves less.

A sweep may also start in the middle, from every state at once: a model is then *open* (it may have been in
any node, or absent), and as long as it stays present it is known only to lie between the node of a start in
this slot and the oldest node. Leaving costs least from the first, staying costs least in the second;
counting both so gives a valid least excess of the slots from there on.

All inputs are whole numbers (see ``bound.py``), so sums and comparisons are exact. Sets of models are 64-bit
masks.
"""

from __future__ import annotations

import numpy as np

from ..compiled import kernel

LARGEST_MODELS = 62


OPEN = -1
"""State of a model about which nothing is known."""
SINCE_START = -2
"""State of a model that was open where the sweep began and has stayed present."""


@kernel
def expand(t, state, caps, count, graph, costs, limits, shelf, floor, codes, pool):  # type: ignore[no-untyped-def]
    """Move all states of slot t - 1 over slot t.

    Parameters
    ----------
    state, caps, count
        (width, M) local node + 1 of each model in slot t if it stays, 0 if absent, or one of the constants
        above; (width,) caps; how many. The first two are overwritten with the new states, best cap first.
    graph
        ``first`` and ``successor`` of the context graph.
    costs
        Rents (M, T), load costs (M,), value from a node on (nodes,) and from absence on (M, T + 2) at these
        prices, and the knapsacks' values (T,).
    limits
        Youngest and oldest node (M, T) of a model present since the sweep's start.
    shelf
        Footprints (M,) and capacity in bytes.
    floor
        A state must have a cap above it to live.
    codes
        (M, longest slot + 3) random 64-bit codes for hashing.
    pool
        Number of candidates that are kept before the worst are dropped; more than the width.

    Returns
    -------
    tuple
        New count, the largest cap that may have been dropped for lack of room (-inf if none was), parents
        (count,), masks (count,).
    """
    models = state.shape[1]
    bound = np.empty(pool)
    parent, mask, key = np.empty(pool, np.int64), np.empty(pool, np.int64), np.empty(pool, np.int64)
    candidates = (bound, parent, mask, key)
    gain, order, code = np.empty(models), np.arange(models), np.empty(models, np.int64)
    rank = np.empty(models)
    found, dropped = 0, -np.inf
    for p in range(count):
        base = caps[p] - costs[4][t] - _items(t, state[p], graph, costs, limits, codes, gain, code)
        _sort_items(gain, shelf[0], rank, order)
        found, floor, dropped = _enumerate(
            p, base, gain, code, order, shelf, candidates, found, floor, dropped, state
        )
    found, least = _condense(candidates, found, state)
    _settle(t, state, caps, found, candidates, graph, limits)
    return found, max(dropped, least), parent[:found].copy(), mask[:found].copy()


@kernel
def _items(t, nodes, graph, costs, limits, codes, gain, code):  # type: ignore[no-untyped-def]
    """What each model's presence adds to the cap of one state; returns the excess of all absences."""
    first = graph[0]
    rent, load, ahead, idle = costs[0], costs[1], costs[2], costs[3]
    excess = 0.0
    for m in range(nodes.shape[0]):
        away = idle[m, t + 1]
        code[m] = codes[m, max(0, nodes[m] - 1)]
        if nodes[m] == OPEN:
            leaving, staying = 0.0, 0.0
        elif nodes[m] == SINCE_START:
            leaving = max(0.0, ahead[limits[0][m, t]] - away)
            staying = max(0.0, away - ahead[limits[1][m, t]])
            code[m] = codes[m, codes.shape[1] - 1]
        else:
            here = first[m, t] + max(0, nodes[m] - 1)
            present = ahead[here] - (load[m] if nodes[m] == 0 else 0.0)
            leaving, staying = max(0.0, present - away), max(0.0, away - present)
        excess += leaving
        gain[m] = leaving - staying + rent[m, t]
    return excess


@kernel
def _enumerate(  # type: ignore[no-untyped-def]
    p, worth, gain, code, order, shelf, candidates, found, floor, dropped, state
):
    """Depth-first over the sets of models that fit and whose bound beats the floor: new candidates."""
    bound, parent, mask, key = candidates
    footprint, capacity = shelf
    models = gain.shape[0]
    taken = np.zeros(models, np.bool_)
    weight, sign, bits, k = 0.0, 0, 0, 0
    while True:
        if k < models and worth + _rest(gain, footprint, order, k, capacity - weight) > floor:
            m = order[k]
            if gain[m] <= 0.0 and worth + gain[m] <= floor:
                taken[k:] = False  # no model from here on is worth less of a loss
                k = models
                continue
            if weight + footprint[m] <= capacity:
                taken[k] = True
                worth += gain[m]
                weight += footprint[m]
                sign += code[m]
                bits |= 1 << m
            k += 1
            continue
        if k == models and worth > floor:
            if found == bound.shape[0]:
                found, least = _condense(candidates, found, state)
                floor, dropped = max(floor, least), max(dropped, least)
            if worth > floor:
                bound[found], parent[found], mask[found], key[found] = worth, p, bits, sign
                found += 1
        k -= 1
        while k >= 0 and not taken[k]:
            k -= 1
        if k < 0:
            return found, floor, dropped
        m = order[k]
        taken[k] = False
        worth -= gain[m]
        weight -= footprint[m]
        sign -= code[m]
        bits &= ~(1 << m)
        k += 1


@kernel
def _sort_items(gain, footprint, rank, order):  # type: ignore[no-untyped-def]
    """Positive gains by falling gain per byte, then the others, least loss first.

    ``order`` holds some order of all models, best that of a similar state: little is then left to be moved.
    """
    for m in range(order.shape[0]):
        rank[m] = gain[m] / footprint[m] if gain[m] > 0.0 else gain[m]
    for i in range(1, order.shape[0]):
        m, k = order[i], i
        while k > 0 and rank[order[k - 1]] < rank[m]:
            order[k] = order[k - 1]
            k -= 1
        order[k] = m


@kernel
def _rest(gain, footprint, order, k, room):  # type: ignore[no-untyped-def]
    """Dantzig bound on what models order[k:] can still add, rounded up."""
    total = 0.0
    while k < order.shape[0]:
        m = order[k]
        if gain[m] <= 0.0:
            break
        if footprint[m] > room:
            total += np.ceil(gain[m] * max(0.0, room / footprint[m]) * (1.0 + 1e-12)) + 1.0
            break
        room -= footprint[m]
        total += gain[m]
        k += 1
    return total


@kernel
def _same_state(a, b, parent, mask, state):  # type: ignore[no-untyped-def]
    if mask[a] != mask[b]:
        return False
    for m in range(state.shape[1]):
        if (mask[a] >> m) & 1:
            here, there = state[parent[a], m], state[parent[b], m]
            entering = here in (0, 1) and there in (0, 1)
            if here != there and not entering:
                return False
    return True


@kernel
def _condense(candidates, found, state):  # type: ignore[no-untyped-def]
    """Merge equal states and keep as many as ``state`` has rows, best bound first.

    Returns the count and the best bound lost.
    """
    bound, parent, mask, key = candidates
    size = 1
    while size < 2 * found + 2:
        size *= 2
    table = np.full(size, -1, np.int64)
    unique = 0
    for c in range(found):
        slot = (key[c] ^ (key[c] >> 29)) & (size - 1)
        while table[slot] >= 0 and not (
            key[table[slot]] == key[c] and _same_state(table[slot], c, parent, mask, state)
        ):
            slot = (slot + 1) & (size - 1)
        if table[slot] < 0:
            table[slot] = unique
            bound[unique], parent[unique], mask[unique], key[unique] = bound[c], parent[c], mask[c], key[c]
            unique += 1
        elif bound[c] > bound[table[slot]]:
            bound[table[slot]], parent[table[slot]] = bound[c], parent[c]
    ranking = np.argsort(-bound[:unique])
    kept = min(unique, state.shape[0])
    best_lost = bound[ranking[kept]] if unique > kept else -np.inf
    bound[:kept] = bound[ranking[:kept]]
    for whole in (parent, mask, key):
        whole[:kept] = whole[ranking[:kept]]
    return kept, best_lost


@kernel
def _settle(t, state, caps, found, candidates, graph, limits):  # type: ignore[no-untyped-def]
    """Write the new states over the old ones."""
    bound, parent, mask = candidates[0], candidates[1], candidates[2]
    first, successor = graph
    models, slots = state.shape[1], first.shape[1] - 1
    fresh = np.zeros((found, models), state.dtype)
    if t + 1 < slots:
        for c in range(found):
            for m in range(models):
                if (mask[c] >> m) & 1:
                    before = state[parent[c], m]
                    if before < 0 and limits[0][m, t + 1] != limits[1][m, t + 1]:
                        fresh[c, m] = SINCE_START
                    elif before < 0:
                        fresh[c, m] = limits[0][m, t + 1] - first[m, t + 1] + 1
                    else:
                        here = first[m, t] + max(0, before - 1)
                        fresh[c, m] = successor[here] - first[m, t + 1] + 1
    state[:found] = fresh
    caps[:found] = bound[:found]
