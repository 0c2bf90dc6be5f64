"""One set of models for the whole run: the best for the training instances, or the best in hindsight."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np

from ...problem import Instance
from ...problem.errors import InvalidOption
from ...problem.fields import BoolArray, IntArray
from .base import Tunable
from .demand import requests_by_server, require_fitted
from .fixed_set import best_fixed_set, eager_worth
from .protocol import Decision, Observation, Site
from .slot_choice import SlotChoice

FixedSet = tuple[BoolArray, BoolArray]


@dataclass(frozen=True, kw_only=True)
class Static(Tunable):
    """Load once the set that would have saved most on the training instances, and hold it.

    Never fitted, it takes the arrivals of the first slot for those of every slot.
    """

    title: ClassVar[str] = "static"
    _sets: Mapping[str, FixedSet] | None = dataclasses.field(default=None, repr=False, compare=False)

    def fit(self, training: Sequence[Instance]) -> Self:
        """Return a copy that knows the best set of each server for the demand of the training instances."""
        sets = {}
        for name, stretches in requests_by_server(training).items():
            home = next(instance for instance in training if name in instance.server_names)
            sets[name] = best_fixed_set(Site.of(home, home.server_names.index(name)), stretches)
        return dataclasses.replace(self, _sets=sets)

    def start(
        self,
        site: Site,
        rng: np.random.Generator,  # noqa: ARG002
        future: IntArray | None,  # noqa: ARG002
    ) -> _StaticAgent:
        """Begin a run on one server."""
        if self._sets is None:
            return _StaticAgent(site, None)
        chosen, eager = self._sets[require_fitted(self._sets, site, self.name)]
        if chosen.size != site.models or eager.size != site.services:
            raise InvalidOption(
                f"policy {self.name} was fitted on other models or services than {site.name} has"
            )
        return _StaticAgent(site, (chosen, eager))


@dataclass(frozen=True, kw_only=True)
class StaticHindsight(Tunable):
    """Load once the set that saves most on the very arrivals of the run, and hold it: a reference."""

    title: ClassVar[str] = "static-hindsight"
    clairvoyant: ClassVar[bool] = True

    def start(
        self,
        site: Site,
        rng: np.random.Generator,  # noqa: ARG002
        future: IntArray | None,
    ) -> _StaticAgent:
        """Begin a run on one server."""
        return _StaticAgent(site, best_fixed_set(site, [shown(future, self.name)]))


def shown(future: IntArray | None, policy: str) -> IntArray:
    """Return the future a clairvoyant policy needs, or say that it was not given."""
    if future is None:
        raise InvalidOption(f"policy {policy} is clairvoyant: start it with the arrivals of the whole run")
    return future


class _StaticAgent:
    def __init__(self, site: Site, fixed: FixedSet | None) -> None:
        self._choice = SlotChoice(site)
        self._fixed = fixed

    def decide(self, observation: Observation) -> Decision:
        site = self._choice.site
        if self._fixed is None:
            self._fixed = best_fixed_set(site, [np.repeat(observation.requests[None], site.slots, axis=0)])
        chosen, eager = self._fixed
        worth = eager_worth(self._choice.saving(observation.context), site, eager)
        return self._choice.serve(chosen, observation.requests, worth)
