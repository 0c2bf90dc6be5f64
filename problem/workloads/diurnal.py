"""Day and night: every model's demand follows the same period at its own hour."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ..fields import FloatArray
from ._checks import require, require_mean_slots, require_requests, require_share
from .popularity import Deployment, zipf_weights
from .protocol import PoissonWorkload


@dataclass(frozen=True, eq=False)
class Diurnal(PoissonWorkload):
    """Poisson requests with a sharpened sine for each model.

    The rate of a model is its popularity times exp(sharpness cos(angle)), divided by its mean, so
    a large sharpness gives a short busy hour; the angle runs through one turn per period. A
    stretch starts at a random hour.

    Attributes
    ----------
    deployment
        Services and their shares.
    popularity
        (M,) share of each model over a whole period; sums to one.
    phase
        (M,) hour at which the model is busiest, as an angle in [0, 2 pi).
    requests
        Mean requests per slot over a period, all services together.
    period
        Slots per day.
    sharpness
        0: no day at all; 2: the busiest hour has about 54 times the rate of the quietest.
    noise
        Share of the requests that does not follow the day.
    """

    deployment: Deployment
    popularity: FloatArray
    phase: FloatArray
    requests: float
    period: float
    sharpness: float
    noise: float

    def __post_init__(self) -> None:
        require_requests(self.requests)
        require_mean_slots("period", self.period)
        require_share("noise", self.noise)
        require(0 <= self.sharpness <= 50, "sharpness", self.sharpness, "between 0 and 50")

    def rates(self, rng: np.random.Generator, slots: int) -> FloatArray:
        """Draw a path of expected requests: (slots, S); only the hour of its start is random."""
        start = rng.uniform(0, 2 * math.pi)
        angle = start + 2 * math.pi / self.period * np.arange(slots)[:, None] - self.phase
        wave = np.exp(self.sharpness * np.cos(angle)) / np.i0(self.sharpness)  # i0 is the mean over a turn
        return self.deployment.spread(
            self.requests * self.popularity * (self.noise + (1 - self.noise) * wave)
        )


def draw_diurnal(
    rng: np.random.Generator,
    deployment: Deployment,
    requests: float,
    noise: float,
    *,
    exponent: float,
    period: float,
    sharpness: float,
) -> Diurnal:
    """Give the models Zipf popularity in random order and busy hours spread evenly, in random order."""
    models = deployment.models
    return Diurnal(
        deployment=deployment,
        popularity=rng.permutation(zipf_weights(models, exponent)),
        phase=np.asarray(rng.permutation(models) * (2 * math.pi / models), dtype=np.float64),
        requests=requests,
        period=period,
        sharpness=sharpness,
        noise=noise,
    )
