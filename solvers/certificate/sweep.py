r"""Sweep over joint states: a proof where prices alone leave a gap.

At given prices every plan falls short of the bound U by its *excess*, which adds up slot by slot:

    F savings <= U - sum_t excess_t,
    excess_t = (dearest set - set taken) + sum_m (best of staying and leaving - what the plan did),

the first bracket in prices of presence, the second in values of the chains (``chains.py``), whose ``present``
and ``absent`` count what can still be saved. Both are nonnegative, and a chain's brackets telescope to its
maximum minus what its plan saves. So all plans with an excess below ``slack`` can be enumerated slot by slot,
as states (node of every model) with the least excess that leads to them; if none is left at the end, every
plan has an excess of at least ``slack``. States beyond ``width`` are dropped, worst first, and the least
excess among the dropped limits what is proved.

To keep states few, the least excess ``ahead[t]`` of slots t, t + 1, ... from *any* state is computed first,
in blocks from the last to the first, by the same sweep from an unknown state, and charged in advance. A model
unknown at the block's start may have been absent, or in any node. While it stays present its node lies
between that of an interval begun in the block's first slot and the slot's last node (both the dynamics and
the values are nondecreasing from node to node): leaving costs least in the former, staying in the latter, and
taking each at its least understates the excess, as it must.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...problem.fields import IntArray
from .chains import Chain
from .knapsack import Frontier, dearest
from .whole import Whole, WholeServer

MOST_MODELS = 62

_BLOCK, _STRIDE = 25, 5
_LONG_BLOCK, _LONG_STRIDE = 80, 10
"""Slots of a block and from one block's start to the next: tried first, and where that proves too little."""
_FIRST_LIMIT = 64
_POOL = 8
"""Candidates kept at a time, for each state kept."""
_UNKNOWN, _ABSENT = 0, 1
"""Codes of a model's state; a model in node i of the slot (if it stays) has code i + 2."""


@dataclass(frozen=True)
class Sweep:
    """What a sweep reads.

    Attributes
    ----------
    server, chains
        The server, and the chain of every model.
    fronts
        For every slot the frontiers of its knapsack.
    slack
        Excess from which on plans are of no interest; positive.
    width
        Most states kept.
    """

    server: WholeServer
    chains: list[Chain]
    fronts: list[list[Frontier]]
    slack: int
    width: int

    def least_excess(self) -> int:
        """Return an excess that every plan has at least (never more than ``slack``)."""
        excess = self._swept(_BLOCK, _STRIDE)
        return excess if excess >= self.slack else max(excess, self._swept(_LONG_BLOCK, _LONG_STRIDE))

    def _swept(self, block: int, stride: int) -> int:
        slots = self.server.slots
        ahead = [0] * (slots + 1)
        for begin in reversed(range(stride, slots, stride)):
            least = self._least_from(begin, min(begin + block, slots), ahead)
            ahead[: begin + 1] = [max(least, ahead[begin])] * (begin + 1)
        return self._run(0, slots, ahead, self.slack)

    def _least_from(self, begin: int, end: int, ahead: list[int]) -> int:
        """Least excess of the slots from ``begin`` on, following plans up to a limit that grows."""
        beyond = max(1, self.slack // _FIRST_LIMIT)
        while True:
            limit = min(self.slack, ahead[end] + beyond)
            least = self._run(begin, end, ahead, limit)
            if least < limit or limit == self.slack:
                return least
            beyond *= 2

    def _run(self, begin: int, end: int, ahead: list[int], limit: int) -> int:
        """Least excess (at most ``limit``) of the slots from ``begin`` on, sweeping those before ``end``."""
        models = self.server.models
        state = np.full((1, models), _UNKNOWN if begin else _ABSENT, dtype=np.int64)
        spent = np.zeros(1, dtype=self.server.rent.dtype)
        young = [0] * models
        least = limit
        for t in range(begin, end):
            steps = [_Step.of(self.server, self.chains[m], m, t, young[m]) for m in range(models)]
            parent, taken, spent, lost = self._grow(t, state, spent, steps, limit - ahead[t + 1])
            columns = [
                np.where(taken >> m & 1, steps[m].after[state[parent, m]], _ABSENT) for m in range(models)
            ]
            state, spent, dropped = _distinct(np.stack(columns, axis=1), spent, self.width)
            young = [step.young for step in steps]
            least = min([least, *(excess + ahead[t + 1] for excess in (*lost, *dropped))])
        return min(least, int(spent.min()) + ahead[end]) if len(spent) else least

    def _grow(
        self, t: int, state: IntArray, spent: Whole, steps: list[_Step], limit: int
    ) -> tuple[IntArray, IntArray, Whole, list[int]]:
        """Take every set of models in slot t whose excess stays below ``limit``.

        Returns parents, sets as bits, excesses, and the least excess of what was dropped for lack of room.
        """
        server, fronts = self.server, self.fronts[t]
        parent = np.arange(len(state))
        taken = np.zeros(len(state), dtype=np.int64)
        room = np.full(len(state), server.room)
        excess = spent + fronts[0][1][-1]
        lost: list[int] = []
        for m, step in enumerate(steps):
            code = state[parent, m]
            fits = room >= server.weight[m]
            excess = np.concatenate(
                [excess + step.leave[code], (excess + step.stay[code] - server.rent[m, t])[fits]]
            )
            parent = np.concatenate([parent, parent[fits]])
            taken = np.concatenate([taken, taken[fits] | 1 << m])
            room = np.concatenate([room, room[fits] - server.weight[m]])
            least = excess - dearest(fronts[m + 1], room)
            kept = np.flatnonzero(least < limit)
            if len(kept) > _POOL * self.width:
                kept = kept[np.argsort(least[kept], kind="stable")]
                lost.append(int(least[kept[_POOL * self.width]]))
                kept = kept[: _POOL * self.width]
            parent, taken, room, excess = parent[kept], taken[kept], room[kept], excess[kept]
        return parent, taken, excess, lost


@dataclass(frozen=True)
class _Step:
    """One model in one slot, by the code of its state before: least excess either way, and code after it.

    ``young`` is the node, in the next slot, of an interval begun in the block's first slot.
    """

    leave: Whole
    stay: Whole
    after: IntArray
    young: int

    @classmethod
    def of(cls, server: WholeServer, chain: Chain, model: int, t: int, young: int) -> _Step:
        start, follow = chain.contexts.start, chain.contexts.follow[chain.contexts.start[t] :]
        nodes = chain.present[start[t] : start[t + 1]]
        fresh = nodes[0] - server.load[model]
        away = chain.absent[t + 1]
        unknown = nodes[young:]
        lowest = fresh if young == 0 else unknown.min()  # absent may be unknown in the first slot only
        low = np.concatenate([[lowest, fresh], nodes])
        high = np.concatenate([[unknown.max(), fresh], nodes])
        moved = follow[: len(nodes)]
        next_young = int(moved[young])
        certain = t + 1 < server.slots and next_young == moved[-1]
        after = np.concatenate([[next_young + 2 if certain else _UNKNOWN, moved[0] + 2], moved + 2])
        return cls(np.maximum(low - away, 0), np.maximum(away - high, 0), after, next_young)


def _distinct(state: IntArray, spent: Whole, width: int) -> tuple[IntArray, Whole, list[int]]:
    """Keep the least excess of equal states, and of these the ``width`` best; also the best one dropped."""
    if len(state) == 0:
        return state, spent, []
    key, span = np.zeros(len(state), dtype=np.int64), 1
    for column in state.T:
        codes = int(column.max()) + 1
        if span * codes >= 2**62:
            _, key = np.unique(key, return_inverse=True)
            span = len(state)
        key, span = key * codes + column, span * codes
    order = np.argsort(spent, kind="stable")
    order = order[np.argsort(key[order], kind="stable")]
    first = np.concatenate([[True], key[order][1:] != key[order][:-1]])
    best = order[first]
    best = best[np.argsort(spent[best], kind="stable")]
    return state[best[:width]], spent[best[:width]], [int(spent[i]) for i in best[width : width + 1]]
