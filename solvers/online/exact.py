"""The optimum among online policies, exactly: stochastic dynamic programming on small worlds.

With demand that is a function of a finite Markov chain d, backward induction over (d; cached set, contexts)
gives the least expected cost of any policy that sees d up to the slot it decides, and a policy that attains
it:

    V_t(d, x) = min over decisions of  cost(d, x, decision) + E[ V_{t+1}(D', next x) | d ].

Where arrivals reveal d (`MarkovDemand.follow`), that is the optimum among all online policies. Where they do
not, it is the optimum among policies that are told d, and a lower bound for all others.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from ...problem.errors import InvalidOption
from ...problem.fields import FloatArray, IntArray
from ...problem.instance import Instance
from ...problem.processes import MarkovDemand, check_services
from ..policies.base import Tunable
from ..policies.protocol import Decision, Observation, Site
from .backward import decide, step_back
from .states import StateSpace, state_space

MAX_TABLE = 30_000_000
MAX_WORK = 2e10


@dataclass(frozen=True, eq=False)
class StochasticProgramme:
    """Cost-to-go of a world under a known process.

    Attributes
    ----------
    demand
        The arrival process.
    space
        States of the server.
    arrivals
        (D, S) requests in each joint demand state.
    to_go
        (T + 1, D, X) least expected cost from slot t on, slot t's demand state and the state before it known.
    value
        Optimal expected cost from an empty cache.
    """

    demand: MarkovDemand
    space: StateSpace
    arrivals: IntArray
    to_go: FloatArray
    value: float

    @property
    def slots(self) -> int:
        """Horizon T."""
        return int(self.to_go.shape[0]) - 1

    @property
    def empty(self) -> int:
        """Number of the state with nothing cached."""
        return int(self.space.first[np.flatnonzero(~self.space.sets.any(axis=1))[0]])

    def expected(self, slot: int, demand_state: int) -> FloatArray:
        """Expected cost (X,) from slot + 1 on when slot's demand state is known."""
        ahead: FloatArray = self.demand.joint.transition[demand_state] @ self.to_go[slot + 1]
        return ahead

    def policy(self, states: IntArray | None = None) -> OptimalOnline:
        """Return an optimal online policy.

        Parameters
        ----------
        states
            (T,) joint demand states, told to the policy one by one; None if it can tell them from the
            arrivals.
        """
        return OptimalOnline(programme=self, states=states)


def stochastic_programme(
    world: Instance, demand: MarkovDemand, slots: int | None = None
) -> StochasticProgramme:
    """Solve a small world with one server exactly.

    Parameters
    ----------
    world
        Costs and capacities; its requests are ignored.
    demand
        The arrival process, with fixed counts.
    slots
        Horizon; by default that of the world.

    Raises
    ------
    InvalidOption
        If the process is not finite, or there are too many states.
    """
    check_services(demand, world)
    if demand.counts != "fixed":
        raise InvalidOption("exact programme: arrivals must be a function of the demand state, not Poisson")
    space = state_space(world)
    joint, horizon = demand.joint, world.slots if slots is None else slots
    arrivals = joint.arrivals.astype(np.int64)
    _guard(space, arrivals, horizon)
    to_go = np.zeros((horizon + 1, joint.states, space.size))
    for slot in range(horizon - 1, -1, -1):
        ahead = joint.transition @ to_go[slot + 1]
        for state in range(joint.states):
            to_go[slot, state] = step_back(space, arrivals[state], ahead[state])
    programme = StochasticProgramme(demand, space, arrivals, to_go, 0.0)
    return replace(programme, value=float(joint.initial @ to_go[0, :, programme.empty]))


def _guard(space: StateSpace, arrivals: IntArray, horizon: int) -> None:
    table = (horizon + 1) * len(arrivals) * space.size
    vectors = np.where(space.hosted[:, None, :], arrivals[None] + 1.0, 1.0).prod(axis=2).sum(axis=1)
    work = horizon * float((vectors * np.diff(space.first)).sum() + len(arrivals) * space.kept.size)
    if table > MAX_TABLE or work > MAX_WORK:
        raise InvalidOption(
            f"exact programme: {table:,} table entries and {work:.2g} steps; at most {MAX_TABLE:,} and "
            f"{MAX_WORK:.2g}: use online_bound"
        )


def penalised_optimum(programme: StochasticProgramme, path: IntArray, to_go: FloatArray) -> float:
    """Clairvoyant optimum of one path under the penalties that any cost-to-go defines.

    Its mean over all paths is at most the optimal expected cost of any online policy, whatever ``to_go``
    is; with ``programme.to_go`` it equals that cost on every single path (Brown, Smith, Sun 2010).

    Parameters
    ----------
    path
        (T,) joint demand states.
    to_go
        (T + 1, D, X) any approximation of ``programme.to_go``; zeros give the plain clairvoyant optimum. The
        last entry must be 0, the cost after the end.
    """
    transition, space = programme.demand.joint.transition, programme.space
    value = np.zeros(space.size)
    for slot in range(programme.slots - 1, -1, -1):
        if slot + 1 < programme.slots:
            ahead = to_go[slot + 1]
            value = value + transition[path[slot]] @ ahead - ahead[path[slot + 1]]
        value = step_back(space, programme.arrivals[path[slot]], value)
    first = to_go[0, :, programme.empty]
    return float(value[programme.empty] + programme.demand.joint.initial @ first - first[path[0]])


def clairvoyant_mean(programme: StochasticProgramme) -> float:
    """Expected clairvoyant optimum, all paths of demand enumerated."""
    nothing = np.zeros_like(programme.to_go)
    return penalised_mean(programme, nothing)


def penalised_mean(programme: StochasticProgramme, to_go: FloatArray) -> float:
    """Expected penalised optimum, all paths of demand enumerated: a lower bound for any ``to_go``."""
    paths: Iterator[tuple[float, IntArray]] = programme.demand.paths(programme.slots)
    return sum(chance * penalised_optimum(programme, path, to_go) for chance, path in paths)


@dataclass(frozen=True, kw_only=True, eq=False)
class OptimalOnline(Tunable):
    """The optimal online policy of a solved world: it looks its decision up.

    Parameters
    ----------
    programme
        From `stochastic_programme`.
    states
        (T,) joint demand states to be told, or None to tell them from the arrivals.
    """

    title: ClassVar[str] = "optimal-online"
    programme: StochasticProgramme
    states: IntArray | None = None

    def start(
        self,
        site: Site,
        rng: np.random.Generator,  # noqa: ARG002
        future: IntArray | None,  # noqa: ARG002
    ) -> _LookUp:
        """Begin a run on one server."""
        if site.slots != self.programme.slots or site.services != self.programme.arrivals.shape[1]:
            raise InvalidOption(
                f"policy {self.name}: solved for {self.programme.slots} slots and "
                f"{self.programme.arrivals.shape[1]} services, not for {site.slots} and {site.services}"
            )
        return _LookUp(self.programme, self.states)


class _LookUp:
    def __init__(self, programme: StochasticProgramme, states: IntArray | None) -> None:
        self._programme = programme
        self._states = states
        self._demand_state: int | None = None

    def decide(self, observation: Observation) -> Decision:
        programme, slot = self._programme, observation.slot
        if self._states is None:
            self._demand_state = programme.demand.follow(self._demand_state, observation.requests)
        else:
            self._demand_state = int(self._states[slot])
        space = programme.space
        here = space.number(observation.cached, observation.context)
        ahead = programme.expected(slot, self._demand_state)
        chosen, served, _ = decide(space, observation.requests, ahead, here)
        return Decision(space.sets[chosen].copy(), served)
