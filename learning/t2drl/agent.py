"""The learner at work on one server: it reads a slot, foretells, scores, and goes on learning."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from ...problem.fields import FloatArray
from ...solvers.policies.protocol import Decision, Observation, Site
from ..networks.network import Network
from ..scores.features import WEIGHTS, World, slot_features
from ..scores.runs import decide
from ..serving.demand import Demand
from ..serving.observation import Observer
from .slow_steps import SlowSteps


class T2DRLAgent:
    """One run.

    Parameters
    ----------
    network
        Not changed by the run.
    weights
        (W,) of the scores.
    site
        The server.
    learnt
        What its earlier arrivals have taught; None: nothing.
    adapt
        Whether the core learns while it reads.
    reset_every
        The core's state begins anew after so many slots; None: never.
    placebo
        Draws which model's demand each core learns instead of its own; None: its own.
    slow
        Steps of the network's own weights during the run; None: there are none.
    """

    def __init__(
        self,
        network: Network,
        weights: FloatArray,
        site: Site,
        learnt: Demand | None,
        *,
        adapt: bool = True,
        reset_every: int | None = None,
        placebo: np.random.Generator | None = None,
        slow: SlowSteps | None = None,
    ) -> None:
        self._network = network if slow is None else slow.network
        self._weights, self._site = np.ascontiguousarray(weights), site
        self._adapt, self._reset_every, self._placebo, self._slow = adapt, reset_every, placebo, slow
        self._observer, self._world = Observer(site, learnt=learnt), World.of(site)
        self._state = network.initial(1, site.models)
        self._features = np.zeros((site.models, len(WEIGHTS)))
        self._wanted = np.zeros(site.services, np.int64)

    def decide(self, observation: Observation) -> Decision:
        """Choose the cache and the served requests of this slot."""
        site, slot = self._site, observation.slot
        tokens = self._observer.observe(observation)
        seen = {
            name: torch.from_numpy(np.asarray(tokens[name], dtype=np.float32))[None, None]
            for name in ("models", "server", "model_mask")
        }
        begins = slot == 0 or (self._reset_every is not None and slot % self._reset_every == 0)
        foretold, unit = self._foretell(seen, begins)
        if self._slow is not None:
            self._slow.take_in(seen, observation.requests, self._observer.slow, begins)
        slot_features(
            self._world,
            observation.requests,
            observation.context,
            observation.cached,
            self._observer.fast,
            self._observer.slow,
            foretold,
            unit,
            site.slots - slot - 1,
            self._features,
            self._wanted,
        )
        cached, served = np.zeros(site.models, np.bool_), np.zeros(site.services, np.int64)
        decide(
            self._weights,
            self._world,
            self._features,
            self._wanted,
            observation.context,
            observation.cached,
            cached,
            served,
        )
        return Decision(cached, served)

    def _foretell(self, seen: dict[str, Any], begins: bool) -> tuple[FloatArray, FloatArray]:
        """What the network says (M, F), and the units of its worths (M,), cost."""
        network = self._network
        with torch.no_grad():
            resets = torch.full((1, 1), begins)
            labels = None if self._placebo is None else self._shuffled(seen)
            tokens, self._state = network.read(seen, resets, self._state, adapt=self._adapt, labels=labels)
            foretold = network.foretell(tokens, seen)[0, 0].numpy().astype(np.float64)
            unit = network.scale(seen)[0, 0].numpy().astype(np.float64) * self._world.unit
        return foretold, unit

    def _shuffled(self, seen: dict[str, Any]) -> Any:
        """The demand of other models, as a label that says nothing."""
        assert self._placebo is not None  # asked for by the caller
        order = torch.from_numpy(self._placebo.permutation(self._site.models))
        return seen["models"][:, :, order]
