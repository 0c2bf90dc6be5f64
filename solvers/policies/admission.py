"""The classic caches at their best: at most one load a slot, and only for a model that has earned it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from ...problem.fields import BoolArray, FloatArray, IntArray
from ..compiled import compiled
from .base import Tunable
from .caches import require_order
from .demand import Averages
from .eviction import CONTEXT, COUNT, ORDERS, Book, evict, next_victim, record_use
from .fixed_set import eager_worth
from .protocol import Decision, Observation, Site
from .slot_choice import SlotChoice


@dataclass(frozen=True, kw_only=True)
class Admission(Tunable):
    """Admit at most one model a slot, and only if its saving is worth its load and its victims.

    A model's saving per slot is estimated from the running mean of its requests: at the context it holds
    when it is cached, at the share `potential` of its window when it is not. The best candidate is admitted
    if its saving is at least `threshold` times its load cost plus `guard` times the saving of those the
    eviction order would put out. Only a slot in which a model's saving passes the same threshold counts as
    use of it.

    Parameters
    ----------
    order
        One of `eviction.ORDERS`; the policy's name is the order's with ``-admission``.
    threshold
        Saving per slot over load cost that admits a model: 1 / threshold is the time in slots in which a
        load must pay.
    memory
        What the running mean of requests keeps of itself each slot.
    guard
        Weight of the victims' saving.
    potential
        Share of the window at which a model that is not cached is valued.
    fading, eager
        As in `caches.LoadOnMiss`.
    """

    title: ClassVar[str] = "admission"
    grid: ClassVar[Mapping[str, tuple[Any, ...]]] = {
        "threshold": (0.1, 0.0, 0.02, 0.04, 0.07, 0.15, 0.25, 0.5),
        "memory": (0.5, 0.0, 0.8, 0.9, 0.95),
        "guard": (1.0, 0.0, 0.5, 1.5),
        "potential": (0.5, 0.0, 1.0),
        "fading": (0.9, 1.0, 0.6),
        "eager": (False, True),
    }
    limits: ClassVar[Mapping[str, tuple[float, float]]] = {
        "threshold": (0.0, 1e9),
        "memory": (0.0, 1.0),
        "guard": (0.0, 1e9),
        "potential": (0.0, 1.0),
        "fading": (0.0, 1.0),
    }
    order: str = "lru"
    threshold: float = 0.1
    memory: float = 0.5
    guard: float = 1.0
    potential: float = 0.5
    fading: float = 0.9
    eager: bool = False

    def __post_init__(self) -> None:
        Tunable.__post_init__(self)
        require_order(self.order)

    @property
    def name(self) -> str:
        """The order's name with the suffix that tells it from the load-on-miss cache."""
        return f"{self.order}-admission"

    def start(
        self,
        site: Site,
        rng: np.random.Generator,  # noqa: ARG002
        future: IntArray | None,  # noqa: ARG002
    ) -> _AdmissionAgent:
        """Begin a run on one server."""
        return _AdmissionAgent(site, self)


class _AdmissionAgent:
    def __init__(self, site: Site, policy: Admission) -> None:
        self._choice = SlotChoice(site)
        self._policy = policy
        self._order = ORDERS.index(policy.order)
        self._book = Book(site)
        self._averages = Averages(site.services, policy.memory, None)
        at = np.floor(policy.potential * site.window).astype(np.int64)
        self._potential = np.maximum(0.0, self._choice.saving(at))

    def decide(self, observation: Observation) -> Decision:
        choice, book, policy = self._choice, self._book, self._policy
        self._averages.observe(observation.requests)
        rate = self._averages.fast
        saving = choice.saving(observation.context)
        held = choice.per_model(rate * np.maximum(0.0, saving))
        hoped = choice.per_model(rate * self._potential)
        book.rows[CONTEXT] = choice.per_model(observation.context)
        book.rows[COUNT] *= policy.fading
        cached = observation.cached.copy()
        admit_one(
            self._order,
            choice.per_model(observation.requests),
            held,
            hoped,
            policy.threshold * choice.site.load_cost,
            policy.guard,
            choice.site.footprint,
            choice.memory,
            book.density,
            cached,
            book.rows,
            book.clock,
        )
        return choice.serve(cached, observation.requests, eager_worth(saving, choice.site, policy.eager))


@compiled
def admit_one(
    order: int,
    requests: FloatArray,
    held: FloatArray,
    hoped: FloatArray,
    hurdle: FloatArray,
    guard: float,
    footprint: FloatArray,
    memory: float,
    density: FloatArray,
    cached: BoolArray,
    rows: FloatArray,
    clock: FloatArray,
) -> None:
    """Admit the best model (M,) that passes, in place; `held` and `hoped` are savings per slot."""
    for model in np.argsort(requests, kind="mergesort"):
        if requests[model] > 0.0 and hoped[model] > hurdle[model]:
            record_use(model, requests[model], False, density, rows, clock)
    for model in np.argsort(hurdle - hoped, kind="mergesort"):
        if cached[model] or footprint[model] > memory or hoped[model] <= 0.0 or hoped[model] < hurdle[model]:
            continue
        remaining = cached.copy()
        lost, load = 0.0, footprint[model] + (footprint * cached).sum()
        while load > memory:
            victim = next_victim(order, remaining, rows)
            remaining[victim] = False
            lost += held[victim]
            load = footprint[model] + (footprint * remaining).sum()
        if hoped[model] < hurdle[model] + guard * lost:
            continue
        for victim in range(cached.shape[0]):
            if cached[victim] and not remaining[victim]:
                evict(order, victim, cached, rows, clock)
        cached[model] = True
        record_use(model, 0.0, True, density, rows, clock)
        return
