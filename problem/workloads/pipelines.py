"""Workflows: pipelines of models, one model at a time, with nearly fixed dwell times."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..fields import FloatArray, IntArray
from ._checks import require, require_mean_slots, require_requests, require_share
from .popularity import Deployment
from .protocol import PoissonWorkload


@dataclass(frozen=True, eq=False)
class Pipelines(PoissonWorkload):
    """Poisson requests that walk through cycles of models.

    Attributes
    ----------
    deployment
        Services and their shares.
    requests
        Mean requests per slot, all services together.
    cycles
        For each pipeline the (L,) models it visits, over and over. A model may be in one only.
    dwell
        Mean slots a pipeline stays at a model.
    jitter
        A stay lasts `dwell` - `jitter` to `dwell` + `jitter` slots, uniform on the whole numbers.
    noise
        Share of the requests that is spread evenly over all models; the rest is shared evenly by
        the pipelines.
    """

    deployment: Deployment
    requests: float
    cycles: tuple[IntArray, ...]
    dwell: int
    jitter: int
    noise: float

    def __post_init__(self) -> None:
        require_requests(self.requests)
        require_share("noise", self.noise)
        require(len(self.cycles) >= 1, "pipelines", len(self.cycles), "at least 1")
        require_mean_slots("dwell", self.dwell)
        require(
            0 <= self.jitter < self.dwell, "jitter", self.jitter, f"at least 0 and below dwell={self.dwell}"
        )

    def stage_path(self, rng: np.random.Generator, slots: int, length: int) -> IntArray:
        """Draw the position of one pipeline in its cycle: (slots,) in 0..length-1.

        The stretch starts at a random moment of a much longer walk, so every phase is as likely
        as it is in the long run.
        """
        lead = length * (self.dwell + self.jitter)  # at least one whole cycle to start within
        stays = 1 + (slots + lead) // (self.dwell - self.jitter)
        lasts = rng.integers(self.dwell - self.jitter, self.dwell + self.jitter + 1, stays)
        walk = np.repeat((np.arange(stays) + rng.integers(length)) % length, lasts)
        begin = rng.integers(lead)
        return np.asarray(walk[begin : begin + slots], dtype=np.int64)

    def model_path(self, rng: np.random.Generator, slots: int) -> IntArray:
        """Draw which model each pipeline uses: (slots, P)."""
        return np.stack([cycle[self.stage_path(rng, slots, len(cycle))] for cycle in self.cycles], axis=1)

    def rates(self, rng: np.random.Generator, slots: int) -> FloatArray:
        """Draw a path of expected requests: (slots, S)."""
        models = self.deployment.models
        share = np.full((slots, models), self.noise / models)
        for current in self.model_path(rng, slots).T:
            share[np.arange(slots), current] += (1 - self.noise) / len(self.cycles)
        return self.deployment.spread(self.requests * share)


def draw_pipelines(
    rng: np.random.Generator,
    deployment: Deployment,
    requests: float,
    noise: float,
    *,
    pipelines: int,
    cycle: int,
    dwell: int,
    jitter: int,
) -> Pipelines:
    """Deal the models at random to the pipelines, `cycle` to each; what is left over gets noise only."""
    models = deployment.models
    require(pipelines >= 1, "pipelines", pipelines, "at least 1")
    require(cycle >= 1, "cycle", cycle, "at least 1")
    require(
        pipelines * cycle <= models,
        "pipelines",
        pipelines,
        f"so few that pipelines x cycle={cycle} <= models={models}",
    )
    dealt = rng.permutation(models)[: pipelines * cycle].reshape(pipelines, cycle)
    return Pipelines(
        deployment=deployment,
        requests=requests,
        cycles=tuple(np.asarray(row, dtype=np.int64) for row in dealt),
        dwell=dwell,
        jitter=jitter,
        noise=noise,
    )
