"""What an online policy is told, and what it answers.

Servers never couple, so a policy runs on one server at a time. It is told everything about the server but its
arrivals (`Site`), then, slot by slot, the arrivals up to now (`Observation`), and answers with a
`Decision`. A policy object holds parameters and what was learnt from training instances, and never changes;
whatever changes during a run lives in the `Agent` that `start` makes, so that one run cannot leak into
another.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, Self

import numpy as np

from ...problem import Instance
from ...problem.fields import BoolArray, FloatArray, IntArray


@dataclass(frozen=True, eq=False)
class Site:
    """One server as a policy may know it before the first arrival.

    Arrays are those of `Instance` without the slot and the server axis, read-only: M models, S services.

    Attributes
    ----------
    name
        Name of the server; what a policy learnt in training is kept under it.
    slots, slot_seconds
        Horizon, and length of a slot in seconds.
    memory, compute, energy_budget
        Bytes, GPU-seconds per slot, joule per slot.
    saving
        (S, max window + 1), cost saved by one request served locally at each context.
    """

    name: str
    slots: int
    slot_seconds: float
    service_model: IntArray
    memory: float
    footprint: FloatArray
    compute: float
    work: FloatArray
    energy_budget: float
    energy: FloatArray
    window: IntArray
    gain: IntArray
    vanish: IntArray
    accuracy: FloatArray
    saving: FloatArray
    load_cost: FloatArray
    transmission_cost: FloatArray
    computation_cost: FloatArray
    accuracy_weight: FloatArray
    cloud_cost: FloatArray

    @classmethod
    def of(cls, instance: Instance, server: int) -> Site:
        """Describe one server of an instance, without its arrivals."""
        return cls(
            name=instance.server_names[server],
            slots=instance.slots,
            slot_seconds=instance.slot_seconds,
            service_model=instance.service_model,
            memory=float(instance.memory[server]),
            footprint=instance.footprint,
            compute=float(instance.compute[server]),
            work=instance.work[server],
            energy_budget=float(instance.energy_budget[server]),
            energy=instance.energy[server],
            window=instance.window,
            gain=instance.gain,
            vanish=instance.vanish,
            accuracy=instance.accuracy,
            saving=instance.saving[server],
            load_cost=instance.load_cost[server],
            transmission_cost=instance.transmission_cost[server],
            computation_cost=instance.computation_cost[server],
            accuracy_weight=instance.accuracy_weight,
            cloud_cost=instance.cloud_cost[server],
        )

    @property
    def models(self) -> int:
        """Number of models M."""
        return int(self.footprint.shape[0])

    @property
    def services(self) -> int:
        """Number of services S."""
        return int(self.service_model.shape[0])


@dataclass(frozen=True, eq=False, slots=True)
class Observation:
    """What a policy sees when it decides a slot; the arrays are read-only.

    Attributes
    ----------
    slot
        Number of the slot, from 0.
    requests
        (S,) arrivals of this slot.
    cached
        (M,) bool, the cache of the slot before.
    context
        (S,) context units that count in this slot if the service's model stays cached.
    """

    slot: int
    requests: IntArray
    cached: BoolArray
    context: IntArray


@dataclass(frozen=True, eq=False, slots=True)
class Decision:
    """What a server does in a slot: models in GPU memory (M,) bool, requests served locally (S,) int."""

    cached: BoolArray
    served: IntArray


class Agent(Protocol):
    """A policy at work on one server: asked once per slot, in order."""

    def decide(self, observation: Observation) -> Decision:
        """Choose the cache and the served requests of this slot."""
        ...


class OnlinePolicy(Protocol):
    """A policy: immutable parameters and training knowledge. Any object with these members is one."""

    @property
    def name(self) -> str:
        """Name under which results are reported."""
        ...

    @property
    def clairvoyant(self) -> bool:
        """Whether the policy is shown all arrivals: a reference, not an online policy."""
        ...

    @property
    def grid(self) -> Mapping[str, tuple[Any, ...]]:
        """Values worth trying for each tunable option; empty when there is nothing to tune."""
        ...

    def with_options(self, **options: Any) -> Self:
        """Return a copy with other options."""
        ...

    def fit(self, training: Sequence[Instance]) -> Self:
        """Return a copy that knows the demand of training instances of the same world."""
        ...

    def start(self, site: Site, rng: np.random.Generator, future: IntArray | None) -> Agent:
        """Begin a run on one server; `future` (T, S) is given to clairvoyant policies only."""
        ...
