"""The two policies that bracket nothing: everything to the cloud, and a cache filled by lot."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from ...problem.capacity import fits
from ...problem.fields import BoolArray, IntArray
from .base import Tunable
from .protocol import Decision, Observation, Site
from .slot_choice import SlotChoice


@dataclass(frozen=True, kw_only=True)
class CloudOnly(Tunable):
    """Cache nothing and serve nothing: the cost every saving is measured from."""

    title: ClassVar[str] = "cloud-only"

    def start(
        self,
        site: Site,
        rng: np.random.Generator,  # noqa: ARG002
        future: IntArray | None,  # noqa: ARG002
    ) -> _CloudOnlyAgent:
        """Begin a run on one server."""
        return _CloudOnlyAgent(site)


class _CloudOnlyAgent:
    def __init__(self, site: Site) -> None:
        nothing = Decision(np.zeros(site.models, dtype=np.bool_), np.zeros(site.services, dtype=np.int64))
        self._nothing = nothing

    def decide(self, observation: Observation) -> Decision:  # noqa: ARG002
        return self._nothing


@dataclass(frozen=True, kw_only=True)
class Random(Tunable):
    """Fill the memory with models in random order.

    Parameters
    ----------
    reshuffle
        Probability, each slot, of drawing a new cache; 1 is the random baseline of the literature, which
        pays for loading at every slot, and 0 keeps the first draw for ever.
    """

    title: ClassVar[str] = "random"
    grid: ClassVar[Mapping[str, tuple[Any, ...]]] = {"reshuffle": (1.0, 0.3, 0.1, 0.03, 0.01, 0.0)}
    limits: ClassVar[Mapping[str, tuple[float, float]]] = {"reshuffle": (0.0, 1.0)}
    reshuffle: float = 1.0

    def start(
        self,
        site: Site,
        rng: np.random.Generator,
        future: IntArray | None,  # noqa: ARG002
    ) -> _RandomAgent:
        """Begin a run on one server."""
        return _RandomAgent(site, rng, self.reshuffle)


class _RandomAgent:
    def __init__(self, site: Site, rng: np.random.Generator, reshuffle: float) -> None:
        self._choice = SlotChoice(site)
        self._rng = rng
        self._reshuffle = reshuffle
        self._cached = self._draw()

    def _draw(self) -> BoolArray:
        site = self._choice.site
        cached = np.zeros(site.models, dtype=np.bool_)
        load = 0.0
        for model in self._rng.permutation(site.models):
            if fits(load + site.footprint[model], site.memory):
                cached[model] = True
                load += site.footprint[model]
        return cached

    def decide(self, observation: Observation) -> Decision:
        if observation.slot > 0 and self._rng.random() < self._reshuffle:
            self._cached = self._draw()
        worth = self._choice.saving(observation.context)
        return self._choice.serve(self._cached, observation.requests, worth)
