"""Memoryless hot sets: a fixed number of hot models, each cooling down after a geometric time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..fields import BoolArray, FloatArray
from ._checks import require, require_mean_slots, require_requests, require_share
from .popularity import Deployment
from .protocol import PoissonWorkload


@dataclass(frozen=True, eq=False)
class HotSet(PoissonWorkload):
    """Poisson requests concentrated on a changing hot set.

    Attributes
    ----------
    deployment
        Services and their shares.
    requests
        Mean requests per slot, all services together.
    hot
        How many models are hot at a time.
    mean_hot
        Mean slots a model stays hot; geometric, then a uniformly random cold model takes over.
    noise
        Share of the requests that is spread evenly over all models; the rest is shared evenly by
        the hot ones.
    """

    deployment: Deployment
    requests: float
    hot: int
    mean_hot: float
    noise: float

    def __post_init__(self) -> None:
        require_requests(self.requests)
        require(
            1 <= self.hot <= self.deployment.models,
            "hot",
            self.hot,
            "at least 1 and at most the number of models",
        )
        require_mean_slots("mean_hot", self.mean_hot)
        require_share("noise", self.noise)

    def hot_path(self, rng: np.random.Generator, slots: int) -> BoolArray:
        """Draw who is hot in each slot: (slots, M), `hot` models a slot."""
        models = self.deployment.models
        if self.hot == models:
            return np.ones((slots, models), dtype=np.bool_)
        order = rng.permutation(models)  # the first `hot` entries are the hot models
        expires = rng.random((slots, self.hot)) < 1 / self.mean_hot
        successor = rng.integers(self.hot, models, (slots, self.hot))
        path = np.zeros((slots, models), dtype=np.bool_)
        for slot in range(slots):
            for place in np.flatnonzero(expires[slot]) if slot else ():
                other = successor[slot, place]
                order[place], order[other] = order[other], order[place]
            path[slot, order[: self.hot]] = True
        return path

    def rates(self, rng: np.random.Generator, slots: int) -> FloatArray:
        """Draw a path of expected requests: (slots, S)."""
        hot = self.hot_path(rng, slots)
        share = self.noise / hot.shape[1] + hot * (1 - self.noise) / self.hot
        return self.deployment.spread(self.requests * share)
