"""The dual function: what prices of presence, compute and energy prove, and where they should move.

Written as savings over serving nothing (to be maximised), the problem of one server is

    max  sum_m chain_m(c_m, x_m)   with  c_m = y_m,  y_t in the knapsack of slot t,  share x_t <= 1.

Prices p[m, t] >= 0 on c <= y and q[r, t] >= 0 on the limits leave one dynamic programme a model, in which
presence costs p and resources cost q, one knapsack a slot that collects p, and sum q. The sum is an upper
bound on the savings for any prices >= 0, convex and piecewise linear in them; y - c and 1 - share x are
subgradients.
"""

from __future__ import annotations

import numba as nb
import numpy as np

from .chains import all_chains
from .graph import FloatArray, IntArray, node_values
from .intervals import best_intervals, interval_tables
from .serve import charged_service
from .server import Server
from .sets import best_sets

BoolArray = np.typing.NDArray[np.bool_]


class Dual:
    """Evaluates the dual function of one server; results of the last evaluation stay in the attributes.

    Attributes
    ----------
    chains, sets
        (M, T) bool: presence chosen by the chains and by the knapsacks.
    free
        Whether the prices of resources may move (they stay 0 where no limit binds).
    slope
        (M + 2, T) subgradient: rows of presence, then compute, then energy.
    """

    def __init__(self, server: Server) -> None:
        self.server = server
        graph = server.graph
        nodes, shape = graph.successor.size, (server.models, server.slots)
        self.free = server.limited
        self.value = np.zeros(nodes)
        self._ahead = np.zeros(nodes)
        self._idle = np.zeros(server.slots + 2)
        self._collected = np.zeros(server.slots)
        self.chains: BoolArray = np.zeros(shape, dtype=np.bool_)
        self.sets: BoolArray = np.zeros(shape, dtype=np.bool_)
        self.slope = np.zeros((server.models + 2, server.slots))
        self.price_nodes(np.zeros(server.cap.shape))

    def set_charge(self, charge: FloatArray) -> None:
        """Let every request pay ``charge`` (S, T) in the chains."""
        self.price_nodes(charge)

    def price_nodes(self, charge: FloatArray) -> None:
        """Set the value of every node when a request pays ``charge`` (S, T)."""
        server, graph = self.server, self.server.graph
        node_values(graph.first, graph.context, graph.members, server.cap, server.saving, charge, self.value)

    def served_by_chains(self, charge: FloatArray) -> IntArray:
        """Requests (S, T) behind the value of the chains' presence at these charges (S, T)."""
        server, graph = self.server, self.server.graph
        served = np.zeros_like(server.cap)
        _profitable(
            graph.first, graph.successor, graph.context, graph.members, server.cap, server.saving, charge,
            self.chains, served,
        )  # fmt: skip
        return served

    def evaluate(self, prices: FloatArray) -> float:
        """Return the upper bound on the savings that prices (M + 2, T) >= 0 give; fill the attributes."""
        server, models = self.server, self.server.models
        presence, resource = prices[:models], prices[models:]
        if self.free:
            charge = server.charge(resource)
            self.set_charge(charge)
        total = self.best_presence(presence, self.chains)
        best_sets(presence, server.outer_shelf, self._collected, self.sets)
        np.subtract(self.sets, self.chains, out=self.slope[:models], dtype=np.float64)
        if self.free:
            self._price_usage(charge)
        return total + float(self._collected.sum()) + float(resource.sum())

    def best_presence(self, rent: FloatArray, chosen: BoolArray) -> float:
        """Best intervals of every model for rents (M, T), inf where forbidden; fills ``chosen`` (M, T)."""
        graph = self.server.graph
        return float(
            all_chains(
                graph.first,
                graph.successor,
                self.value,
                rent,
                self.server.load_cost,
                self._ahead,
                self._idle,
                chosen,
            )
        )

    def _price_usage(self, charge: FloatArray) -> None:
        server = self.server
        used = server.share @ self.served_by_chains(charge)
        self.slope[server.models :] = np.where(server.binding, 1.0 - used, 1.0)


class IntervalDual(Dual):
    """The dual function with exact chains (``intervals.py``), at fixed prices of the resources."""

    def __init__(self, server: Server, resource: FloatArray) -> None:
        super().__init__(server)
        self.free = False
        self._best = np.zeros(server.slots + 1)
        self.reprice(resource)

    def reprice(self, resource: FloatArray) -> None:
        """Compute the interval tables for resource prices (2, T)."""
        self.set_charge(self.server.charge(resource))

    def set_charge(self, charge: FloatArray) -> None:
        """Let every request pay ``charge`` (S, T) in the chains: new interval tables."""
        super().set_charge(charge)
        self.tables = interval_tables(self.server, charge)

    def served_by_chains(self, charge: FloatArray) -> IntArray:
        """Requests (S, T) behind the value of the chains' presence at these charges (S, T)."""
        return charged_service(self.server, self.chains, charge)

    def best_presence(self, rent: FloatArray, chosen: BoolArray) -> float:
        """Best intervals of every model for rents (M, T), inf where forbidden; fills ``chosen`` (M, T)."""
        total = 0.0
        for m in range(self.server.models):
            total += best_intervals(self.tables[m], rent[m], self.server.load_cost[m], self._best, chosen[m])
        return total


@nb.njit(cache=True, nogil=True)
def _profitable(first, successor, context, members, cap, saving, charge, chosen, served):  # type: ignore[no-untyped-def]
    """Fill ``served`` (S, T): every request that saves more than its charge, where its model is present."""
    models, slots = chosen.shape
    for m in range(models):
        node = -1
        for t in range(slots):
            if not chosen[m, t]:
                node = -1
                continue
            if node < 0:
                node = first[m, t]
            for j in range(members.shape[1]):
                s = members[m, j]
                if s < 0:
                    break
                if saving[s, context[node, j]] > charge[s, t]:
                    served[s, t] = cap[s, t]
            node = successor[node]


def starting_prices(dual: Dual) -> FloatArray:
    """One price per byte for all slots and models, the best of a geometric grid; resources free."""
    server = dual.server
    prices = np.zeros((server.models + 2, server.slots))
    worth = float(np.max(dual.value, initial=0.0)) / float(server.footprint.min())
    best, best_rate = dual.evaluate(prices), 0.0
    for rate in worth * np.geomspace(1e-4, 1.0, 25):
        prices[: server.models] = rate * server.footprint[:, None]
        reached = dual.evaluate(prices)
        if reached < best:
            best, best_rate = reached, rate
    prices[: server.models] = best_rate * server.footprint[:, None]
    return prices
