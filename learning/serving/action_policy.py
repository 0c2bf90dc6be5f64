"""Anything that acts in the environment as an online policy, to be simulated and scored beside the others."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from ...problem import Instance
from ...problem.errors import InvalidOption
from ...problem.fields import IntArray
from ...solvers.policies.protocol import Decision, Observation, Site
from .actions import ActionKind, decode
from .observation import Observer, Tokens
from .projection import Fill, project


@dataclass(frozen=True, kw_only=True)
class ActionPolicy:
    """An online policy made of a function from the environment's observation to its action.

    Parameters
    ----------
    act
        Takes one observation (a dict of arrays) and returns one action. A Stable-Baselines3 model `m` gives
        ``lambda seen: m.predict(seen, deterministic=True)[0]``.
    name
        Under which results are reported.
    action, fill, max_models, max_services
        Those of the environment in which it was trained.
    """

    clairvoyant: ClassVar[bool] = False
    grid: ClassVar[Mapping[str, tuple[Any, ...]]] = MappingProxyType({})
    act: Callable[[Tokens], NDArray[Any]]
    name: str = "action-policy"
    action: ActionKind = "scores"
    fill: Fill = "knapsack"
    max_models: int | None = None
    max_services: int | None = None

    def with_options(self, **options: Any) -> Self:
        """Return the policy itself; there is nothing to tune.

        Raises
        ------
        InvalidOption
            If an option is given.
        """
        if options:
            raise InvalidOption(f"policy {self.name}: has no option '{next(iter(options))}'")
        return self

    def fit(self, training: Sequence[Instance]) -> Self:  # noqa: ARG002
        """Return the policy itself: it was trained elsewhere."""
        return self

    def start(
        self,
        site: Site,
        rng: np.random.Generator,  # noqa: ARG002
        future: IntArray | None,  # noqa: ARG002
    ) -> _ActionAgent:
        """Begin a run on one server."""
        return _ActionAgent(self, site)


class _ActionAgent:
    def __init__(self, policy: ActionPolicy, site: Site) -> None:
        self._policy, self._site = policy, site
        self._observer = Observer(site, policy.max_models, policy.max_services)

    def decide(self, observation: Observation) -> Decision:
        policy, seen = self._policy, self._observer
        action = np.asarray(policy.act(seen.observe(observation)))[None]
        scores, shares = decode(policy.action, action, seen.cached, seen.requests.shape[1])
        cached, served = np.zeros_like(seen.cached), np.zeros_like(seen.requests)
        sequential = policy.fill == "sequential"
        project(
            seen.sites, seen.requests, seen.cached, seen.context, scores, shares, sequential, cached, served
        )
        return Decision(cached[0, : self._site.models], served[0, : self._site.services])
