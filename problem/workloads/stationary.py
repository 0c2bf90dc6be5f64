"""Constant Zipf popularity: the control in which nothing ever changes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..fields import FloatArray
from ._checks import require_requests
from .popularity import Deployment, zipf_weights
from .protocol import PoissonWorkload


@dataclass(frozen=True, eq=False)
class Stationary(PoissonWorkload):
    """Poisson requests with a constant rate for each service.

    Attributes
    ----------
    deployment
        Services and their shares.
    popularity
        (M,) share of each model; sums to one.
    requests
        Mean requests per slot, all services together.
    """

    deployment: Deployment
    popularity: FloatArray
    requests: float

    def __post_init__(self) -> None:
        require_requests(self.requests)

    def rates(self, rng: np.random.Generator, slots: int) -> FloatArray:  # noqa: ARG002
        """Return the constant rates: (slots, S)."""
        return self.deployment.spread(np.tile(self.requests * self.popularity, (slots, 1)))


def draw_stationary(
    rng: np.random.Generator, deployment: Deployment, requests: float, exponent: float
) -> Stationary:
    """Give the models Zipf popularity in random order."""
    popularity = rng.permutation(zipf_weights(deployment.models, exponent))
    return Stationary(deployment=deployment, popularity=popularity, requests=requests)
