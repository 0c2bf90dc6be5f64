"""The index policy with a memory of demand measured for each model."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np

from ...problem import Instance
from ...problem.fields import FloatArray, IntArray
from .autocovariance import DemandStatistics, linear_predictor, returning_level
from .base import Tunable
from .demand import Averages, known_mean, requests_by_server
from .index_agent import Forecaster, IndexAgent
from .protocol import Observation, Site

UNFITTED = (0.97, 0.3)


@dataclass(frozen=True, kw_only=True)
class IndexAr(Tunable):
    """The index rule, with the memory of each model's demand taken from the training autocovariance.

    With `order` 0 the arrivals of a model (or of each service alone) are a mean plus a level that returns to
    it at the rate phi of the training instances; the level is followed by a Kalman filter and forecast as
    level phi^j. A model that is hot for long is thus trusted, a decoy is not. With a greater order the
    forecast is the best linear one from that many last slots, which also sees typical durations and returns.
    Never fitted, phi = 0.97 and gain 0.3.

    Parameters
    ----------
    horizon, stickiness
        As in `index.Index`.
    order
        Past slots a linear forecast uses; 0: the returning level.
    drift
        What the mean forgets of itself a slot; 0: the training mean is kept for ever.
    pooled
        Whether the services of a model are forecast together (True) or alone.
    """

    title: ClassVar[str] = "index-ar"
    grid: ClassVar[Mapping[str, tuple[Any, ...]]] = {
        "horizon": (10, 2, 4, 6, 15, 20, 40),
        "stickiness": (1.0, 0.6, 0.8, 1.25, 1.5),
        "order": (0, 1, 4, 10, 20, 40),
        "drift": (0.0, 0.01),
        "pooled": (True, False),
    }
    limits: ClassVar[Mapping[str, tuple[float, float]]] = {
        "horizon": (0, 10**6),
        "stickiness": (0.0, 1e6),
        "order": (0, 500),
        "drift": (0.0, 1.0),
    }
    horizon: int = 10
    stickiness: float = 1.0
    order: int = 0
    drift: float = 0.0
    pooled: bool = True
    _statistics: Mapping[str, DemandStatistics] | None = dataclasses.field(
        default=None, repr=False, compare=False
    )

    def fit(self, training: Sequence[Instance]) -> Self:
        """Return a copy that knows mean and autocovariance of the training instances."""
        arrivals = requests_by_server(training)
        model, models = training[0].service_model, training[0].models
        statistics = {name: DemandStatistics.of(rows, model, models) for name, rows in arrivals.items()}
        return dataclasses.replace(self, _statistics=statistics)

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
        known, mean, table = self._statistics, None, None
        if known is not None:
            mean = known_mean({name: one.mean for name, one in known.items()}, site, self.name)
            table = known[site.name].by_model if self.pooled else known[site.name].by_service
        group = site.service_model if self.pooled else np.arange(site.services)
        groups = site.models if self.pooled else site.services
        averages = Averages(site.services, 0.0, mean, self.drift)
        follower: _Level | _Linear
        if self.order == 0 or table is None:
            follower = _Level(groups, table)
        else:
            follower = _Linear(table, self.order, min(self.horizon, site.slots))
        return _Grouped(group, groups, averages, follower)


class _Level:
    """A level that returns to zero, followed by a Kalman filter."""

    def __init__(self, groups: int, table: FloatArray | None) -> None:
        self._level = np.zeros(groups)
        if table is None:
            self._phi, self._gain = np.full(groups, UNFITTED[0]), np.full(groups, UNFITTED[1])
        else:
            self._phi, self._gain = returning_level(table)

    def ahead(self, deviation: FloatArray, horizon: int) -> FloatArray:
        expected = self._phi * self._level
        self._level = expected + self._gain * (deviation - expected)
        forecast: FloatArray = self._level * self._phi ** np.arange(1, horizon + 1)[:, None]
        return forecast


class _Linear:
    """The best linear forecast from the last deviations."""

    def __init__(self, table: FloatArray, order: int, horizon: int) -> None:
        self._weights = linear_predictor(table, order, horizon)
        self._past = np.zeros((table.shape[1], order))

    def ahead(self, deviation: FloatArray, horizon: int) -> FloatArray:
        self._past[:, 1:] = self._past[:, :-1].copy()
        self._past[:, 0] = deviation
        forecast: FloatArray = np.einsum("hgp,gp->hg", self._weights[:horizon], self._past)
        return forecast


class _Grouped:
    """Forecasts groups of services, and gives each service its share of the mean in its group's deviation."""

    def __init__(self, group: IntArray, groups: int, averages: Averages, follower: _Level | _Linear) -> None:
        self._group, self._groups, self._follower = group, groups, follower
        self._size = np.bincount(group, minlength=groups)
        self._averages = averages

    def _total(self, amounts: FloatArray | IntArray) -> FloatArray:
        totals = np.bincount(self._group, weights=amounts, minlength=self._groups)
        return totals.astype(np.float64, copy=False)

    def ahead(self, observation: Observation, horizon: int) -> FloatArray:
        self._averages.observe(observation.requests)
        slow = self._averages.slow
        mean = self._total(slow)
        deviation = self._follower.ahead(self._total(observation.requests) - mean, horizon)
        # Smoothed shares, so that a service that was never asked for still has a part in its model's demand.
        share = (slow + 1e-9) / (mean + 1e-9 * self._size)[self._group]
        return np.maximum(0.0, slow + deviation[:, self._group] * share, order="C")
