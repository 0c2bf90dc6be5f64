"""Models whose agents are on or off, each with its own persistence: persistent ones and decoys."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..fields import BoolArray, FloatArray
from ._checks import require, require_requests, require_share
from .popularity import Deployment
from .protocol import PoissonWorkload


def on_off_path(rng: np.random.Generator, slots: int, mean_on: FloatArray, duty: FloatArray) -> BoolArray:
    """Draw independent two-state Markov chains, started in their stationary law.

    Parameters
    ----------
    rng
        Generator of the path.
    slots
        Length.
    mean_on
        (K,) mean slots on; geometric.
    duty
        (K,) share of the slots on; the mean time off is mean_on (1 - duty) / duty slots.

    Returns
    -------
    numpy.ndarray
        (slots, K) bool.
    """
    uniform = rng.random((slots, len(mean_on)))
    stop, start = 1 / mean_on, duty / (mean_on * (1 - duty))
    path = np.empty(uniform.shape, dtype=np.bool_)
    path[:1] = uniform[:1] < duty
    for slot in range(1, slots):
        path[slot] = np.where(path[slot - 1], uniform[slot] >= stop, uniform[slot] < start)
    return path


@dataclass(frozen=True, eq=False)
class OnOff(PoissonWorkload):
    """Poisson requests of models that switch on and off.

    Attributes
    ----------
    deployment
        Services and their shares.
    requests
        Mean requests per slot over a long time, all services together.
    mean_on
        (M,) mean slots a model stays on: what a learner has to find out.
    duty
        (M,) share of the time a model is on.
    noise
        Share of the requests that is spread evenly over all models, on or off; while on, all
        models have the same amplitude beyond it, so a glance cannot tell a decoy.
    """

    deployment: Deployment
    requests: float
    mean_on: FloatArray
    duty: FloatArray
    noise: float

    def __post_init__(self) -> None:
        require_requests(self.requests)
        require_share("noise", self.noise)
        require(bool(np.all(self.mean_on >= 1)), "mean_on", self.mean_on, "at least one slot")
        require(
            bool(np.all((self.duty > 0) & (self.duty < 1))), "duty", self.duty, "strictly between 0 and 1"
        )
        mean_off = self.mean_on * (1 - self.duty) / self.duty
        require(
            bool(np.all(mean_off >= 1)),
            "duty",
            self.duty,
            "low enough for a mean time off of at least one slot",
        )

    @property
    def amplitude(self) -> float:
        """Requests per slot that a model draws beyond the noise while it is on."""
        return float(self.requests * (1 - self.noise) / self.duty.sum())

    def rates(self, rng: np.random.Generator, slots: int) -> FloatArray:
        """Draw a path of expected requests: (slots, S)."""
        on = on_off_path(rng, slots, self.mean_on, self.duty)
        return self.deployment.spread(self.requests * self.noise / on.shape[1] + self.amplitude * on)


def draw_on_off(
    rng: np.random.Generator,
    deployment: Deployment,
    requests: float,
    noise: float,
    *,
    persistent: int,
    mean_on: float,
    duty: float,
    decoy_mean_on: float,
    decoy_duty: float,
) -> OnOff:
    """Choose at random which models are persistent; all others are decoys."""
    models = deployment.models
    require(
        0 <= persistent <= models, "persistent", persistent, f"between 0 and the number of models, {models}"
    )
    stays = rng.permutation(models) < persistent
    return OnOff(
        deployment=deployment,
        requests=requests,
        mean_on=np.where(stays, float(mean_on), float(decoy_mean_on)),
        duty=np.where(stays, float(duty), float(decoy_duty)),
        noise=noise,
    )
