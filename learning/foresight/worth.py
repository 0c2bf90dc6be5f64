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
    models = load.shape[0]
    order = np.argsort(service_model, kind="mergesort")
    ends = np.searchsorted(service_model[order], np.arange(1, models + 1))
    for model in range(models):
        own = order[ends[model - 1] if model > 0 else 0 : ends[model]]
        _worth_of_one(
            requests[:, own],
            saving[:, own],
            window[own],
            gain[own],
            vanish[own],
            load[model],
            rent[:, model],
            empty[:, model],
            full[:, model],
        )


@compiled
def _worth_of_one(
    requests: Any,
    saving: Any,
    window: Any,
    gain: Any,
    vanish: Any,
    load: float,
    rent: Any,
    empty: Any,
    full: Any,
) -> None:
    """`worth` of one model with n services, backward in time; `empty` and `full` are (T,).

    A path is what becomes of the contexts if the model is there from a slot on. That of the slot before soon
    meets it, since windows fill and contexts vanish, and from there on both are worth the same.
    """
    slots = requests.shape[0]
    absent, gained = np.zeros(slots + 2), np.zeros(slots)
    path, best = np.zeros((2, slots + 1, window.shape[0]), np.int64), np.full((2, slots + 1), -np.inf)
    for first in range(slots - 1, -1, -1):
        leave = absent[min(first + 2, slots)]
        for kind in range(2):
            path[kind, first] = kind * window
            met = _follow_path(requests, saving, window, gain, vanish, first, path[kind], gained)
            for slot in range(met - 1, first - 1, -1):
                later = max(absent[min(slot + 2, slots)], best[kind, slot + 1])
                best[kind, slot] = gained[slot] - rent[slot] + later
        absent[first] = max(absent[first + 1], best[0, first] - load)
        empty[first] = max(leave, best[0, first + 1]) - absent[first + 1]
        full[first] = max(leave, best[1, first + 1]) - absent[first + 1]


@compiled
def _follow_path(
    requests: Any, saving: Any, window: Any, gain: Any, vanish: Any, first: int, path: Any, gained: Any
) -> int:
    """Write contexts (T + 1, n) and savings (T,) of the path from a slot on, until it meets the old one."""
    services: int = requests.shape[1]
    slots: int = requests.shape[0]
    for slot in range(first, slots):
        met, total = True, 0.0
        for service in range(services):
            held = path[slot, service]
            each = saving[slot, service, held]
            served = requests[slot, service] if each > 0.0 else 0
            total += served * each
            after = min(window[service], max(0, held + gain[service] * served - vanish[service]))
            met = met and after == path[slot + 1, service]
            path[slot + 1, service] = after
        gained[slot] = total
        if met and slot > first:
            return slot + 1
    return slots


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
