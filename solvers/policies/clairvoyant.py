"""Heuristics that are shown the future: what good forecasts would be worth to rules this simple."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from ...problem.capacity import fits
from ...problem.fields import BoolArray, FloatArray, IntArray
from .base import Tunable
from .fixed_set import eager_worth
from .index_agent import IndexAgent
from .protocol import Decision, Observation, Site
from .slot_choice import SlotChoice
from .static import shown


@dataclass(frozen=True, kw_only=True)
class LookAhead(Tunable):
    """The index rule with the true arrivals of the next `horizon` slots in place of a forecast.

    What it gains over `index` is the worth of information to that rule; what it still loses to the optimum is
    the price of deciding greedily.

    Parameters
    ----------
    horizon
        Slots seen ahead.
    stickiness
        Multiplier of the load cost of a model that is not cached.
    """

    title: ClassVar[str] = "look-ahead"
    clairvoyant: ClassVar[bool] = True
    grid: ClassVar[Mapping[str, tuple[Any, ...]]] = {
        "horizon": (16, 2, 4, 8, 12, 24, 40),
        "stickiness": (1.0, 0.6, 0.8, 1.25, 1.5),
    }
    limits: ClassVar[Mapping[str, tuple[float, float]]] = {"horizon": (0, 10**6), "stickiness": (0.0, 1e6)}
    horizon: int = 16
    stickiness: float = 1.0

    def start(
        self,
        site: Site,
        rng: np.random.Generator,  # noqa: ARG002
        future: IntArray | None,
    ) -> IndexAgent:
        """Begin a run on one server."""
        return IndexAgent(site, _Foreseen(shown(future, self.name)), self.horizon, self.stickiness)


class _Foreseen:
    def __init__(self, future: IntArray) -> None:
        self._future = future.astype(np.float64)

    def ahead(self, observation: Observation, horizon: int) -> FloatArray:
        return self._future[observation.slot + 1 : observation.slot + 1 + horizon]


@dataclass(frozen=True, kw_only=True)
class Belady(Tunable):
    """Load what is wanted and evict what is wanted again last (Belady 1966).

    A model is wanted in a slot when serving its requests there with a full window would save more than
    `threshold` times its load cost. With unit sizes, one request a slot and forced serving this is Belady's
    optimal paging; elsewhere it is a heuristic.

    Parameters
    ----------
    threshold
        Saving of a slot over load cost from which a model counts as wanted.
    bypass
        Whether a model may be left out when it is itself wanted again later than every possible victim.
    """

    title: ClassVar[str] = "belady"
    clairvoyant: ClassVar[bool] = True
    grid: ClassVar[Mapping[str, tuple[Any, ...]]] = {
        "threshold": (0.0, 0.05, 0.1, 0.2, 0.35, 0.5, 1.0),
        "bypass": (False, True),
    }
    limits: ClassVar[Mapping[str, tuple[float, float]]] = {"threshold": (0.0, 1e9)}
    threshold: float = 0.0
    bypass: bool = False

    def start(
        self,
        site: Site,
        rng: np.random.Generator,  # noqa: ARG002
        future: IntArray | None,
    ) -> _BeladyAgent:
        """Begin a run on one server."""
        return _BeladyAgent(site, self, shown(future, self.name))


class _BeladyAgent:
    def __init__(self, site: Site, policy: Belady, future: IntArray) -> None:
        self._choice = SlotChoice(site)
        self._bypass = policy.bypass
        grouping = np.zeros((site.services, site.models))
        grouping[np.arange(site.services), site.service_model] = np.maximum(0.0, site.saving[:, -1])
        self._saving = future @ grouping
        self._wanted = (self._saving > 0.0) & (self._saving > policy.threshold * site.load_cost)
        self._next = _next_slot(self._wanted)

    def decide(self, observation: Observation) -> Decision:
        slot = observation.slot
        cached = observation.cached.copy()
        wanted = np.flatnonzero(self._wanted[slot])
        for model in wanted[np.argsort(-self._saving[slot, wanted], kind="stable")]:
            if not cached[model]:
                self._load(int(model), slot, cached)
        worth = eager_worth(self._choice.saving(observation.context), self._choice.site, True)
        return self._choice.serve(cached, observation.requests, worth)

    def _load(self, model: int, slot: int, cached: BoolArray) -> None:
        """Make room by putting out what is not wanted now and again last; if that fails change nothing."""
        site = self._choice.site
        kept = cached.copy()
        kept[model] = True
        while not fits(site.footprint[kept].sum(), site.memory):
            victims = np.flatnonzero(kept & ~self._wanted[slot])
            if victims.size == 0:
                return
            victim = victims[np.argmax(self._next[slot + 1, victims])]
            if self._bypass and self._next[slot + 1, victim] <= self._next[slot + 1, model]:
                return
            kept[victim] = False
        cached[:] = kept


def _next_slot(wanted: BoolArray) -> IntArray:
    """For each slot (and one past the end) and model: the first slot from then on in which it is wanted."""
    slots, models = wanted.shape
    following = np.full((slots + 1, models), slots, dtype=np.int64)
    for slot in range(slots - 1, -1, -1):
        following[slot] = np.where(wanted[slot], slot, following[slot + 1])
    return following
