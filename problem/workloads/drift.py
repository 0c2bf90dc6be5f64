"""Zipf popularity whose ranking drifts: the weights stay, who holds which rank moves slowly."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ..fields import FloatArray
from ._checks import require_mean_slots, require_requests
from .popularity import Deployment, zipf_weights
from .protocol import PoissonWorkload


@dataclass(frozen=True, eq=False)
class Drift(PoissonWorkload):
    """Poisson requests whose Zipf ranks follow smooth, mean-reverting scores.

    Every model has a Gaussian score; the largest score holds rank one. The score of a model is
    the cosine series of a stationary Gaussian process with a Gaussian spectrum, so its paths are
    smooth: ranks swap when two scores really cross instead of flickering as they would for an
    Ornstein-Uhlenbeck path. Popularity is exactly Zipf in every slot.

    Attributes
    ----------
    deployment
        Services and their shares.
    requests
        Mean requests per slot, all services together.
    exponent
        Zipf exponent of the models' popularity.
    memory_slots
        Slots after which the autocorrelation of a score has fallen to exp(-1/2).
    """

    deployment: Deployment
    requests: float
    exponent: float
    memory_slots: float

    def __post_init__(self) -> None:
        require_requests(self.requests)
        require_mean_slots("memory_slots", self.memory_slots)

    def rates(self, rng: np.random.Generator, slots: int) -> FloatArray:
        """Draw a path of expected requests: (slots, S)."""
        scores = smooth_scores(rng, slots, self.deployment.models, self.memory_slots)
        ranks = np.argsort(np.argsort(-scores, axis=1), axis=1)
        weights = zipf_weights(self.deployment.models, self.exponent)
        return self.deployment.spread(self.requests * weights[ranks])


def smooth_scores(
    rng: np.random.Generator, slots: int, count: int, memory_slots: float, waves: int = 32
) -> FloatArray:
    """Draw smooth, stationary, nearly Gaussian scores by random Fourier features.

    Returns
    -------
    numpy.ndarray
        (slots, count), mean 0, variance 1, autocorrelation exp(-lag^2 / (2 memory_slots^2)).
    """
    frequency = rng.standard_normal((count, waves)) / memory_slots
    phase = rng.uniform(0, 2 * math.pi, (count, waves))
    time = np.arange(slots, dtype=np.float64)
    scores = np.empty((slots, count))
    for index in range(count):  # one column at a time: (slots, waves) instead of (slots, count, waves)
        scores[:, index] = np.cos(np.outer(time, frequency[index]) + phase[index]).sum(axis=1)
    return scores * math.sqrt(2 / waves)
