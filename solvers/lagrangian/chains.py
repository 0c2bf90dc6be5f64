"""Dynamic programmes over caching intervals on the context graph: one model, or two models jointly.

State of a model in a slot: absent, or present in one of the slot's nodes. Staying cached follows the node's
successor, entering costs the load cost and starts in the fresh node. A fresh start right after leaving is
never better than staying (values are nondecreasing in the context and load costs are nonnegative), so the
recursion may offer both and the trace prefers to stay.
"""

import numpy as np

from ..compiled import kernel


@kernel
def best_chain(m, first, successor, value, rent, load, ahead, idle, chosen):  # type: ignore[no-untyped-def]
    """Best caching intervals of model m when a slot of presence costs ``rent``.

    Parameters
    ----------
    value
        (nodes,) saving of each node.
    rent
        (T,) price of presence; inf forbids the slot.
    load
        Load cost of the model.
    ahead, idle
        Work space (nodes,) and (T + 2,): filled with the value from a node on, and from absence before a
        slot on.
    chosen
        (T,) bool, filled with the slots of presence.

    Returns
    -------
    float
        The maximum; 0 is always possible.
    """
    slots = rent.shape[0]
    idle[slots] = 0.0
    for t in range(slots - 1, -1, -1):
        begin, end = first[m, t], first[m, t + 1]
        if rent[t] == np.inf:
            for node in range(begin, end):
                ahead[node] = -np.inf
            idle[t] = idle[t + 1]
            continue
        rest = idle[t + 1]
        if t == slots - 1:
            for node in range(begin, end):
                ahead[node] = value[node] - rent[t]
        else:
            for node in range(begin, end):
                ahead[node] = value[node] - rent[t] + max(ahead[successor[node]], rest)
        idle[t] = max(rest, ahead[begin] - load)
    _trace(m, first, successor, load, ahead, idle, chosen)
    return idle[0]


@kernel
def _trace(m, first, successor, load, ahead, idle, chosen):  # type: ignore[no-untyped-def]
    slots = chosen.shape[0]
    node = -1
    for t in range(slots):
        if node < 0:
            fresh = first[m, t]
            if ahead[fresh] - load > idle[t + 1]:
                node = fresh
        chosen[t] = node >= 0
        if node >= 0:
            stays = t + 1 < slots and ahead[successor[node]] >= idle[t + 1]
            node = successor[node] if stays else -1


@kernel
def all_chains(first, successor, value, rent, load, ahead, idle, chosen):  # type: ignore[no-untyped-def]
    """Best intervals of every model: returns the sum of the maxima; ``rent`` and ``chosen`` are (M, T)."""
    total = 0.0
    for m in range(rent.shape[0]):
        total += best_chain(m, first, successor, value, rent[m], load[m], ahead, idle, chosen[m])
    return total


@kernel
def best_pair(a, b, first, successor, value, load, room, footprint, cached):  # type: ignore[no-untyped-def]
    """Jointly best intervals of models a and b in the memory ``room`` (T,) that the others leave.

    Writes rows a and b of ``cached`` (M, T) and returns their joint value. States are (node or absent) x
    (node or absent).
    """
    slots = room.shape[0]
    wide_a, wide_b = 1, 1
    for t in range(slots):
        wide_a = max(wide_a, first[a, t + 1] - first[a, t] + 1)
        wide_b = max(wide_b, first[b, t + 1] - first[b, t] + 1)
    move = np.zeros((slots, wide_a, wide_b), dtype=np.uint8)
    after = np.zeros((wide_a, wide_b))
    now = np.zeros((wide_a, wide_b))
    for t in range(slots - 1, -1, -1):
        last = t == slots - 1
        count_a, count_b = first[a, t + 1] - first[a, t] + 1, first[b, t + 1] - first[b, t] + 1
        for i in range(count_a):
            gain_a = 0.0 if i == 0 else value[first[a, t] + i - 1]
            next_a, pay_a = _follow(a, t, i, first, successor, load, last)
            for j in range(count_b):
                need = (footprint[a] if i > 0 else 0.0) + (footprint[b] if j > 0 else 0.0)
                if need > room[t] and need > 0.0:
                    now[i, j] = -np.inf
                    continue
                best, choice = 0.0, 0
                if not last:
                    next_b, pay_b = _follow(b, t, j, first, successor, load, last)
                    best, choice = after[0, 0], 0
                    if after[next_a, 0] - pay_a > best:
                        best, choice = after[next_a, 0] - pay_a, 1
                    if after[0, next_b] - pay_b > best:
                        best, choice = after[0, next_b] - pay_b, 2
                    if after[next_a, next_b] - pay_a - pay_b > best:
                        best, choice = after[next_a, next_b] - pay_a - pay_b, 3
                gain_b = 0.0 if j == 0 else value[first[b, t] + j - 1]
                now[i, j] = best + gain_a + gain_b
                move[t, i, j] = choice
        after, now = now, after
    return _trace_pair(a, b, first, successor, load, after, move, cached)


@kernel
def _follow(m, t, i, first, successor, load, last):  # type: ignore[no-untyped-def]
    """Local index in slot t + 1 if the model is present there, and what that costs."""
    if last or i == 0:
        return 1, load[m]
    return successor[first[m, t] + i - 1] - first[m, t + 1] + 1, 0.0


@kernel
def _trace_pair(a, b, first, successor, load, start, move, cached):  # type: ignore[no-untyped-def]
    slots = move.shape[0]
    i, j, best = 0, 0, start[0, 0]
    for x in range(2):
        for y in range(2):
            total = start[x, y] - x * load[a] - y * load[b]
            if total > best:
                best, i, j = total, x, y
    for t in range(slots):
        cached[a, t] = i > 0
        cached[b, t] = j > 0
        if t == slots - 1:
            break
        choice = move[t, i, j]
        next_a, _ = _follow(a, t, i, first, successor, load, False)
        next_b, _ = _follow(b, t, j, first, successor, load, False)
        i = next_a if choice & 1 else 0
        j = next_b if choice & 2 else 0
    return best


@kernel
def chain_value(m, first, successor, value, load, chosen):  # type: ignore[no-untyped-def]
    """Value of given slots of presence ``chosen`` (T,) of model m."""
    total, node = 0.0, -1
    for t in range(chosen.shape[0]):
        if not chosen[t]:
            node = -1
            continue
        if node < 0:
            node = first[m, t]
            total -= load
        total += value[node]
        node = successor[node]
    return total
