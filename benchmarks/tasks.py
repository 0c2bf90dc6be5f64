"""The tasks of a benchmark run, each named by a hash of everything that its result depends on."""

from __future__ import annotations

import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from .._version import __version__
from ..solvers.engines import source_digest
from .cases import Case
from .contestants import contestant_digest
from .settings import Settings

Parameters = tuple[tuple[str, Any], ...]


class Keyed(ABC):
    """A task, known by all that its result depends on."""

    @abstractmethod
    def spec(self) -> dict[str, Any]:
        """All that the result depends on."""

    @property
    def key(self) -> str:
        """The content hash of the task."""
        return content_key(self.spec())


@dataclass(frozen=True)
class Reference(Keyed):
    """Find the best plan and a lower bound of one test instance."""

    case: Case
    seed: int
    method: str
    time_limit: float | None
    gap: float
    kind: Literal["reference"] = "reference"

    @property
    def label(self) -> str:
        """The task in words."""
        return f"reference of {self.case.name}, seed {self.seed}"

    def spec(self) -> dict[str, Any]:
        """All that the result depends on."""
        return {
            "kind": self.kind,
            "case": self.case.spec(),
            "seed": self.seed,
            "method": self.method,
            "time_limit": self.time_limit,
            "gap": self.gap,
        }


@dataclass(frozen=True)
class Tuning(Keyed):
    """Choose a policy's parameters on the training and validation splits; the test split stays unseen."""

    case: Case
    policy: str
    budget: int
    training_seeds: int
    validation_seeds: int
    kind: Literal["tuning"] = "tuning"

    @property
    def label(self) -> str:
        """The task in words."""
        return f"tuning of {self.policy} on {self.case.name}"

    def spec(self) -> dict[str, Any]:
        """All that the result depends on."""
        return {
            "kind": self.kind,
            "case": self.case.spec(),
            "policy": self.policy,
            "source": contestant_digest(self.policy),
            "budget": self.budget,
            "training_seeds": self.training_seeds,
            "validation_seeds": self.validation_seeds,
        }


@dataclass(frozen=True)
class Run(Keyed):
    """Run a policy with given parameters on one test instance."""

    case: Case
    policy: str
    parameters: Parameters
    seed: int
    training_seeds: int
    kind: Literal["run"] = "run"

    @property
    def label(self) -> str:
        """The task in words."""
        return f"{self.policy} on {self.case.name}, seed {self.seed}"

    def spec(self) -> dict[str, Any]:
        """All that the result depends on."""
        return {
            "kind": self.kind,
            "case": self.case.spec(),
            "policy": self.policy,
            "source": contestant_digest(self.policy),
            "parameters": dict(self.parameters),
            "seed": self.seed,
            "training_seeds": self.training_seeds,
        }


def references(settings: Settings, found: list[Case]) -> Iterator[Reference]:
    """One reference for each test instance, in the order of the results."""
    for case in found:
        for seed in case.seeds(settings.seeds, "test"):
            yield Reference(case, seed, settings.method, settings.time_limit, settings.gap)


def tunings(settings: Settings, found: list[Case]) -> Iterator[Tuning]:
    """One tuning for each case and policy."""
    for case in found:
        for policy in settings.policies:
            yield Tuning(
                case, policy, settings.budget(policy), settings.training_seeds, settings.validation_seeds
            )


def runs(settings: Settings, tuning: Tuning, parameters: dict[str, Any]) -> Iterator[Run]:
    """The test runs that a tuning's result allows."""
    for seed in tuning.case.seeds(settings.seeds, "test"):
        yield Run(tuning.case, tuning.policy, tuple(parameters.items()), seed, settings.training_seeds)


def content_key(spec: dict[str, Any]) -> str:
    """Return the sha256 of a task, the package version and the code that computes results."""
    content = {"version": __version__, "code": code_digest(), **spec}
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def code_digest() -> str:
    """Return the sha256 over the sources that results depend on: a change of code makes all tasks new."""
    return source_digest("problem/**/*.py", "problem/**/*.csv", "solvers/**/*.py", "benchmarks/*.py")
