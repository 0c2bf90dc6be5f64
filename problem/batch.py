"""Many copies of the problem stepped at once, in numpy or torch.

The stepper is the referee's dynamics with a leading batch axis: it keeps the contexts and the
cached sets of B copies and returns the five cost terms of every slot. It does not check
constraints (a learner's environment makes its actions feasible first); `feasible` tells.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import array_api_compat.numpy
import numpy as np

from .capacity import usable
from .dynamics import Array, World, by_service, cost_terms, counted_context, next_context
from .errors import InvalidOption
from .instance import Instance


class BatchedStepper:
    """B copies of one instance, or B instances of equal sizes, advanced slot by slot.

    Parameters
    ----------
    instances
        One instance, or a sequence that agrees on sizes and on `service_model`.
    copies
        How many copies of a single instance (B); 1 unless given.
    library
        "numpy" or "torch".
    device
        Where torch keeps the arrays ("cpu", "cuda"); numpy has no choice.

    Attributes
    ----------
    context : int (B, N, S), context units
        kappa at the start of the next slot.
    cached : bool (B, N, M)
        The cached sets of the slot before.
    slot : int
        The next slot.

    Raises
    ------
    InvalidOption
        If the instances do not agree, or the library is not known.
    """

    def __init__(
        self,
        instances: Instance | Sequence[Instance],
        copies: int | None = None,
        *,
        library: str = "numpy",
        device: str | None = None,
    ) -> None:
        group = _group(instances, copies)
        self._xp, self._move = _library(library, device)
        self.copies = copies or len(group)
        self.slots = group[0].slots
        self._shape = (self.copies, group[0].servers)
        self._sizes = (group[0].models, group[0].services)
        self._world = _stack(group).map(self._move)
        self._requests = self._move(np.stack([instance.requests for instance in group], axis=1))
        self._limits = [
            tuple(self._move(np.stack([getattr(instance, name) for instance in group])) for name in names)
            for names in (("footprint", "memory"), ("work", "compute"), ("energy", "energy_budget"))
        ]
        self.reset()

    def reset(self) -> Self:
        """Start again: slot 0, nothing cached, no context."""
        self.slot = 0
        self.context = self._move(np.zeros((*self._shape, self._sizes[1]), np.int64))
        self.cached = self._move(np.zeros((*self._shape, self._sizes[0]), np.bool_))
        return self

    def requests(self) -> Array:
        """Arrivals of the next slot, int (B, N, S) (one row for all copies of one instance)."""
        return self._requests[self.slot]

    def step(self, cached: Array, served: Array) -> Array:
        """Advance one slot.

        Parameters
        ----------
        cached : bool (B, N, M)
        served : int (B, N, S)

        Returns
        -------
        terms : float (B, N, 5)
            The slot's cost at each server, in the order of `dynamics.TERMS`.
        """
        if self.slot >= self.slots:
            raise InvalidOption(
                f"slot {self.slot}: the instance has only slots 0 to {self.slots - 1}; reset first"
            )
        counted = counted_context(self._xp, self._world, self.context, cached)
        terms = cost_terms(self._xp, self._world, self.requests(), self.cached, cached, served, counted)
        self.context = next_context(self._xp, self._world, counted, cached, served)
        self.cached = cached
        self.slot += 1
        return self._xp.stack(terms, axis=-1)

    def feasible(self, cached: Array, served: Array) -> Array:
        """Whether an action respects every constraint at each server in the next slot: bool (B, N)."""
        xp = self._xp
        hosted = by_service(xp, self._world, cached)
        asked = xp.where(hosted, self.requests() + xp.zeros_like(served), xp.zeros_like(served))
        good = xp.all(xp.logical_and(served >= 0, served <= asked), axis=-1)
        for (rate, limit), amount in zip(self._limits, (cached, served, served), strict=True):
            per_server = rate if rate.ndim == 3 else rate[:, None, :]
            load = xp.sum(xp.astype(amount, rate.dtype) * per_server, axis=-1)
            good = xp.logical_and(good, load <= usable(limit))
        return good


def _group(instances: Instance | Sequence[Instance], copies: int | None) -> list[Instance]:
    group = [instances] if isinstance(instances, Instance) else list(instances)
    if not group or (copies is not None and (copies < 1 or len(group) not in {1, copies})):
        raise InvalidOption(
            f"copies = {copies} of {len(group)} instances: give one instance, or as many as copies"
        )
    first = group[0]
    for place, other in enumerate(group):
        if other.requests.shape != first.requests.shape or other.models != first.models:
            raise InvalidOption(
                f"instances[{place}]: sizes differ from those of instances[0]; a batch needs equal sizes"
            )
        if not np.array_equal(other.service_model, first.service_model):
            raise InvalidOption(f"instances[{place}]: service_model differs from that of instances[0]")
    return group


def _stack(group: list[Instance]) -> World:
    """Stack the worlds along a leading batch axis; a single one broadcasts over its copies."""
    width = max(instance.accuracy.shape[1] for instance in group)
    services = group[0].services
    tables = [np.pad(i.accuracy, ((0, 0), (0, width - i.accuracy.shape[1])), mode="edge") for i in group]
    offset = np.arange(len(group) * services, dtype=np.int64) * width
    stacked = {
        name: np.stack([getattr(instance, name) for instance in group])
        for name in ("load_cost", "transmission_cost", "computation_cost", "cloud_cost")
    }
    per_service = {
        name: np.stack([getattr(instance, name) for instance in group])[:, None, :]
        for name in ("window", "gain", "vanish", "accuracy_weight")
    }
    return World(
        service_model=group[0].service_model,
        accuracy=np.concatenate([table.ravel() for table in tables]),
        accuracy_offset=offset.reshape(len(group), 1, services),
        **stacked,
        **per_service,
    )


def _library(name: str, device: str | None) -> tuple[Any, Any]:
    if name == "numpy":
        return array_api_compat.numpy, np.asarray
    if name != "torch":
        raise InvalidOption(f"library = '{name}': must be numpy or torch")
    try:
        import torch
        from array_api_compat import torch as namespace
    except ImportError:
        raise InvalidOption(
            "library = 'torch': torch is not installed; pip install 'edgeopt[torch]'"
        ) from None

    def move(array: Any) -> Any:
        return torch.as_tensor(np.array(array), device=device)

    return namespace, move
