"""Plan the next slots on a forecast with prices of memory, carry out the first: mpc and dual-index."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np

from ...problem import Instance
from ...problem.errors import InvalidOption
from ...problem.fields import IntArray
from .analog import Analog
from .base import Tunable
from .demand import requests_by_server, require_fitted
from .dual_prices import mean_price
from .index import Index
from .index_agent import Forecaster
from .index_ar import IndexAr
from .mpc_agent import RollingAgent
from .protocol import Site

FORECASTS = ("analog", "ar", "returning")
PRICES = {"rolling": "mpc", "learnt": "dual-index"}


@dataclass(frozen=True, kw_only=True)
class Mpc(Tunable):
    """Plan a horizon of slots on a forecast, memory having prices, and decide the first slot.

    The forecast is one of the index policies' or that of analogs; contexts flow with it. Prices of memory
    make the models independent, so each has its best caching intervals by dynamic programming. A model is
    worth what it saves now and the difference that being cached now makes to its best intervals; one
    knapsack packs them. With *rolling* prices (`mpc`, model predictive control) every slot of the horizon
    has its own: those of the slot before, one slot on, after `iterations` more steps. With *learnt* ones
    (`dual-index`) all have the mean price of the training instances; never fitted, they roll.

    Parameters
    ----------
    horizon
        Slots looked ahead. It must exceed the slots in which a load pays back, or nothing is ever loaded.
    iterations
        Steps of rolling prices a slot; 0: memory is free after this slot.
    stickiness
        Multiplier of the load costs.
    rent
        Multiplier of the prices at which models are valued.
    spare
        Whether room that the plans leave over costs nothing (models are not divisible, so some is left).
    forecast
        "ar" (`order`, `drift`, `pooled`; see `IndexAr`), "returning" (`memory`, `persistence`; see `Index`)
        or "analog" (the mean of sampled continuations, see `Analog`; never fitted, "returning").
    prices
        "rolling" or "learnt"; the policy's name says which.
    """

    title: ClassVar[str] = "mpc"
    grid: ClassVar[Mapping[str, tuple[Any, ...]]] = {
        "horizon": (16, 6, 10, 24, 36),
        "stickiness": (1.0, 0.6, 0.8, 1.25, 1.5),
        "rent": (1.0, 0.8, 1.2),
        "spare": (False, True),
        "forecast": FORECASTS,
        "memory": (0.7, 0.0, 0.5, 0.85),
        "persistence": (0.97, 0.8, 0.9, 1.0),
        "order": (0, 1, 4, 10, 20, 40),
        "pooled": (True, False),
    }
    limits: ClassVar[Mapping[str, tuple[float, float]]] = {
        "horizon": (0, 10**4),
        "iterations": (0, 10**6),
        "stickiness": (0.0, 1e6),
        "rent": (0.0, 1e6),
        "memory": (0.0, 1.0),
        "persistence": (0.0, 1.0),
        "order": (0, 500),
        "drift": (0.0, 1.0),
    }
    horizon: int = 16
    iterations: int = 10
    stickiness: float = 1.0
    rent: float = 1.0
    spare: bool = False
    forecast: str = "analog"
    memory: float = 0.7
    persistence: float = 0.97
    order: int = 0
    drift: float = 0.0
    pooled: bool = True
    prices: str = "rolling"
    _returning: Index = dataclasses.field(default=Index(), repr=False, compare=False)
    _ar: IndexAr = dataclasses.field(default=IndexAr(), repr=False, compare=False)
    _analog: Analog = dataclasses.field(default=Analog(), repr=False, compare=False)
    _learnt: Mapping[str, float] | None = dataclasses.field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        for option, known in (("forecast", FORECASTS), ("prices", tuple(PRICES))):
            value = getattr(self, option)
            if value not in known:
                raise InvalidOption(
                    f"policy {self.title}: {option} = {value!r} must be one of {', '.join(known)}"
                )

    @property
    def name(self) -> str:
        """Name of the policy: mpc with rolling prices, dual-index with learnt ones."""
        return PRICES.get(self.prices, self.title)

    def fit(self, training: Sequence[Instance]) -> Self:
        """Return a copy whose forecasts and prices know the demand of the training instances."""
        runs = requests_by_server(training)
        learnt = {}
        for name, stretches in runs.items():
            home = next(instance for instance in training if name in instance.server_names)
            learnt[name] = mean_price(Site.of(home, home.server_names.index(name)), stretches)
        return dataclasses.replace(
            self,
            _returning=Index().fit(training),
            _ar=IndexAr().fit(training),
            _analog=Analog().fit(training),
            _learnt=learnt,
        )

    def start(
        self,
        site: Site,
        rng: np.random.Generator,  # noqa: ARG002
        future: IntArray | None,  # noqa: ARG002
    ) -> RollingAgent:
        """Begin a run on one server."""
        iterations, price = self.iterations, 0.0
        if self._learnt is not None:
            require_fitted(self._learnt, site, self.name)
            if self.prices == "learnt":
                iterations, price = 0, self._learnt[site.name]
        return RollingAgent(
            site,
            self._forecaster(site),
            self.horizon,
            self.stickiness,
            iterations,
            price,
            self.rent,
            self.spare,
        )

    def _forecaster(self, site: Site) -> Forecaster:
        if self.forecast == "analog" and self._learnt is not None:
            return self._analog.with_options(horizon=max(1, self.horizon)).forecaster(site)
        if self.forecast != "ar":
            plain = self._returning.with_options(memory=self.memory, persistence=self.persistence)
            return plain.forecaster(site)
        measured = self._ar.with_options(
            horizon=self.horizon, order=self.order, drift=self.drift, pooled=self.pooled
        )
        return measured.forecaster(site)
