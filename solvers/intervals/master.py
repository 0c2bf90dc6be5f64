"""The restricted master problem, kept in HiGHS and extended by columns in place.

Maximise the worth of the intervals chosen, subject to

* presence (model m, slot t): intervals of m that cover t <= sets of t that contain m,
* convexity (slot t): sets of t <= 1,
* compute and energy (slot t, only where the limit can bind): usage of the intervals <= 1.

The duals of presence, compute and energy are prices of the decomposition in :mod:`..lagrangian`.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import highspy
import numpy as np

from ..lagrangian.graph import FloatArray, IntArray
from ..lagrangian.server import Server
from ..milp import require_highs
from .columns import BoolArray, Interval

TOLERANCE = 1e-9


@dataclass(frozen=True)
class MasterPoint:
    """An optimum of the restricted master: its value, its prices (M + 2, T) and presence (M, T) in [0, 1]."""

    value: float
    prices: FloatArray
    presence: FloatArray


@dataclass(frozen=True)
class IntegerPoint:
    """The best whole choice of intervals found, and a bound on the worth of all choices (floating point)."""

    chosen: list[Interval]
    bound: float


class Master:
    """The linear programme over the columns known so far.

    Attributes
    ----------
    intervals
        Interval columns, in the order they were added.
    """

    def __init__(self, server: Server, asked_to_stop: Callable[[], bool]) -> None:
        require_highs()
        self.server = server
        self.intervals: list[Interval] = []
        self._places: list[int] = []
        self._interval_keys: set[tuple[int, int, int, bytes]] = set()
        self._sets: dict[tuple[int, bytes], int] = {}
        self._columns = 0
        models, slots = server.models, server.slots
        self._resource_row = np.full((2, slots), -1, dtype=np.int64)
        limited = np.argwhere(server.binding)
        self._resource_row[limited[:, 0], limited[:, 1]] = (models + 1) * slots + np.arange(len(limited))
        upper = np.concatenate([np.zeros(models * slots), np.ones(slots + len(limited))])
        self._asked_to_stop = asked_to_stop
        self._highs = quiet_highs(asked_to_stop)
        self._highs.setOptionValue("presolve", "off")
        self._highs.setOptionValue("solver", "simplex")
        self._highs.changeObjectiveSense(highspy.ObjSense.kMaximize)
        none = np.zeros(0, dtype=np.int32)
        self._highs.addRows(
            upper.size, np.full(upper.size, -highspy.kHighsInf), upper, 0,
            np.zeros(upper.size, dtype=np.int32), none, np.zeros(0),
        )  # fmt: skip

    @property
    def sets(self) -> int:
        """Number of set columns."""
        return len(self._sets)

    def add_intervals(self, columns: Iterable[Interval]) -> int:
        """Add the columns that are new; returns how many were."""
        fresh = []
        for column in columns:
            if column.key not in self._interval_keys:
                self._interval_keys.add(column.key)
                fresh.append(column)
        rows, entries = [], []
        slots = self.server.slots
        for column in fresh:
            covered = np.arange(column.begin, column.end + 1)
            resource = self._resource_row[:, covered]
            used = (resource >= 0) & (column.usage > 0.0)
            rows.append(np.concatenate([column.model * slots + covered, resource[used]]))
            entries.append(np.concatenate([np.ones(covered.size), column.usage[used]]))
        self._places += range(self._columns, self._columns + len(fresh))
        self.intervals += fresh
        self._add(np.array([column.worth for column in fresh]), rows, entries)
        return len(fresh)

    def add_sets(self, slots: Sequence[int] | IntArray, members: BoolArray) -> int:
        """Add sets, columns of ``members`` (M, n), for given slots (n,); returns how many are new."""
        rows: list[IntArray] = []
        entries: list[FloatArray] = []
        convexity = self.server.models * self.server.slots
        for place, t in enumerate(slots):
            key = (int(t), members[:, place].tobytes())
            if key in self._sets:
                continue
            self._sets[key] = self._columns + len(rows)
            inside = np.flatnonzero(members[:, place])
            rows.append(np.append(inside * self.server.slots + t, convexity + t))
            entries.append(np.append(np.full(inside.size, -1.0), 1.0))
        self._add(np.zeros(len(rows)), rows, entries)
        return len(rows)

    def _add(self, cost: FloatArray, rows: list[IntArray], entries: list[FloatArray]) -> None:
        if not rows:
            return
        lengths = np.array([row.size for row in rows])
        starts = np.concatenate([[0], np.cumsum(lengths)[:-1]]).astype(np.int32)
        self._highs.addCols(
            len(rows), cost, np.zeros(len(rows)), np.full(len(rows), highspy.kHighsInf), int(lengths.sum()),
            starts, np.concatenate(rows).astype(np.int32), np.concatenate(entries),
        )  # fmt: skip
        self._columns += len(rows)

    def solve(self, deadline: float) -> MasterPoint | None:
        """Solve from the last basis; None if the deadline (monotonic) or a request to stop came first."""
        left = deadline - time.monotonic()
        if left <= 0.0:
            return None
        # HiGHS' clock adds up over the runs of a model.
        self._highs.setOptionValue("time_limit", min(1e9, self._highs.getRunTime() + left))
        self._highs.run()
        if self._highs.getModelStatus() != highspy.HighsModelStatus.kOptimal:
            return None
        solution = self._highs.getSolution()
        models, slots = self.server.models, self.server.slots
        duals = np.maximum(np.array(solution.row_dual), 0.0)
        prices = np.zeros((models + 2, slots))
        prices[:models] = duals[: models * slots].reshape(models, slots)
        rows = self._resource_row
        prices[models:][rows >= 0] = duals[rows[rows >= 0]]
        weights = np.array(solution.col_value)[self._places]
        presence = np.zeros((models, slots))
        for column, weight in zip(self.intervals, weights, strict=True):
            if weight > 0.0:
                presence[column.model, column.begin : column.end + 1] += weight
        return MasterPoint(float(self._highs.getInfo().objective_function_value), prices, presence)

    def solve_integer(
        self, deadline: float, start: tuple[Sequence[Interval], BoolArray], absolute_gap: float
    ) -> IntegerPoint:
        """Choose whole intervals, starting from those of a plan and the sets (M, T) it caches.

        The sets stay continuous: presence that a convex combination of feasible sets covers is feasible.
        """
        self.add_intervals(start[0])
        self.add_sets(range(self.server.slots), start[1])
        highs = quiet_highs(self._asked_to_stop)
        highs.passModel(self._highs.getLp())
        places = np.array(self._places, dtype=np.int32)
        kinds = np.full(places.size, highspy.HighsVarType.kInteger)
        highs.changeColsIntegrality(places.size, places, kinds)
        for option, setting in (
            ("mip_rel_gap", 0.0),
            ("mip_abs_gap", absolute_gap),
            ("mip_feasibility_tolerance", TOLERANCE),
        ):
            highs.setOptionValue(option, setting)
        highs.setSolution(self._columns, np.arange(self._columns, dtype=np.int32), self._values_of(start))
        highs.setOptionValue("time_limit", min(1e9, max(0.0, deadline - time.monotonic())))
        highs.run()
        status, info = highs.getModelStatus(), highs.getInfo()
        chosen: list[Interval] = []
        if info.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible:
            weights = np.array(highs.getSolution().col_value)[self._places]
            chosen = [self.intervals[place] for place in np.flatnonzero(weights > 0.5)]
        proven = status == highspy.HighsModelStatus.kOptimal or math.isfinite(info.mip_dual_bound)
        return IntegerPoint(chosen, float(info.mip_dual_bound) if proven else math.inf)

    def _values_of(self, plan: tuple[Sequence[Interval], BoolArray]) -> FloatArray:
        place_of = {column.key: place for column, place in zip(self.intervals, self._places, strict=True)}
        values = np.zeros(self._columns)
        values[[place_of[column.key] for column in plan[0]]] = 1.0
        values[[self._sets[t, plan[1][:, t].tobytes()] for t in range(self.server.slots)]] = 1.0
        return values


def quiet_highs(asked_to_stop: Callable[[], bool]) -> Any:
    """A silent HiGHS on one thread that stops when it is asked to.

    The number of threads is left alone: all models of a process share it, and HiGHS refuses to run a model
    that asks for another one than the first had.
    """
    highs = highspy.Highs()
    for option, setting in (
        ("output_flag", False),
        ("parallel", "off"),
        ("primal_feasibility_tolerance", TOLERANCE),
        ("dual_feasibility_tolerance", TOLERANCE),
    ):
        highs.setOptionValue(option, setting)

    def check(event: Any) -> None:
        if asked_to_stop():
            event.interrupt()

    highs.cbSimplexInterrupt += check
    highs.cbMipInterrupt += check
    return highs
