r"""The extended relaxation of one server: each model as a flow through its context graph.

Eviction forgets, so what a model's plan can be worth in a slot depends on when its present caching interval
began, and many beginnings lead to the same contexts. The nodes of
:mod:`edgeopt.solvers.lagrangian.graph` are the distinct contexts (everything served), each has one
successor, and a plan of the model is a set of paths: enter at the fresh node for the load cost, follow
successors, leave anywhere. With phi the share of each node,

.. math:: \phi_v \le \sum_{w \to v} \phi_w + [v \text{ fresh}]\, z_{tm}, \qquad
          y_{tm} = \sum_{v \in (m,t)} \phi_v \le 1 .

Leaving is the slack, being absent is 1 - y: this is a flow in an acyclic network, so its corners are whole
plans and it describes their convex hull. What is left of the relaxation is the coupling by memory.

Where serving is a choice (compute, energy or a loss now for context later), contexts of the nodes are upper
bounds only. Requests of such services are split by the context of the node in which they are served,
x <= X phi in each part, and the rows of :mod:`.compact` stay beside them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...problem.fields import BoolArray, FloatArray, IntArray
from ..lagrangian.graph import ContextGraph, build_graph
from .cells import Cells
from .compact import Compact, compact_model
from .linear import matrix
from .safe import EPS


@dataclass(frozen=True, eq=False)
class Nodes:
    """The context graph with the slot and the model of every node (nodes,)."""

    graph: ContextGraph
    model: IntArray
    slot: IntArray

    @classmethod
    def of(cls, cells: Cells) -> Nodes:
        """Build the graph; the context of services that it cannot help is left at 0, which merges nodes."""
        instance, reduced = cells.instance, cells.reduced
        helped = reduced.sensitive.any(axis=0)
        cap = np.ascontiguousarray(reduced.most.T)
        gain = np.where(helped, instance.gain, 0)
        graph = build_graph(
            cap, instance.service_model, instance.models, instance.window, gain, instance.vanish
        )
        counts = np.diff(graph.first, axis=1)
        pair = np.repeat(np.arange(counts.size), counts.ravel())
        return cls(graph, pair // instance.slots, pair % instance.slots)

    @property
    def count(self) -> int:
        """Number of nodes."""
        return int(self.graph.successor.size)

    def contexts(self) -> tuple[IntArray, IntArray, IntArray]:
        """Return every (node, service on its model, context) as three flat arrays."""
        members = self.graph.members[self.model]
        node, column = np.nonzero(members >= 0)
        return node, members[node, column], self.graph.context[node, column].astype(np.int64)


def extended_model(cells: Cells) -> Compact:
    """Build the network relaxation, without memory: rows or sets are added to it."""
    nodes = Nodes.of(cells)
    compact = compact_model(cells, perspective=True, services=~cells.plain, network=True)
    _add_flow(cells, compact, nodes)
    if compact.rise.count:
        _add_parts(cells, compact, nodes)
    return compact


def _add_flow(cells: Cells, compact: Compact, nodes: Nodes) -> None:
    model, slots, models = compact.model, cells.instance.slots, cells.instance.models
    model.add_variables("node", cells.useful[nodes.model], -_values(cells, nodes))
    model.add_variables("load", np.ones(slots * models), np.tile(cells.instance.load_cost[0], slots))
    every, stays = np.arange(nodes.count), np.flatnonzero(nodes.graph.successor >= 0)
    fresh = nodes.graph.first[:, :-1]
    size = (nodes.count, nodes.count)
    flow = matrix(every, every, 1.0, size) - matrix(nodes.graph.successor[stays], stays, 1.0, size)
    count = slots * models
    pairs = np.arange(count)
    enter = matrix(fresh, pairs.reshape(slots, models).T, -1.0, (nodes.count, count))
    model.add_rows("flow", {"node": flow, "load": enter})
    cached = matrix(nodes.slot * models + nodes.model, every, 1.0, (count, nodes.count))
    model.add_rows(
        "presence", {"node": cached, "present": matrix(pairs, pairs, -1.0, (count, count))}, equal=True
    )


def _values(cells: Cells, nodes: Nodes) -> FloatArray:
    """Return what a slot in a node saves (nodes,): everything of the plain services, rounded up."""
    node, service, context = nodes.contexts()
    most = np.where(cells.plain[service], cells.reduced.most[nodes.slot[node], service], 0)
    raised = np.maximum(cells.saving[service, context], 0.0)
    total = np.bincount(node, weights=most * raised, minlength=nodes.count)
    return np.asarray(total * (1.0 + 2.0 * EPS * (nodes.graph.members.shape[1] + 2)))


def _add_parts(cells: Cells, compact: Compact, nodes: Nodes) -> None:
    """Split the requests of services with a choice by the context of the node they are served in."""
    model, rise = compact.model, compact.rise
    node, service, context = nodes.contexts()
    cell = rise.number[nodes.slot[node], service]
    keep: BoolArray = cell >= 0
    node, cell, context = node[keep], cell[keep], context[keep]
    keys, part = np.unique(np.stack([cell, context]), axis=1, return_inverse=True)
    parts, every = keys.shape[1], np.arange(keys.shape[1])
    slot, owner = rise.slot[keys[0]], rise.service[keys[0]]
    most = cells.reduced.most[slot, owner].astype(np.float64)
    model.add_variables("part", most)
    inside = matrix(part, node, -most[part], (parts, nodes.count))
    model.add_rows("parts of nodes", {"part": matrix(every, every, 1.0, (parts, parts)), "node": inside})
    used, shape = np.arange(rise.count), (rise.count, parts)
    number = compact.served.number[rise.slot, rise.service]
    whole = matrix(used, number, -1.0, (rise.count, compact.served.count))
    model.add_rows(
        "parts of services", {"part": matrix(keys[0], every, 1.0, shape), "served": whole}, equal=True
    )
    gained = matrix(keys[0], every, -cells.rise[owner, keys[1]], shape)
    model.add_rows(
        "context of nodes", {"rise": matrix(used, used, 1.0, (rise.count, rise.count)), "part": gained}
    )
