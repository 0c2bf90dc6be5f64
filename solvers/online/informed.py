"""A rolling horizon with the true forecast: what it expects of a slot is what the process gives on average.

The policy is told the true law and the demand state. Unlike hindsight averaging it does not believe that it
will know what happens as soon as it has waited for a slot, so it does not put off loads whose reward is
uncertain; but it takes the mean of what may come for what comes, and so sees no value in waiting.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from ...problem.fields import FloatArray, IntArray
from ...problem.processes import DemandProcess
from ..policies.base import Tunable
from ..policies.mpc_agent import RollingAgent
from ..policies.protocol import Observation, Site
from .averaging import check_told


@dataclass(frozen=True, kw_only=True, eq=False)
class TrueForecast(Tunable):
    """An oracle policy of one server: model predictive control that is told law and state of demand.

    Parameters
    ----------
    process
        The true arrival process.
    states
        (T, K) demand states of the run, from `stretch`; the policy reads those up to the slot it decides.
    horizon, stickiness, rent, spare, iterations
        As of `Mpc`.
    """

    title: ClassVar[str] = "true-forecast"
    grid: ClassVar[Mapping[str, tuple[Any, ...]]] = {
        "horizon": (40, 16, 24, 80),
        "stickiness": (1.0, 0.6, 0.8, 1.25),
        "rent": (1.0, 0.8, 1.2),
        "spare": (False, True),
    }
    limits: ClassVar[Mapping[str, tuple[float, float]]] = {
        "horizon": (0, 10_000),
        "stickiness": (0.0, 1e6),
        "rent": (0.0, 1e6),
        "iterations": (0, 1_000_000),
    }
    process: DemandProcess
    states: IntArray
    horizon: int = 40
    stickiness: float = 1.0
    rent: float = 1.0
    spare: bool = False
    iterations: int = 10

    def start(
        self,
        site: Site,
        rng: np.random.Generator,  # noqa: ARG002
        future: IntArray | None,  # noqa: ARG002
    ) -> RollingAgent:
        """Begin a run on one server.

        Raises
        ------
        InvalidOption
            If the states are not those of the run, or the process is of other services.
        """
        check_told(self.name, self.process, self.states, site)
        forecast = Expected(self.process, self.states, min(self.horizon, site.slots))
        return RollingAgent(
            site, forecast, self.horizon, self.stickiness, self.iterations, 0.0, self.rent, self.spare
        )


class Expected:
    """Expected arrivals of the next slots, given the demand states up to the present one.

    Parameters
    ----------
    process, states
        See `TrueForecast`.
    horizon
        Most slots that will be asked for.
    """

    def __init__(self, process: DemandProcess, states: IntArray, horizon: int) -> None:
        self._local = process.local(states)
        self._services = [
            np.flatnonzero(process.service_model == model) for model in range(len(process.chains))
        ]
        self._ahead = []
        for chain in process.chains:
            table = np.empty((horizon + 1, *chain.arrivals.shape))
            table[0] = chain.arrivals
            for step in range(horizon):
                table[step + 1] = chain.transition @ table[step]
            self._ahead.append(table)

    def ahead(self, observation: Observation, horizon: int) -> FloatArray:
        """Return the expected arrivals (H, S) of the next H slots."""
        found = np.zeros((horizon, observation.requests.size))
        for model, services in enumerate(self._services):
            state = self._local[observation.slot, model]
            found[:, services] = self._ahead[model][1 : horizon + 1, state]
        return found
