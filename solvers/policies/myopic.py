"""The best slot, again and again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from ...problem.fields import IntArray
from .base import Tunable
from .protocol import Decision, Observation, Site
from .slot_choice import SlotChoice


@dataclass(frozen=True, kw_only=True)
class Myopic(Tunable):
    """Take the set that saves most in this slot: sum of R g(k) less the load cost of what is new.

    Each slot's saving covers its own loads, so with `stickiness` at least 1 the cost never exceeds the
    cloud's. Where no limit on compute or energy binds, each slot is decided optimally.

    Parameters
    ----------
    stickiness
        What the load cost is multiplied with when it is weighed against this slot's saving; below 1 the
        policy trusts that demand lasts.
    """

    title: ClassVar[str] = "myopic"
    grid: ClassVar[Mapping[str, tuple[Any, ...]]] = {
        "stickiness": (1.0, 0.0, 0.03, 0.06, 0.1, 0.15, 0.2, 0.3, 0.45, 0.65, 1.5)
    }
    limits: ClassVar[Mapping[str, tuple[float, float]]] = {"stickiness": (0.0, 1e6)}
    stickiness: float = 1.0

    def start(
        self,
        site: Site,
        rng: np.random.Generator,  # noqa: ARG002
        future: IntArray | None,  # noqa: ARG002
    ) -> _MyopicAgent:
        """Begin a run on one server."""
        return _MyopicAgent(site, self.stickiness)


class _MyopicAgent:
    def __init__(self, site: Site, stickiness: float) -> None:
        self._choice = SlotChoice(site)
        self._charge = -stickiness * site.load_cost

    def decide(self, observation: Observation) -> Decision:
        worth = self._choice.saving(observation.context)
        keeping = np.where(observation.cached, 0.0, self._charge)
        return self._choice.choose(observation.requests, worth, keeping, observation.cached)[0]
