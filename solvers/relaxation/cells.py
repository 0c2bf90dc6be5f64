"""One server as the relaxations number it: which (slot, model) and (slot, service) pairs have variables.

Everything that could make a bound too high by rounding is rounded here, outward: savings and accuracies up,
loads down, capacities up.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ...problem.capacity import RELATIVE_TOLERANCE
from ...problem.fields import BoolArray, FloatArray, IntArray
from ...problem.instance import Instance
from ..milp.model import concave_hull
from ..milp.reduce import Reduced, reduce_server
from .safe import EPS

CAPACITY = 1.0 + RELATIVE_TOLERANCE
"""Every capacity, in shares of itself, with the tolerance that the referee grants."""


@dataclass(frozen=True, eq=False)
class Cells:
    """One server: the instance (of that server alone) and its exact reductions."""

    instance: Instance
    reduced: Reduced

    @classmethod
    def of(cls, instance: Instance, index: int) -> Cells:
        """Reduce one server of an instance."""
        alone = instance.server(index)
        return cls(alone, reduce_server(alone))

    @cached_property
    def saving(self) -> FloatArray:
        """Saving of a request at each context, raised by more than its rounding error: (S, K + 1), cost."""
        instance = self.instance
        size = instance.cloud_cost[0] + instance.transmission_cost[0] + instance.computation_cost[0]
        size = size + instance.accuracy_weight
        return np.asarray(instance.saving[0] + 64.0 * EPS * size[:, None])

    @cached_property
    def rise(self) -> FloatArray:
        """Accuracy above that of an empty context, raised by its rounding error: (S, K + 1)."""
        table = self.instance.accuracy
        return np.asarray(np.where(table > table[:, :1], table - table[:, :1] + 2.0 * EPS, 0.0))

    @cached_property
    def useful(self) -> BoolArray:
        """Whether a model is worth caching (M,)."""
        return np.isin(np.arange(self.instance.models), self.reduced.models)

    @cached_property
    def plain(self) -> BoolArray:
        """Whether everything that arrives for a service is rightly served wherever it is cached (S,)."""
        return np.asarray((self.reduced.whole | (self.reduced.most == 0)).all(axis=0))

    @cached_property
    def memory_share(self) -> FloatArray:
        """Share of the memory that a model takes (M,), rounded down; 0 for models not worth caching."""
        return self._shares(np.where(self.useful, self.instance.footprint, 0.0), self.instance.memory)

    @cached_property
    def compute_share(self) -> FloatArray:
        """Share of a slot's compute that a request takes (S,), rounded down; 0 without a limit."""
        return self._shares(self.instance.work[0], self.instance.compute)

    @cached_property
    def energy_share(self) -> FloatArray:
        """Share of a slot's energy that a request takes (S,), rounded down; 0 without a limit."""
        return self._shares(self.instance.energy[0], self.instance.energy_budget)

    def _shares(self, need: FloatArray, capacity: FloatArray) -> FloatArray:
        limit = float(capacity[0])
        if not (math.isfinite(limit) and limit > 0.0):
            return np.zeros_like(need)
        return np.asarray(need / limit * (1.0 - EPS * (need.size + 8)))

    @property
    def memory_binds(self) -> bool:
        """Whether the useful models do not all fit at once."""
        return bool(self.memory_share.sum() > 1.0)

    @cached_property
    def cloud_only(self) -> float:
        """Cost of sending everything to the cloud, rounded down."""
        requests = self.instance.requests[:, 0, :]
        return math.fsum((requests * self.instance.cloud_cost[0]).ravel()) * (1.0 - 4.0 * EPS)

    def lower_bound(self, least: float) -> float:
        """Bound the cost of every plan from a bound on ``loads - savings``, rounded down.

        Never below what costs at least remain if all that is worth serving saves the most it can.
        """
        least = max(least, -self.most_saved)
        lowest = self.cloud_only + least
        return max(0.0, lowest - 2.0 * EPS * (abs(self.cloud_only) + abs(least)))

    @cached_property
    def most_saved(self) -> float:
        """Everything served at the largest context it can have, loads for free; rounded up."""
        reduced = self.reduced
        best = np.maximum(np.take_along_axis(self.saving.T, reduced.reach, axis=0), 0.0)
        return math.fsum((reduced.most * best).ravel()) * (1.0 + 4.0 * EPS)


@dataclass(frozen=True, eq=False)
class Places:
    """The (slot, service) pairs for which there is a variable, and the number of each.

    Parameters
    ----------
    slot, service
        Pairs in the order of their variables.
    number : int (T, S)
        Number of the variable; -1 where there is none.
    """

    slot: IntArray
    service: IntArray
    number: IntArray

    @classmethod
    def of(cls, mask: BoolArray) -> Places:
        """Number the true entries of a mask (T, S)."""
        slot, service = np.nonzero(mask)
        number = np.full(mask.shape, -1, dtype=np.int64)
        number[slot, service] = np.arange(slot.size)
        return cls(slot, service, number)

    @property
    def count(self) -> int:
        """Number of pairs."""
        return int(self.slot.size)


def tangents(rise: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return slopes and offsets of lines whose minimum is the least concave function above a table.

    Offsets are raised until every line lies on or above every entry in floating point too.
    """
    corners = concave_hull(rise)
    if corners.size < 2:
        return np.zeros(0), np.zeros(0)
    slopes = np.diff(rise[corners]) / np.diff(corners)
    slopes = slopes[slopes > 0.0]
    context = np.arange(rise.size)
    offsets = (rise[None, :] - slopes[:, None] * context[None, :]).max(axis=1)
    return slopes, np.maximum(offsets, 0.0) + 4.0 * EPS * (1.0 + slopes * rise.size)
