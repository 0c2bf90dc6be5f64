"""Column generation for one server: stabilised prices, a bound in every round, plans from fractional optima.

The master's own prices jump about while it knows few columns. So columns are priced at points between the
best prices known and the master's (Wentges 1997; in-out separation), whose bounds improve from the first
round on. The decomposition's prices, found by a few hundred subgradient steps, are the first centre; the
chains and sets met on the way are the first columns.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from ..lagrangian.bound import bound_from_savings, safe_bound
from ..lagrangian.dual import Dual
from ..lagrangian.graph import FloatArray, IntArray
from ..lagrangian.plans import PlanPool
from ..lagrangian.search import PriceSearch
from ..lagrangian.server import Server
from ..solution import relative_gap
from .columns import BoolArray, Pricer
from .master import Master, MasterPoint
from .restricted import MOST_INTERVALS, MOST_SETS, enumerate_columns

_PIECE = 25
_PIECES = 24
_SLOW = 6
"""Pieces for each harvest where pricing computes tables of all intervals."""
_CENTRES = (0.7, 0.35, 0.0)
_CLOSE = 1e-9
_INTERVALS_A_SECOND = 2000
_SETS_A_SECOND = 6000
"""Columns that it pays to build for each second that HiGHS then has to choose among them."""
_SHARES = (1.0, 0.7, 0.5, 0.35, 0.25)
_ROUNDING = 0.99
"""Share of the asked gap that is aimed at: the safe bound lies a little below the one that is searched."""


class Generation:
    """Column generation on one server; complete and consistent at any moment.

    Attributes
    ----------
    pool
        The best plan, and ways to better ones.
    prices
        (M + 2, T) prices of the best bound.
    cap
        Cap on the savings that they give, in plain floats.
    value
        Savings of the last restricted master; -inf before the first.
    whole_cap
        Cap on the savings from an exact programme over whole intervals (floating point); inf without one.
    enumerated
        Numbers of interval and set columns of that programme.
    converged
        Whether the restricted master has the value of the full one.
    rounds
        Master problems solved.
    """

    def __init__(
        self, server: Server, gap: float, seed: int, deadline: float, asked_to_stop: Callable[[], bool]
    ) -> None:
        self.server = server
        self.gap = gap
        self.deadline = deadline
        self.pricer = Pricer(server)
        self.pool = PlanPool(self.pricer.dual, seed)
        self.master = Master(server, asked_to_stop)
        self.prices: FloatArray = np.zeros((server.models + 2, server.slots))
        self.cap = math.inf
        self.value = -math.inf
        self.whole_cap = math.inf
        self.enumerated = (0, 0)
        self.converged = False
        self.rounds = 0
        self._asked_to_stop = asked_to_stop

    def run(self, end: float, report: Callable[[float], None]) -> None:
        """Generate columns until the master is solved, the gap closed or ``end`` (monotonic clock) reached.

        ``report`` is told the gap after each round. Calling it again goes on from there.
        """
        for _ in self.rounds_until(end):
            report(relative_gap(self._cost, self.server.cloud_only - self.cap))
            if self.closed or self.late() or time.monotonic() > end:
                break

    def late(self) -> bool:
        """Whether the deadline is over or a stop was asked for."""
        return time.monotonic() > self.deadline or self._asked_to_stop()

    @property
    def _cost(self) -> float:
        return self.server.cloud_only - self.pool.worth

    @property
    def closed(self) -> bool:
        """Whether the best plan is within the asked gap of the bound."""
        enough = self.server.cloud_only - self._cost / (1.0 + _ROUNDING * self.gap)
        return min(self.cap, self.whole_cap) <= enough

    def safe_bound(self) -> float:
        """Lower bound on the cost that the best prices prove, safe against rounding."""
        return safe_bound(self.server, self.prices, exact_chains=self.pricer.by_table)

    def bound(self) -> float:
        """Lower bound on the cost, the one from whole intervals (floating point) included."""
        return max(self.safe_bound(), bound_from_savings(self.server, self.whole_cap))

    def adopt(self, prices: FloatArray, cached: BoolArray, served: IntArray) -> None:
        """Begin from prices (M + 2, T) and a plan that are known, instead of subgradient steps."""
        worth = math.fsum(column.worth for column in self.pricer.of_plan(cached, served))
        if worth > self.pool.worth:
            self.pool.cached, self.pool.served, self.pool.worth = cached.copy(), served.copy(), worth
        self._harvest(prices)
        self._add_plan()

    def finish(self, seconds: float) -> None:
        """Choose whole intervals: among those near the best, or where that means nothing, those generated."""
        if not self.enumerate(seconds, MOST_INTERVALS, MOST_SETS, _SHARES):
            self._choose(self.master, seconds)

    def enumerate(
        self, seconds: float, most_intervals: int, most_sets: int, shares: Sequence[float] = (1.0,)
    ) -> float:
        """Choose among all intervals that may be in a better plan, or the nearer part of them.

        Parameters
        ----------
        seconds
            Time for HiGHS.
        most_intervals, most_sets
            Affordable numbers of columns.
        shares
            Parts of the gap to try, falling. Columns within such a part of the gap yield every plan that
            closes the rest of it, so that this much of the cap can be taken away.

        Returns
        -------
        float
            The part for which the columns were affordable; 0 for none.
        """
        known, cap = self.pool.worth, self.cap
        left = min(seconds, self.deadline - time.monotonic(), 1e3)
        most_intervals = min(most_intervals, int(_INTERVALS_A_SECOND * left))
        most_sets = min(most_sets, int(_SETS_A_SECOND * left))
        for share in shares if left > 0.0 else ():
            slack = share * (cap - known)
            near = enumerate_columns(self.pricer, self.prices, slack, most_intervals, most_sets)
            if near is not None:
                break
        else:
            return 0.0
        master = Master(self.server, self._asked_to_stop)
        master.add_intervals(near.intervals)
        master.add_sets(near.slots, near.members)
        self.enumerated = len(near.intervals), near.slots.size
        bound = self._choose(master, seconds)
        reached = max(bound + _CLOSE * (abs(bound) + self.server.cloud_only), cap - slack, known)
        self.whole_cap = min(self.whole_cap, reached)
        return share

    def _choose(self, master: Master, seconds: float) -> float:
        """Whole intervals of a master, the best of them to the pool; returns the bound on their worth."""
        server, resource = self.server, self.prices[self.server.models :]
        plan = self.pricer.of_plan(self.pool.cached, self.pool.served)
        end = min(self.deadline, time.monotonic() + seconds)
        found = master.solve_integer(end, (plan, self.pool.cached), 0.5 * self.gap * self._cost)
        cached = np.zeros_like(self.pool.cached)
        for column in found.chosen:
            cached[column.model, column.begin : column.end + 1] = True
        if np.all(server.footprint @ cached <= server.inner_shelf.capacity):
            self.pool.consider(cached, resource)
            self.pool.descend(self.pool.cached.copy(), resource, self.late)
        return found.bound

    def rounds_until(self, end: float) -> Iterator[None]:
        """Rounds of column generation, after subgradient steps if nothing has been done yet."""
        if math.isinf(self.cap):
            yield from self._warm_up()
        while (point := self.master.solve(end)) is not None:
            self.rounds += 1
            self.value = point.value
            self.pool.from_scores(point.presence, point.prices[self.server.models :])
            close = _CLOSE * (abs(self.server.cloud_only - self.cap) + _CLOSE * abs(self.cap))
            if self.cap - point.value <= close or not self._price(point):
                self.converged = not self.late()
                return
            yield

    def _warm_up(self) -> Iterator[None]:
        """Subgradient steps of the decomposition; what they choose becomes the first columns."""
        slow = self.pricer.by_table and self.server.limited
        # Prices of the limits cannot move over fixed tables: the context graph, a relaxation, finds them.
        search = PriceSearch(Dual(self.server) if slow else self.pricer.dual)
        for piece in range(_PIECES):
            going = search.level_steps(_PIECE)
            if not slow or piece % _SLOW == 0 or not going:
                self._harvest(search.prices)
                self.pool.from_scores(search.average, search.prices[self.server.models :])
                yield
            if not going:
                break
        self.pool.descend(self.pool.cached.copy(), self.prices[self.server.models :], self.late)
        self._add_plan()
        yield

    def _add_plan(self) -> None:
        self.master.add_intervals(self.pricer.of_plan(self.pool.cached, self.pool.served))
        self.master.add_sets(range(self.server.slots), self.pool.cached)

    def _price(self, point: MasterPoint) -> bool:
        """Add columns that the master lacks; False if there are none."""
        centre, found = self.prices, 0
        for weight in _CENTRES:
            found += self._harvest(weight * centre + (1.0 - weight) * point.prices)
            if self.late() or (found and self.pricer.by_table and self.server.limited):
                return True
        return found > 0

    def _harvest(self, prices: FloatArray) -> int:
        """Price at ``prices``, keep them if their bound is the best, add columns; returns how many."""
        cap = self.pricer.evaluate(prices)
        if cap < self.cap:
            self.cap, self.prices = cap, prices.copy()
        columns = self.pricer.profitable(prices, 1e-10 * abs(self.cap)) + self.pricer.chosen(prices)
        sets = self._filled(self.pricer.dual.sets)
        return self.master.add_intervals(columns) + self.master.add_sets(range(self.server.slots), sets)

    def _filled(self, sets: BoolArray) -> BoolArray:
        """The sets (M, T) with everything added that still fits, smallest models first."""
        footprint, capacity = self.server.footprint, self.server.inner_shelf.capacity
        full = sets.copy()
        room = capacity - footprint @ full
        for m in np.argsort(footprint, kind="stable"):
            fits = ~full[m] & (footprint[m] <= room)
            full[m, fits] = True
            room[fits] -= footprint[m]
        return full
