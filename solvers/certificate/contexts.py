"""Contexts that a model's services have when every request is served, slot by slot.

While a model stays cached, its services' contexts depend on where the caching interval began. All intervals
are followed at once: in slot t there is one *node* for each distinct vector of contexts, the fresh one (an
interval that begins in t, all contexts 0) first and older ones behind it.

The dynamics k -> min(W, max(0, k + gain x - vanish)) are nondecreasing in k, so an older interval never has
less context: rows are in increasing order, hence equal vectors are neighbours. (Where they were not merged,
the proof would still hold; only time would be lost.)
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...problem.fields import IntArray
from .whole import Whole, WholeServer


@dataclass(frozen=True)
class Contexts:
    """Nodes of one model.

    Attributes
    ----------
    start
        (T + 1,) nodes of slot t are ``start[t] .. start[t + 1] - 1``; ``start[t]`` is the fresh one.
    units
        (nodes, J) context of each of the model's J services.
    follow
        (nodes,) the node reached in the next slot if the model stays, counted from that slot's fresh node.
    """

    start: IntArray
    units: IntArray
    follow: IntArray

    @classmethod
    def of(cls, server: WholeServer, model: int) -> Contexts:
        """Follow the contexts of one model."""
        members = server.members[model]
        cap, window = server.cap[members], server.window[members]
        gain, vanish = server.gain[members], server.vanish[members]
        now = np.zeros((1, members.size), dtype=np.int64)
        units, follow, start = [], [], [0]
        for t in range(server.slots):
            units.append(now)
            start.append(start[-1] + len(now))
            moved = np.minimum(window, np.maximum(0, now + (gain * cap[:, t] - vanish)))
            rows = np.concatenate([np.zeros_like(now[:1]), moved])
            new = np.concatenate([[True], np.any(rows[1:] != rows[:-1], axis=1)])
            follow.append(np.cumsum(new)[1:] - 1)
            now = rows[new]
        return cls(np.array(start), np.concatenate(units), np.concatenate(follow))

    def values(self, server: WholeServer, model: int) -> Whole:
        """Most that a slot spent in each node can save (nodes,): sum_s cap max(0, saving(k) - charge)."""
        slot = np.repeat(np.arange(server.slots), np.diff(self.start))
        total = np.zeros(len(slot), dtype=server.saving.dtype)
        for j, s in enumerate(server.members[model].tolist()):
            net = server.saving[s, self.units[:, j]] - server.charge[s, slot]
            total += server.cap[s, slot] * np.maximum(net, 0)
        return total
