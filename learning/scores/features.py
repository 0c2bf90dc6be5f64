"""What a model's score is made of: a few sums, each with a weight.

The score says what being in the cache in this slot is worth: the saving of the slot, less the load of a
model that is absent, and what presence helps to save later. The network foretells demand and worth; the
weights say how far ahead and how much each of that counts, and were found by what runs cost (`evolution`).
All features are in cost, so that one set of weights serves cents and normalised costs alike.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ...problem.capacity import usable
from ...problem.fields import FloatArray, IntArray
from ...solvers.compiled import compiled
from ...solvers.knapsack import knapsack_limit
from ...solvers.policies.protocol import Site
from ..networks.network import SPANS

MEANS = ("fast", "slow")
"""Running means of past demand (`serving.demand`), which rules without a network go by."""

MEAN_SLOTS = 8
"""Slots of demand at a running mean that a feature of `MEANS` counts, as far as so many are left."""

_SPANNED = tuple(
    f"{state}_{kind}_{span}"
    for state in ("cached", "absent")
    for kind in ("held", "grown")
    for span in (*SPANS, *MEANS)
)
_WORTHS = tuple(f"{state}_{kind}" for kind in ("worth", "priced") for state in ("cached", "absent"))
WEIGHTS = ("now", "stay", "load", "room", "crowd", "work", *_SPANNED, *_WORTHS)
"""Names of the weights, in order, and what each multiplies:

- now: the saving of this slot;
- stay, load: the load cost of a model that is cached; minus that of one that is not;
- room: minus ten load costs times footprint / memory;
- crowd, work: minus the saving, and minus ten cloud requests times the share of GPU time or energy, of this
  slot's requests; both as far as all requests together exceed the limits;
- STATE_held_J: foretold demand of the span that begins J slots ahead, for a cached or absent model, served at
  the context after this slot; STATE_grown_J: what full windows would add to that;
- STATE_worth, STATE_priced: the foretold worths; of a cached model between empty and full windows, by the
  context held.
"""

_FIRST_SPAN = WEIGHTS.index(_SPANNED[0])
_SPAN_COUNT = len(SPANS)
_KIND_COUNT = _SPAN_COUNT + len(MEANS)


class World(NamedTuple):
    """One server as the compiled code needs it; arrays as in `Site`, limits with their tolerance added."""

    service_model: IntArray
    footprint: FloatArray
    memory: float
    work: FloatArray
    compute: float
    energy: FloatArray
    energy_budget: float
    window: IntArray
    gain: IntArray
    vanish: IntArray
    saving: FloatArray
    load: FloatArray
    unit: float

    @classmethod
    def of(cls, site: Site) -> World:
        """The world of a server."""
        return cls(
            service_model=np.ascontiguousarray(site.service_model),
            footprint=np.ascontiguousarray(site.footprint),
            memory=float(knapsack_limit(site.memory)),
            work=np.ascontiguousarray(site.work),
            compute=float(usable(site.compute)),
            energy=np.ascontiguousarray(site.energy),
            energy_budget=float(usable(site.energy_budget)),
            window=np.ascontiguousarray(site.window),
            gain=np.ascontiguousarray(site.gain),
            vanish=np.ascontiguousarray(site.vanish),
            saving=np.ascontiguousarray(site.saving),
            load=np.ascontiguousarray(site.load_cost),
            unit=float(site.cloud_cost.mean()) or 1.0,
        )


def first_weights() -> FloatArray:
    """Weights of a plain rule: this slot, less loads, and foretold demand, less of it the farther it is."""
    weights = np.zeros(len(WEIGHTS))
    weights[WEIGHTS.index("now")] = weights[WEIGHTS.index("load")] = 1.0
    for name in _SPANNED:
        _, kind, first = name.split("_")
        if first not in MEANS:
            nearness = {1: 0.5, 2: 0.5, 4: 0.5, 8: 0.3, 16: 0.15, 32: 0.05}[int(first)]
            weights[WEIGHTS.index(name)] = nearness if kind == "held" else 0.15
    weights[-len(_WORTHS) :] = 0.25
    return weights


@compiled
def slot_features(
    world: Any,
    requests: Any,
    context: Any,
    cached: Any,
    fast: Any,
    slow: Any,
    foretold: Any,
    unit: Any,
    left: int,
    features: Any,
    wanted: Any,
) -> None:
    """Fill the features of every model in one slot.

    Parameters
    ----------
    requests, context, fast, slow
        (S,) arrivals, contexts that count now if the model stays, fast and slow mean of arrivals.
    cached
        (M,) bool, the cache of the slot before.
    foretold, unit
        (M, F) the columns of `network.FORESIGHT`, and (M,) what its worths are measured in, cost.
    left
        Slots after this one.
    features
        (M, W) filled.
    wanted
        (S,) filled: requests worth serving, at the context held or at a full one.
    """
    models = cached.shape[0]
    # now, at the context after this slot, at full windows, weight of the services, share of limits, fullness,
    # and at the fast mean: at the context after this slot, at full windows
    sums = np.zeros((models, 8))
    crowd = _sum_services(world, requests, context, cached, fast, slow, sums, wanted)
    over = 1.0 - 1.0 / crowd if crowd > 1.0 else 0.0
    features[:] = 0.0
    for model in range(models):
        row, total, load = features[model], sums[model], world.load[model]
        weight = max(total[3], 1e-9)
        held, grown = total[1] / weight, (total[2] - total[1]) / weight
        row[0] = total[0]
        row[1] = load if cached[model] else 0.0
        row[2] = 0.0 if cached[model] else -load
        row[3] = -10.0 * load * world.footprint[model] / world.memory
        row[4] = -total[0] * over
        row[5] = -10.0 * world.unit * total[4] * over
        column = _FIRST_SPAN if cached[model] else _FIRST_SPAN + 2 * _KIND_COUNT
        length = 1
        for span in range(_SPAN_COUNT):
            slots = min(length, max(0, left - length + 1))
            amount = max(0.0, foretold[model, span]) * (weight + 0.5) * slots
            row[column + span] = amount * held
            row[column + _KIND_COUNT + span] = amount * grown
            length *= 2
        slots = min(MEAN_SLOTS, left)
        for mean in range(2):
            after, full = (total[6], total[7]) if mean == 0 else (total[1], total[2])
            row[column + _SPAN_COUNT + mean] = slots * after
            row[column + _KIND_COUNT + _SPAN_COUNT + mean] = slots * (full - after)
        for kind in range(2):
            empty = foretold[model, _SPAN_COUNT + 2 * kind]
            full = foretold[model, _SPAN_COUNT + 2 * kind + 1]
            column = _FIRST_SPAN + 4 * _KIND_COUNT + 2 * kind
            if cached[model]:
                row[column] = (empty + (full - empty) * total[5] / weight) * unit[model]
            else:
                row[column + 1] = empty * unit[model]


@compiled
def _sum_services(
    world: Any, requests: Any, context: Any, cached: Any, fast: Any, slow: Any, sums: Any, wanted: Any
) -> float:
    """Add up each model's services for `slot_features`; return the share of the limits asked for."""
    compute, energy = 0.0, 0.0
    for service in range(requests.shape[0]):
        model, window = world.service_model[service], world.window[service]
        held = context[service] if cached[model] else 0
        saving, best = world.saving[service, held], world.saving[service, window]
        amount = requests[service] if max(saving, best) > 0.0 else 0
        wanted[service] = amount
        after = min(window, max(0, held + world.gain[service] * amount - world.vanish[service]))
        weight = slow[service] + 1e-3
        total = sums[model]
        total[0] += amount * max(0.0, saving)
        total[1] += weight * max(0.0, world.saving[service, after])
        total[2] += weight * max(0.0, best)
        total[3] += weight
        total[5] += weight * held / window if window > 0 else 0.0
        total[6] += fast[service] * max(0.0, world.saving[service, after])
        total[7] += fast[service] * max(0.0, best)
        worked = amount * world.work[service] / world.compute if world.compute > 0.0 else 0.0
        burnt = amount * world.energy[service] / world.energy_budget if world.energy_budget > 0.0 else 0.0
        total[4] += max(worked, burnt)
        compute += worked
        energy += burnt
    return max(compute, energy)
