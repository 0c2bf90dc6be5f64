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

To keep states few, the least excess ``ahead[t]`` of slots t, t + 1, ... from *any* state is charged in
advance. A certificate claims such figures. Each claim is proved by a sweep from an unknown state that follows
only what stays below it, with the claims of later slots as its charges: if nothing stays below any claim they
all hold, by induction from the last. Where a sweep finds less, its claim is lowered to that, and the earlier
ones by as much, since what a sweep finds falls by no more than its charges do. So all sweeps can be made side
by side. (A certificate without claims has them found in blocks, each by sweeps with rising limits.)

A model unknown at the start of a sweep may have been absent, or in any node. While it stays present its node
lies between that of an interval begun in the sweep's first slot and the slot's last node (both the dynamics
and the values are nondecreasing from node to node): leaving costs least in the former, staying in the latter,
and taking each at its least understates the excess, as it must.
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
"""Slots of a block and from one block's start to the next, without claims; the second if need be."""
_FIRST_LIMIT = 64
_SPAN = 250
"""Most slots of the sweep that proves a claim."""
_ABREAST = 64
"""Sweeps that are made side by side."""
_POOL = 8
"""Candidates kept at a time, for each state kept."""
_UNKNOWN, _ABSENT = 0, 1
"""Codes of a model's state. Node i of the slot (if the model stays) has code i + 2; after all nodes come
those of a model that was unknown, has stayed since, and may be in node i of the slot or in any later one."""


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
        if any(self.server.ahead):
            return self._claimed()
        excess = self._swept(_BLOCK, _STRIDE)
        return excess if excess >= self.slack else max(excess, self._swept(_LONG_BLOCK, _LONG_STRIDE))

    def _claimed(self) -> int:
        """Prove what is claimed to lie ahead, and sweep all slots unless that is enough."""
        slots = self.server.slots
        ahead, begins = [0] * (slots + 1), []
        for t in reversed(range(1, slots)):
            ahead[t] = max(ahead[t + 1], min(self.server.ahead[t], self.slack))
            if ahead[t] > ahead[t + 1]:
                begins.append(t)
        ahead[0] = ahead[1]
        found: list[int] = []
        for k in range(0, len(begins), _ABREAST):
            starts = begins[k : k + _ABREAST]
            ends = [min(begin + _SPAN, slots) for begin in starts]
            found += self._runs(starts, ends, ahead, [ahead[begin] for begin in starts])
        missing, proved = 0, 0
        for begin, least in zip(begins, found, strict=True):
            proved = max(proved, least - missing)
            missing = max(missing, ahead[begin] - proved)
        if ahead[0] >= self.slack:
            return proved
        return max(proved, self._run(0, slots, ahead, self.slack) - missing)

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
        return self._runs([begin], [end], ahead, [limit])[0]

    def _runs(self, begins: list[int], ends: list[int], ahead: list[int], limits: list[int]) -> list[int]:
        """Least excess, at most its limit, of the slots from each of ``begins`` on, up to each end.

        States that will not stay below the best one dropped are left out: they change nothing.
        """
        models, whole = self.server.models, self.server.rent.dtype
        run, state = np.zeros(0, dtype=np.int64), np.zeros((0, models), dtype=np.int64)
        spent, least = np.zeros(0, dtype=whole), np.array(limits, dtype=whole)
        for t in range(min(begins), max(ends)):
            new = [i for i, begin in enumerate(begins) if begin == t]
            steps = [_Step.of(self.server, self.chains[m], m, t) for m in range(models)]
            run = np.concatenate([run, np.array(new, dtype=np.int64)])
            state = np.concatenate([state, np.full((len(new), models), _UNKNOWN if t > 0 else _ABSENT)])
            spent = np.concatenate([spent, np.zeros(len(new), dtype=whole)])
            parent, taken, spent = self._grow(t, run, state, spent, steps, least, ahead[t + 1])
            columns = [
                np.where(taken >> m & 1, steps[m].after[state[parent, m]], _ABSENT) for m in range(models)
            ]
            run, state = run[parent], np.stack(columns, axis=1)
            kept, dropped = _distinct(run, state, spent, self.width)
            _lower(least, run[dropped], spent[dropped] + ahead[t + 1])
            run, state, spent = run[kept], state[kept], spent[kept]
            ending = np.array(ends)[run] == t + 1
            _lower(least, run[ending], spent[ending] + ahead[t + 1])
            run, state, spent = run[~ending], state[~ending], spent[~ending]
        return [int(value) for value in least]

    def _grow(
        self,
        t: int,
        run: IntArray,
        state: IntArray,
        spent: Whole,
        steps: list[_Step],
        least: Whole,
        ahead: int,
    ) -> tuple[IntArray, IntArray, Whole]:
        """Take every set of models in slot t whose excess, ``ahead`` charged, is below ``least`` of its run.

        Returns parents, sets as bits, and excesses; what is dropped for lack of room lowers ``least``.
        """
        server, fronts = self.server, self.fronts[t]
        parent = np.arange(len(state))
        taken = np.zeros(len(state), dtype=np.int64)
        room = np.full(len(state), server.room)
        excess = spent + fronts[0][1][-1]
        for m, step in enumerate(steps):
            code = state[parent, m]
            fits = room >= server.weight[m]
            excess = np.concatenate(
                [excess + step.leave[code], (excess + step.stay[code] - server.rent[m, t])[fits]]
            )
            parent = np.concatenate([parent, parent[fits]])
            taken = np.concatenate([taken, taken[fits] | 1 << m])
            room = np.concatenate([room, room[fits] - server.weight[m]])
            lowest = excess - dearest(fronts[m + 1], room) + ahead
            kept = np.flatnonzero(lowest < least[run[parent]])
            if len(kept) > _POOL * self.width:
                inside, outside = _best(run[parent[kept]], lowest[kept], _POOL * self.width)
                _lower(least, run[parent[kept[outside]]], lowest[kept[outside]])
                kept = kept[inside]
            parent, taken, room, excess = parent[kept], taken[kept], room[kept], excess[kept]
        return parent, taken, excess


@dataclass(frozen=True)
class _Step:
    """One model in one slot, by the code of its state before: least excess either way, and code after it."""

    leave: Whole
    stay: Whole
    after: IntArray

    @classmethod
    def of(cls, server: WholeServer, chain: Chain, model: int, t: int) -> _Step:
        start, follow = chain.contexts.start, chain.contexts.follow[chain.contexts.start[t] :]
        nodes = chain.present[start[t] : start[t + 1]]
        fresh = nodes[0] - server.load[model]
        away = chain.absent[t + 1]
        lowest = np.minimum.accumulate(nodes[::-1])[::-1]
        highest = np.maximum.accumulate(nodes[::-1])[::-1]
        low = np.concatenate([[min(fresh, lowest[0]), fresh], nodes, lowest])
        high = np.concatenate([[highest[0], fresh], nodes, highest])
        moved = follow[: len(nodes)]
        after = int(start[t + 2] - start[t + 1]) if t + 1 < server.slots else 0
        since = np.where(moved == moved[-1], moved, moved + after)  # certain where both ends meet
        codes = np.concatenate([[since[0], moved[0]], moved, since]) + 2
        return cls(np.maximum(low - away, 0), np.maximum(away - high, 0), codes)


def _best(run: IntArray, value: Whole, most: int) -> tuple[IntArray, IntArray]:
    """Places of the ``most`` least values of every run, and of the others."""
    order = np.argsort(value, kind="stable")
    order = order[np.argsort(run[order], kind="stable")]
    begins = np.flatnonzero(np.diff(run[order], prepend=-1))
    rank = np.arange(len(order)) - np.repeat(begins, np.diff(np.append(begins, len(order))))
    return order[rank < most], order[rank >= most]


def _lower(least: Whole, run: IntArray, value: Whole) -> None:
    """Lower ``least`` of every run to the least of its values."""
    inside, _ = _best(run, value, 1)
    least[run[inside]] = np.minimum(least[run[inside]], value[inside])


def _distinct(run: IntArray, state: IntArray, spent: Whole, width: int) -> tuple[IntArray, IntArray]:
    """Places of the ``width`` best states of every run, the best of equal ones; and of those dropped."""
    key, span = run, int(run.max(initial=0)) + 1
    for column in state.T:
        codes = int(column.max(initial=0)) + 1
        if span * codes >= 2**62:
            _, key = np.unique(key, return_inverse=True)
            span = len(state)
        key, span = key * codes + column, span * codes
    order = np.argsort(spent, kind="stable")
    order = order[np.argsort(key[order], kind="stable")]
    first = np.concatenate([[True], key[order][1:] != key[order][:-1]])[: len(order)]
    best = order[first]
    inside, outside = _best(run[best], spent[best], width)
    return best[inside], best[outside]
