"""A learner that acts by a residual on index scores (PPO), at work on one server."""

from __future__ import annotations

import numpy as np
import torch

from ...solvers.policies.protocol import Decision, Observation, Site
from ..networks.network import Network
from ..serving.demand import Demand
from ..serving.observation import Observer
from ..serving.prior import Prior, PriorOptions
from ..serving.projection import project


class ResidualAgent:
    """One run: the knapsack over index scores plus the network's residual.

    Parameters
    ----------
    network
        Not changed by the run.
    site
        The server.
    learnt
        What its earlier arrivals have taught; None: nothing.
    adapt, reset_every
        As for `agent.T2DRLAgent`.
    """

    def __init__(
        self, network: Network, site: Site, learnt: Demand | None, *, adapt: bool, reset_every: int | None
    ) -> None:
        self._network, self._site, self._adapt, self._reset_every = network, site, adapt, reset_every
        self._observer = Observer(site, learnt=learnt)
        self._prior = Prior(PriorOptions(), 1, site.services)
        self._state = network.initial(1, site.models)

    def decide(self, observation: Observation) -> Decision:
        """Choose the cache and the served requests of this slot."""
        seen, slot = self._observer, observation.slot
        tokens = {
            name: torch.from_numpy(array if name == "service_model" else array.astype(np.float32))[None, None]
            for name, array in seen.observe(observation).items()
        }
        at, length = np.array([slot]), np.array([self._site.slots])
        base, shares = self._prior.scores(seen.sites, seen.requests, seen.cached, seen.context, at, length)
        begins = slot == 0 or (self._reset_every is not None and slot % self._reset_every == 0)
        with torch.no_grad():
            scores, _, self._state = self._network(
                tokens,
                torch.from_numpy(base.astype(np.float32))[:, None],
                torch.full((1, 1), begins),
                self._state,
                adapt=self._adapt,
            )
        cached, served = np.zeros_like(seen.cached), np.zeros_like(seen.requests)
        asked = scores[:, 0].numpy().astype(np.float64)
        project(seen.sites, seen.requests, seen.cached, seen.context, asked, shares, False, cached, served)
        return Decision(cached[0], served[0])
