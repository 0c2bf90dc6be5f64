"""Analogs at work: sample what followed states like this, value presence on the samples, one knapsack."""

from __future__ import annotations

import numpy as np

from ...problem.fields import BoolArray, FloatArray, IntArray
from ..compiled import compiled
from .analog_sampler import Continuations
from .analog_values import decide_groups, expected_presence, gather_gains
from .fluid import future_saving
from .index import Index
from .index_agent import PRICE_MEMORY, IndexAgent
from .mpc_prices import MemoryPrices, crowded_rents, step_prices
from .protocol import Decision, Observation
from .slot_choice import SlotChoice

# The prices of the first slot are not warm.
FIRST_ITERATIONS = 30


class AnalogAgent:
    """One server under decisions by sampled continuations; by the index rule while there are none.

    Parameters
    ----------
    continuations
        Where the samples come from.
    stickiness
        Multiplier of the load costs.
    iterations
        Steps of the memory prices a slot; 0: no prices, models are valued as if kept to the horizon.
    spare
        Whether room that the plans leave over costs nothing.
    """

    def __init__(self, continuations: Continuations, stickiness: float, iterations: int, spare: bool) -> None:
        site = continuations.site
        self._choice = SlotChoice(site)
        self._continuations = continuations
        self._beginner = IndexAgent(site, Index().forecaster(site), Index().horizon, stickiness)
        self._load = stickiness * site.load_cost
        self._iterations = iterations
        self._spare = spare
        self._prices = MemoryPrices(continuations.horizon)
        self._fresh: FloatArray = np.zeros((site.models, 0, 0))
        self._burden = self._fresh
        self._stale = True
        self._keeping = np.zeros(site.models)
        self._bonus = np.zeros(site.services)
        self._limit_price = 0.0

    def decide(self, observation: Observation) -> Decision:
        """Choose the cache and the served requests of this slot."""
        choice, site = self._choice, self._choice.site
        horizon = min(self._continuations.horizon, site.slots - observation.slot - 1)
        self._stale = self._continuations.observe(observation) or self._stale
        if self._continuations.bank is None:
            return self._beginner.decide(observation)
        charge = self._limit_price * choice.limit_shares
        future_saving(
            observation.context, observation.requests, self._continuations.forecast(horizon), charge,
            site.service_model, site.gain, site.vanish, site.window, site.saving, self._keeping, self._bonus,
        )  # fmt: skip
        worth = choice.saving(observation.context) + self._bonus
        after = observation.context + site.gain * observation.requests - site.vanish
        own = self._continuations.own_savings(after, site.saving - charge[:, None], horizon)
        bonus = choice.per_model(self._bonus * observation.requests)
        now = choice.per_model(observation.requests * np.maximum(0.0, worth - charge)) - bonus
        self._weigh(observation, own, now)
        keeping = self._keeping - bonus - np.where(observation.cached, 0.0, self._load)
        decision, price = choice.choose(observation.requests, worth, keeping, observation.cached)
        if choice.limited:
            self._limit_price += (1.0 - PRICE_MEMORY) * (price - self._limit_price)
        return decision

    def _weigh(self, observation: Observation, own: FloatArray, now: FloatArray) -> None:
        """Fill what being cached after this slot is worth."""
        bank, count = self._continuations.bank, self._continuations.count
        if self._iterations == 0 or bank is None:
            self._keeping = own.sum(axis=(1, 2)) / np.maximum(1, count)
            return
        site, choice = self._choice.site, self._choice
        if self._stale:
            self._fresh = bank.fresh_savings(site, self._continuations.horizon, site.saving)
            self._burden = self._fresh
            if choice.limited:
                shares = np.repeat(choice.limit_shares[:, None], site.saving.shape[1], axis=1)
                self._burden = bank.fresh_savings(site, self._continuations.horizon, shares)
        warm = observation.slot > 0 and not (self._stale and self._prices.price.sum() == 0.0)
        self._stale = False
        if observation.slot > 0:
            self._prices.shift()
        price, step, over = self._prices.first(own.shape[2] + 1)
        value_samples(
            own, self._fresh, self._burden, self._limit_price, self._continuations.chosen, count, bank.end,
            bank.hot, now, self._load, observation.cached, site.footprint, choice.memory,
            self._iterations if warm else FIRST_ITERATIONS, self._spare, price, step, over, self._keeping,
        )  # fmt: skip


@compiled
def value_samples(
    own: FloatArray,
    fresh: FloatArray,
    burden: FloatArray,
    charge: float,
    chosen: IntArray,
    count: IntArray,
    end: IntArray,
    hot: BoolArray,
    now: FloatArray,
    load: FloatArray,
    cached: BoolArray,
    footprint: FloatArray,
    memory: float,
    iterations: int,
    spare: bool,
    price: FloatArray,
    step: FloatArray,
    over: FloatArray,
    keeping: FloatArray,
) -> None:
    """Move the memory prices and fill what being cached now is worth (M,); see `decide_groups`."""
    models, slots = own.shape[0], own.shape[2]
    stay = np.zeros((slots, 2, slots + 1), dtype=np.bool_)
    enter = np.zeros((slots, 2), dtype=np.bool_)
    usage, presence = np.empty(slots + 1), np.zeros((models, slots + 1))
    rents = np.empty((models, slots))
    gains = np.empty((models, slots, own.shape[1], slots + 1))
    side = np.empty((models, slots, own.shape[1]), dtype=np.int64)
    typical = 0.0
    for model in range(models):
        keeping[model] = 0.0
        samples = count[model]
        if samples == 0 or footprint[model] > memory:
            continue
        gather_gains(
            own[model, :samples], fresh[model], burden[model], charge, chosen[model, :samples], end,
            hot[model], gains[model], side[model],
        )  # fmt: skip
        if footprint[model] > 0.0:
            later = own[model].sum() / (samples * max(1, slots))
            typical = max(typical, now[model] / footprint[model], later / footprint[model])
    for _ in range(iterations):
        for model in range(models):
            samples = count[model]
            if samples == 0 or footprint[model] > memory:
                continue
            rent = price[1:] * footprint[model]
            keeping[model] = decide_groups(gains[model], side[model], samples, rent, load[model], stay, enter)
            entry = 0.0 if cached[model] else load[model]
            stays = now[model] + keeping[model] - entry > price[0] * footprint[model]
            presence[model, 0] = stays
            expected_presence(side[model], samples, stay, enter, stays, presence[model, 1:])
        usage[:] = 0.0
        for model in range(models):
            usage += footprint[model] * presence[model]
        step_prices(usage, memory, typical, price, step, over)
    if spare:
        crowded_rents(presence, footprint, memory, price, rents)
        for model in range(models):
            samples = count[model]
            if samples > 0 and footprint[model] <= memory:
                keeping[model] = decide_groups(
                    gains[model], side[model], samples, rents[model], load[model], stay, enter
                )
