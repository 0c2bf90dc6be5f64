"""The best caching intervals of one model where serving everything may not pay.

Where a request costs more than it saves (at little context, or because compute and energy have prices),
serving it buys context for later. Given a caching interval [u, v], the services of a model are independent,
and the best service of each is a dynamic programme over (slot, context): from slot t to v with k units,

    W_t[v, k] = max over x in 0..cap of  x net_t[k] + W_{t+1}[v, min(window, max(0, k + gain x - vanish))].

All ends v are computed together, backward in t. W is nondecreasing in k (net is, and so are the dynamics),
so x = cap is best where net >= 0. Where net < 0 a smaller x is better unless it leaves less context: of those
that leave none 0 is best, and none beyond the one that fills the window is of use.
"""

from __future__ import annotations

import numpy as np

from .whole import Whole, WholeServer

_MOST_CELLS = 4 * 10**9
_MOST_SLOTS = 4000


def loses(server: WholeServer, model: int) -> bool:
    """Whether some request of the model's services could cost more than it saves."""
    for s in server.members[model].tolist():
        asked = server.cap[s] > 0
        if np.any(asked) and server.saving[s, 0] < server.charge[s, asked].max():
            return True
    return False


def affordable(server: WholeServer) -> bool:
    """Whether the dynamic programmes of all intervals end within a minute or so."""
    cells = server.slots**2 // 2 * int((server.window + 1).sum())
    return server.slots <= _MOST_SLOTS and cells <= _MOST_CELLS


def best_intervals(server: WholeServer, model: int) -> int:
    """Most that the model can save in disjoint intervals, rents and loads paid."""
    slots = server.slots
    table = np.zeros((slots, slots), dtype=server.saving.dtype)
    for s in server.members[model].tolist():
        _add_service(server, s, table)
    best = np.zeros(slots + 1, dtype=table.dtype)
    for u in range(slots - 1, -1, -1):
        rents = np.cumsum(server.rent[model, u:])
        totals = table[u, u:] - rents - server.load[model] + best[u + 1 :]
        best[u] = max(best[u + 1], totals.max())
    return int(best[0])


def _add_service(server: WholeServer, s: int, table: Whole) -> None:
    """Add the best value of a service in interval [u, v] to ``table[u, v]``."""
    window, gain, vanish = int(server.window[s]), int(server.gain[s]), int(server.vanish[s])
    context = np.arange(window + 1)
    worth = np.zeros((server.slots, window + 1), dtype=table.dtype)
    for t in range(server.slots - 1, -1, -1):
        cap = int(server.cap[s, t])
        net = server.saving[s, : window + 1] - server.charge[s, t]
        ends = worth[t:]
        best = cap * net + ends[:, np.clip(context + gain * cap - vanish, 0, window)]
        if cap > 0 and net[0] < 0:
            lossy = context[net < 0]
            for x in _useful(cap - 1, window, gain, vanish):
                choice = x * net[lossy] + ends[:, np.clip(lossy + gain * x - vanish, 0, window)]
                best[:, lossy] = np.maximum(best[:, lossy], choice)
        worth[t:] = best
        table[t, t:] += best[:, 0]


def _useful(most: int, window: int, gain: int, vanish: int) -> list[int]:
    """Numbers of requests (at most ``most``) worth serving at a loss: 0, and those that leave context."""
    if gain == 0:
        return [0]
    lifts = range(max(1, (vanish - window) // gain), min(most, -(-(window + vanish) // gain)) + 1)
    return [0, *lifts]
