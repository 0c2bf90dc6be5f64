"""The index policy: a model is worth what it saves now and is forecast to save, less its load."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np

from ...problem import Instance
from ...problem.fields import FloatArray, IntArray
from .base import Tunable
from .demand import Averages, known_mean, mean_requests, returning
from .index_agent import Forecaster, IndexAgent
from .protocol import Observation, Site


@dataclass(frozen=True, kw_only=True)
class Index(Tunable):
    """Weigh for each model the saving now and over the forecast horizon, then solve one knapsack.

    The forecast of a service's arrivals j slots ahead is slow + (fast - slow) persistence^j, with an
    exponentially weighted mean that keeps `memory` of itself a slot, and a slow one that keeps 0.99 (begun at
    the training mean when there is one). Contexts flow with that forecast. A model that is not cached is
    charged `stickiness` times its load cost.

    Parameters
    ----------
    memory, persistence
        In [0, 1].
    horizon
        Slots looked ahead.
    stickiness
        Multiplier of the load cost.
    """

    title: ClassVar[str] = "index"
    grid: ClassVar[Mapping[str, tuple[Any, ...]]] = {
        "memory": (0.7, 0.0, 0.5, 0.85, 0.95),
        "persistence": (0.97, 0.8, 0.9, 1.0),
        "horizon": (10, 2, 3, 5, 7, 14, 20, 40),
        "stickiness": (1.0, 0.6, 0.8, 1.25, 1.5),
    }
    limits: ClassVar[Mapping[str, tuple[float, float]]] = {
        "memory": (0.0, 1.0),
        "persistence": (0.0, 1.0),
        "horizon": (0, 10**6),
        "stickiness": (0.0, 1e6),
    }
    memory: float = 0.7
    persistence: float = 0.97
    horizon: int = 10
    stickiness: float = 1.0
    _means: Mapping[str, FloatArray] | None = dataclasses.field(default=None, repr=False, compare=False)

    def fit(self, training: Sequence[Instance]) -> Self:
        """Return a copy that begins its slow averages at the mean demand of the training instances."""
        return dataclasses.replace(self, _means=mean_requests(training))

    def start(
        self,
        site: Site,
        rng: np.random.Generator,  # noqa: ARG002
        future: IntArray | None,  # noqa: ARG002
    ) -> IndexAgent:
        """Begin a run on one server."""
        return IndexAgent(site, self.forecaster(site), self.horizon, self.stickiness)

    def forecaster(self, site: Site) -> Forecaster:
        """Begin the forecast of one server."""
        return _Returning(site, self, known_mean(self._means, site, self.name))


class _Returning:
    """The forecast that the fast mean returns to the slow one."""

    def __init__(self, site: Site, policy: Index, mean: FloatArray | None) -> None:
        self._averages = Averages(site.services, policy.memory, mean)
        self._decay = np.full(site.services, policy.persistence)

    def ahead(self, observation: Observation, horizon: int) -> FloatArray:
        averages = self._averages
        averages.observe(observation.requests)
        return returning(averages.slow, averages.fast - averages.slow, self._decay, horizon)
