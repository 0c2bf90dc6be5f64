"""A trained learner as an online policy, to be tuned, simulated and scored like any other."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
import torch

from ...problem import Instance
from ...problem.errors import InvalidOption
from ...problem.fields import FloatArray, IntArray
from ...solvers.policies.demand import requests_by_server, require_fitted
from ...solvers.policies.protocol import Agent, Site
from ..networks.network import Network
from ..serving.demand import Demand, history
from .agent import T2DRLAgent
from .residual import ResidualAgent
from .slow_steps import SlowSteps


@dataclass(frozen=True, kw_only=True, eq=False)
class T2DRLPolicy:
    """The learner as a policy.

    Parameters
    ----------
    network, profiles
        What was trained: the network, and (W,) weights of the scores by name; with none of them the network
        acts by its residual on index scores.
    profile
        Which of them to use; tuning chooses on validation instances. Empty where there are none.
    adapt
        Whether the core learns while it reads (test-time learning of fast weights).
    reset_every
        Slots after which the core's state begins anew, a control; None: never.
    placebo
        Whether the core learns the demand of a model drawn at random instead of its own, a control.
    slow_rate
        Rate of steps of the network's own weights during a run (`slow_steps`); 0: none.
    title
        Name under which results are reported.

    Raises
    ------
    InvalidOption
        For an unknown profile, or a number outside its limits.
    """

    clairvoyant: ClassVar[bool] = False
    network: Network
    profiles: Mapping[str, FloatArray]
    profile: str = ""
    adapt: bool = True
    reset_every: int | None = None
    placebo: bool = False
    slow_rate: float = 0.0
    title: str = "t2drl"
    _runs: Mapping[str, list[IntArray]] | None = dataclasses.field(default=None, repr=False)

    def __post_init__(self) -> None:
        if self.profile not in (self.profiles or {""}):
            raise InvalidOption(
                f"policy {self.title}: profile = {self.profile!r}: must be one of {', '.join(self.profiles)}"
            )
        if self.reset_every is not None and self.reset_every < 1:
            raise InvalidOption(f"policy {self.title}: reset_every = {self.reset_every}: must be at least 1")
        if not self.profiles and (self.placebo or self.slow_rate):
            raise InvalidOption(f"policy {self.title}: placebo and slow_rate need a learner that foretells")
        if not 0.0 <= self.slow_rate < 1.0:
            raise InvalidOption(f"policy {self.title}: slow_rate = {self.slow_rate}: must be in [0, 1)")

    @property
    def name(self) -> str:
        """Name under which results are reported."""
        return self.title

    @property
    def grid(self) -> Mapping[str, tuple[Any, ...]]:
        """What tuning may choose: the profile."""
        first = [self.profile, *(name for name in self.profiles if name != self.profile)]
        return {"profile": tuple(first)} if len(first) > 1 else {}

    def with_options(self, **options: Any) -> Self:
        """Return a copy with other options.

        Raises
        ------
        InvalidOption
            For an option that does not exist.
        """
        known = ("profile", "adapt", "reset_every", "placebo", "slow_rate", "title")
        for option in options:
            if option not in known:
                raise InvalidOption(
                    f"policy {self.title}: has no option {option!r}; it has {', '.join(known)}"
                )
        return dataclasses.replace(self, **options)

    def fit(self, training: Sequence[Instance]) -> Self:
        """Return a copy that begins with the statistics of the training instances' arrivals."""
        return dataclasses.replace(self, _runs=requests_by_server(training))

    def start(
        self,
        site: Site,
        rng: np.random.Generator,
        future: IntArray | None,  # noqa: ARG002
    ) -> Agent:
        """Begin a run on one server."""
        torch.set_num_threads(1)
        if not self.profiles:
            return ResidualAgent(
                self.network, site, self._learnt(site), adapt=self.adapt, reset_every=self.reset_every
            )
        slow = None
        if self.slow_rate > 0.0:
            slow = SlowSteps(self.network, site.service_model, rate=self.slow_rate)
        return T2DRLAgent(
            self.network,
            self.profiles[self.profile],
            site,
            self._learnt(site),
            adapt=self.adapt,
            reset_every=self.reset_every,
            placebo=rng if self.placebo else None,
            slow=slow,
        )

    def _learnt(self, site: Site) -> Demand | None:
        if self._runs is None:
            return None
        runs = self._runs[require_fitted(self._runs, site, self.title)]
        if runs[0].shape[1] != site.services:
            raise InvalidOption(
                f"policy {self.title}: was fitted on {runs[0].shape[1]} services; server {site.name} has "
                f"{site.services}"
            )
        return history(runs, site.service_model, site.models)
