"""The episodes of many lanes at once: the engine under the single and the vector environment.

A lane plays one episode (one server of one instance). Lanes that begin together with the same sizes,
services and length form a wave, which the referee's own dynamics (`problem.batch.BatchedStepper`) step in
one call; the single environment is the engine with one lane.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...problem import Instance
from ...problem.batch import BatchedStepper
from ...problem.errors import InvalidOption, InvalidPlan
from ...problem.fields import BoolArray, FloatArray, IntArray
from ...solvers.policies.protocol import Site
from .actions import ActionKind, action_space, decode
from .demand import Demand, empty_demand, forget, remember
from .observation import Tokens, begin_tokens, empty_tokens
from .projection import FILLS, Fill, project, serve
from .sites import empty_sites, place
from .sources import EpisodeSource, learnt_before
from .tokens import observe


@dataclass(frozen=True)
class Outcome:
    """What a slot brought to every lane.

    Attributes
    ----------
    terms : float (B, 5)
        Cost by the terms of `problem.dynamics.TERMS`.
    cloud_only : float (B,)
        What the slot would have cost with every request sent to the cloud.
    terminated, truncated : bool (B,)
        Whether the instance is over, or the episode was cut before its end.
    """

    terms: FloatArray
    cloud_only: FloatArray
    terminated: BoolArray
    truncated: BoolArray


@dataclass(frozen=True)
class _Wave:
    lanes: Any
    """Numbers of the lanes, or a slice when they are consecutive."""
    stepper: BatchedStepper
    models: int
    services: int
    cloud_cost: FloatArray


class Lanes:
    """B episodes in progress.

    Parameters
    ----------
    source
        Where the episodes come from.
    count
        Number of lanes B.
    action, fill
        How actions are read (`actions.action_space`) and projected (`projection`).
    slots
        Episodes are cut after so many slots; None: they last as long as their instances.
    max_models, max_services
        Sizes to which everything is padded; by default the source's greatest.

    Attributes
    ----------
    requests, context : int (B, S); cached : bool (B, M); slot, slots_of : int (B,)
        What is seen when a slot is decided, as in `solvers.Observation`; length of each lane's instance.
    sites, demand
        The servers, and the statistics of what arrived (`Sites`, `Demand`).
    tokens
        The current observations; written in place by the next step.
    """

    def __init__(
        self,
        source: EpisodeSource,
        count: int,
        *,
        action: ActionKind,
        fill: Fill,
        slots: int | None,
        max_models: int | None,
        max_services: int | None,
    ) -> None:
        if count < 1:
            raise InvalidOption(f"num_envs = {count}: must be at least 1")
        if slots is not None and slots < 1:
            raise InvalidOption(f"slots = {slots}: must be at least 1")
        if fill not in FILLS:
            raise InvalidOption(f"fill = {fill!r}: must be one of {', '.join(FILLS)}")
        models, services = source.sizes
        self.models, self.services = max_models or models, max_services or services
        if self.models < models or self.services < services:
            raise InvalidOption(
                f"max_models = {self.models}, max_services = {self.services}: the source has episodes with "
                f"{models} models or {services} services"
            )
        self.count, self.source = count, source
        self.space = action_space(action, self.models, self.services)
        self._action, self._sequential, self._cut = action, fill == "sequential", slots
        self.sites = empty_sites(count, self.models, self.services)
        self.demand = empty_demand(count, self.models, self.services)
        self.tokens = empty_tokens(count, self.models, self.services)
        self.requests, self.context = np.zeros((2, count, self.services), np.int64)
        self.cached = np.zeros((count, self.models), np.bool_)
        self.slot, self.slots_of = np.zeros((2, count), np.int64)
        self._waves: list[_Wave] = []

    def begin(self, lanes: Sequence[int], episodes: Sequence[int]) -> None:
        """Put new episodes into lanes and look at their first arrivals.

        Raises
        ------
        InvalidOption
            If an episode does not exist or is larger than declared.
        """
        groups: dict[Hashable, tuple[list[int], list[Instance]]] = {}
        for lane, episode in zip(lanes, episodes, strict=True):
            if not 0 <= episode < len(self.source):
                raise InvalidOption(
                    f"episode {episode}: the source has only episodes 0 to {len(self.source) - 1}"
                )
            instance = self.source[episode]
            self._place(lane, instance, learnt_before(self.source, episode))
            members = groups.setdefault(_likeness(instance), ([], []))
            members[0].append(lane)
            members[1].append(instance)
        self._waves = [wave for wave in self._waves if _numbers(wave.lanes, self.count)[0] not in lanes]
        started = [_wave(members, instances) for members, instances in groups.values()]
        self._waves += started
        arrived = np.zeros(self.count, np.bool_)
        for wave in started:
            self._arrive(wave, arrived)
        self._observe(arrived)

    def _place(self, lane: int, instance: Instance, learnt: Demand | None) -> None:
        if instance.servers != 1:
            raise InvalidOption(f"source: an episode has {instance.servers} servers; it must have one")
        site = Site.of(instance, 0)
        self.sites = place(self.sites, lane, site)
        forget(self.demand, lane)
        if learnt is not None:
            remember(self.demand, lane, learnt)
        begin_tokens(self.tokens, lane, self.sites, site)
        for array in (self.requests, self.context, self.cached, self.slot):
            array[lane] = 0
        self.slots_of[lane] = instance.slots

    def project(self, actions: NDArray[Any]) -> tuple[BoolArray, IntArray]:
        """The feasible plan of actions (B, M + S): cached (B, M) and served (B, S)."""
        return self.project_scores(*decode(self._action, actions, self.cached, self.services))

    def project_scores(self, scores: FloatArray, shares: FloatArray) -> tuple[BoolArray, IntArray]:
        """The feasible plan of scores (B, M), any finite numbers, and shares (B, S), cut to [0, 1]."""
        cached, served = self._empty_plan()
        project(
            self.sites,
            self.requests,
            self.cached,
            self.context,
            np.asarray(scores, dtype=np.float64),
            np.clip(np.asarray(shares, dtype=np.float64), 0.0, 1.0),
            self._sequential,
            cached,
            served,
        )
        return cached, served

    def serve(self, cached: BoolArray, shares: FloatArray) -> IntArray:
        """Served requests (B, S) for given sets (B, M) that fit the memory."""
        served = self._empty_plan()[1]
        wanted = np.clip(np.asarray(shares, dtype=np.float64), 0.0, 1.0)
        serve(self.sites, self.requests, self.context, cached, wanted, served)
        return served

    def _empty_plan(self) -> tuple[BoolArray, IntArray]:
        return np.zeros(self.cached.shape, np.bool_), np.zeros(self.requests.shape, np.int64)

    def check(self, cached: NDArray[Any], served: NDArray[Any]) -> None:
        """Refuse a plan of wrong shapes or types, or one that breaks a constraint.

        Raises
        ------
        InvalidPlan
            Naming the lane.
        """
        for name, array, like in (("cached", cached, self.cached), ("served", served, self.requests)):
            if array.shape != like.shape or array.dtype.kind != like.dtype.kind:
                kind = "booleans" if like.dtype.kind == "b" else "integers"
                raise InvalidPlan(f"{name}: {array.dtype} {array.shape}; must be {kind} {like.shape}")
        for wave in self._waves:
            kept, done = cached[wave.lanes], served[wave.lanes]
            good = wave.stepper.feasible(kept[:, None, : wave.models], done[:, None, : wave.services])[:, 0]
            good &= ~kept[:, wave.models :].any(axis=1) & ~done[:, wave.services :].any(axis=1)
            if not good.all():
                lane = _numbers(wave.lanes, self.count)[int(np.argmin(good))]
                raise InvalidPlan(
                    f"lane {lane}, slot {self.slot[lane]}: the plan breaks a constraint (memory, GPU time, "
                    "energy, served without its model, or more than arrived); project it first"
                )

    def advance(self, cached: BoolArray, served: IntArray) -> Outcome:
        """Play a feasible plan and look at the next arrivals.

        Raises
        ------
        InvalidOption
            If no episode was begun.
        """
        if not self._waves:
            raise InvalidOption("step before reset: no episode is in progress, call reset first")
        terms = np.empty((self.count, 5))
        cloud_only = np.empty(self.count)
        terminated, truncated, arrived = np.zeros((3, self.count), np.bool_)
        for wave in self._waves:
            lanes, stepper = wave.lanes, wave.stepper
            asked = self.requests[lanes, : wave.services]
            cloud_only[lanes] = (asked * wave.cloud_cost).sum(axis=-1)
            kept = cached[lanes, : wave.models]
            terms[lanes] = stepper.step(kept[:, None], served[lanes, None, : wave.services])[:, 0]
            self.context[lanes, : wave.services] = stepper.context[:, 0]
            self.cached[lanes, : wave.models] = kept
            self.slot[lanes] += 1
            if stepper.slot == stepper.slots:
                terminated[lanes] = True
                self.requests[lanes] = 0
            else:
                truncated[lanes] = stepper.slot == self._cut
                self._arrive(wave, arrived)
        self._observe(arrived)
        return Outcome(terms, cloud_only, terminated, truncated)

    def _arrive(self, wave: _Wave, arrived: BoolArray) -> None:
        self.requests[wave.lanes, : wave.services] = wave.stepper.requests()[:, 0]
        arrived[wave.lanes] = True

    def _observe(self, arrived: BoolArray) -> None:
        observe(
            self.sites,
            self.demand,
            arrived,
            self.requests,
            self.cached,
            self.context,
            self.slot,
            self.slots_of,
            self.tokens["models"],
            self.tokens["services"],
            self.tokens["server"],
        )


def observed(tokens: Tokens) -> Tokens:
    """A copy that later steps do not touch."""
    return {name: array.copy() for name, array in tokens.items()}


def _likeness(instance: Instance) -> Hashable:
    """Equal for instances that one stepper can hold."""
    return instance.requests.shape, instance.models, instance.service_model.tobytes()


def _wave(lanes: list[int], instances: list[Instance]) -> _Wave:
    first = instances[0]
    alike = all(one is first for one in instances)
    stepper = BatchedStepper(first, len(lanes)) if alike else BatchedStepper(instances)
    consecutive = lanes == list(range(lanes[0], lanes[0] + len(lanes)))
    return _Wave(
        lanes=slice(lanes[0], lanes[0] + len(lanes)) if consecutive else np.array(lanes),
        stepper=stepper,
        models=first.models,
        services=first.services,
        cloud_cost=np.concatenate([one.cloud_cost for one in instances]),
    )


def _numbers(lanes: Any, count: int) -> Sequence[int]:
    return range(count)[lanes] if isinstance(lanes, slice) else lanes.tolist()
