"""The dynamics of contexts and the cost of a slot, written once for every array library.

The functions follow the array-API standard: the same lines serve the referee (numpy, one
instance), the batched stepper (numpy or torch, many copies) and whatever is differentiated or
run on a GPU later. Every argument may have leading batch axes; the last axis is the service (S)
or the model (M), the one before it the server (N).
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from .instance import Instance

Array = Any
"""An array of any library that follows the array-API standard."""

TERMS = ("switching", "transmission", "computation", "accuracy", "cloud")
"""The five cost terms, in the order in which they are reported and added."""


@dataclass(frozen=True)
class World:
    """What does not change from slot to slot, as arrays of one library on one device.

    Shapes as in `Instance`; every array but `service_model` may carry leading batch axes
    (``load_cost`` (..., N, M), per-service arrays (..., 1, S), ``accuracy`` flattened to
    (..., S * width)).
    """

    service_model: Array
    window: Array
    gain: Array
    vanish: Array
    accuracy: Array
    accuracy_offset: Array
    load_cost: Array
    transmission_cost: Array
    computation_cost: Array
    accuracy_weight: Array
    cloud_cost: Array

    @classmethod
    def of(cls, instance: Instance) -> World:
        """Numpy arrays of one instance."""
        width = instance.accuracy.shape[1]
        return cls(
            service_model=instance.service_model,
            window=instance.window,
            gain=instance.gain,
            vanish=instance.vanish,
            accuracy=instance.accuracy.reshape(-1),
            accuracy_offset=np.arange(instance.services, dtype=np.int64) * width,
            load_cost=instance.load_cost,
            transmission_cost=instance.transmission_cost,
            computation_cost=instance.computation_cost,
            accuracy_weight=instance.accuracy_weight,
            cloud_cost=instance.cloud_cost,
        )

    def map(self, change: Any) -> World:
        """Apply a function (a move to another library or device, say) to every array."""
        return World(**{field.name: change(getattr(self, field.name)) for field in fields(self)})


def by_service(xp: Any, world: World, per_model: Array) -> Array:
    """Spread a value per model (..., M) over the services that run on the models (..., S)."""
    return xp.take(per_model, world.service_model, axis=-1)


def counted_context(xp: Any, world: World, context: Array, cached: Array) -> Array:
    """Context that counts in a slot: what was kept, if the model is still cached, else 0.

    Parameters
    ----------
    context : int (..., N, S), context units
        kappa at the slot's start; it is 0 wherever the model was not cached in the slot before.
    cached : bool (..., N, M)
        The slot's cached models.
    """
    return xp.where(by_service(xp, world, cached), context, xp.zeros_like(context))


def next_context(xp: Any, world: World, counted: Array, cached: Array, served: Array) -> Array:
    """Context after a slot: min(W, max(0, k + zeta x - Delta)) where cached, else 0 (context units)."""
    grown = counted + world.gain * served - world.vanish
    floor = xp.zeros_like(counted)
    bounded = xp.minimum(xp.maximum(grown, floor), world.window + floor)
    return xp.where(by_service(xp, world, cached), bounded, floor)


def accuracy_at(xp: Any, world: World, counted: Array) -> Array:
    """Probability of a correct answer of every service at its context (..., N, S)."""
    position = xp.reshape(counted + world.accuracy_offset, (-1,))
    return xp.reshape(xp.take(world.accuracy, position, axis=0), counted.shape)


def cost_terms(
    xp: Any, world: World, requests: Array, before: Array, cached: Array, served: Array, counted: Array
) -> tuple[Array, Array, Array, Array, Array]:
    """Cost of a slot at each server, the five `TERMS` apart, each (..., N).

    Parameters
    ----------
    requests, served : int (..., N, S), requests
    before, cached : bool (..., N, M)
        Cached models in the slot before and in this one.
    counted : int (..., N, S), context units
        From `counted_context`.
    """
    real = world.cloud_cost.dtype
    local = xp.astype(served, real)
    loads = xp.astype(xp.logical_and(cached, xp.logical_not(before)), real)
    wrong = 1.0 - accuracy_at(xp, world, counted)
    return (
        xp.sum(loads * world.load_cost, axis=-1),
        xp.sum(local * world.transmission_cost, axis=-1),
        xp.sum(local * world.computation_cost, axis=-1),
        xp.sum(local * world.accuracy_weight * wrong, axis=-1),
        xp.sum(xp.astype(requests - served, real) * world.cloud_cost, axis=-1),
    )
