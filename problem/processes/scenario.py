"""The workloads that are Markov, as processes: what `scenario_workloads` draws, with its states named.

States of these processes are hidden from policies, which see Poisson counts. References that use the
states know more than any policy, so bounds computed with them hold for policies that see less as well.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from ..errors import InvalidOption
from ..fields import FloatArray, IntArray
from ..workloads import Deployment, HotSet, OnOff, Pipelines, Regimes, Stationary, Workload
from .chain import Chain, Counts
from .constructors import stage_chain
from .markov import MarkovDemand
from .protocol import DemandProcess


def process_of(workload: Workload) -> DemandProcess:
    """Return the Markov process that a workload draws from.

    Raises
    ------
    InvalidOption
        For workloads that are not finite Markov chains with Poisson counts.
    """
    for kind, convert in _CONVERTERS.items():
        if isinstance(workload, kind):
            return convert(workload)
    known = ", ".join(kind.__name__ for kind in _CONVERTERS)
    raise InvalidOption(
        f"workload {type(workload).__name__} is no finite Markov chain with Poisson counts: use {known}"
    )


def _on_off(workload: OnOff) -> DemandProcess:
    deployment, models = workload.deployment, workload.deployment.models
    noise, parts = workload.requests * workload.noise / models, []
    for model in range(models):
        stop = 1.0 / workload.mean_on[model]
        duty = workload.duty[model]
        start = duty / (workload.mean_on[model] * (1.0 - duty))
        rates = np.zeros((2, models))
        rates[:, model] = noise + np.array([0.0, workload.amplitude])
        parts.append(
            Chain([1.0 - duty, duty], [[1.0 - start, start], [stop, 1.0 - stop]], deployment.spread(rates))
        )
    return MarkovDemand(deployment.service_model, parts, "poisson")


def _pipelines(workload: Pipelines) -> DemandProcess:
    """State of a pipeline: stage and age of the stay; every phase of the walk may be the first."""
    deployment, models = workload.deployment, workload.deployment.models
    noise = workload.requests * workload.noise / models
    busy = workload.requests * (1.0 - workload.noise) / len(workload.cycles)
    dwell = np.zeros(workload.dwell + workload.jitter)
    dwell[workload.dwell - workload.jitter - 1 :] = 1.0 / (2 * workload.jitter + 1)
    parts, unused = [], np.ones(models, dtype=bool)
    for cycle in workload.cycles:
        transition, _ = stage_chain(len(cycle), dwell)
        stage = np.arange(len(transition)) // dwell.size
        rates = np.zeros((stage.size, models))
        rates[:, cycle] = noise
        rates[np.arange(stage.size), cycle[stage]] += busy
        unused[cycle] = False
        initial = np.tile(_first_age(dwell, len(cycle) * dwell.size), len(cycle)) / len(cycle)
        parts.append(Chain(initial, transition, deployment.spread(rates)))
    if unused.any():
        parts.append(Chain([1.0], [[1.0]], deployment.spread(noise * unused[None].astype(np.float64))))
    return MarkovDemand(deployment.service_model, parts, "poisson")


def _first_age(dwell: FloatArray, lead: int) -> FloatArray:
    """Law of the age of the stay at a uniformly random slot of the first `lead` slots of a walk."""
    begins = np.zeros(lead)
    begins[0] = 1.0
    for slot in range(1, lead):
        back = min(slot, dwell.size)
        begins[slot] = begins[slot - back : slot][::-1] @ dwell[:back]
    alive = np.cumsum(dwell[::-1])[::-1]
    return np.array([begins[: lead - age].sum() * alive[age] for age in range(dwell.size)]) / lead


def _regimes(workload: Regimes) -> DemandProcess:
    count = len(workload.popularity)
    leave = 1.0 / workload.mean_slots
    transition = np.full((count, count), leave / (count - 1))
    np.fill_diagonal(transition, 1.0 - leave)
    rates = workload.deployment.spread(workload.requests * workload.popularity)
    chain = Chain(np.full(count, 1.0 / count), transition, rates)
    return MarkovDemand(workload.deployment.service_model, [chain], "poisson")


def _stationary(workload: Stationary) -> DemandProcess:
    rates = workload.deployment.spread(workload.requests * workload.popularity[None])
    return MarkovDemand(workload.deployment.service_model, [Chain([1.0], [[1.0]], rates)], "poisson")


@dataclass(frozen=True, eq=False)
class HotSetDemand:
    """The hot set of `workloads.HotSet`: every hot model has a place, and cools down with its place.

    The demand state is the place of each model (slots, M), 0 for cold. Places are visited in order within
    a slot, so a model that has just cooled down can be chosen again by a later place: hence the place, not
    only being hot, is the local state of a model.
    """

    workload: HotSet

    @property
    def deployment(self) -> Deployment:
        """Services and their shares."""
        return self.workload.deployment

    @property
    def service_model(self) -> IntArray:
        """(S,) model of each service."""
        return self.deployment.service_model

    @property
    def counts(self) -> Counts:
        """Poisson."""
        return "poisson"

    @cached_property
    def chains(self) -> tuple[Chain, ...]:
        """Local chain of each model: cold, or one of the places."""
        models, hot = self.deployment.models, self.workload.hot
        cool, cold = 1.0 / self.workload.mean_hot, models - hot
        transition = np.eye(hot + 1)
        for place in range(1, hot + 1):
            step = np.eye(hot + 1)
            if cold:
                step[place, [place, 0]] = 1.0 - cool, cool
                step[0, [0, place]] = 1.0 - cool / cold, cool / cold
            transition = transition @ step
        initial = np.full(hot + 1, 1.0 / models)
        initial[0] = cold / models
        return tuple(Chain(initial, transition, self._rates(model)) for model in range(models))

    def _rates(self, model: int) -> FloatArray:
        states = np.arange(self.workload.hot + 1)
        mine = np.flatnonzero(self.service_model == model)
        return np.asarray(self._model_rate(states)[:, None] * self.deployment.share[mine])

    def _model_rate(self, places: IntArray) -> FloatArray:
        workload = self.workload
        share = workload.noise / self.deployment.models + (places > 0) * (1 - workload.noise) / workload.hot
        return np.asarray(workload.requests * share)

    def draw_states(self, rng: np.random.Generator, slots: int, after: IntArray | None = None) -> IntArray:
        """Draw the places (slots, M), from the start or as what follows the places `after` (M,)."""
        models, hot = self.deployment.models, self.workload.hot
        if after is None:
            order = rng.permutation(models)
        else:
            order = np.argsort(np.where(after > 0, after, hot + 1), kind="stable")
        cools = rng.random((slots, hot)) < 1.0 / self.workload.mean_hot
        other = rng.integers(hot, models, (slots, hot)) if hot < models else None
        states = np.zeros((slots, models), dtype=np.int64)
        for slot in range(slots):
            moving = other is not None and (slot > 0 or after is not None)
            for place in np.flatnonzero(cools[slot]) if moving else ():
                chosen = other[slot, place]  # type: ignore[index]
                order[place], order[chosen] = order[chosen], order[place]
            states[slot, order[:hot]] = np.arange(1, hot + 1)
        return states

    def local(self, states: IntArray) -> IntArray:
        """Local state of each model (slots, M)."""
        role = (np.arange(self.deployment.models) - self.deployment.rotation) % self.deployment.models
        return np.asarray(states[:, role])

    def draw_requests(self, rng: np.random.Generator, states: IntArray) -> IntArray:
        """Draw the requests (slots, S) for given places (slots, M)."""
        return np.asarray(rng.poisson(self.deployment.spread(self._model_rate(states))), dtype=np.int64)


_CONVERTERS: dict[Any, Callable[[Any], DemandProcess]] = {
    OnOff: _on_off,
    HotSet: HotSetDemand,
    Pipelines: _pipelines,
    Regimes: _regimes,
    Stationary: _stationary,
}
