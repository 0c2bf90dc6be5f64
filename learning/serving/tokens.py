"""Write the features of `observation` for every lane: one compiled pass over models and services.

What cannot change during an episode is written once, by `begin`.

The order of the columns is that of the tables in `observation`; a test compares every column with a plain
numpy computation of what its row there says.
"""

from __future__ import annotations

from math import copysign, cos, pi, sin, sqrt
from typing import Any

import numpy as np

from ...solvers.compiled import compiled
from .demand import phase_length, succession, take_in

HALF_SLOTS = 8.0
"""A span of so many slots has the feature 0.5."""

SIGHT = 64
"""Slots before the end from which on `remaining` falls."""


@compiled
def root(value: float) -> float:
    """Square root that keeps the sign: tames counts and sums of costs, and exists at 0."""
    return copysign(sqrt(abs(value)), value)


@compiled
def ratio(part: float, whole: float) -> float:
    """Part over whole within [0, 2]; 0 where the whole is unlimited, 2 where it is 0 and the part is not."""
    if part <= 0.0 or whole == np.inf:
        return 0.0
    return 2.0 if part >= 2.0 * whole else part / whole


@compiled
def span(slots: float) -> float:
    """Squash a number of slots into [0, 1)."""
    return slots / (slots + HALF_SLOTS)


@compiled
def begin(sites: Any, lane: int, model_tokens: Any, service_tokens: Any, server_token: Any) -> None:
    """Write the columns of one lane (arrays without lane axis) that stay the same for a whole episode."""
    unit, footprints = sites.unit[lane], 0.0
    for model in range(sites.models[lane]):
        footprints += sites.footprint[lane, model]
        model_tokens[model, 0] = ratio(sites.footprint[lane, model], sites.memory[lane])
        model_tokens[model, 1] = sqrt(sites.load_cost[lane, model] / unit)
    share = sites.models[lane] / footprints if footprints > 0.0 else 0.0
    for model in range(sites.models[lane]):
        model_tokens[model, 24] = sqrt(sites.footprint[lane, model] * share)
    for service in range(sites.services[lane]):
        window = sites.window[lane, service]
        token = service_tokens[service]
        token[0] = ratio(sites.work[lane, service], sites.compute[lane])
        token[1] = ratio(sites.energy[lane, service], sites.energy_budget[lane])
        token[2] = sqrt(float(window))
        token[3] = ratio(float(sites.gain[lane, service]), float(window))
        token[4] = ratio(float(sites.vanish[lane, service]), float(window))
        token[5] = sites.saving[lane, service, 0] / unit
        token[6] = sites.saving[lane, service, window] / unit
    server_token[0] = ratio(sites.memory[lane], footprints)
    server_token[1] = 1.0 if sites.compute[lane] < np.inf else 0.0
    server_token[2] = 1.0 if sites.energy_budget[lane] < np.inf else 0.0


@compiled
def observe(
    sites: Any,
    demand: Any,
    arrived: Any,
    requests: Any,
    cached: Any,
    context: Any,
    slot: Any,
    slots: Any,
    model_tokens: Any,
    service_tokens: Any,
    server_token: Any,
) -> None:
    """Take in the arrivals of the lanes where there were some, and write the tokens of every lane.

    Parameters
    ----------
    arrived : bool (B,)
        False where the episode is over: nothing arrives any more.
    requests, context : int (B, S); cached : bool (B, M)
        As in `solvers.Observation`.
    slot, slots : int (B,)
        The slot to be decided, and how many the instance has.
    """
    sums = np.zeros((model_tokens.shape[1], 10))
    for lane in range(sites.models.shape[0]):
        models, services = sites.models[lane], sites.services[lane]
        if arrived[lane]:
            take_in(demand, lane, requests[lane], sites.service_model[lane], models, services)
        sums[:] = 0.0
        totals = _services(
            sites, demand, lane, requests[lane], cached[lane], context[lane], service_tokens[lane], sums
        )
        held = _models(sites, demand, lane, cached[lane], slot[lane] == 0, sums, model_tokens[lane])
        token = server_token[lane]
        day = 2.0 * pi * slot[lane] * sites.slot_seconds[lane] / 86400.0
        token[3] = ratio(held, sites.memory[lane])
        token[4] = sqrt(totals[0] / models)
        token[5] = sqrt(totals[1] / models)
        token[6] = sqrt(totals[2] / models)
        token[7] = ratio(totals[3], sites.compute[lane])
        token[8] = ratio(totals[4], sites.energy_budget[lane])
        token[9] = min(slots[lane] - slot[lane], SIGHT) / SIGHT
        token[10] = span(float(slot[lane]))
        token[11] = sin(day)
        token[12] = cos(day)


@compiled
def _services(
    sites: Any, demand: Any, lane: int, requests: Any, cached: Any, context: Any, tokens: Any, sums: Any
) -> tuple[float, float, float, float, float]:
    """Write the tokens of the services and collect what their models (M, 10) and the server need."""
    each = 1.0 / sites.unit[lane]
    all_amount, all_fast, all_slow, all_work, all_energy = 0.0, 0.0, 0.0, 0.0, 0.0
    for service in range(sites.services[lane]):
        model = sites.service_model[lane, service]
        window, held = sites.window[lane, service], context[service]
        amount = float(requests[service])
        fast, slow = demand.fast[lane, service], demand.slow[lane, service]
        now = each * sites.saving[lane, service, held]
        cold = each * sites.saving[lane, service, 0]
        full = each * sites.saving[lane, service, window]
        grown = held + sites.gain[lane, service] * requests[service] - sites.vanish[lane, service]
        share = 1.0 / window if window > 0 else 0.0
        token = tokens[service]
        token[7] = 1.0 if cached[model] else 0.0
        token[8] = held * share
        token[9] = min(window, max(0, grown)) * share
        token[10] = now
        token[11] = sqrt(amount)
        token[12] = sqrt(fast)
        token[13] = sqrt(slow)
        token[14] = (amount - fast) / sqrt(1.0 + slow)
        total = sums[model]
        total[0] += amount
        total[1] += fast
        total[2] += slow
        total[3] += amount * now
        total[4] += fast * now
        total[5] += slow * now
        total[6] += fast * full
        total[7] += slow * full
        total[8] += fast * (now - cold)
        all_amount += amount
        all_fast += fast
        all_slow += slow
        all_work += amount * sites.work[lane, service]
        all_energy += amount * sites.energy[lane, service]
    return all_amount, all_fast, all_slow, all_work, all_energy


@compiled
def _models(sites: Any, demand: Any, lane: int, cached: Any, fresh: bool, sums: Any, tokens: Any) -> float:
    """Write the tokens of the models from the sums over their services; return the memory they take.

    What is known of finished phases is written only if one has just finished, or all is new (`fresh`).
    """
    models, occupied = sites.models[lane], 0.0
    unit, loads, footprints = sites.unit[lane], sites.load_cost[lane], sites.footprint[lane]
    hot, age = demand.hot[lane], demand.age[lane]
    chance, leader = sums[:, 9], np.empty(models, np.int64)
    succession(demand, lane, models, chance, leader)
    for model in range(models):
        load = loads[model] / unit
        total, token = sums[model], tokens[model]
        payback = max(0.0, total[6])
        occupied += footprints[model] if cached[model] else 0.0
        token[2] = 1.0 if cached[model] else 0.0
        token[3] = sqrt(total[0])
        token[4] = sqrt(total[1])
        token[5] = sqrt(total[2])
        token[6] = (total[0] - total[1]) / sqrt(1.0 + total[2])
        for column in range(6):
            token[7 + column] = root(total[3 + column])
        token[13] = payback / (payback + load) if payback > 0.0 else 0.0
        token[14] = 1.0 if hot[model] else 0.0
        token[15] = span(float(age[model]))
        if fresh or age[model] == 0:
            for state in range(2):
                mean, spread = phase_length(demand, lane, model, state)
                token[16 + state] = span(mean)
                token[18 + state] = spread
        token[20] = chance[model]
    for model in range(models):
        _follow(tokens, model, leader[model])
    return occupied


@compiled
def _follow(tokens: Any, model: int, leader: int) -> None:
    """Copy what is known of the leader's phase; nothing without a leader."""
    for column, of in ((21, 14), (22, 15), (23, 17)):
        tokens[model, column] = tokens[leader, of] if leader >= 0 else 0.0
