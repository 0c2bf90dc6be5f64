"""The scores a learner starts from: those of the index policy, for many lanes at once.

A score is what the index policy (`solvers.policies.index`) gives a model: the saving of this slot, what
keeping it is forecast to save over the horizon, and less its load if it is not cached. A learned residual
is added, and a zero residual plays the index policy itself wherever neither GPU time nor energy is limited
(where they are, the policy also prices the limits; here the projection fills them by saving).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ...problem.errors import InvalidOption
from ...problem.fields import FloatArray, IntArray
from ...solvers.compiled import compiled
from ...solvers.policies.demand import SLOW_RATE, returning
from ...solvers.policies.fluid import future_saving
from .sites import Sites


@dataclass(frozen=True)
class PriorOptions:
    """Options of the index policy, with its names and defaults.

    Parameters
    ----------
    memory, persistence
        In [0, 1].
    horizon
        Slots looked ahead, >= 0.
    stickiness
        Multiplier of the load cost, >= 0.

    Raises
    ------
    InvalidOption
        For a number outside its limits.
    """

    memory: float = 0.7
    persistence: float = 0.97
    horizon: int = 10
    stickiness: float = 1.0

    def __post_init__(self) -> None:
        for name, most in (("memory", 1.0), ("persistence", 1.0), ("horizon", 10**4), ("stickiness", 1e6)):
            value = getattr(self, name)
            if not 0 <= value <= most:
                raise InvalidOption(f"prior: {name} = {value}: must be in [0, {most:g}]")


class Prior:
    """Index scores of B lanes; follows their arrivals, so it must be asked once a slot, in order."""

    def __init__(self, options: PriorOptions, lanes: int, services: int) -> None:
        self._options = options
        self._fast, self._slow = np.zeros((2, lanes, services))

    def scores(
        self,
        sites: Sites,
        requests: IntArray,
        cached: Any,
        context: IntArray,
        slot: IntArray,
        slots: IntArray,
    ) -> tuple[FloatArray, FloatArray]:
        """Scores (B, M), in units of the mean cloud cost of a request, and shares (B, S) of what to serve.

        Parameters
        ----------
        sites, requests, cached, context
            As `Lanes` has them.
        slot, slots
            (B,) the slot to be decided, and how many the instance has; a lane at slot 0 begins anew.
        """
        scores, shares = np.zeros(sites.footprint.shape), np.zeros(requests.shape)
        options = self._options
        index_scores(
            sites,
            requests,
            cached,
            context,
            slot,
            slots,
            options.memory,
            options.persistence,
            options.horizon,
            options.stickiness,
            self._fast,
            self._slow,
            scores,
            shares,
        )
        return scores, shares


@compiled
def index_scores(
    sites: Any,
    requests: Any,
    cached: Any,
    context: Any,
    slot: Any,
    slots: Any,
    memory: float,
    persistence: float,
    horizon: int,
    stickiness: float,
    fast: Any,
    slow: Any,
    scores: Any,
    shares: Any,
) -> None:
    """Update the running means (B, S) and fill scores (B, M) and shares (B, S)."""
    for lane in range(requests.shape[0]):
        models, services = sites.models[lane], sites.services[lane]
        asked, held = requests[lane, :services], context[lane, :services]
        slow_rate = max(SLOW_RATE, 1.0 / (slot[lane] + 1.0))
        fast_rate = 1.0 if slot[lane] == 0 else 1.0 - memory
        for service in range(services):
            if slot[lane] == 0:
                fast[lane, service] = slow[lane, service] = 0.0
            fast[lane, service] += fast_rate * (asked[service] - fast[lane, service])
            slow[lane, service] += slow_rate * (asked[service] - slow[lane, service])
        ahead = max(0, min(horizon, slots[lane] - slot[lane] - 1))
        mean = slow[lane, :services]
        decay = np.full(services, persistence)
        forecast = returning(mean, fast[lane, :services] - mean, decay, ahead)
        keeping, bonus = np.zeros(models), np.zeros(services)
        service_model, saving = sites.service_model[lane, :services], sites.saving[lane, :services]
        gain, vanish = sites.gain[lane, :services], sites.vanish[lane, :services]
        window, free = sites.window[lane, :services], np.zeros(services)
        future_saving(
            held, asked, forecast, free, service_model, gain, vanish, window, saving, keeping, bonus
        )
        for service in range(services):
            worth = saving[service, held[service]] + bonus[service]
            shares[lane, service] = 1.0 if worth > 0.0 else 0.0
            keeping[service_model[service]] += asked[service] * max(worth, 0.0)
        for model in range(models):
            load = 0.0 if cached[lane, model] else stickiness * sites.load_cost[lane, model]
            scores[lane, model] = (keeping[model] - load) / sites.unit[lane]
