"""A forecast of demand without a forecast of context."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np

from ...problem import Instance
from ...problem.fields import FloatArray, IntArray
from .base import Tunable
from .demand import Averages, known_mean, mean_requests
from .protocol import Decision, Observation, Site
from .slot_choice import SlotChoice


@dataclass(frozen=True, kw_only=True)
class Forecast(Tunable):
    """Assume that demand stays at its running mean and that every request finds the same context.

    A model is worth (R + horizon x running mean) g(level x window), summed over its services, less
    `stickiness` times its load cost when it is not cached; one knapsack packs them. What context a model
    holds or would lose is not looked at: the difference to `index` is the worth of looking.

    Parameters
    ----------
    memory
        What the running mean keeps of itself each slot.
    horizon
        Slots for which the mean is trusted.
    level
        Share of the window every request is assumed to find.
    stickiness
        Multiplier of the load cost.
    """

    title: ClassVar[str] = "forecast"
    grid: ClassVar[Mapping[str, tuple[Any, ...]]] = {
        "memory": (0.7, 0.0, 0.5, 0.85, 0.95),
        "horizon": (10, 2, 5, 20, 40),
        "level": (0.5, 0.0, 1.0),
        "stickiness": (1.0, 0.6, 1.5),
    }
    limits: ClassVar[Mapping[str, tuple[float, float]]] = {
        "memory": (0.0, 1.0),
        "horizon": (0, 10**6),
        "level": (0.0, 1.0),
        "stickiness": (0.0, 1e6),
    }
    memory: float = 0.7
    horizon: int = 10
    level: float = 0.5
    stickiness: float = 1.0
    _means: Mapping[str, FloatArray] | None = dataclasses.field(default=None, repr=False, compare=False)

    def fit(self, training: Sequence[Instance]) -> Self:
        """Return a copy that begins its running mean at the mean demand of the training instances."""
        return dataclasses.replace(self, _means=mean_requests(training))

    def start(
        self,
        site: Site,
        rng: np.random.Generator,  # noqa: ARG002
        future: IntArray | None,  # noqa: ARG002
    ) -> _ForecastAgent:
        """Begin a run on one server."""
        return _ForecastAgent(site, self, known_mean(self._means, site, self.name))


class _ForecastAgent:
    def __init__(self, site: Site, policy: Forecast, mean: FloatArray | None) -> None:
        self._choice = SlotChoice(site)
        self._policy = policy
        self._averages = Averages(site.services, policy.memory, mean)
        self._worth = self._choice.saving(np.floor(policy.level * site.window).astype(np.int64))
        self._load = policy.stickiness * site.load_cost

    def decide(self, observation: Observation) -> Decision:
        choice = self._choice
        self._averages.observe(observation.requests)
        horizon = min(self._policy.horizon, choice.site.slots - observation.slot - 1)
        later = choice.per_model(self._averages.fast * np.maximum(0.0, self._worth))
        keeping = horizon * later - np.where(observation.cached, 0.0, self._load)
        return choice.choose(observation.requests, self._worth, keeping, observation.cached)[0]
