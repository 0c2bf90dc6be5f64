"""The choice of one slot: which models to keep and what to serve, once everything has been given a worth.

Policies differ in what they believe about the future, not in how a slot is decided: each gives a worth to a
served request and a worth to having a model in the cache after the slot; the rest is one knapsack on
memory, and a filling of the compute and energy limits. Where those limits bind, models compete for them as
well as for memory; requests are then charged a price per share of the limits, found by bisection, and of
all sets met on the way the best is taken.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ...problem.capacity import usable
from ...problem.fields import BoolArray, FloatArray, IntArray
from ..compiled import compiled
from ..knapsack import knapsack, knapsack_limit
from ..serving import NODE_LIMIT, fill_slot, limit_price
from .protocol import Decision, Site

PRICE_STEPS = 12


class SlotChoice:
    """The slot problem of one server."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.memory = knapsack_limit(site.memory)
        self.compute = float(usable(site.compute))
        self.energy_budget = float(usable(site.energy_budget))
        self._services = np.arange(site.services)
        shares = (0.5, 1.0, 0.0)
        share = shares[0 if np.isfinite(site.compute) and np.isfinite(site.energy_budget) else 1]
        share = share if np.isfinite(site.compute) else shares[2]
        self.limit_shares: FloatArray = np.array(
            [
                limit_price(w, self.compute, e, self.energy_budget, share)
                for w, e in zip(site.work, site.energy, strict=True)
            ]
        )
        self.limited = bool(np.isfinite(site.compute) or np.isfinite(site.energy_budget))

    def saving(self, context: IntArray) -> FloatArray:
        """Return (S,) the saving of one request at the context that counts now."""
        saving: FloatArray = self.site.saving[self._services, context]
        return saving

    def per_model(self, amounts: FloatArray | IntArray) -> FloatArray:
        """Sum (S,) amounts of services over the models they run on: (M,)."""
        totals = np.bincount(self.site.service_model, weights=amounts, minlength=self.site.models)
        return totals.astype(np.float64, copy=False)

    def serve(self, cached: BoolArray, requests: IntArray, worth: FloatArray) -> Decision:
        """Fill the limits with the requests of cached models, given the worth (S,) of one request."""
        site = self.site
        available = np.where(cached[site.service_model], requests, 0)
        served = np.empty_like(available)
        fill_slot(
            worth, available, site.work, self.compute, site.energy, self.energy_budget, NODE_LIMIT, served
        )
        return Decision(cached, served)

    def choose(
        self, requests: IntArray, worth: FloatArray, keeping: FloatArray, previous: BoolArray
    ) -> tuple[Decision, float]:
        """Choose the cache and what to serve; a cached model that nobody's room is needed for stays.

        Parameters
        ----------
        requests, worth
            (S,) arrivals and the worth of serving one of them.
        keeping
            (M,) worth of having the model in the cache beyond what it serves now, less what loading it costs.
        previous
            (M,) bool, the cache of the slot before.

        Returns
        -------
        decision, price
            What to do, and the price of a whole slot's limits (cost units; 0 where no limit binds).
        """
        site = self.site
        cached = np.zeros(site.models, dtype=np.bool_)
        served = np.zeros(site.services, dtype=np.int64)
        price = choose_set(
            worth,
            requests,
            keeping,
            previous,
            site.service_model,
            site.footprint,
            self.memory,
            site.work,
            self.compute,
            site.energy,
            self.energy_budget,
            self.limit_shares,
            cached,
            served,
        )
        return Decision(cached, served), price


@compiled
def choose_set(
    worth: Any,
    requests: Any,
    keeping: Any,
    previous: Any,
    service_model: Any,
    footprint: Any,
    memory: float,
    work: Any,
    compute: float,
    energy: Any,
    energy_budget: float,
    limit_shares: Any,
    cached: Any,
    served: Any,
) -> float:
    """Fill `cached` (M,) and `served` (S,) with the choice and return the price of the limits."""
    services = worth.shape[0]
    trial_set = np.zeros(keeping.shape[0], dtype=np.bool_)
    available = np.zeros(services, dtype=np.int64)
    trial = np.zeros(services, dtype=np.int64)
    low, high, price, best = 0.0, 0.0, 0.0, -1.0
    for service in range(services):
        if limit_shares[service] > 0.0 and requests[service] > 0:
            high = max(high, worth[service] / limit_shares[service])
    for step in range(PRICE_STEPS + 1):
        charge = 0.0 if step == 0 else 0.5 * (low + high)
        net = worth - charge * limit_shares
        value = keeping.copy()
        for service in range(services):
            value[service_model[service]] += requests[service] * max(net[service], 0.0)
        knapsack(value, footprint, memory, trial_set)
        taken, wanted = 0.0, 0.0
        for service in range(services):
            available[service] = requests[service] if trial_set[service_model[service]] else 0
            wanted += available[service] * max(worth[service], 0.0)
            taken += available[service] * limit_shares[service] * (net[service] > 0.0)
        gained = fill_slot(worth, available, work, compute, energy, energy_budget, 0, trial)
        total = gained + (keeping * trial_set).sum()
        if total > best:
            best, price = total, charge
            cached[:] = trial_set
        if step == 0 and gained >= wanted * (1.0 - 1e-12):
            break
        if step > 0 and taken > 1.0:
            low = charge
        elif step > 0:
            high = charge
    keep_what_fits(keeping, previous, footprint, memory, cached)
    for service in range(services):
        available[service] = requests[service] if cached[service_model[service]] else 0
    fill_slot(worth, available, work, compute, energy, energy_budget, NODE_LIMIT, served)
    return price


@compiled
def keep_what_fits(keeping: Any, previous: Any, footprint: Any, memory: float, cached: Any) -> None:
    """Put models of the slot before back while there is room, since holding costs nothing."""
    load = 0.0
    for model in range(cached.shape[0]):
        if cached[model]:
            load += footprint[model]
    while True:
        pick = -1
        for model in range(cached.shape[0]):
            if not previous[model] or cached[model] or load + footprint[model] > memory:
                continue
            if pick < 0 or keeping[model] > keeping[pick]:
                pick = model
        if pick < 0:
            return
        cached[pick] = True
        load += footprint[pick]
