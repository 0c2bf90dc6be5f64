"""The best set of models to hold from the first slot to the last, for arrivals that are known.

Without limits on compute and energy the models do not interact, and a knapsack over what each would save is
exact. With limits it is the start of a local search (add, drop, exchange) in which every set is run through
all slots.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ...problem.capacity import fits, usable
from ...problem.fields import BoolArray, FloatArray, IntArray
from ..compiled import compiled
from ..knapsack import best_subset
from ..serving import fill_slot
from .protocol import Site

# A request served at a loss for the sake of later ones comes after every request that pays for itself.
LAST_IN_LINE = 1e-3


def best_fixed_set(site: Site, stretches: Sequence[IntArray]) -> tuple[BoolArray, BoolArray]:
    """Choose the models (M,) and the services (S,) worth serving at a loss until their context has grown.

    Parameters
    ----------
    site
        The server.
    stretches
        Arrivals (T, S) of one or more runs; in each the set is loaded once.
    """
    eager, worth = _savings_alone(site, stretches)
    values = np.bincount(site.service_model, weights=worth, minlength=site.models)
    chosen, _ = best_subset(values - len(stretches) * site.load_cost, site.footprint, site.memory)
    if np.isfinite(site.compute) or np.isfinite(site.energy_budget):
        chosen = _improved(site, stretches, chosen, eager)
    return chosen, eager


def eager_worth(saving: FloatArray, site: Site, eager: BoolArray | bool) -> FloatArray:
    """Return the worth (S,) of a request when eager services are served even at a loss."""
    later = LAST_IN_LINE * site.saving[:, -1]
    worth: FloatArray = np.where((saving <= 0.0) & eager & (later > 0.0), later, saving)
    return worth


def _savings_alone(site: Site, stretches: Sequence[IntArray]) -> tuple[BoolArray, FloatArray]:
    """Run every service alone, eagerly and not: which is better, and the saving (S,) of the better."""
    savings = []
    everything = np.ones(site.models, dtype=np.bool_)
    for eager in (False, True):
        flags = np.full(site.services, eager)
        total = np.zeros(site.services)
        for requests in stretches:
            total += _run(site, requests, everything, flags, (np.inf, np.inf))
        savings.append(total)
    return savings[1] > savings[0], np.maximum(savings[0], savings[1])


def _run(
    site: Site, requests: IntArray, chosen: BoolArray, eager: BoolArray, limits: tuple[float, float]
) -> FloatArray:
    """Return the saving (S,) of holding a set through a run, loads not counted."""
    saved = np.zeros(site.services)
    run_fixed_set(
        np.ascontiguousarray(requests),
        chosen,
        eager & (site.saving[:, -1] > 0.0),
        site.service_model,
        site.gain,
        site.vanish,
        site.window,
        site.saving,
        site.work,
        limits[0],
        site.energy,
        limits[1],
        saved,
    )
    return saved


def _improved(site: Site, stretches: Sequence[IntArray], chosen: BoolArray, eager: BoolArray) -> BoolArray:
    """Add, drop or exchange models while that saves more."""
    limits = (float(usable(site.compute)), float(usable(site.energy_budget)))

    def saved(candidate: BoolArray) -> float:
        loads = len(stretches) * float(site.load_cost[candidate].sum())
        return sum(float(_run(site, rows, candidate, eager, limits).sum()) for rows in stretches) - loads

    best = saved(chosen)
    while True:
        trials = [trial for trial in _neighbours(chosen) if fits(site.footprint[trial].sum(), site.memory)]
        savings = [saved(trial) for trial in trials]
        if not trials or max(savings) <= best * (1.0 + 1e-12) + 1e-12:
            return chosen
        best = max(savings)
        chosen = trials[savings.index(best)]


def _neighbours(chosen: BoolArray) -> list[BoolArray]:
    """Return all sets that differ by one model added, dropped or exchanged."""
    flips = []
    for model in range(chosen.size):
        flipped = chosen.copy()
        flipped[model] = not flipped[model]
        flips.append(flipped)
    inside, outside = np.flatnonzero(chosen), np.flatnonzero(~chosen)
    for leaves in inside:
        for enters in outside:
            swapped = chosen.copy()
            swapped[leaves], swapped[enters] = False, True
            flips.append(swapped)
    return flips


@compiled
def run_fixed_set(
    requests: IntArray,
    chosen: BoolArray,
    eager: BoolArray,
    service_model: IntArray,
    gain: IntArray,
    vanish: IntArray,
    window: IntArray,
    saving: FloatArray,
    work: FloatArray,
    compute: float,
    energy: FloatArray,
    energy_budget: float,
    saved: FloatArray,
) -> None:
    """Hold the chosen models through all slots and add up in `saved` (S,) what each service saves."""
    services = requests.shape[1]
    context = np.zeros(services, dtype=np.int64)
    available = np.zeros(services, dtype=np.int64)
    served = np.zeros(services, dtype=np.int64)
    worth = np.zeros(services)
    for slot in range(requests.shape[0]):
        for service in range(services):
            available[service] = requests[slot, service] if chosen[service_model[service]] else 0
            worth[service] = saving[service, context[service]]
            if worth[service] <= 0.0 and eager[service]:
                worth[service] = LAST_IN_LINE * saving[service, -1]
        fill_slot(worth, available, work, compute, energy, energy_budget, 0, served)
        for service in range(services):
            saved[service] += served[service] * saving[service, context[service]]
            grown = context[service] + gain[service] * served[service] - vanish[service]
            context[service] = min(window[service], max(0, grown)) if chosen[service_model[service]] else 0
