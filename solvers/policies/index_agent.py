"""The index rule at work: worth now, worth of keeping by the fluid forecast, load cost, one knapsack."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from ...problem.fields import FloatArray
from .fluid import future_saving
from .protocol import Decision, Observation, Site
from .slot_choice import SlotChoice

# What the running price of the limits keeps of itself each slot.
PRICE_MEMORY = 0.8


class Forecaster(Protocol):
    """Takes in the arrivals of this slot and says what it expects of the next ones."""

    def ahead(self, observation: Observation, horizon: int) -> FloatArray:
        """Return the expected arrivals (H, S) of the next H slots."""
        ...


class IndexAgent:
    """One server under the index rule, whoever forecasts its demand.

    Parameters
    ----------
    site, forecaster
        The server, and where its forecast comes from.
    horizon
        Slots looked ahead; never past the end of the run.
    stickiness
        Multiplier of the load cost of a model that is not cached.
    """

    def __init__(self, site: Site, forecaster: Forecaster, horizon: int, stickiness: float) -> None:
        self._choice = SlotChoice(site)
        self._forecaster = forecaster
        self._horizon = horizon
        self._load = stickiness * site.load_cost
        self._keeping = np.zeros(site.models)
        self._bonus = np.zeros(site.services)
        self._charge = np.zeros(site.services)
        self._price = 0.0

    def decide(self, observation: Observation) -> Decision:
        """Choose the cache and the served requests of this slot."""
        site, choice = self._choice.site, self._choice
        horizon = min(self._horizon, site.slots - observation.slot - 1)
        forecast = self._forecaster.ahead(observation, horizon)
        future_saving(
            observation.context,
            observation.requests,
            forecast,
            self._charge,
            site.service_model,
            site.gain,
            site.vanish,
            site.window,
            site.saving,
            self._keeping,
            self._bonus,
        )
        worth = choice.saving(observation.context) + self._bonus
        keeping = self._keeping - np.where(observation.cached, 0.0, self._load)
        decision, price = choice.choose(observation.requests, worth, keeping, observation.cached)
        if choice.limited:
            # Where limits bind, future requests will have to pay for their share of them too.
            self._price += (1.0 - PRICE_MEMORY) * (price - self._price)
            self._charge = self._price * choice.limit_shares
        return decision
