"""The yardstick: one environment a copy, stepped one slot at a time, as one writes it for gymnasium.

It is written from model.md alone, with numpy over servers and services inside a step (nobody would loop
over those in Python) and nothing shared with the code it is compared to, so that equal costs mean
something.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ...problem import Instance
from ...problem.fields import BoolArray, IntArray

Action = tuple[BoolArray, IntArray]
"""cached (N, M) and served (N, S) of one slot."""


class PlainEnvironment:
    """One copy of an instance with the calls of a gymnasium environment."""

    def __init__(self, instance: Instance) -> None:
        self.instance = instance
        self.rows = np.arange(instance.services)

    def reset(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Start again with an empty cache; return observation and info."""
        shape = self.instance.servers
        self.slot = 0
        self.cached = np.zeros((shape, self.instance.models), dtype=np.bool_)
        self.context = np.zeros((shape, self.instance.services), dtype=np.int64)
        return self._observation(), {}

    def step(self, action: Action) -> tuple[dict[str, Any], float, bool, bool, dict[str, float]]:
        """Advance one slot; return observation, reward (minus the cost), terminated, truncated, info."""
        world = self.instance
        cached, served = action
        hosted = cached[:, world.service_model]
        context = np.where(hosted, self.context, 0)
        accuracy = world.accuracy[self.rows, context]
        terms = {
            "switching": float((world.load_cost * (cached & ~self.cached)).sum()),
            "transmission": float((served * world.transmission_cost).sum()),
            "computation": float((served * world.computation_cost).sum()),
            "accuracy": float((world.accuracy_weight * served * (1.0 - accuracy)).sum()),
            "cloud": float(((world.requests[self.slot] - served) * world.cloud_cost).sum()),
        }
        grown = np.clip(context + world.gain * served - world.vanish, 0, world.window)
        self.context = np.where(hosted, grown, 0)
        self.cached = cached
        self.slot += 1
        return self._observation(), -sum(terms.values()), False, self.slot == world.slots, terms

    def _observation(self) -> dict[str, Any]:
        requests = self.instance.requests
        arrivals = requests[self.slot] if self.slot < len(requests) else np.zeros_like(requests[0])
        return {"requests": arrivals, "cached": self.cached, "context": self.context}
