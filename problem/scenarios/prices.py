"""What everything costs in the normalised scenarios: costs of order one, drawn once per world.

One request costs about 1 in the cloud. Served locally it costs 0.10 for transmission and
computation plus the accuracy part, ``residual_error + context_error (1 - L(k))`` with
``L(k) = log2(1 + k^alpha) / log2(1 + W^alpha)``: the log law of arXiv 2305.12130 scaled to end at the
window W. With the defaults a request saves about 0.25 without context and 0.75 with a full window.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np

from ..accuracy import LogCurve
from ..errors import InvalidOption
from ..workloads import Deployment

FOOTPRINTS = (6.0, 8.0, 10.0, 12.0, 16.0)
"""Bytes of the models, in units in which 10 is typical: no more than a factor 3 apart, because
wider spreads make small good models a static optimum."""


@dataclass(frozen=True, kw_only=True)
class NormalisedPrices:
    """The normalised default and its knobs. Every cost is in units of one request in the cloud."""

    load: Annotated[float, "switching cost of a model of average footprint; grows with the footprint"] = 10.0
    memory: Annotated[float, "GPU memory as a share of the sum of all footprints"] = 0.35
    window: Annotated[int, "context window of every service, units"] = 32
    gain: Annotated[int, "context units that a locally served request adds"] = 1
    vanish: Annotated[int, "context units lost per slot"] = 1
    residual_error: Annotated[float, "cost of the error that is left with a full window"] = 0.15
    context_error: Annotated[float, "further cost of the error without any context"] = 0.5
    alpha: Annotated[float, "exponent of the accuracy law"] = 0.8
    cloud_spread: Annotated[float, "cloud costs are uniform on 1 -+ this"] = 0.15
    transmission: Annotated[float, "cost of transmission per local request"] = 0.05
    computation: Annotated[float, "mean cost of computation per local request at footprint 10"] = 0.05

    def __post_init__(self) -> None:
        for name in ("load", "memory", "window", "gain", "vanish", "transmission", "computation"):
            if getattr(self, name) < 0:
                raise InvalidOption(f"{name}={getattr(self, name)}: must be zero or more")
        if not 0 <= self.cloud_spread < 1:
            raise InvalidOption(f"cloud_spread={self.cloud_spread}: must be at least 0 and below 1")
        error = self.residual_error + self.context_error
        if self.residual_error < 0 or self.context_error < 0 or error > 1:
            raise InvalidOption(
                f"residual_error={self.residual_error} and context_error={self.context_error}: "
                "must be zero or more and at most 1 together"
            )

    def curve(self) -> LogCurve:
        """Return the accuracy of every service, with an error weight of one."""
        end = np.log2(1.0 + float(self.window) ** self.alpha) if self.window else 1.0
        return LogCurve(
            a0=1.0 - self.residual_error - self.context_error,
            a1=float(self.context_error / end),
            alpha=self.alpha,
            ceiling=1.0 - self.residual_error,
        )

    def draw(self, rng: np.random.Generator, deployment: Deployment) -> dict[str, Any]:
        """Draw one world's costs: every array of the instance but the requests."""
        models, services = deployment.models, deployment.services
        footprint = rng.choice(FOOTPRINTS, size=models)
        capacity = max(self.memory * float(footprint.sum()), float(footprint.min()))
        relative = footprint[deployment.service_model] / 10.0
        return {
            "service_model": deployment.service_model,
            "footprint": footprint,
            "memory": capacity,
            "load_cost": self.load * footprint / footprint.mean(),
            "cloud_cost": rng.uniform(1 - self.cloud_spread, 1 + self.cloud_spread, services),
            "transmission_cost": self.transmission,
            "computation_cost": self.computation * rng.uniform(0.6, 1.4, services) * relative,
            "accuracy": self.curve(),
            "accuracy_weight": 1.0,
            "window": self.window,
            "gain": self.gain,
            "vanish": self.vanish,
        }
