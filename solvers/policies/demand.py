"""What training instances teach about demand, and the running averages that follow it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ...problem import Instance
from ...problem.errors import InvalidOption
from ...problem.fields import FloatArray, IntArray
from ..compiled import compiled
from .protocol import Site

SLOW_RATE = 0.01


def requests_by_server(training: Sequence[Instance]) -> dict[str, list[IntArray]]:
    """Collect the arrivals (T, S) of each server name over the training instances.

    Raises
    ------
    InvalidOption
        When there is no instance, or the instances do not have the same services.
    """
    if not training:
        raise InvalidOption("fit: needs at least one training instance")
    arrivals: dict[str, list[IntArray]] = {}
    for instance in training:
        if instance.services != training[0].services or instance.models != training[0].models:
            raise InvalidOption("fit: the training instances must have the same models and services")
        for server, name in enumerate(instance.server_names):
            arrivals.setdefault(name, []).append(instance.requests[:, server])
    return arrivals


def mean_requests(training: Sequence[Instance]) -> dict[str, FloatArray]:
    """Return the mean arrivals (S,) per slot of each server over the training instances."""
    return {name: np.concatenate(rows).mean(axis=0) for name, rows in requests_by_server(training).items()}


def require_fitted(knowledge: Mapping[str, Any], site: Site, policy: str) -> str:
    """Return the name under which this server's training knowledge is kept.

    Raises
    ------
    InvalidOption
        When the policy was fitted on other servers.
    """
    if site.name not in knowledge:
        known = ", ".join(sorted(knowledge))
        raise InvalidOption(f"policy {policy} was fitted on {known}, not on server {site.name}")
    return site.name


def known_mean(means: Mapping[str, FloatArray] | None, site: Site, policy: str) -> FloatArray | None:
    """Return the training mean (S,) of this server, or None when the policy was never fitted.

    Raises
    ------
    InvalidOption
        When the policy was fitted on other servers or services.
    """
    if means is None:
        return None
    mean = means[require_fitted(means, site, policy)]
    if mean.size != site.services:
        raise InvalidOption(
            f"policy {policy} was fitted on {mean.size} services; server {site.name} has {site.services}"
        )
    return mean


class Averages:
    """A fast and a slow exponentially weighted mean of the arrivals of each service.

    The fast mean keeps `memory` of itself each slot. The slow one forgets `drift` of itself a slot; without
    training it begins as the plain mean of what was seen.
    """

    def __init__(
        self, services: int, memory: float, start: FloatArray | None, drift: float = SLOW_RATE
    ) -> None:
        self.fast = np.zeros(services) if start is None else np.array(start, dtype=np.float64)
        self.slow = self.fast.copy()
        self._memory = memory
        self._drift = drift
        self._seen = 0
        self._trained = start is not None

    def observe(self, requests: IntArray) -> None:
        """Take in the arrivals (S,) of a slot."""
        self._seen += 1
        slow_rate = self._drift if self._trained else max(self._drift, 1.0 / self._seen)
        follow(self.slow, requests, slow_rate)
        first = self._seen == 1 and not self._trained
        follow(self.fast, requests, 1.0 if first else 1.0 - self._memory)


@compiled
def follow(mean: FloatArray, value: IntArray, rate: float) -> None:
    """Move a mean towards a value, in place."""
    for index in range(mean.shape[0]):
        mean[index] += rate * (value[index] - mean[index])


@compiled
def returning(slow: FloatArray, deviation: FloatArray, decay: FloatArray, horizon: int) -> FloatArray:
    """Forecast (H, S): in j slots, slow + deviation decay^j, never negative; all arguments (S,)."""
    forecast = np.empty((horizon, slow.shape[0]))
    for service in range(slow.shape[0]):
        left = deviation[service]
        for ahead in range(horizon):
            left *= decay[service]
            forecast[ahead, service] = max(0.0, slow[service] + left)
    return forecast
