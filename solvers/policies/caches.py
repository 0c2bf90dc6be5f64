"""The classic caches as they are usually run: every miss is loaded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from ...problem.errors import InvalidOption
from ...problem.fields import BoolArray, FloatArray, IntArray
from ..compiled import compiled
from .base import Tunable
from .eviction import CONTEXT, COUNT, ORDERS, Book, evict, next_victim, record_use
from .fixed_set import eager_worth
from .protocol import Decision, Observation, Site
from .slot_choice import SlotChoice


@dataclass(frozen=True, kw_only=True)
class LoadOnMiss(Tunable):
    """Load every model that is asked for, evicting in the given order until it fits.

    The models wanted in a slot are looked at from the least wanted to the most, so that the most wanted
    ones are still there at the end of the slot, when requests are served.

    Parameters
    ----------
    order
        One of `eviction.ORDERS`; it is also the policy's name.
    fading
        What the request counts of lfu and gdsf keep of themselves each slot.
    eager
        Whether to serve requests at a loss while their context grows, where a full context would pay.
    """

    title: ClassVar[str] = "load-on-miss"
    grid: ClassVar[Mapping[str, tuple[Any, ...]]] = {"eager": (False, True), "fading": (1.0, 0.98, 0.9, 0.6)}
    limits: ClassVar[Mapping[str, tuple[float, float]]] = {"fading": (0.0, 1.0)}
    order: str = "lru"
    fading: float = 1.0
    eager: bool = False

    def __post_init__(self) -> None:
        Tunable.__post_init__(self)
        require_order(self.order)

    @property
    def name(self) -> str:
        """The order's name."""
        return self.order

    def start(
        self,
        site: Site,
        rng: np.random.Generator,  # noqa: ARG002
        future: IntArray | None,  # noqa: ARG002
    ) -> _LoadOnMissAgent:
        """Begin a run on one server."""
        return _LoadOnMissAgent(site, self)


def require_order(order: str) -> None:
    """Refuse an unknown eviction order."""
    if order not in ORDERS:
        raise InvalidOption(f"order = {order!r}: choose one of {', '.join(ORDERS)}")


class _LoadOnMissAgent:
    def __init__(self, site: Site, policy: LoadOnMiss) -> None:
        self._choice = SlotChoice(site)
        self._policy = policy
        self._order = ORDERS.index(policy.order)
        self._book = Book(site)

    def decide(self, observation: Observation) -> Decision:
        choice, book = self._choice, self._book
        worth = eager_worth(choice.saving(observation.context), choice.site, self._policy.eager)
        wanted = choice.per_model(observation.requests * (worth > 0.0))
        book.rows[CONTEXT] = choice.per_model(observation.context)
        book.rows[COUNT] *= self._policy.fading
        cached = observation.cached.copy()
        load_on_miss(
            self._order,
            wanted,
            choice.site.footprint,
            choice.memory,
            book.density,
            cached,
            book.rows,
            book.clock,
        )
        return choice.serve(cached, observation.requests, worth)


@compiled
def load_on_miss(
    order: int,
    wanted: FloatArray,
    footprint: FloatArray,
    memory: float,
    density: FloatArray,
    cached: BoolArray,
    rows: FloatArray,
    clock: FloatArray,
) -> None:
    """Bring every wanted model (M,) into the cache in turn, least wanted first, in place."""
    load = 0.0
    for model in range(cached.shape[0]):
        load += footprint[model] if cached[model] else 0.0
    for model in np.argsort(wanted, kind="mergesort"):
        if wanted[model] <= 0.0 or footprint[model] > memory:
            continue
        missing = not cached[model]
        while missing and load + footprint[model] > memory:
            victim = next_victim(order, cached, rows)
            evict(order, victim, cached, rows, clock)
            load = 0.0
            for other in range(cached.shape[0]):
                load += footprint[other] if cached[other] else 0.0
        if missing:
            cached[model] = True
            load += footprint[model]
        record_use(model, wanted[model], missing, density, rows, clock)
