"""Hindsight averaging: sample futures from the true process, solve each, act on the average.

Each slot, futures that may follow the present demand state are drawn; for each, prices of memory are found as
if it were known, and the programme of every model says what being cached now is worth later. The mean of
those worths goes into one exact knapsack. The policy is told the true law *and* the demand state, which no
real policy is: an oracle to compare with. It is no bound: averaging solutions that each know their future
overrates flexibility, so better online policies may exist.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from ...problem.errors import InvalidOption
from ...problem.fields import IntArray
from ...problem.processes import DemandProcess, MarkovDemand
from ..knapsack import knapsack_limit
from ..policies.base import Tunable
from ..policies.protocol import Decision, Observation, Site
from ..policies.slot_choice import SlotChoice
from .averaging_kernel import average_keeping


@dataclass(frozen=True, kw_only=True, eq=False)
class HindsightAveraging(Tunable):
    """An oracle policy of one server: it knows the law of demand and is told the demand state.

    Parameters
    ----------
    process
        The true arrival process.
    states
        (T, K) demand states of the run, from `stretch`; the policy reads those up to the slot it decides.
        None if arrivals reveal them (`MarkovDemand.follow`).
    futures, horizon
        Futures drawn for each slot, and their length in slots.
    iterations
        Price steps for each future.
    """

    title: ClassVar[str] = "hindsight-averaging"
    grid: ClassVar[Mapping[str, tuple[Any, ...]]] = {"horizon": (24, 8, 16, 40), "futures": (16, 8, 32)}
    limits: ClassVar[Mapping[str, tuple[float, float]]] = {
        "futures": (1, 10_000),
        "horizon": (1, 10_000),
        "iterations": (1, 10_000),
    }
    process: DemandProcess
    states: IntArray | None = None
    futures: int = 16
    horizon: int = 24
    iterations: int = 20

    def start(
        self,
        site: Site,
        rng: np.random.Generator,
        future: IntArray | None,  # noqa: ARG002
    ) -> _AveragingAgent:
        """Begin a run on one server.

        Raises
        ------
        InvalidOption
            If the states are not those of the run, or are needed and missing.
        """
        seen = isinstance(self.process, MarkovDemand) and self.process.counts == "fixed"
        if self.states is None and not seen:
            raise InvalidOption(f"policy {self.name}: this process hides its states; give them as `states`")
        check_told(self.name, self.process, self.states, site)
        return _AveragingAgent(site, self, rng)


def check_told(name: str, process: DemandProcess, states: IntArray | None, site: Site) -> None:
    """Refuse what an oracle is told where it is not of the run's slots or services.

    Raises
    ------
    InvalidOption
        Naming the policy and what does not fit.
    """
    if states is not None and len(states) != site.slots:
        raise InvalidOption(f"policy {name}: {len(states)} states for {site.slots} slots; one each is needed")
    if not np.array_equal(process.service_model, site.service_model):
        raise InvalidOption(f"policy {name}: the process is of other services than server {site.name}")


class _AveragingAgent:
    def __init__(self, site: Site, policy: HindsightAveraging, rng: np.random.Generator) -> None:
        self._choice = SlotChoice(site)
        self._policy = policy
        self._rng = rng
        self._joint: int | None = None
        self._prices = np.zeros((policy.horizon + 1, site.models))
        busiest = np.zeros(site.models)
        for model, chain in enumerate(policy.process.chains):
            gains = np.maximum(0.0, site.saving[site.service_model == model, -1])
            busiest[model] = float((chain.arrivals @ gains).max(initial=0.0))
        self._step = 0.25 * float(busiest.mean())

    def decide(self, observation: Observation) -> Decision:
        site, policy, choice = self._choice.site, self._policy, self._choice
        state = self._state(observation)
        keeping = np.zeros(site.models)
        ahead = min(policy.horizon, site.slots - observation.slot - 1)
        if ahead > 0:
            prices = np.ascontiguousarray(self._prices[: ahead + 1])
            average_keeping(
                self._futures(observation.requests, state, ahead), observation.context,
                observation.cached, site.service_model, site.saving, site.window, site.gain, site.vanish,
                site.load_cost, site.footprint, knapsack_limit(site.memory), prices, policy.iterations,
                self._step, keeping,
            )  # fmt: skip
            self._prices[:ahead], self._prices[ahead] = prices[1:], prices[-1]
        keeping -= np.where(observation.cached, 0.0, site.load_cost)
        worth = choice.saving(observation.context)
        return choice.choose(observation.requests, worth, keeping, observation.cached)[0]

    def _futures(self, now: IntArray, state: IntArray, ahead: int) -> IntArray:
        """Draw arrivals (F, ahead + 1, S) that begin with those of this slot."""
        process, rng = self._policy.process, self._rng
        drawn = np.empty((self._policy.futures, ahead + 1, now.size), dtype=np.int64)
        drawn[:, 0] = now
        for future in drawn:
            future[1:] = process.draw_requests(rng, process.draw_states(rng, ahead, state))
        return drawn

    def _state(self, observation: Observation) -> IntArray:
        policy = self._policy
        if policy.states is not None:
            return np.asarray(policy.states[observation.slot])
        demand = policy.process
        assert isinstance(demand, MarkovDemand)  # `start` has checked it
        self._joint = demand.follow(self._joint, observation.requests)
        sizes = [part.states for part in demand.parts]
        return np.array(np.unravel_index(self._joint, sizes), dtype=np.int64)
