"""The oracle that knows the law of demand, on the sampled futures of a case, as tasks of a benchmark run."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from ...problem import evaluate
from ...problem.processes import stretch
from ...solvers import simulate
from ...solvers.engines import source_digest
from ...solvers.online import HindsightAveraging
from ..cases import Case
from ..future_tasks import FUTURES_SEED, future
from ..future_tasks import Task as BenchmarkTask
from ..tasks import Keyed
from ..work import work

HORIZONS = (8, 16, 24, 40)
"""Slots that the oracle may look ahead."""

FIRST_VALIDATION = 1_000_000
"""Number of the first future on which its horizon is chosen; none of the test's."""


@dataclass(frozen=True)
class OracleRuns(Keyed):
    """Run hindsight averaging with the true process, told its states, on one server's sampled futures."""

    case: Case
    horizon: int
    drawn: int
    first: int
    count: int

    @property
    def label(self) -> str:
        """The task in words."""
        return f"oracle with horizon {self.horizon} on {self.count} futures of {self.case.name}"

    def spec(self) -> dict[str, Any]:
        """All that the result depends on."""
        return {
            "kind": "oracle runs",
            "source": source_digest("benchmarks/learning/oracle.py"),
            "case": self.case.spec(),
            "horizon": self.horizon,
            "drawn": self.drawn,
            "first": self.first,
            "count": self.count,
            "seed": FUTURES_SEED,
        }


@dataclass(frozen=True)
class OracleHorizon:
    """Which runs choose the oracle's horizon, and which follow with it."""

    case: Case
    drawn: int
    validation: int
    tests: int

    def trials(self) -> list[OracleRuns]:
        """One for each horizon, on futures of their own."""
        return [
            OracleRuns(self.case, horizon, self.drawn, FIRST_VALIDATION, self.validation)
            for horizon in HORIZONS
        ]

    def test(self, results: dict[str, dict[str, Any]]) -> OracleRuns:
        """The run on the test futures, with the horizon that cost least in the trials."""
        best = min(self.trials(), key=lambda one: (sum(results[one.key]["costs"]), one.horizon))
        return OracleRuns(self.case, best.horizon, self.drawn, 0, self.tests)


Task = BenchmarkTask | OracleRuns


def work_or_ask(task: Task) -> dict[str, Any]:
    """Do a task of the benchmark, or one of the oracle's."""
    if isinstance(task, OracleRuns):
        return {"costs": list(_costs(task))}
    return work(task)


def _costs(task: OracleRuns) -> Iterable[float]:
    (process,) = task.case.processes()
    for index in range(task.first, task.first + task.count):
        instance = future(task.case, index)
        states, _ = stretch(process, instance.slots, FUTURES_SEED, index)
        oracle = HindsightAveraging(
            process=process, states=states, futures=task.drawn, horizon=min(task.horizon, instance.slots)
        )
        yield evaluate(instance, simulate(instance, oracle, seed=index)).total
