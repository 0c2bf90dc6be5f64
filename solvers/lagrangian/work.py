"""The order of work on one server: prices, plans from prices, sweeps that close the gap, local search."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..solution import relative_gap
from .allowances import AllowanceSearch
from .bound import bound_from_savings, safe_bound
from .close import sweep
from .dual import Dual, IntervalDual
from .equal import equal_prices
from .graph import FloatArray
from .intervals import affordable
from .plans import PlanPool
from .resources import ResourceSearch
from .search import PriceSearch
from .server import Server

BoolArray = np.typing.NDArray[np.bool_]

_PIECE = 50
_LEVEL_PIECES = 12
_ROUNDS = (
    (0, 0.0, 200),
    (500, 0.05, 1000),
    (1500, 0.05, 4000),
    (4000, 0.05, 16_000),
    (8000, 0.03, 64_000),
    (16_000, 0.03, 256_000),
)
"""Adam steps, their relative size, and the width of the sweep after them."""
_COARSE_ROUNDS = 2
"""Rounds worth doing where the context graph is only a relaxation."""
_EXACT_EPOCHS = ((120, 0.2), (120, 0.05))
_PACKED_EPOCHS = ((1000, 0.1), (2000, 0.03))
_EXACT_PACKED_EPOCHS = ((400, 0.03), (400, 0.01))
"""Steps and their relative size where whole requests are packed: on the context graph, on exact chains."""
_REPRICED = 5
"""Steps of exact chains for each new table of intervals."""
_EQUAL_SECONDS, _EQUAL_SHARE = 60.0, 0.3
"""Time for the linear programme of equal footprints: without a limit, and of what is left of one."""
_IDLE_SHAKES = 300
_TUNING_STEPS = 60
_ROUNDING = 0.99
"""Share of the asked gap that is aimed at: the safe bound lies a little below the one that is searched."""


@dataclass(frozen=True)
class Swept:
    """A cap on the savings that a sweep proved: the prices (M + 2, T), its width, and what it found ahead."""

    cap: float
    prices: FloatArray
    width: int
    ahead: FloatArray


def sweep_details(sweeps: Sequence[Swept | None], slots: int) -> dict[str, Any]:
    """Entries of ``Solution.details`` from which a verifier repeats the sweeps of all servers."""
    return {
        "widest_sweep": max(0 if swept is None else swept.width for swept in sweeps),
        "excess_ahead": np.array([np.zeros(slots + 1) if swept is None else swept.ahead for swept in sweeps]),
    }


class ServerWork:
    """Prices and plans of one server, improved together; complete and consistent at any moment.

    Attributes
    ----------
    prices, exact_prices
        (M + 2, T) best prices for the context graph, and for exact chains (None if not tried).
    proving, allowance
        (M + 2, T) prices behind `bound`, and (S, T) what a request pays a slot to be let in besides; None
        where nothing is gained so.
    swept
        What the best sweep proved, and at which prices; None if there is none, or prices prove more.
    cached, served
        (M, T) and (S, T) of the best plan.
    """

    def __init__(self, server: Server, gap: float, seed: int) -> None:
        self.server = server
        self.gap = gap
        self.seed = seed
        self.prices = np.zeros((server.models + 2, server.slots))
        self.exact_prices: FloatArray | None = None
        self.proving = self.prices
        self.allowance: FloatArray | None = None
        self._packed: list[tuple[AllowanceSearch, bool]] = []
        self.cached: BoolArray = np.zeros((server.models, server.slots), dtype=np.bool_)
        self.served = np.zeros_like(server.cap)
        self.swept: Swept | None = None
        self.iterations = 0
        self._best = math.inf
        self._bound: float | None = None
        self._deadline = math.inf
        self._asked_to_stop: Callable[[], bool] = bool

    def run(
        self, deadline: float, asked_to_stop: Callable[[], bool], report: Callable[[float], None]
    ) -> None:
        """Work until the gap is reached, the deadline (monotonic clock) is over, or nothing gains any more.

        ``report`` is told the gap after each piece of work.
        """
        self._deadline, self._asked_to_stop = deadline, asked_to_stop
        search = PriceSearch(dual := Dual(self.server))
        pool = PlanPool(dual, self.seed)
        try:
            for _ in self._pieces(search, pool):
                cap = min(search.best, self._best, math.inf if self.swept is None else self.swept.cap)
                report(relative_gap(self.server.cloud_only - pool.worth, self.server.cloud_only - cap))
                if cap <= self._enough(pool) or self._late():
                    break
        finally:
            self.prices = search.prices
            self.iterations += search.iterations
            self.cached, self.served = pool.cached, pool.served
            self._asked_to_stop = bool
            self._settle()

    def rehearse(self) -> None:
        """Do a little of everything, whether it is needed or not: all kernels are compiled after it."""
        search = PriceSearch(dual := Dual(self.server))
        pool = PlanPool(dual, self.seed)
        for _ in self._round(search, pool, 1, 0.1):
            pass
        self._sweep(search, pool, 2)
        for _ in self._exact_epochs(search, pool, epochs=((1, 0.1),)):
            pass
        resource = search.prices[self.server.models :]
        packed = AllowanceSearch(
            dual, search.prices[: self.server.models], self.server.charge(resource), resource
        )
        packed.steps(0, 2, 2, 0.1)
        self._packed.append((packed, False))
        pool.shake(search.prices[self.server.models :], self._late)
        self.bound()

    def bound(self) -> float:
        """Lower bound on the cost, safe against rounding."""
        if self._bound is None:
            self._settle()
        return self._bound or 0.0

    def _settle(self) -> None:
        """Compute the bound, and drop the prices that prove less."""
        self.proving = self.prices
        best = safe_bound(self.server, self.prices)
        swept = 0.0 if self.swept is None else bound_from_savings(self.server, self.swept.cap)
        if self.exact_prices is not None:
            exact = safe_bound(self.server, self.exact_prices, exact_chains=True)
            if exact > best:
                self.prices = self.proving = self.exact_prices
            best = max(best, exact)
        for search, exact_chains in self._packed:
            free = np.zeros((2, self.server.slots))
            prices = np.vstack([search.rent, free])
            proven = safe_bound(self.server, prices, exact_chains=exact_chains, allowance=search.allowance)
            if proven > best:
                best, self.proving, self.allowance = proven, prices, search.allowance
        if self.swept is not None and swept > best:
            best, self.proving, self.allowance = swept, self.swept.prices, None
        else:
            self.swept = None
        self._packed = []
        self._bound = best

    def _late(self) -> bool:
        return time.monotonic() > self._deadline or self._asked_to_stop()

    def _enough(self, pool: PlanPool) -> float:
        """Savings that, as a cap, would prove the best plan good enough."""
        cost = self.server.cloud_only - pool.worth
        return self.server.cloud_only - cost / (1.0 + _ROUNDING * self.gap)

    def _pieces(self, search: PriceSearch, pool: PlanPool) -> Iterator[None]:
        """Small pieces of work in a sensible order."""
        server = self.server
        for _ in range(_LEVEL_PIECES):
            going = search.level_steps(_PIECE)
            self._suggest(search, pool)
            yield
            if not going:
                break
        if self._equal(search):
            self._suggest(search, pool)
            yield
        for length, rate, width in _ROUNDS if server.plain else _ROUNDS[:_COARSE_ROUNDS]:
            yield from self._round(search, pool, length, rate)
            finished = self._sweep(search, pool, width)
            yield
            if finished:
                break
        if not server.plain and affordable(server):
            yield from self._exact_epochs(search, pool)
        if server.limited:
            yield from self._packed_epochs(search, pool)
        yield from self._shakes(search, pool)

    def _equal(self, search: PriceSearch) -> bool:
        """Exact prices where all footprints are equal; True if there are any."""
        left = self._deadline - time.monotonic()
        seconds = _EQUAL_SECONDS if math.isinf(left) else _EQUAL_SHARE * left
        prices = equal_prices(self.server, search.dual.value, seconds, self._late)
        if prices is None:
            return False
        search.offer(prices)
        return True

    def _round(self, search: PriceSearch, pool: PlanPool, length: int, rate: float) -> Iterator[None]:
        search.restart()
        candidate = self._suggest(search, pool)
        for first in range(0, length, _PIECE):
            search.adam_steps(first, min(_PIECE, length - first), length, rate)
            candidate = self._suggest(search, pool)
            yield
        resource = search.prices[self.server.models :]
        pool.descend(candidate, resource, self._late)
        pool.descend(pool.cached.copy(), resource, self._late)
        yield

    def _suggest(self, search: PriceSearch, pool: PlanPool) -> BoolArray:
        resource = search.prices[self.server.models :]
        pool.from_scores(search.dual.chains + 1e-3 * search.dual.sets, resource)
        return pool.from_scores(search.average, resource)

    def _sweep(self, search: PriceSearch, pool: PlanPool, width: int) -> bool:
        """Sweep joint states; True if no wider sweep can prove more at these prices."""
        result = sweep(self.server, search.prices, self._enough(pool), width, self._late)
        if result is None:
            return False
        if self.swept is None or result.cap < self.swept.cap:
            self.swept = Swept(result.cap, search.prices.copy(), width, result.ahead)
        if result.cached is not None:
            resource = search.prices[self.server.models :]
            pool.consider(result.cached, resource)
            pool.descend(result.cached, resource, self._late)
        return result.complete

    def _exact_epochs(
        self, search: PriceSearch, pool: PlanPool, epochs: tuple[tuple[int, float], ...] = _EXACT_EPOCHS
    ) -> Iterator[None]:
        """Let the chains choose how much to serve; no step starts that would not end in time."""
        server, prices = self.server, search.prices
        pool.tune_service(prices[server.models :], _TUNING_STEPS, self._late)
        for steps, rate in epochs:
            started = time.monotonic()
            exact = ResourceSearch(server, prices)
            pool.dual = exact.dual
            longest = 2.0 * (time.monotonic() - started)
            for k in range(steps):
                now = time.monotonic()
                if now + 2.0 * longest > self._deadline:
                    break
                exact.step(k / steps, rate)
                longest = max(longest, time.monotonic() - now)
                if exact.best < self._best:
                    self._best, self.exact_prices = exact.best, exact.prices
                if k % 5 == 4:
                    pool.from_scores(
                        np.asarray(exact.average, dtype=np.float64), exact.prices[server.models :]
                    )
                yield
            self.iterations += exact.iterations
            prices = exact.prices
            pool.descend(pool.cached.copy(), prices[server.models :], self._late)
            pool.tune_service(prices[server.models :], _TUNING_STEPS, self._late)
            yield

    def _packed_epochs(self, search: PriceSearch, pool: PlanPool) -> Iterator[None]:
        """Let the slots pack whole requests: first on the context graph, then on exact chains."""
        server, models = self.server, self.server.models
        start = search.prices if self.exact_prices is None else self.exact_prices
        resource = start[models:]
        rent, allowance = start[:models], server.charge(resource)
        ways: list[tuple[Dual, tuple[tuple[int, float], ...], int]] = [(Dual(server), _PACKED_EPOCHS, 1)]
        if affordable(server):
            ways.append((IntervalDual(server, resource), _EXACT_PACKED_EPOCHS, _REPRICED))
        for dual, epochs, every in ways:
            packed = AllowanceSearch(dual, rent, allowance, resource)
            self._packed.append((packed, every > 1))
            for length, rate in epochs:
                packed.restart()
                for first in range(0, length, _PIECE):
                    packed.steps(first, min(_PIECE, length - first), length, rate, every, self._late)
                    self._best = min(self._best, packed.best)
                    pool.from_scores(packed.average, resource)
                    yield
            self.iterations += packed.iterations
            rent, allowance = packed.rent, packed.allowance

    def _shakes(self, search: PriceSearch, pool: PlanPool) -> Iterator[None]:
        prices = search.prices if self.exact_prices is None else self.exact_prices
        resource, idle = prices[self.server.models :], 0
        while idle < _IDLE_SHAKES:
            idle = 0 if pool.shake(resource, self._late) else idle + 1
            if idle == 0 and not self.server.plain:
                pool.tune_service(resource, _TUNING_STEPS, self._late)
            yield
