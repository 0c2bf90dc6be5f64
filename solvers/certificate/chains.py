"""The best caching intervals of one model at given prices: a dynamic programme over slots and nodes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .contexts import Contexts
from .whole import Whole, WholeServer


@dataclass(frozen=True)
class Chain:
    """What a model can still save from a slot on, rents and loads paid.

    Attributes
    ----------
    contexts
        The nodes.
    present
        (nodes,) the model is cached in the node's slot, in that node.
    absent
        T + 2 numbers: the model is not cached in the slot before; ``absent[0]`` is the maximum of the chain.
    """

    contexts: Contexts
    present: Whole
    absent: list[int]

    @classmethod
    def of(cls, server: WholeServer, model: int) -> Chain:
        """Solve present = value - rent + max(stay, leave), absent = max(stay away, enter - load)."""
        contexts = Contexts.of(server, model)
        start, slots = contexts.start, server.slots
        present = contexts.values(server, model)
        absent = [0] * (slots + 2)
        for t in range(slots - 1, -1, -1):
            here = slice(start[t], start[t + 1])
            present[here] -= server.rent[model, t]
            if t + 1 < slots:
                stay = present[start[t + 1] + contexts.follow[here]]
                present[here] += np.maximum(stay, absent[t + 2])
            absent[t] = max(absent[t + 1], int(present[start[t]]) - int(server.load[model]))
        return cls(contexts, present, absent)
