"""What policies are scored on: worlds with a training, a validation and a test part."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol

from ..problem import Instance, scenario
from ..problem.errors import InvalidOption
from ..problem.processes import DemandProcess, process_of
from ..problem.scenarios import scenario_workloads
from .settings import Settings, Size, Split
from .trace_case import TraceCase


class Case(Protocol):
    """A world to score on; equal specs mean equal instances."""

    def __hash__(self) -> int:
        """Cases are values: what is computed from one can be remembered under it."""

    @property
    def name(self) -> str:
        """The column `instance` of the results."""

    def spec(self) -> dict[str, Any]:
        """All that determines the instances, as JSON-able names and values."""

    def seeds(self, wanted: int, split: Split) -> range:
        """The seeds that the split offers, at most `wanted`."""

    def instance(self, seed: int, split: Split) -> Instance:
        """The instance of a seed of a split."""

    def processes(self) -> tuple[DemandProcess, ...]:
        """The process that draws each server's arrivals; raises InvalidOption where none is known."""


@dataclass(frozen=True)
class ScenarioCase:
    """A synthetic scenario, with the splits and seeds of `edgeopt.problem.scenario`."""

    scenario: str
    size: Size
    slots: int | None = None
    servers: int | None = None
    models: int | None = None

    @property
    def name(self) -> str:
        """Scenario and size, then the overrides: hotset-small-slots40."""
        counts = {"slots": self.slots, "servers": self.servers, "models": self.models}
        overrides = [f"{what}{count}" for what, count in counts.items() if count is not None]
        return "-".join([self.scenario, self.size, *overrides])

    def spec(self) -> dict[str, Any]:
        """Return the arguments of `scenario` but seed and split."""
        return {
            "scenario": self.scenario,
            "size": self.size,
            "slots": self.slots,
            "servers": self.servers,
            "models": self.models,
        }

    def seeds(self, wanted: int, split: Split) -> range:  # noqa: ARG002 - every split has all seeds
        """Every wanted seed: a scenario makes as many as one asks for."""
        return range(wanted)

    def instance(self, seed: int, split: Split) -> Instance:
        """Generate the arrivals of a seed of a split, in the scenario's one world."""
        return _generate(self, seed, split)

    def processes(self) -> tuple[DemandProcess, ...]:
        """Return the Markov process of each server's workload.

        Raises
        ------
        InvalidOption
            Where a workload is no finite Markov chain with Poisson counts.
        """
        return _processes(self)


@lru_cache(maxsize=32)
def _generate(case: ScenarioCase, seed: int, split: Split) -> Instance:
    return scenario(
        case.scenario,
        seed=seed,
        split=split,
        size=case.size,
        slots=case.slots,
        servers=case.servers,
        models=case.models,
    )


@lru_cache(maxsize=8)
def _processes(case: ScenarioCase) -> tuple[DemandProcess, ...]:
    workloads = scenario_workloads(case.scenario, size=case.size, servers=case.servers, models=case.models)
    try:
        return tuple(process_of(workload) for workload in workloads)
    except InvalidOption:
        raise InvalidOption(
            f"the arrivals of {case.scenario} are no finite Markov chain with Poisson counts"
        ) from None


def cases(settings: Settings) -> list[Case]:
    """All cases of a run, in the order of the settings: scenarios by size, then traces."""
    counts = {"slots": settings.slots, "servers": settings.servers, "models": settings.models}
    found: list[Case] = [
        ScenarioCase(name, size, **counts) for size in settings.sizes for name in settings.scenarios
    ]
    found.extend(
        TraceCase.of(path, settings.seeds, settings.slot_seconds, **counts) for path in settings.traces
    )
    return found
