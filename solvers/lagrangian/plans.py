"""Plans from prices, and local search that re-optimises two models at a time.

Whatever the decomposition suggests is made feasible by one knapsack a slot on its scores; within the slots
so granted every model takes its best intervals. Then pairs of models are re-optimised exactly in the memory
the others leave, until no pair improves, and windows of the plan are emptied and rebuilt.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations

import numpy as np

from .chains import best_chain, best_pair, chain_value
from .dual import Dual
from .graph import FloatArray, IntArray
from .serve import best_service, priced_usage
from .server import Server
from .sets import best_sets

BoolArray = np.typing.NDArray[np.bool_]
Stop = Callable[[], bool]


class PlanPool:
    """The best plan of one server so far, and ways to find better ones.

    Attributes
    ----------
    cached, served
        (M, T) bool and (S, T) of the best plan.
    worth
        Its savings over serving nothing.
    """

    def __init__(self, dual: Dual, seed: int) -> None:
        self.dual = dual
        self.server: Server = dual.server
        self.cached: BoolArray = np.zeros(dual.sets.shape, dtype=np.bool_)
        self.served: IntArray = np.zeros_like(self.server.cap)
        self.worth = 0.0
        self._rng = np.random.default_rng(np.random.SeedSequence([0x1A6, seed]))
        self._ahead = np.zeros(dual.value.size)
        self._idle = np.zeros(self.server.slots + 2)

    def consider(self, cached: BoolArray, resource: FloatArray) -> bool:
        """Serve as well as ``cached`` (M, T) allows, and keep the plan if it is the best; True if so."""
        served, worth = best_service(self.server, cached, resource)
        if worth <= self.worth:
            return False
        self.cached, self.served, self.worth = cached.copy(), served, worth
        return True

    def from_scores(self, scores: FloatArray, resource: FloatArray) -> BoolArray:
        """Feasible presence (M, T): knapsacks on ``scores`` grant slots, chains take intervals in them."""
        granted = np.zeros(scores.shape, dtype=np.bool_)
        best_sets(scores, self.server.inner_shelf, np.zeros(self.server.slots), granted)
        cached = np.zeros_like(granted)
        self.dual.best_presence(np.where(granted, 0.0, np.inf), cached)
        self.consider(cached, resource)
        return cached

    def descend(
        self, cached: BoolArray, resource: FloatArray, stop: Stop, touched: BoolArray | None = None
    ) -> None:
        """Improve ``cached`` in place, pairs of models at a time, until none gains.

        ``touched`` (M,) names the models that may have changed since nothing gained; None means all.
        """
        server, graph, value = self.server, self.server.graph, self.dual.value
        models = server.models
        if models == 1:
            self._refill(cached, [0])
        changed = np.ones(models, dtype=np.bool_) if touched is None else touched.copy()
        pairs = np.array(list(combinations(range(models), 2)), dtype=np.int64).reshape(-1, 2)
        while changed.any():
            before, changed = changed, np.zeros(models, dtype=np.bool_)
            for a, b in self._rng.permutation(pairs):
                if not (before[a] or before[b] or changed[a] or changed[b]):
                    continue
                if stop():
                    return
                old = self._value_of(a, cached[a]) + self._value_of(b, cached[b])
                room = self._room(cached, (a, b))
                new = best_pair(
                    a,
                    b,
                    graph.first,
                    graph.successor,
                    value,
                    server.load_cost,
                    room,
                    server.footprint,
                    cached,
                )
                if new > old + 1e-9 * (abs(old) + 1e-9):
                    changed[a] = changed[b] = True
        self.consider(cached, resource)

    def tune_service(self, resource: FloatArray, steps: int, stop: Stop) -> None:
        """Keep what the best plan caches, move the resource prices to fit it, and serve by them."""
        binding, cached = self.server.binding, self.cached
        prices = np.where(binding, resource, 0.0)
        size = 0.3 * max(float(prices.sum()), 1e-3 * self.worth) / max(1, int(binding.sum()))
        for k in range(steps):
            if stop():
                return
            used = priced_usage(self.server, cached, prices)
            prices = np.where(binding, np.maximum(0.0, prices + size / (1.0 + 0.2 * k) * (used - 1.0)), 0.0)
            self.consider(cached, prices)

    def shake(self, resource: FloatArray, stop: Stop) -> bool:
        """Empty a random window of random models in the best plan, rebuild, descend; True if that gained."""
        server, rng = self.server, self._rng
        cached, worth = self.cached.copy(), self.worth
        length = int(rng.integers(2, max(3, min(server.slots, 80) + 1)))
        start = int(rng.integers(0, max(1, server.slots - length + 1)))
        touched = rng.random(server.models) < rng.choice([0.3, 0.6, 1.0])
        touched[rng.integers(server.models)] = True
        cached[touched, start : start + length] = False
        self._refill(cached, list(rng.permutation(np.flatnonzero(touched))))
        self.descend(cached, resource, stop, touched)
        self.consider(cached, resource)
        return self.worth > worth

    def _refill(self, cached: BoolArray, order: list[int]) -> None:
        """Give each model in turn its best intervals in the memory that the others leave."""
        server, graph = self.server, self.server.graph
        for m in order:
            rent = np.where(self._room(cached, (m,)) >= server.footprint[m], 0.0, np.inf)
            best_chain(
                m, graph.first, graph.successor, self.dual.value, rent, server.load_cost[m],
                self._ahead, self._idle, cached[m],
            )  # fmt: skip

    def _room(self, cached: BoolArray, without: tuple[int, ...]) -> FloatArray:
        weight = self.server.footprint.copy()
        weight[list(without)] = 0.0
        return np.asarray(self.server.inner_shelf.capacity - weight @ cached)

    def _value_of(self, m: int, chosen: BoolArray) -> float:
        graph = self.server.graph
        return float(
            chain_value(m, graph.first, graph.successor, self.dual.value, self.server.load_cost[m], chosen)
        )
