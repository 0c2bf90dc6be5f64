"""Columns of the strong formulation, and the pricing problems that produce them.

An *interval column* is one model cached from slot u to slot v, with all that is served in it; its worth is
what that saves less the load cost, and it uses one unit of presence in every slot and some of the limits on
compute and energy. A *set column* is one set of models that fits the memory, for one slot. For given prices
both pricing problems are solved exactly: intervals by a dynamic programme over slots, sets by a knapsack.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..lagrangian.dual import Dual, IntervalDual
from ..lagrangian.graph import FloatArray, IntArray
from ..lagrangian.intervals import affordable
from ..lagrangian.server import Server
from ..lagrangian.sets import best_sets
from .kernels import (
    best_ends_in_table,
    best_ends_on_graph,
    fill_table,
    savings_of,
    serve_interval,
    serve_on_graph,
)

BoolArray = np.typing.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Interval:
    """Caching one model from slot ``begin`` to slot ``end``, both included.

    Attributes
    ----------
    worth
        Savings over serving it from the cloud, less the load cost.
    served
        (J, L) requests of the model's services in each slot of the interval.
    usage
        (2, L) shares of the compute and energy limits.
    """

    model: int
    begin: int
    end: int
    worth: float
    served: IntArray
    usage: FloatArray

    @property
    def key(self) -> tuple[int, int, int, bytes]:
        """Equal for equal columns."""
        return self.model, self.begin, self.end, self.served.tobytes()


class Pricer:
    """Solves the pricing problems of one server.

    Attributes
    ----------
    dual
        The decomposition; it gives the bound that any prices prove.
    exact
        Whether the intervals' worths are true. Where serving may be a choice and the tables of all intervals
        are too large, they come from the context graph and overestimate: the bound stays valid.
    """

    def __init__(self, server: Server) -> None:
        self.server = server
        self.by_table = not server.plain and affordable(server)
        self.exact = server.plain or self.by_table
        nothing = np.zeros((2, server.slots))
        self.dual: Dual = IntervalDual(server, nothing) if self.by_table else Dual(server)
        self._resource = nothing
        self._own: FloatArray | None = None

    def evaluate(self, prices: FloatArray) -> float:
        """Return the cap on the savings that prices (M + 2, T) prove; ``dual`` keeps chains and sets."""
        resource = prices[self.server.models :]
        if isinstance(self.dual, IntervalDual) and not np.array_equal(resource, self._resource):
            self.dual.reprice(resource)
            self._resource = resource.copy()
        return self.dual.evaluate(prices)

    def collected(self, prices: FloatArray) -> FloatArray:
        """Return what the best set of each slot (T,) earns at prices (M + 2, T)."""
        presence = np.ascontiguousarray(prices[: self.server.models])
        worth = np.zeros(self.server.slots)
        best_sets(presence, self.server.outer_shelf, worth, np.zeros(presence.shape, dtype=np.bool_))
        return worth

    def table(self, m: int) -> FloatArray:
        """Value (T, T) of every interval of model m at the resource prices last evaluated."""
        if isinstance(self.dual, IntervalDual):
            return np.asarray(self.dual.tables[m])
        graph, slots = self.server.graph, self.server.slots
        if self._own is None:
            self._own = np.zeros((slots, slots))
        fill_table(m, graph.first, graph.successor, self.dual.value, self._own)
        return self._own

    def profitable(self, prices: FloatArray, tolerance: float) -> list[Interval]:
        """Intervals that earn more than ``tolerance`` at the prices last evaluated, one for each end."""
        server, graph, dual = self.server, self.server.graph, self.dual
        profit, end = np.zeros(server.slots), np.zeros(server.slots, dtype=np.int64)
        columns = []
        for m in range(server.models):
            if isinstance(dual, IntervalDual):
                best_ends_in_table(dual.tables[m], prices[m], server.load_cost[m], profit, end)
            else:
                best_ends_on_graph(
                    m, graph.first, graph.successor, dual.value, prices[m], server.load_cost[m], profit, end
                )  # fmt: skip
            best: dict[int, int] = {}
            for u in np.flatnonzero(profit > tolerance):
                v = int(end[u])
                if v not in best or profit[u] > profit[best[v]]:
                    best[v] = int(u)
            columns += [self.interval(m, u, v, prices) for v, u in best.items()]
        return columns

    def chosen(self, prices: FloatArray) -> list[Interval]:
        """Intervals that the chains chose at the prices last evaluated."""
        return [self.interval(m, u, v, prices) for m, u, v in runs(self.dual.chains)]

    def of_plan(self, cached: BoolArray, served: IntArray) -> list[Interval]:
        """Intervals of a plan: presence (M, T) and requests served (S, T)."""
        server, columns = self.server, []
        for m, u, v in runs(cached):
            members = self._members(m)
            part = np.ascontiguousarray(served[members, u : v + 1])
            worth = -float(server.load_cost[m])
            for j, s in enumerate(members):
                window, gain, vanish = (int(x[s]) for x in (server.window, server.gain, server.vanish))
                worth += savings_of(part[j], server.saving[s], window, gain, vanish)
            columns.append(Interval(m, u, v, worth, part, server.share[:, members] @ part))
        return columns

    def _members(self, m: int) -> IntArray:
        members = self.server.graph.members[m]
        return np.asarray(members[members >= 0])

    def interval(self, m: int, u: int, v: int, prices: FloatArray) -> Interval:
        """Caching model m from slot u to v with what is best to serve at prices (M + 2, T)."""
        server, graph = self.server, self.server.graph
        resource = prices[server.models :]
        members = self._members(m)
        served = np.zeros((members.size, v - u + 1), dtype=np.int64)
        worth = -float(server.load_cost[m])
        if self.by_table:
            for j, s in enumerate(members):
                each = server.share[:, s] @ resource[:, u : v + 1]
                worth += serve_interval(
                    server.cap[s, u : v + 1], each, server.saving[s],
                    int(server.window[s]), int(server.gain[s]), int(server.vanish[s]), served[j],
                )  # fmt: skip
        else:
            worth += serve_on_graph(
                m, graph.first, graph.successor, graph.context, graph.members, server.cap, server.saving,
                server.share, resource, u, served,
            )  # fmt: skip
        usage = server.share[:, members] @ served
        return Interval(m, u, v, worth, served, np.asarray(usage, dtype=np.float64))


def runs(cached: BoolArray) -> list[tuple[int, int, int]]:
    """Maximal runs of presence (M, T): model, first and last slot of each."""
    found = []
    for m, row in enumerate(cached):
        edges = np.diff(np.concatenate(([0], row.astype(np.int8), [0])))
        starts, ends = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1) - 1
        found += [(m, int(u), int(v)) for u, v in zip(starts, ends, strict=True)]
    return found
