"""Demand driven by independent finite Markov chains, each for some of the services."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from ..errors import InvalidOption
from ..fields import IntArray
from ..instance import Instance
from .chain import Chain, Counts, product
from .draw import check_services, sampled_instance, stretch

MAX_JOINT_STATES = 20_000
MAX_PATHS = 1_000_000


@dataclass(frozen=True, eq=False)
class MarkovDemand:
    """A known arrival process with finitely many demand states.

    Attributes
    ----------
    service_model
        (S,) model of each service.
    parts
        Independent chains; the arrivals (Z, S) of each are for all services, and they add up. The services
        of one model must get their arrivals from one chain.
    counts
        "fixed": arrivals are a function of the state; "poisson": independent counts with those means.

    Raises
    ------
    InvalidOption
        If the services of a model depend on two chains, fixed arrivals are not whole, or shapes differ.
    """

    service_model: IntArray
    parts: tuple[Chain, ...]
    counts: Counts

    def __init__(
        self, service_model: npt.ArrayLike, parts: Sequence[Chain], counts: Counts = "fixed"
    ) -> None:
        models = np.array(service_model, dtype=np.int64)
        models.setflags(write=False)
        object.__setattr__(self, "service_model", models)
        object.__setattr__(self, "parts", tuple(parts))
        object.__setattr__(self, "counts", counts)
        if models.ndim != 1 or not self.parts or counts not in ("fixed", "poisson"):
            raise InvalidOption(
                "demand: needs a list of models, at least one chain, and counts 'fixed' or 'poisson'"
            )
        for index, part in enumerate(self.parts):
            if part.arrivals.shape[1] != models.size:
                raise InvalidOption(
                    f"demand: chain {index} has arrivals for {part.arrivals.shape[1]} services, "
                    f"not for {models.size}"
                )
            if counts == "fixed" and np.any(part.arrivals != np.floor(part.arrivals)):
                raise InvalidOption(f"demand: chain {index} has arrivals that are not whole numbers")
        self._driver  # noqa: B018 - raises where two chains drive one model

    @property
    def models(self) -> int:
        """Number of models M: one more than the largest that a service runs on."""
        return int(self.service_model.max()) + 1

    @cached_property
    def _driver(self) -> IntArray:
        """(M,) the chain that drives each model; chain 0 for models that nobody asks for."""
        driver = np.zeros(self.models, dtype=np.int64)
        for model in range(self.models):
            mine = self.service_model == model
            drivers = [i for i, part in enumerate(self.parts) if np.any(part.arrivals[:, mine] > 0)]
            if len(drivers) > 1:
                raise InvalidOption(
                    f"demand: chains {drivers} all drive model {model}; join them into one chain (product)"
                )
            driver[model] = drivers[0] if drivers else 0
        return driver

    @cached_property
    def chains(self) -> tuple[Chain, ...]:
        """Local chain of each model, with the arrivals of its services in rising order."""
        return tuple(
            self.parts[driver].services(np.flatnonzero(self.service_model == model))
            for model, driver in enumerate(self._driver)
        )

    @cached_property
    def joint(self) -> Chain:
        """All chains as one, with the arrivals (D, S) of all services.

        Raises
        ------
        InvalidOption
            If there are more than 20,000 joint states.
        """
        states = 1
        for part in self.parts:
            states *= part.states
        if states > MAX_JOINT_STATES:
            raise InvalidOption(f"demand: {states:,} joint states; at most {MAX_JOINT_STATES:,} are joined")
        return product(self.parts)

    def joint_state(self, states: IntArray) -> IntArray:
        """Number (slots,) of the joint state for the states of the parts (slots, K)."""
        number = np.zeros(states.shape[0], dtype=np.int64)
        for index, part in enumerate(self.parts):
            number = number * part.states + states[:, index]
        return number

    def draw_states(self, rng: np.random.Generator, slots: int, after: IntArray | None = None) -> IntArray:
        """Draw states of the parts (slots, K), from the initial law or as what follows `after` (K,)."""
        before = [None] * len(self.parts) if after is None else [int(state) for state in after]
        paths = [part.path(rng, slots, state) for part, state in zip(self.parts, before, strict=True)]
        return np.stack(paths, axis=1)

    def local(self, states: IntArray) -> IntArray:
        """Local state of each model (slots, M)."""
        return np.asarray(states[:, self._driver])

    def draw_requests(self, rng: np.random.Generator, states: IntArray) -> IntArray:
        """Draw the requests (slots, S) that arrive in given states of the parts (slots, K)."""
        total = sum(part.arrivals[states[:, index]] for index, part in enumerate(self.parts))
        counts = total if self.counts == "fixed" else rng.poisson(total)
        return np.asarray(counts, dtype=np.int64)

    def sample(self, seed: int, slots: int) -> IntArray:
        """Draw a stretch of requests (slots, S)."""
        return stretch(self, slots, seed)[1]

    def instance(self, world: Instance, seed: int, slots: int | None = None) -> Instance:
        """Return the world with a drawn stretch of requests at its one server."""
        check_services(self, world)
        return sampled_instance(world, (self,), seed, slots=slots)

    def paths(self, slots: int) -> Iterator[tuple[float, IntArray]]:
        """Every path of joint states (slots,) that can happen, with its probability.

        Raises
        ------
        InvalidOption
            If there are more than a million.
        """
        if self.joint.states**slots > MAX_PATHS:
            alive = np.count_nonzero(self.joint.initial)
            most = alive * float(np.count_nonzero(self.joint.transition, axis=1).max()) ** (slots - 1)
            if most > MAX_PATHS:
                raise InvalidOption(f"demand: up to {most:.3g} paths; at most {MAX_PATHS:,} are listed")
        return self._extend(self.joint.initial, 1.0, [], slots)

    def _extend(
        self, law: npt.NDArray[np.float64], weight: float, before: list[int], slots: int
    ) -> Iterator[tuple[float, IntArray]]:
        if slots == 0:
            yield weight, np.array(before, dtype=np.int64)
            return
        for state in np.flatnonzero(law):
            chance = weight * float(law[state])
            yield from self._extend(self.joint.transition[state], chance, [*before, int(state)], slots - 1)

    def follow(self, before: int | None, requests: IntArray) -> int:
        """Tell the joint state from the requests of a slot and the joint state before it.

        Raises
        ------
        InvalidOption
            If the requests cannot follow, or several states explain them: the demand state is then not
            what a policy can see.
        """
        if self.counts != "fixed":
            raise InvalidOption("demand: Poisson counts do not tell the demand state")
        law = self.joint.initial if before is None else self.joint.transition[before]
        fits = np.flatnonzero((law > 0) & np.all(self.joint.arrivals == requests, axis=1))
        if fits.size != 1:
            what = "no demand state explains" if fits.size == 0 else "several demand states explain"
            raise InvalidOption(f"demand: {what} the requests {requests.tolist()}")
        return int(fits[0])
