"""Context graph: every joint context that a model's services can have in a slot, all arrivals served.

Within a caching interval that starts at slot u every service of the model starts from context 0, and
serving all arrivals gives the *largest* context any policy can have (the dynamics are monotone in the
requests served). For a given slot the trajectories of the possible starts are therefore ordered: an earlier
start has contexts at least as large, service by service. Trajectories that meet stay together, so a slot
needs one node for each distinct vector of contexts, not one for each start; windows saturate and vanishing
context forgets, hence nodes are few.

Node numbering: nodes of (model m, slot t) are ``first[m, t] .. first[m, t + 1] - 1``, youngest start first,
and ``first[m, t]`` itself is the fresh node (all contexts 0).
"""

from dataclasses import dataclass

import numba as nb
import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True)
class ContextGraph:
    """Nodes of all (model, slot) pairs of one server.

    Attributes
    ----------
    first
        (M, T + 1) number of the fresh node; the last column is the end of the model's nodes.
    successor
        (nodes,) the node reached in the next slot when the model stays cached; -1 in the last slot.
    context
        (nodes, J) context units of the model's services, J the largest number of services on one model.
    members
        (M, J) services of each model, padded with -1.
    """

    first: IntArray
    successor: IntArray
    context: npt.NDArray[np.int32]
    members: IntArray


def build_graph(
    cap: IntArray, service_model: IntArray, models: int, window: IntArray, gain: IntArray, vanish: IntArray
) -> ContextGraph:
    """Build the graph of one server.

    Parameters
    ----------
    cap
        (S, T) most requests of a service that can be served in a slot.
    service_model, window, gain, vanish
        (S,) arrays of the instance.
    models
        Number of models.
    """
    members = _members(service_model, models)
    first = np.zeros((models, cap.shape[1] + 1), dtype=np.int64)
    total = _count(cap, members, window, gain, vanish, first)
    successor = np.full(total, -1, dtype=np.int64)
    context = np.zeros((total, members.shape[1]), dtype=np.int32)
    _fill(cap, members, window, gain, vanish, first, successor, context)
    return ContextGraph(first, successor, context, members)


def _members(service_model: IntArray, models: int) -> IntArray:
    groups = [np.flatnonzero(service_model == m) for m in range(models)]
    widest = max(len(group) for group in groups)
    members = np.full((models, max(1, widest)), -1, dtype=np.int64)
    for m, group in enumerate(groups):
        members[m, : len(group)] = group
    return members


@nb.njit(cache=True, nogil=True)
def _advance(contexts, row, cap, members, window, gain, vanish, m, t):  # type: ignore[no-untyped-def]
    """Move one vector of contexts over slot t in place, everything served."""
    for j in range(members.shape[1]):
        s = members[m, j]
        if s < 0:
            break
        moved = contexts[row, j] + gain[s] * cap[s, t] - vanish[s]
        contexts[row, j] = min(window[s], max(0, moved))


@nb.njit(cache=True, nogil=True)
def _same(contexts, a, b):  # type: ignore[no-untyped-def]
    return np.all(contexts[a] == contexts[b])


@nb.njit(cache=True, nogil=True)
def _step(contexts, scratch, count, link, cap, members, window, gain, vanish, m, t):  # type: ignore[no-untyped-def]
    """Distinct contexts of slot t + 1 from those of slot t; link[i] is where node i of slot t goes."""
    new = 1
    scratch[0, :] = 0
    for i in range(count):
        scratch[new, :] = contexts[i, :]
        _advance(scratch, new, cap, members, window, gain, vanish, m, t)
        if _same(scratch, new - 1, new):
            link[i] = new - 1
        else:
            link[i] = new
            new += 1
    contexts[:new, :] = scratch[:new, :]
    return new


@nb.njit(cache=True, nogil=True)
def _count(cap, members, window, gain, vanish, first):  # type: ignore[no-untyped-def]
    models, slots = members.shape[0], cap.shape[1]
    contexts = np.zeros((slots + 2, members.shape[1]), dtype=np.int64)
    scratch = np.zeros_like(contexts)
    link = np.zeros(slots + 2, dtype=np.int64)
    total = 0
    for m in range(models):
        contexts[0, :] = 0
        count = 1
        for t in range(slots):
            first[m, t] = total
            total += count
            count = _step(contexts, scratch, count, link, cap, members, window, gain, vanish, m, t)
        first[m, slots] = total
    return total


@nb.njit(cache=True, nogil=True)
def _fill(cap, members, window, gain, vanish, first, successor, context):  # type: ignore[no-untyped-def]
    models, slots = members.shape[0], cap.shape[1]
    contexts = np.zeros((slots + 2, members.shape[1]), dtype=np.int64)
    scratch = np.zeros_like(contexts)
    link = np.zeros(slots + 2, dtype=np.int64)
    for m in range(models):
        contexts[0, :] = 0
        count = 1
        for t in range(slots):
            base = first[m, t]
            for i in range(count):
                for j in range(members.shape[1]):
                    context[base + i, j] = contexts[i, j]
            previous = count
            count = _step(contexts, scratch, count, link, cap, members, window, gain, vanish, m, t)
            if t + 1 < slots:
                for i in range(previous):
                    successor[base + i] = first[m, t + 1] + link[i]


@nb.njit(cache=True, nogil=True)
def node_values(first, context, members, cap, saving, charge, out):  # type: ignore[no-untyped-def]
    """Fill ``out`` (nodes,): the saving of a slot spent in each node, every request paying its ``charge``.

    A service contributes cap * max(0, g(context) - charge): see ``bound.py`` for why this never
    underestimates what a policy can save.

    Parameters
    ----------
    saving
        (S, K + 1) saving of one request at each context.
    charge
        (S, T) what a request pays in each slot.
    """
    models, slots = members.shape[0], cap.shape[1]
    for m in range(models):
        for t in range(slots):
            for node in range(first[m, t], first[m, t + 1]):
                value = 0.0
                for j in range(members.shape[1]):
                    s = members[m, j]
                    if s < 0:
                        break
                    net = saving[s, context[node, j]] - charge[s, t]
                    if net > 0.0:
                        value += cap[s, t] * net
                out[node] = value
