"""Analogs: expect of each model what followed, in the past, when it was in the state it is in now."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np

from ...problem import Instance
from ...problem.fields import FloatArray, IntArray
from .analog_agent import AnalogAgent
from .analog_sampler import Continuations
from .base import Tunable
from .demand import requests_by_server, require_fitted
from .index_agent import Forecaster
from .protocol import Observation, Site


@dataclass(frozen=True, kw_only=True)
class Analog(Tunable):
    """Value being cached on sampled continuations of the past, then solve one knapsack.

    A model is hot or cold, has been so for some slots, and has a level. The `samples` slots of the past
    (training, and the run's own) whose state was nearest show what may follow, slot by slot and service by
    service, so that typical durations and returns are seen without a model of them. Contexts are whole and
    exact on every sample.

    Parameters
    ----------
    horizon
        Slots of a continuation.
    samples
        Continuations for each model, at most a sixteenth of the known past (its last 8192 slots).
    iterations
        0: a model is worth the mean of what it saves when kept to the horizon. Otherwise memory has prices,
        moved this many steps a slot, and a model is worth the difference that being cached now makes when it
        may leave, and come back, depending on whether it is hot then.
    spare
        Whether room that the plans leave over costs nothing; needs prices.
    stickiness
        Multiplier of the load costs.
    smoothing
        What the mean that tells hot from cold keeps of itself a slot.
    level_weight
        Weight of a model's level against its age in a state when states are compared.
    """

    title: ClassVar[str] = "analog"
    grid: ClassVar[Mapping[str, tuple[Any, ...]]] = {
        "horizon": (20, 6, 9, 13),
        "samples": (64, 32),
        "spare": (False, True),
        "stickiness": (1.0, 0.6, 0.8, 1.25),
        "smoothing": (0.0, 0.3, 0.6),
        "level_weight": (0.5, 0.0, 1.0, 2.0),
    }
    limits: ClassVar[Mapping[str, tuple[float, float]]] = {
        "horizon": (1, 10**4),
        "samples": (1, 10**5),
        "iterations": (0, 10**6),
        "stickiness": (0.0, 1e6),
        "smoothing": (0.0, 1.0),
        "level_weight": (0.0, 1e6),
    }
    horizon: int = 20
    samples: int = 64
    iterations: int = 2
    spare: bool = False
    stickiness: float = 1.0
    smoothing: float = 0.3
    level_weight: float = 0.5
    _runs: Mapping[str, list[IntArray]] | None = dataclasses.field(default=None, repr=False, compare=False)

    def fit(self, training: Sequence[Instance]) -> Self:
        """Return a copy that draws from the arrivals of the training instances too."""
        return dataclasses.replace(self, _runs=requests_by_server(training))

    def start(
        self,
        site: Site,
        rng: np.random.Generator,  # noqa: ARG002
        future: IntArray | None,  # noqa: ARG002
    ) -> AnalogAgent:
        """Begin a run on one server."""
        return AnalogAgent(self._continuations(site), self.stickiness, self.iterations, self.spare)

    def forecaster(self, site: Site) -> Forecaster:
        """Begin the forecast of one server: the mean of the continuations."""
        return _Mean(self._continuations(site))

    def _continuations(self, site: Site) -> Continuations:
        runs = [] if self._runs is None else self._runs[require_fitted(self._runs, site, self.name)]
        horizon = min(self.horizon, site.slots)
        return Continuations(site, runs, horizon, self.samples, self.smoothing, self.level_weight)


class _Mean:
    def __init__(self, continuations: Continuations) -> None:
        self._continuations = continuations

    def ahead(self, observation: Observation, horizon: int) -> FloatArray:
        self._continuations.observe(observation)
        return self._continuations.forecast(horizon)
