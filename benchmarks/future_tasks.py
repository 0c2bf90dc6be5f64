"""The optional tasks: what any online policy can reach on sampled futures, and the ladder of bounds.

A *future* is a stretch of a case's own arrival process, numbered, and none of the test arrivals. The online
bound, the best plans and the policies are all asked about the same futures, so that luck cancels.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

from ..problem import Instance
from ..problem.errors import InvalidOption
from ..problem.processes import sampled_instance
from .auction_task import AuctionTask
from .cases import Case, ScenarioCase
from .contestants import contestant_digest
from .settings import Settings
from .tasks import Keyed, Parameters, Reference, Run, Tuning

FUTURES_SEED = 0

MOST_CELLS = 8_000
"""Slots x servers x services beyond which the linear programmes of a ladder may not end within a minute."""


@dataclass(frozen=True)
class OnlineReference(Keyed):
    """Bound the expected cost of every online policy from sampled futures."""

    case: Case
    samples: int
    kind: Literal["online"] = "online"

    @property
    def label(self) -> str:
        """The task in words."""
        return f"online bound of {self.case.name}"

    def spec(self) -> dict[str, Any]:
        """All that the result depends on."""
        return {"kind": self.kind, "case": self.case.spec(), "samples": self.samples, "seed": FUTURES_SEED}


@dataclass(frozen=True)
class FuturePlan(Keyed):
    """Find the best plan and a lower bound of one sampled future."""

    case: Case
    index: int
    method: str
    time_limit: float | None
    gap: float
    kind: Literal["future plan"] = "future plan"

    @property
    def label(self) -> str:
        """The task in words."""
        return f"best plan of {self.case.name}, future {self.index}"

    def spec(self) -> dict[str, Any]:
        """All that the result depends on."""
        return {
            "kind": self.kind,
            "case": self.case.spec(),
            "seed": FUTURES_SEED,
            "index": self.index,
            "method": self.method,
            "time_limit": self.time_limit,
            "gap": self.gap,
        }


@dataclass(frozen=True)
class FutureRuns(Keyed):
    """Run a policy with given parameters on the sampled futures."""

    case: Case
    policy: str
    parameters: Parameters
    samples: int
    training_seeds: int
    kind: Literal["future runs"] = "future runs"

    @property
    def label(self) -> str:
        """The task in words."""
        return f"{self.policy} on {self.samples} futures of {self.case.name}"

    def spec(self) -> dict[str, Any]:
        """All that the result depends on."""
        return {
            "kind": self.kind,
            "case": self.case.spec(),
            "policy": self.policy,
            "source": contestant_digest(self.policy),
            "parameters": dict(self.parameters),
            "samples": self.samples,
            "seed": FUTURES_SEED,
            "training_seeds": self.training_seeds,
        }


@dataclass(frozen=True)
class LadderTask(Keyed):
    """Compute the ladder of bounds of a case's first test instance."""

    case: Case
    time_limit: float | None
    kind: Literal["ladder"] = "ladder"

    @property
    def label(self) -> str:
        """The task in words."""
        return f"ladder of {self.case.name}"

    def spec(self) -> dict[str, Any]:
        """All that the result depends on."""
        return {"kind": self.kind, "case": self.case.spec(), "time_limit": self.time_limit}


Task = Reference | Tuning | Run | OnlineReference | FuturePlan | FutureRuns | LadderTask | AuctionTask


@lru_cache(maxsize=64)
def future(case: Case, index: int) -> Instance:
    """Return a sampled future of a case whose process is known."""
    return sampled_instance(case.instance(0, "test"), case.processes(), FUTURES_SEED, index)


def no_process(case: Case) -> str | None:
    """Say why a case has no online bound: its process is not known; None where it is."""
    try:
        case.processes()
    except InvalidOption as error:
        return str(error)
    return None


def no_ladder(case: Case) -> str | None:
    """Say why a case has no ladder: its instances are too large; None where they are not."""
    instance = case.instance(0, "test")
    cells = instance.slots * instance.servers * instance.services
    if cells <= MOST_CELLS:
        return None
    return f"{cells:,} slots x servers x services; a ladder is computed up to {MOST_CELLS:,}"


def small_case(case: Case) -> ScenarioCase | None:
    """Return the small preset of a case's scenario, whose ladder is drawn unless the case's own is."""
    return ScenarioCase(case.scenario, "small") if isinstance(case, ScenarioCase) else None


def extras(settings: Settings, found: list[Case]) -> Iterator[Task]:
    """The optional tasks that need no other task's result."""
    if settings.illustrations and not settings.ladder:
        for small in dict.fromkeys(small_case(case) for case in found):
            if small is not None:
                yield LadderTask(small, settings.time_limit)
    for case in found:
        if settings.ladder and no_ladder(case) is None:
            yield LadderTask(case, settings.time_limit)
        if settings.illustrations:
            yield AuctionTask(case)
        if settings.online_samples and no_process(case) is None:
            yield OnlineReference(case, settings.online_samples)
            yield from future_plans(settings, case)


def future_plans(settings: Settings, case: Case) -> Iterator[FuturePlan]:
    """One best plan for each sampled future."""
    for index in range(settings.online_samples):
        yield FuturePlan(case, index, settings.method, settings.time_limit, settings.gap)


def future_runs(settings: Settings, tuning: Tuning, result: dict[str, Any]) -> Iterator[FutureRuns]:
    """The runs on futures that a tuning's result allows; none for policies that see the future."""
    if settings.online_samples and not result["clairvoyant"] and no_process(tuning.case) is None:
        parameters = tuple(result["parameters"].items())
        yield FutureRuns(
            tuning.case, tuning.policy, parameters, settings.online_samples, settings.training_seeds
        )
