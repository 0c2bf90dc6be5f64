"""One server of an instance as the kernels want it: contiguous arrays, time on the last axis.

Resources are counted in shares of the server's own limit, so that every price is in cost per slot.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any

import numpy as np

from ...problem.capacity import usable
from ...problem.instance import Instance
from .graph import ContextGraph, FloatArray, IntArray, build_graph
from .sets import Shelf, shelf

BoolArray = np.typing.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Server:
    """Arrays of one server.

    Attributes
    ----------
    cap
        (S, T) most requests that a slot can hold: arrivals, or fewer where the limits leave no room for all
        of them.
    saving
        (S, K + 1) saving of one request served locally, by context (cost).
    share
        (2, S) share of the server's compute and energy limit that one request takes.
    load_cost
        (M,) cost.
    service_model, window, gain, vanish, footprint, memory
        As in the instance.
    cloud_only
        Cost of serving nothing.
    cost_scale
        (S,) sum of the magnitudes of the costs behind ``saving``: what its rounding errors are relative to.
    """

    cap: IntArray
    saving: FloatArray
    share: FloatArray
    load_cost: FloatArray
    service_model: IntArray
    window: IntArray
    gain: IntArray
    vanish: IntArray
    footprint: FloatArray
    memory: float
    cloud_only: float
    cost_scale: FloatArray

    @classmethod
    def of(cls, instance: Instance, n: int) -> Server:
        """Extract server n."""
        requests = np.ascontiguousarray(instance.requests[:, n, :].T)
        share = np.zeros((2, instance.services))
        cap = requests.copy()
        limits = ((instance.work, instance.compute), (instance.energy, instance.energy_budget))
        for r, (need, limit) in enumerate(limits):
            cap = np.minimum(cap, _most(need[n], float(limit[n]))[:, None])
            if np.isfinite(limit[n]) and limit[n] > 0:
                share[r] = need[n] / limit[n]
        local = instance.transmission_cost[n] + instance.computation_cost[n]
        return cls(
            cap=np.ascontiguousarray(cap),
            saving=np.ascontiguousarray(instance.saving[n]),
            share=share,
            load_cost=np.ascontiguousarray(instance.load_cost[n]),
            service_model=instance.service_model,
            window=instance.window,
            gain=instance.gain,
            vanish=instance.vanish,
            footprint=instance.footprint,
            memory=float(instance.memory[n]),
            cloud_only=math.fsum(requests.sum(axis=1) * instance.cloud_cost[n]),
            cost_scale=instance.cloud_cost[n] + local + instance.accuracy_weight,
        )

    def __getstate__(self) -> dict[str, Any]:
        """Everything but what is computed on demand: another process computes it again."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    @property
    def models(self) -> int:
        """Number of models."""
        return self.footprint.size

    @property
    def slots(self) -> int:
        """Number of slots."""
        return int(self.cap.shape[1])

    def charge(self, resource: FloatArray) -> FloatArray:
        """What a request pays in each slot (S, T) at prices (2, T) of the limits."""
        return np.ascontiguousarray(self.share.T @ resource)

    @cached_property
    def graph(self) -> ContextGraph:
        """Contexts that the services can have when everything is served."""
        return build_graph(self.cap, self.service_model, self.models, self.window, self.gain, self.vanish)

    @cached_property
    def binding(self) -> BoolArray:
        """(2, T) bool: whether serving everything on all models would break the limit of the slot."""
        return np.asarray((self.share @ self.cap) > 1.0)

    @cached_property
    def limited(self) -> bool:
        """Whether a compute or energy limit can bind anywhere."""
        return bool(self.binding.any())

    @cached_property
    def plain(self) -> bool:
        """Whether serving every arrival is optimal wherever the model is cached: the graph is then exact."""
        smallest = np.where(self.cap.any(axis=1), self.saving[:, 0], 0.0)
        return not self.limited and bool(np.all(smallest >= 0.0))

    @cached_property
    def raised_saving(self) -> FloatArray:
        """(S, K + 1) savings raised by more than their rounding errors."""
        return np.asarray(self.saving + 64.0 * np.finfo(np.float64).eps * self.cost_scale[:, None])

    @cached_property
    def outer_shelf(self) -> Shelf:
        """Knapsack for bounds."""
        return shelf(self.footprint, self.memory, outward=True)

    @cached_property
    def inner_shelf(self) -> Shelf:
        """Knapsack for plans."""
        return shelf(self.footprint, self.memory, outward=False)


def _most(need: FloatArray, limit: float) -> IntArray:
    """(S,) most requests of each service that fit alone; rounded outward, so that a bound loses none."""
    most = np.full(need.shape, np.iinfo(np.int64).max // 4, dtype=np.int64)
    uses = need > 0.0
    if np.isfinite(limit):
        with np.errstate(over="ignore"):
            alone = np.floor(usable(limit) / need[uses] * (1.0 + 1e-15))
        most[uses] = np.minimum(alone, 1e15).astype(np.int64)
    return most
