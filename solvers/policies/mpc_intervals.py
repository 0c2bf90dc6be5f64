"""What every caching interval of the next slots would save, and the best intervals for given memory prices.

Over a horizon of H slots after this one a model is worth what its best caching intervals save, less their
loads and the memory they rent. Eviction forgets, so an interval's saving depends on its start alone: start 0
means cached already now, start u + 1 means loaded afresh u slots after the next one. All arrays of a model
are stored (slot, start), so that the programme below runs along contiguous memory.
"""

from __future__ import annotations

import numpy as np

from ...problem.fields import BoolArray, FloatArray, IntArray
from ..compiled import compiled


@compiled
def interval_savings(
    context: FloatArray,
    forecast: FloatArray,
    charge: FloatArray,
    service_model: IntArray,
    gain: IntArray,
    vanish: IntArray,
    window: IntArray,
    saving: FloatArray,
    table: FloatArray,
) -> None:
    """Fill the forecast saving of each slot of each interval.

    Parameters
    ----------
    context
        (S,) context at the next slot if the model is cached now.
    forecast
        (H, S) arrivals expected in the next slots.
    charge
        (S,) price of the limits one request takes.
    saving
        (S, max window + 1) saving of a request by context, read linearly between whole contexts.
    table
        (M, H, H + 1) filled; [m, j, u] is what model m saves j slots after the next one when its interval has
        start u, for u <= j + 1. Services that would lose from a start to the horizon are not served.
    """
    slots = forecast.shape[0]
    stream = np.empty(slots)
    table[:] = 0.0
    for service in range(context.shape[0]):
        model = service_model[service]
        limit = float(window[service])
        for start in range(slots + 1):
            units = min(limit, max(0.0, context[service])) if start == 0 else 0.0
            total = 0.0
            for ahead in range(max(0, start - 1), slots):
                rate = forecast[ahead, service]
                below = int(units)
                each = saving[service, below]
                if units > below:
                    each += (units - below) * (saving[service, below + 1] - each)
                stream[ahead] = rate * (each - charge[service])
                total += stream[ahead]
                units = min(limit, max(0.0, units + gain[service] * rate - vanish[service]))
            if total > 0.0:
                for ahead in range(max(0, start - 1), slots):
                    table[model, ahead, start] += stream[ahead]


@compiled
def best_intervals(
    table: FloatArray, rent: FloatArray, load: float, present: FloatArray, absent: FloatArray
) -> None:
    """Fill the values of presence and absence in each slot for one model, by backward recursion.

    Parameters
    ----------
    table
        (H, H + 1) savings of the model's intervals.
    rent
        (H,) price of keeping the model a slot.
    load
        Cost of loading it.
    present
        (H, H + 1) filled for starts u <= j + 1: best value from slot j on, present in it with start u.
    absent
        (H + 1,) filled: best value from slot j on, absent before it; 0 after the last slot.
    """
    slots = rent.shape[0]
    absent[slots] = 0.0
    for ahead in range(slots - 1, -1, -1):
        rest = absent[ahead + 1]
        for start in range(ahead + 2):
            later = rest
            if ahead + 1 < slots:
                later = max(rest, present[ahead + 1, start])
            present[ahead, start] = table[ahead, start] - rent[ahead] + later
        absent[ahead] = max(rest, present[ahead, ahead + 1] - load)


@compiled
def follow_intervals(
    present: FloatArray, absent: FloatArray, load: float, cached: bool, presence: BoolArray
) -> None:
    """Fill in which of the next slots (H,) the best intervals keep the model, cached now or not."""
    start = 0 if cached else -1
    for ahead in range(presence.shape[0]):
        if start >= 0 and present[ahead, start] < absent[ahead]:
            start = -1
        if start < 0 and present[ahead, ahead + 1] - load > absent[ahead + 1]:
            start = ahead + 1
        presence[ahead] = start >= 0
