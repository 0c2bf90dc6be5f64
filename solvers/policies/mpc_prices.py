"""Prices of memory over a rolling horizon: found by a few subgradient steps a slot, kept from slot to slot.

One price per byte and slot makes the models independent (Lagrangian relaxation of the memory limits). A step
solves every model's intervals at the present prices and compares the memory they ask for with what there is.
The subgradient's length says little here, its sign much: prices move by steps of their own that grow while
the sign stays and halve when it turns (Riedmiller and Braun 1993).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ...problem.fields import BoolArray, FloatArray
from ..compiled import compiled
from .mpc_intervals import best_intervals, follow_intervals

GROW, SHRINK = 1.3, 0.5
# Steps stay within these multiples of the typical price.
SHORTEST, FIRST, LONGEST = 0.005, 0.1, 0.5


class MemoryPrices:
    """Prices per byte of this slot and the next H, with the steps in which they move."""

    def __init__(self, horizon: int) -> None:
        self.price: FloatArray = np.zeros(horizon + 1)
        self._step: FloatArray = np.zeros(horizon + 1)
        self._over: FloatArray = np.zeros(horizon + 1)

    def shift(self) -> None:
        """Go on by one slot; the new last slot starts from the price of the one before."""
        for array in (self.price, self._step, self._over):
            array[:-1] = array[1:].copy()

    def first(self, slots: int) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return views of the prices, their steps and last signs of the first slots."""
        return self.price[:slots], self._step[:slots], self._over[:slots]

    def improve(
        self,
        table: FloatArray,
        now: FloatArray,
        load: FloatArray,
        cached: BoolArray,
        footprint: FloatArray,
        memory: float,
        iterations: int,
    ) -> None:
        """Move the prices `iterations` times towards those at which the memory suffices.

        Parameters
        ----------
        table
            (M, H, H + 1) savings of intervals, see `interval_savings`; H may be less than that of the prices.
        now
            (M,) worth of having the model in this slot.
        """
        views = self.first(table.shape[1] + 1)
        move_prices(table, now, load, cached, footprint, memory, iterations, *views)


@compiled
def move_prices(
    table: FloatArray,
    now: FloatArray,
    load: FloatArray,
    cached: BoolArray,
    footprint: FloatArray,
    memory: float,
    iterations: int,
    price: FloatArray,
    step: FloatArray,
    over: FloatArray,
) -> None:
    """Compiled `MemoryPrices.improve`; `price`, `step` and `over` are (H + 1,), this slot first."""
    models, slots = table.shape[0], table.shape[1]
    usage, mean = np.empty(slots + 1), np.zeros(slots + 1)
    presence = np.zeros((models, slots + 1), dtype=np.bool_)
    typical = _typical_price(table, now, footprint, memory)
    averaged = 0
    for iteration in range(iterations):
        plan_presence(table, now, load, cached, footprint, memory, price, presence)
        usage[:] = 0.0
        for model in range(models):
            usage += footprint[model] * presence[model]
        if 2 * iteration + 1 >= iterations:
            mean += price
            averaged += 1
        step_prices(usage, memory, typical, price, step, over)
    price[:] = mean / averaged


@compiled
def plan_presence(
    table: FloatArray,
    now: FloatArray,
    load: FloatArray,
    cached: BoolArray,
    footprint: FloatArray,
    memory: float,
    price: FloatArray,
    presence: BoolArray,
) -> None:
    """Fill (M, H + 1): in which slots, this one first, each model would be kept at these prices."""
    slots = table.shape[1]
    present, absent = np.empty((slots, slots + 1)), np.empty(slots + 1)
    for model in range(table.shape[0]):
        presence[model] = False
        if footprint[model] > memory:
            continue
        best_intervals(table[model], price[1:] * footprint[model], load[model], present, absent)
        kept = absent[0] if slots == 0 else max(absent[0], present[0, 0])
        entry = 0.0 if cached[model] else load[model]
        stays = now[model] - entry - price[0] * footprint[model] + kept > absent[0]
        presence[model, 0] = stays
        follow_intervals(present, absent, load[model], stays, presence[model, 1:])


@compiled
def crowded_rents(
    presence: Any, footprint: FloatArray, memory: float, price: FloatArray, rent: FloatArray
) -> None:
    """Fill (M, H): the price of each model's bytes in the next slots; 0 where it fits beside the others.

    Models are not divisible, so a price at which the last of them are left out leaves room, and room that
    nobody else takes costs nothing. `presence` (M, H + 1) is that of plans, or their expectation.
    """
    usage = np.zeros(presence.shape[1])
    for model in range(presence.shape[0]):
        usage += footprint[model] * presence[model]
    for model in range(presence.shape[0]):
        for ahead in range(rent.shape[1]):
            others = usage[ahead + 1] - footprint[model] * presence[model, ahead + 1]
            crowded = others + footprint[model] > memory
            rent[model, ahead] = price[ahead + 1] * footprint[model] if crowded else 0.0


@compiled
def step_prices(
    usage: FloatArray, memory: float, typical: float, price: FloatArray, step: FloatArray, over: FloatArray
) -> None:
    """Raise the prices of slots in which more than the memory is asked for, and lower the others."""
    for ahead in range(usage.shape[0]):
        sign = 1.0 if usage[ahead] > memory else -1.0
        if step[ahead] == 0.0:
            step[ahead] = FIRST * typical
        elif over[ahead] != 0.0:
            step[ahead] *= GROW if sign == over[ahead] else SHRINK
        step[ahead] = min(LONGEST * typical, max(SHORTEST * typical, step[ahead]))
        over[ahead] = sign
        price[ahead] = max(0.0, price[ahead] + sign * step[ahead])


@compiled
def _typical_price(table: FloatArray, now: FloatArray, footprint: FloatArray, memory: float) -> float:
    """Greatest saving per slot and byte among the models that fit, now or over the horizon."""
    typical = 0.0
    for model in range(table.shape[0]):
        if 0.0 < footprint[model] <= memory:
            rate = now[model]
            for ahead in range(table.shape[1]):
                rate = max(rate, table[model, ahead, 0])
            typical = max(typical, rate / footprint[model])
    return typical
