"""What being in the cache is worth when presence has a rent and the future of the demand is known.

With a rent models no longer compete, and each is a programme over intervals by itself: be loaded, gather
context, save, leave. Its value depends on the future, which no policy knows; as the *target of a regression*
on what was seen it becomes a conditional mean, which is a function of the past.

Two rents are used. A constant one for memory keeps the future of the other models out of the value. The
prices of the Lagrangian decomposition, found for each trace, are exact where the best plan is at its limits,
but know what the other models will do.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ...solvers.compiled import compiled


@compiled
def worth(
    requests: Any,
    saving: Any,
    service_model: Any,
    window: Any,
    gain: Any,
    vanish: Any,
    load: Any,
    rent: Any,
    empty: Any,
    full: Any,
) -> None:
    """Fill what presence in each slot adds to all that follows it, over absence.

    Parameters
    ----------
    requests
        (T, S) arrivals.
    saving
        (T, S, K) saving of a request by context, less what it pays for GPU time and energy, cost.
    service_model, window, gain, vanish
        (S,) as in `Instance`.
    load, rent
        (M,) cost of a load, and (T, M) of presence in a slot.
    empty, full
        (T, M) filled, cost: present in slot t with no context, or with full windows, less absent in slot t,
        both from slot t + 1 on. Neither the slot itself nor a load in it is counted.
    """
    slots, services, models = requests.shape[0], requests.shape[1], load.shape[0]
    absent = np.zeros((slots + 2, models))
    context, run = np.zeros(services, np.int64), np.zeros(models)
    for first in range(slots - 1, -1, -1):
        absent[first] = absent[first + 1]
        context[:] = 0
        run[:] = -load
        for slot in range(first, slots):
            _pass(requests[slot], saving[slot], service_model, window, gain, vanish, rent[slot], context, run)
            _take_better(run, absent[min(slot + 2, slots)], absent[first])
    nothing, best = np.zeros(models), np.zeros(models)
    for first in range(slots):
        for kind in range(2):
            for service in range(services):
                context[service] = window[service] if kind == 1 else 0
            _pass(requests[first], saving[first], service_model, window, gain, vanish, nothing, context, run)
            run[:] = 0.0
            best[:] = absent[min(first + 2, slots)]
            for slot in range(first + 1, slots):
                _pass(
                    requests[slot],
                    saving[slot],
                    service_model,
                    window,
                    gain,
                    vanish,
                    rent[slot],
                    context,
                    run,
                )
                _take_better(run, absent[min(slot + 2, slots)], best)
            target = full if kind == 1 else empty
            for model in range(models):
                target[first, model] = best[model] - absent[first + 1, model]


@compiled
def _pass(
    requests: Any,
    saving: Any,
    service_model: Any,
    window: Any,
    gain: Any,
    vanish: Any,
    rent: Any,
    context: Any,
    run: Any,
) -> None:
    """Add a slot of presence to the running values (M,) and move the contexts (S,)."""
    run -= rent
    for service in range(requests.shape[0]):
        held = context[service]
        served = requests[service] if saving[service, held] > 0.0 else 0
        run[service_model[service]] += served * saving[service, held]
        context[service] = min(window[service], max(0, held + gain[service] * served - vanish[service]))


@compiled
def _take_better(run: Any, after: Any, best: Any) -> None:
    """Leave now, with what follows absence, where that beats the best so far (M,)."""
    for model in range(run.shape[0]):
        best[model] = max(best[model], run[model] + after[model])


@compiled
def fair_rent(
    requests: Any,
    saving: Any,
    service_model: Any,
    window: Any,
    gain: Any,
    vanish: Any,
    load: Any,
    footprint: Any,
    memory: float,
    steps: int,
) -> float:
    """Find the constant rent of memory at which the models' plans together take all of it, on average.

    Bisection between nothing and the dearest rent that any model could pay. Arguments as for `worth`, savings
    (S, K) the same in every slot, memory and footprints in bytes; the rent is in cost per byte and slot.
    """
    slots, models = requests.shape[0], load.shape[0]
    table = _savings(requests, saving, service_model, window, gain, vanish, models)
    low, high = 0.0, 0.0
    for model in range(models):
        if footprint[model] > 0.0:
            high = max(high, table[:, :, model].max() / footprint[model])
    for _ in range(steps):
        middle = 0.5 * (low + high)
        taken = 0.0
        for model in range(models):
            taken += footprint[model] * _presence(table[:, :, model], load[model], middle * footprint[model])
        if taken > memory * slots:
            low = middle
        else:
            high = middle
    return high


@compiled
def _savings(
    requests: Any, saving: Any, service_model: Any, window: Any, gain: Any, vanish: Any, models: int
) -> Any:
    """[u, v, m]: saving of slot v by a model loaded in slot u."""
    slots, services = requests.shape
    table, nothing = np.zeros((slots, slots, models)), np.zeros(models)
    context = np.zeros(services, np.int64)
    for first in range(slots):
        context[:] = 0
        for slot in range(first, slots):
            row = table[first, slot]
            _pass(requests[slot], saving, service_model, window, gain, vanish, nothing, context, row)
    return table


@compiled
def _presence(table: Any, load: float, rent: float) -> int:
    """Slots in which the best plan of a model has it cached."""
    slots = table.shape[0]
    ahead, end = np.zeros(slots + 2), np.full(slots, -1)
    for first in range(slots - 1, -1, -1):
        ahead[first] = ahead[first + 1]
        run = -load
        for slot in range(first, slots):
            run += table[first, slot] - rent
            after = ahead[min(slot + 2, slots)]
            if run + after > ahead[first]:
                ahead[first] = run + after
                end[first] = slot
    present, slot = 0, 0
    while slot < slots:
        if end[slot] >= 0:
            present += end[slot] - slot + 1
            slot = end[slot] + 2
        else:
            slot += 1
    return present
