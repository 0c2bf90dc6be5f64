"""Flash crowds: constant popularity, and now and then one model is overrun for a while."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..fields import FloatArray
from ._checks import require, require_mean_slots
from .popularity import Deployment
from .protocol import PoissonWorkload
from .stationary import Stationary


def crowd_size(mean_life: float) -> float:
    """Requests of a whole crowd over those of its first slot: the sum of exp(-j / mean_life)."""
    require_mean_slots("mean_life", mean_life)
    return float(1 / -np.expm1(-1 / mean_life))


@dataclass(frozen=True, eq=False)
class FlashCrowds(PoissonWorkload):
    """A stationary base plus crowds that come at once and thin out exponentially.

    Attributes
    ----------
    base
        The demand between the crowds.
    every
        Mean slots between the starts of two crowds, anywhere; memoryless.
    height
        Requests per slot that a crowd adds in its first slot.
    mean_life
        Slots after which a crowd has thinned to 1/e.
    """

    base: Stationary
    every: float
    height: float
    mean_life: float

    def __post_init__(self) -> None:
        require_mean_slots("every", self.every)
        require_mean_slots("mean_life", self.mean_life)
        require(0 <= self.height <= 1e8, "height", self.height, "between 0 and 1e8 requests")

    @property
    def deployment(self) -> Deployment:
        """Services and their shares."""
        return self.base.deployment

    def crowd_path(self, rng: np.random.Generator, slots: int) -> FloatArray:
        """Draw the requests per slot that crowds add to each model: (slots, M)."""
        lead = int(np.ceil(10 * self.mean_life))  # crowds from before slot 0 that still matter
        models = self.deployment.models
        starts = rng.poisson(1 / self.every / models, (lead + slots, models))
        decay = np.exp(-1 / self.mean_life)
        level = np.zeros(models)
        path = np.empty((lead + slots, models))
        for slot, new in enumerate(starts):
            level = decay * level + self.height * new
            path[slot] = level
        return path[lead:]

    def rates(self, rng: np.random.Generator, slots: int) -> FloatArray:
        """Draw a path of expected requests: (slots, S)."""
        base, crowds = rng.spawn(2)
        return self.base.rates(base, slots) + self.deployment.spread(self.crowd_path(crowds, slots))
