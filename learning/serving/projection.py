"""From any numbers to a feasible plan of one slot: the projection of actions, exactly.

**Models.** Scores (M,) choose the set. `knapsack`: the set of greatest total score that fits the memory,
solved exactly; only positive scores are chosen. `sequential`: models in order of falling score, first come
first among equals, each taken if it is positive and still fits. Either way a model of the slot before that
was not chosen stays while there is room, highest score first, since holding a model costs nothing.

**Requests.** Shares (S,) in [0, 1] say how much of what arrived is wanted: floor(share R + 1/2) of the
services whose model is cached. If GPU time and energy allow all of it, it is served. Otherwise requests that
save at the context held go first: the best whole numbers of them by saving within the limits
(`solvers.serving`, by saving per work, improved by a bounded search). Requests that save nothing now, wanted
for the context they build, take what is left, least loss first.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from ...solvers.compiled import compiled
from ...solvers.knapsack import knapsack
from ...solvers.policies.slot_choice import keep_what_fits
from ...solvers.serving import NODE_LIMIT, fill_slot

Fill = Literal["knapsack", "sequential"]
FILLS: tuple[Fill, ...] = ("knapsack", "sequential")


@compiled
def project(
    sites: Any,
    requests: Any,
    before: Any,
    context: Any,
    scores: Any,
    shares: Any,
    sequential: bool,
    cached: Any,
    served: Any,
) -> None:
    """Turn scores and shares of every lane into a feasible plan.

    Parameters
    ----------
    requests, context : int (B, S); before : bool (B, M)
        As in `solvers.Observation`.
    scores : float (B, M); shares : float (B, S)
        The action.
    cached : bool (B, M); served : int (B, S)
        Filled with the plan; padding stays untouched.
    """
    for lane in range(scores.shape[0]):
        models = sites.models[lane]
        choose_models(
            scores[lane, :models],
            before[lane],
            sites.footprint[lane],
            sites.memory[lane],
            sequential,
            cached[lane, :models],
        )
        _serve_lane(sites, lane, requests[lane], context[lane], cached[lane], shares[lane], served[lane])


@compiled
def serve(sites: Any, requests: Any, context: Any, cached: Any, shares: Any, served: Any) -> None:
    """Fill `served` (B, S) for given sets (B, M): the second half of `project`."""
    for lane in range(shares.shape[0]):
        _serve_lane(sites, lane, requests[lane], context[lane], cached[lane], shares[lane], served[lane])


@compiled
def choose_models(
    scores: Any, before: Any, footprint: Any, memory: float, sequential: bool, cached: Any
) -> None:
    """Fill `cached` (M,) with the set that the scores (M,) ask for; `memory` includes the tolerance."""
    if sequential:
        cached[:] = False
        load = 0.0
        for model in np.argsort(-scores, kind="mergesort"):
            if scores[model] > 0.0 and load + footprint[model] <= memory:
                cached[model] = True
                load += footprint[model]
    else:
        knapsack(scores, footprint, memory, cached)
    keep_what_fits(scores, before, footprint, memory, cached)


@compiled
def _serve_lane(
    sites: Any, lane: int, requests: Any, context: Any, cached: Any, shares: Any, served: Any
) -> None:
    services = sites.services[lane]
    wanted, saving = np.zeros(services, np.int64), np.zeros(services)
    for service in range(services):
        saving[service] = sites.saving[lane, service, context[service]]
        if cached[sites.service_model[lane, service]]:
            wanted[service] = int(np.floor(shares[service] * requests[service] + 0.5))
    fill_limits(
        saving,
        wanted,
        sites.work[lane, :services],
        sites.compute[lane],
        sites.energy[lane, :services],
        sites.energy_budget[lane],
        served[:services],
    )


@compiled
def fill_limits(
    saving: Any, wanted: Any, work: Any, compute: float, energy: Any, budget: float, served: Any
) -> None:
    """Serve what is wanted (S,) if GPU time and energy allow; else by saving, as the text above says."""
    if (wanted * work).sum() <= compute and (wanted * energy).sum() <= budget:
        served[:] = wanted
        return
    fill_slot(saving, wanted, work, compute, energy, budget, NODE_LIMIT, served)
    _fill_rest(saving, wanted, work, compute, energy, budget, served)


@compiled
def _fill_rest(
    saving: Any, wanted: Any, work: Any, compute: float, energy: Any, budget: float, served: Any
) -> None:
    """Serve of the services that save nothing now what still fits, least loss first."""
    used, burnt = 0.0, 0.0
    for service in range(saving.shape[0]):
        used += served[service] * work[service]
        burnt += served[service] * energy[service]
    for service in np.argsort(-saving, kind="mergesort"):
        if saving[service] > 0.0:
            continue
        count = wanted[service]
        while count > 0 and (
            used + count * work[service] > compute or burnt + count * energy[service] > budget
        ):
            count = min(count - 1, most(work[service], compute - used), most(energy[service], budget - burnt))
        served[service] = max(count, 0)
        used += served[service] * work[service]
        burnt += served[service] * energy[service]


@compiled
def most(each: float, room: float) -> int:
    """How many requests that take `each` fit into `room`, up to rounding; 2^62 where there is no limit."""
    if each <= 0.0 or room == np.inf:
        return 2**62
    return int(max(0.0, min(room / each, 2.0**60)))
