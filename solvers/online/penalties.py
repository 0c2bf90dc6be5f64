"""The inner problem of the information relaxation: the decomposition's chains with changed arc costs.

The penalty of a slot on what a model is next is E[V(next)| state of the slot] - V(next) for the state and
counts that follow. It depends on where a chain goes, not on why, so it is a value of the node left behind;
what being absent earns is split off, and the chains stay intervals of presence.

The context in V is the largest a policy could have: all arrivals served since the model was loaded. It is a
function of what is known when the slot is decided, so the penalty has mean 0 under *every* policy, also one
that serves less; the node values never underestimate its savings (see ``lagrangian/bound.py``).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...problem.fields import BoolArray, FloatArray, IntArray
from ..compiled import compiled
from ..lagrangian.dual import Dual
from ..lagrangian.server import Server
from .values import ModelValue


class PenalisedDual(Dual):
    """The dual function of one sampled future under the penalties of a value function.

    Attributes
    ----------
    constant
        What the penalties add to the savings of every plan.
    """

    def __init__(self, server: Server, values: Sequence[ModelValue], local: IntArray) -> None:
        graph = server.graph
        self.penalty = np.zeros(graph.successor.size)
        self.constant = 0.0
        for m, value in enumerate(values):
            mine = graph.members[m][graph.members[m] >= 0]
            self.constant += penalise(
                m, graph.first, graph.successor, graph.context, mine, _radix(server, mine),
                server.cap, server.saving, server.window, server.gain, server.vanish,
                float(server.load_cost[m]), np.ascontiguousarray(local[:, m]),
                value.ahead, value.present, value.start, value.rent, self.penalty,
            )  # fmt: skip
        super().__init__(server)

    def luck(self, values: Sequence[ModelValue], local: IntArray) -> float:
        """Sum the penalties that the values' own rules of presence would meet: mean 0, tied to the luck.

        The rules know no memory limit, so they make no plan; but they never look ahead.
        """
        graph, total = self.server.graph, self.constant
        for m, value in enumerate(values):
            mine = graph.members[m][graph.members[m] >= 0]
            total += rule_penalty(
                m, graph.first, graph.successor, graph.context, _radix(self.server, mine),
                np.ascontiguousarray(local[:, m]), value.present, self.penalty,
            )  # fmt: skip
        return total

    def price_nodes(self, charge: FloatArray) -> None:
        """Set the value of every node when a request pays ``charge`` (S, T), penalties included."""
        super().price_nodes(charge)
        self.value += self.penalty

    def best_presence(self, rent: FloatArray, chosen: BoolArray) -> float:
        """Best intervals of every model for rents (M, T); fills ``chosen`` (M, T)."""
        graph = self.server.graph
        return float(
            gapped_chains(
                graph.first, graph.successor, self.value, rent, self.server.load_cost, self._ahead,
                self._idle, chosen,
            )
        )  # fmt: skip


def _radix(server: Server, services: IntArray) -> IntArray:
    """What a unit of context of each service of a model adds to the number of its state."""
    above = np.concatenate([[1], server.window[services][:0:-1] + 1]).astype(np.int64)
    return np.ascontiguousarray(np.cumprod(above)[::-1])


@compiled
def penalise(
    m: int, first: Any, successor: Any, context: Any, members: Any, radix: Any,
    cap: Any, saving: Any, window: Any, gain: Any, vanish: Any,
    load: float, local: Any, ahead: Any, present: Any, start: Any, rent: Any, penalty: Any,
) -> float:  # fmt: skip
    """Fill the penalties of model m's nodes, less what absence would earn; return the sum of the latter.

    Parameters
    ----------
    m, first, successor, context
        Model, and its part of the context graph.
    members, radix
        (J,) services of the model, and what a unit of context adds to the number of a state.
    load, local
        Load cost, and (T,) local states of the path.
    ahead, present, start, rent
        The tables of `ModelValue`.
    """
    slots, deepest, absent = local.shape[0], ahead.shape[0] - 1, ahead.shape[2] - 1
    total: float = 0.0
    services = members.shape[0]
    contexts = np.zeros(services, dtype=np.int64)
    for t in range(-1, slots - 1):
        left = min(slots - 1 - t, deepest)
        then = local[t + 1]
        follows: float = ahead[left - 1, then, absent]
        if present[left, then, absent]:
            contexts[:] = 0
            follows = -load + _kept(
                contexts, t + 1, members, radix, cap, saving, window, gain, vanish,
                ahead[left - 1, then], rent[then],
            )  # fmt: skip
        if t < 0:
            total += start[left] - follows  # penalises no decision: it takes out the luck of the first slot
            continue
        z = local[t]
        away = ahead[left, z, absent] - follows
        total += away
        for node in range(first[m, t], first[m, t + 1]):
            place = 0
            for j in range(services):
                contexts[j] = context[successor[node], j]
                place += radix[j] * contexts[j]
            follows = ahead[left - 1, then, absent]
            if present[left, then, place]:
                follows = _kept(
                    contexts, t + 1, members, radix, cap, saving, window, gain, vanish,
                    ahead[left - 1, then], rent[then],
                )  # fmt: skip
            penalty[node] = ahead[left, z, place] - follows - away
    return total


@compiled
def _kept(
    contexts: Any, t: int, members: Any, radix: Any, cap: Any, saving: Any, window: Any, gain: Any,
    vanish: Any, ahead: Any, rent: float,
) -> float:  # fmt: skip
    """Savings from slot t on when the model is present in it with these contexts, the counts being known."""
    worth: float = -rent
    place = 0
    for j in range(members.shape[0]):
        s, k = members[j], contexts[j]
        worth += cap[s, t] * max(0.0, saving[s, k])
        place += radix[j] * min(window[s], max(0, k + gain[s] * cap[s, t] - vanish[s]))
    return float(worth + ahead[place])


@compiled
def rule_penalty(
    m: int, first: Any, successor: Any, context: Any, radix: Any, local: Any, present: Any, penalty: Any
) -> float:
    """Penalties of model m's nodes where the rule ``present`` would lead it (less those of absence)."""
    slots, deepest, absent = local.shape[0], present.shape[0] - 1, present.shape[2] - 1
    total, node = 0.0, -1
    for t in range(slots):
        rule = present[min(slots - t, deepest), local[t]]
        if node < 0:
            node = first[m, t] if rule[absent] else -1
        else:
            place = 0
            for j in range(context.shape[1]):
                place += radix[j] * context[node, j] if j < radix.shape[0] else 0
            node = node if rule[place] else -1
        if node >= 0:
            total += penalty[node]
            node = successor[node]
    return float(total)


@compiled
def gapped_chains(
    first: Any, successor: Any, value: Any, rent: Any, load: Any, ahead: Any, idle: Any, chosen: Any
) -> float:
    """Best intervals of every model, at least one slot of absence between two; fills ``chosen`` (M, T).

    Without penalties a fresh start right after leaving never pays; with them it might, and no plan can do it.
    """
    total: float = 0.0
    slots = rent.shape[1]
    for m in range(rent.shape[0]):
        idle[slots] = 0.0
        idle[slots + 1] = 0.0
        for t in range(slots - 1, -1, -1):
            for node in range(first[m, t], first[m, t + 1]):
                after = max(idle[t + 2], ahead[successor[node]]) if t + 1 < slots else 0.0
                ahead[node] = value[node] - rent[m, t] + after
            idle[t] = max(idle[t + 1], ahead[first[m, t]] - load[m])
        total += idle[0]
        _trace(m, first, successor, load[m], ahead, idle, chosen[m])
    return total


@compiled
def _trace(m: int, first: Any, successor: Any, load: float, ahead: Any, idle: Any, chosen: Any) -> None:
    slots = chosen.shape[0]
    node, just_left = -1, False
    for t in range(slots):
        if node < 0 and not just_left and ahead[first[m, t]] - load > idle[t + 1]:
            node = first[m, t]
        just_left = False
        chosen[t] = node >= 0
        if node >= 0:
            stays = t + 1 < slots and ahead[successor[node]] >= idle[t + 2]
            node = successor[node] if stays else -1
            just_left = not stays
