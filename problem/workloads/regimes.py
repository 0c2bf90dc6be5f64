"""Regime switches: a few fixed popularity rankings and sudden, memoryless jumps between them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..fields import FloatArray, IntArray
from ._checks import require, require_mean_slots, require_requests
from .popularity import Deployment, zipf_weights
from .protocol import PoissonWorkload


@dataclass(frozen=True, eq=False)
class Regimes(PoissonWorkload):
    """Poisson requests whose popularity jumps between regimes.

    Attributes
    ----------
    deployment
        Services and their shares.
    popularity
        (K, M) popularity of the models in each of K >= 2 regimes; rows sum to one.
    requests
        Mean requests per slot, all services together.
    mean_slots
        Mean duration of a regime; geometric, then a uniformly random other regime.
    """

    deployment: Deployment
    popularity: FloatArray
    requests: float
    mean_slots: float

    def __post_init__(self) -> None:
        require_requests(self.requests)
        require_mean_slots("mean_slots", self.mean_slots)
        require(len(self.popularity) >= 2, "regimes", len(self.popularity), "at least 2")

    def regime_path(self, rng: np.random.Generator, slots: int) -> IntArray:
        """Draw which regime rules in each slot: (slots,)."""
        regimes = len(self.popularity)
        step = rng.integers(1, regimes, size=slots)
        step[rng.random(slots) >= 1 / self.mean_slots] = 0
        step[:1] = rng.integers(regimes)
        return np.asarray(np.cumsum(step) % regimes, dtype=np.int64)

    def rates(self, rng: np.random.Generator, slots: int) -> FloatArray:
        """Draw a path of expected requests: (slots, S)."""
        return self.deployment.spread(self.requests * self.popularity[self.regime_path(rng, slots)])


def draw_regimes(
    rng: np.random.Generator,
    deployment: Deployment,
    requests: float,
    exponent: float,
    regimes: int,
    mean_slots: float,
) -> Regimes:
    """Give each regime Zipf popularity in its own random order."""
    require(regimes >= 2, "regimes", regimes, "at least 2")
    weights = np.tile(zipf_weights(deployment.models, exponent), (regimes, 1))
    return Regimes(
        deployment=deployment,
        popularity=rng.permuted(weights, axis=1),
        requests=requests,
        mean_slots=mean_slots,
    )
