"""Oracles that know the law of demand, on the sampled futures of a case, as tasks of a benchmark run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any

from ...problem import evaluate
from ...problem.processes import stretch
from ...solvers import simulate
from ...solvers.engines import source_digest
from ...solvers.online import HindsightAveraging, TrueForecast
from ..cases import Case
from ..future_tasks import FUTURES_SEED, future
from ..future_tasks import Task as BenchmarkTask
from ..tasks import Keyed, Parameters
from ..work import work

KINDS = {"hindsight-averaging": HindsightAveraging, "true-forecast": TrueForecast}

TRIALS: Mapping[str, Mapping[str, tuple[Any, ...]]] = {
    "hindsight-averaging": {"futures": (24,), "horizon": (8, 16, 24, 40)},
    "true-forecast": {
        "horizon": (16, 24, 40, 80),
        "stickiness": (1.0, 0.8, 0.6),
        "rent": (1.0, 0.8, 1.2),
        "spare": (False, True),
    },
}
"""What is tried of each, every combination."""

FIRST_TRIAL = 1_000_000
"""Number of the first future on which an oracle is chosen; none of the test's."""


@dataclass(frozen=True)
class OracleRuns(Keyed):
    """Run an oracle, told the true process and its states, on one server's sampled futures."""

    case: Case
    name: str
    options: Parameters
    first: int
    count: int

    @property
    def label(self) -> str:
        """The task in words."""
        return f"{self.name} {dict(self.options)} on {self.count} futures of {self.case.name}"

    def spec(self) -> dict[str, Any]:
        """All that the result depends on."""
        return {
            "kind": "oracle runs",
            "source": source_digest("benchmarks/learning/oracle.py"),
            "case": self.case.spec(),
            "oracle": self.name,
            "options": dict(self.options),
            "first": self.first,
            "count": self.count,
            "seed": FUTURES_SEED,
        }


@dataclass(frozen=True)
class OracleChoice:
    """Which runs choose the oracle of a case, and which follow.

    Parameters
    ----------
    trials, tests
        Futures on which it is chosen, and on which it is compared.
    """

    case: Case
    trials: int
    tests: int

    def tried(self) -> list[OracleRuns]:
        """Every oracle with every option, on the futures of the choice."""
        return [
            OracleRuns(self.case, name, tuple(zip(grid, values, strict=True)), FIRST_TRIAL, self.trials)
            for name, grid in TRIALS.items()
            for values in product(*grid.values())
        ]

    def test(self, results: Mapping[str, dict[str, Any]]) -> OracleRuns:
        """The run on the test futures of the one that cost least when tried."""
        best = min(self.tried(), key=lambda one: sum(results[one.key]["costs"]))
        return OracleRuns(self.case, best.name, best.options, 0, self.tests)


Task = BenchmarkTask | OracleRuns


def work_or_ask(task: Task) -> dict[str, Any]:
    """Do a task of the benchmark, or one of an oracle's."""
    if isinstance(task, OracleRuns):
        return {"costs": list(_costs(task))}
    return work(task)


def _costs(task: OracleRuns) -> Iterable[float]:
    (process,) = task.case.processes()
    for index in range(task.first, task.first + task.count):
        instance = future(task.case, index)
        states, _ = stretch(process, instance.slots, FUTURES_SEED, index)
        oracle = KINDS[task.name](process=process, states=states, **dict(task.options))
        yield evaluate(instance, simulate(instance, oracle, seed=index)).total
