"""Who is asked how often: Zipf weights, and how a model's requests spread over its services."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..fields import FloatArray, IntArray
from ._checks import require, require_positive


def zipf_weights(count: int, exponent: float) -> FloatArray:
    """Weights proportional to rank^-exponent.

    Parameters
    ----------
    count
        How many ranks.
    exponent
        0 is uniform; about 0.9 fits most content catalogues.

    Returns
    -------
    numpy.ndarray
        (count,), falling, summing to one.
    """
    require(np.isfinite(exponent) and exponent >= 0, "exponent", exponent, "zero or more")
    weights = np.arange(1, count + 1, dtype=np.float64) ** -exponent
    return np.asarray(weights / weights.sum(), dtype=np.float64)


@dataclass(frozen=True, eq=False)
class Deployment:
    """Which service runs on which model, and its share of the model's requests.

    Attributes
    ----------
    service_model
        (S,) model of each service, nondecreasing.
    share
        (S,) share of the model's requests that go to the service; sums to one per model.
    rotation
        Model m is asked for as model m - `rotation` (modulo M) of the world is: how servers of
        one world get popularity of their own.
    """

    service_model: IntArray
    share: FloatArray
    rotation: int = 0

    @property
    def models(self) -> int:
        """Number of models."""
        return int(self.service_model[-1]) + 1

    @property
    def services(self) -> int:
        """Number of services."""
        return int(self.service_model.size)

    def spread(self, model_rates: FloatArray) -> FloatArray:
        """Turn (T, M) requests per model into (T, S) requests per service."""
        role = (self.service_model - self.rotation) % self.models
        return np.asarray(model_rates[:, role] * self.share)


def draw_deployment(
    rng: np.random.Generator, models: int, services: int, evenness: float = 4.0
) -> Deployment:
    """Deploy the services on the models as evenly as possible and draw their shares.

    Parameters
    ----------
    rng
        The world's generator.
    models, services
        How many; every model gets at least one service.
    evenness
        Concentration of the Dirichlet law of the shares within a model: large is even.
    """
    require(models >= 1, "models", models, "at least 1")
    require(services >= models, "services", services, f"at least the number of models, {models}")
    require_positive("evenness", evenness)
    service_model = np.sort(np.arange(services, dtype=np.int64) % models)
    gamma = rng.gamma(evenness, size=services) + np.finfo(np.float64).tiny
    share = gamma / np.bincount(service_model, weights=gamma, minlength=models)[service_model]
    return Deployment(service_model=service_model, share=share)
