"""A rolling horizon at work: forecast, best intervals at prices of memory, one knapsack."""

from __future__ import annotations

import numpy as np

from ...problem.fields import BoolArray, FloatArray
from ..compiled import compiled
from .fluid import future_saving
from .index_agent import PRICE_MEMORY, Forecaster
from .mpc_intervals import best_intervals, interval_savings
from .mpc_prices import MemoryPrices, crowded_rents, plan_presence
from .protocol import Decision, Observation, Site
from .slot_choice import SlotChoice

# The prices of the first slot are not warm.
FIRST_ITERATIONS = 60


class RollingAgent:
    """One server under rolling-horizon decisions, whoever forecasts its demand.

    Parameters
    ----------
    site, forecaster
        The server, and where its forecast comes from.
    horizon
        Slots looked ahead; never past the end of the run.
    stickiness
        Multiplier of the load costs.
    iterations
        Steps of the prices a slot; 0: they stay as given.
    price
        Price of a byte and slot to begin with, in cost units.
    rent
        Multiplier of the prices at which models are valued.
    spare
        Whether room that the plans leave over costs nothing.
    """

    def __init__(
        self,
        site: Site,
        forecaster: Forecaster,
        horizon: int,
        stickiness: float,
        iterations: int,
        price: float = 0.0,
        rent: float = 1.0,
        spare: bool = False,
    ) -> None:
        self._choice = SlotChoice(site)
        self._forecaster = forecaster
        self._horizon = min(horizon, site.slots)
        self._load = stickiness * site.load_cost
        self._iterations = iterations
        self._memory_prices = MemoryPrices(self._horizon)
        self._memory_prices.price[:] = price
        self._rent = rent
        self._spare = spare
        self._served_worth = np.zeros(site.models)
        self._keeping = np.zeros(site.models)
        self._bonus = np.zeros(site.services)
        self._charge = np.zeros(site.services)
        self._limit_price = 0.0

    def decide(self, observation: Observation) -> Decision:
        """Choose the cache and the served requests of this slot."""
        choice = self._choice
        horizon = min(self._horizon, choice.site.slots - observation.slot - 1)
        forecast = self._forecaster.ahead(observation, horizon)
        self._find_bonus(observation, forecast)
        worth = choice.saving(observation.context) + self._bonus
        self._weigh(observation, forecast, worth)
        keeping = self._keeping - np.where(observation.cached, 0.0, self._load)
        decision, price = choice.choose(observation.requests, worth, keeping, observation.cached)
        if choice.limited:
            self._limit_price += (1.0 - PRICE_MEMORY) * (price - self._limit_price)
            self._charge = self._limit_price * choice.limit_shares
        return decision

    def _find_bonus(self, observation: Observation, forecast: FloatArray) -> None:
        """Find what a request that does not pay for itself is worth for later ones."""
        site = self._choice.site
        future_saving(
            observation.context, observation.requests, forecast, self._charge, site.service_model, site.gain,
            site.vanish, site.window, site.saving, self._served_worth, self._bonus,
        )  # fmt: skip

    def _weigh(self, observation: Observation, forecast: FloatArray, worth: FloatArray) -> None:
        """Fill what being cached after this slot is worth, memory being priced."""
        site = self._choice.site
        after = observation.context + site.gain * observation.requests - site.vanish
        table = np.empty((site.models, forecast.shape[0], forecast.shape[0] + 1))
        interval_savings(
            after.astype(np.float64), forecast, self._charge, site.service_model, site.gain, site.vanish,
            site.window, site.saving, table,
        )  # fmt: skip
        bonus = self._choice.per_model(self._bonus * observation.requests)
        now = self._choice.per_model(observation.requests * np.maximum(0.0, worth - self._charge)) - bonus
        if self._iterations > 0:
            if observation.slot > 0:
                self._memory_prices.shift()
            self._memory_prices.improve(
                table, now, self._load, observation.cached, site.footprint, self._choice.memory,
                self._iterations if observation.slot > 0 else FIRST_ITERATIONS,
            )  # fmt: skip
        worth_of_presence(
            table, now, self._load, observation.cached, site.footprint, self._choice.memory,
            self._rent * self._memory_prices.price[: table.shape[1] + 1], self._spare, self._keeping,
        )  # fmt: skip
        self._keeping -= bonus


@compiled
def worth_of_presence(
    table: FloatArray,
    now: FloatArray,
    load: FloatArray,
    cached: BoolArray,
    footprint: FloatArray,
    memory: float,
    price: FloatArray,
    spare: bool,
    keeping: FloatArray,
) -> None:
    """Fill (M,) what being cached now is worth over the next H slots, against not being cached.

    `price` (H + 1,) is per byte, this slot first, `table` that of `interval_savings`; `now` (M,) is the
    worth of this slot.
    """
    models, slots = table.shape[0], table.shape[1]
    rent = np.empty((models, slots))
    for model in range(models):
        rent[model] = price[1:] * footprint[model]
    if spare:
        presence = np.zeros((models, slots + 1), dtype=np.bool_)
        plan_presence(table, now, load, cached, footprint, memory, price, presence)
        crowded_rents(presence, footprint, memory, price, rent)
    present, absent = np.empty((slots, slots + 1)), np.empty(slots + 1)
    for model in range(models):
        best_intervals(table[model], rent[model], load[model], present, absent)
        keeping[model] = 0.0 if slots == 0 else max(0.0, present[0, 0] - absent[0])
