"""The observation, field by field: tokens of models and of services, scalars of the server, masks.

`MODEL_FEATURES`, `SERVICE_FEATURES` and `SERVER_FEATURES` name every column, in order, with its unit. Costs
are in units of the server's mean cloud cost per request; "root" is the square root that keeps the sign, which
tames Poisson counts; "span" is n / (n + 8) of n slots. Nothing depends on arrivals after the slot that is
to be decided.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from ...solvers.policies.protocol import Observation, Site
from .demand import Demand, empty_demand, remember
from .sites import Sites, empty_sites, place
from .tokens import begin, observe

Tokens: TypeAlias = "dict[str, NDArray[Any]]"
"""What the environment returns: arrays by the names of `observation_space`."""

MODEL_FEATURES = (
    ("size", "footprint / memory, at most 2"),
    ("load", "root of the load cost"),
    ("cached", "1 if in the cache of the slot before"),
    ("requests", "root of this slot's requests, over the model's services"),
    ("fast", "root of the fast mean of requests"),
    ("slow", "root of the slow mean of requests"),
    ("surprise", "(requests - fast mean) / sqrt(1 + slow mean)"),
    ("saving", "root of what serving this slot's requests saves at the context held"),
    ("saving_fast", "root of the saving a slot at the fast mean and the context held"),
    ("saving_slow", "root of the saving a slot at the slow mean and the context held"),
    ("potential_fast", "root of the saving a slot at the fast mean and full windows"),
    ("potential_slow", "root of the saving a slot at the slow mean and full windows"),
    ("context_worth", "root of what the context held adds to the saving at the fast mean"),
    ("payback", "p / (p + load cost), p the saving at the fast mean and full windows, if it is positive"),
    ("hot", "1 while the mean of the last two slots exceeds the slow mean"),
    ("age", "span of the slots in this hot or cold phase so far"),
    ("cold_length", "span of the mean length of the finished cold phases, 0 if none"),
    ("hot_length", "span of the mean length of the finished hot phases, 0 if none"),
    ("cold_spread", "standard deviation / mean of the finished cold phases' lengths, at most 2"),
    ("hot_spread", "standard deviation / mean of the finished hot phases' lengths, at most 2"),
    ("succession", "greatest share of this model among those that followed a model hot now or just before"),
    ("leader_hot", "1 if the model with that share (the leader) is hot"),
    ("leader_age", "span of the slots the leader has been in its phase, 0 without leader"),
    ("leader_length", "span of the mean length of the leader's finished hot phases, 0 without leader"),
    ("bulk", "root of footprint / mean footprint of the server's models"),
)

SERVICE_FEATURES = (
    ("work", "GPU-seconds of a request / those of a slot, at most 2; 0 without limit"),
    ("energy", "joule of a request / those of a slot, at most 2; 0 without limit"),
    ("window", "root of the context window, context units"),
    ("gain", "gain / window, at most 2"),
    ("vanish", "vanish / window, at most 2"),
    ("saving_empty", "saving of a request at context 0"),
    ("saving_full", "saving of a request at a full window"),
    ("cached", "1 if its model was in the cache of the slot before"),
    ("context", "context that counts if the model is kept / window"),
    ("context_next", "context after this slot if all requests are served / window"),
    ("saving", "saving of a request at the context held"),
    ("requests", "root of this slot's requests"),
    ("fast", "root of the fast mean"),
    ("slow", "root of the slow mean"),
    ("surprise", "(requests - fast mean) / sqrt(1 + slow mean)"),
)

SERVER_FEATURES = (
    ("memory", "memory / sum of all footprints, at most 2"),
    ("compute_limited", "1 if GPU time is limited"),
    ("energy_limited", "1 if energy is limited"),
    ("occupied", "share of the memory taken in the slot before"),
    ("requests", "root of this slot's requests / number of models"),
    ("fast", "root of their fast mean / number of models"),
    ("slow", "root of their slow mean / number of models"),
    ("compute_load", "GPU-seconds of all requests / those of a slot, at most 2; 0 without limit"),
    ("energy_load", "joule of all requests / those of a slot, at most 2; 0 without limit"),
    ("remaining", "slots of the instance not yet decided / 64, at most 1; 0 after its end"),
    ("seen", "span of the slots decided"),
    ("day_sin", "sine of the time since slot 0, one turn a day"),
    ("day_cos", "cosine of the same"),
)


def observation_space(models: int, services: int) -> spaces.Dict:
    """The space of one observation, padded to so many models and services."""

    def real(*shape: int) -> spaces.Box:
        return spaces.Box(-np.inf, np.inf, shape, np.float32)

    return spaces.Dict(
        {
            "models": real(models, len(MODEL_FEATURES)),
            "services": real(services, len(SERVICE_FEATURES)),
            "server": real(len(SERVER_FEATURES)),
            "model_mask": spaces.MultiBinary(models),
            "service_mask": spaces.MultiBinary(services),
            "service_model": spaces.Box(0, models - 1, (services,), np.int64),
        }
    )


def empty_tokens(lanes: int, models: int, services: int) -> Tokens:
    """Arrays of B observations, all zero."""
    return {
        "models": np.zeros((lanes, models, len(MODEL_FEATURES)), np.float32),
        "services": np.zeros((lanes, services, len(SERVICE_FEATURES)), np.float32),
        "server": np.zeros((lanes, len(SERVER_FEATURES)), np.float32),
        "model_mask": np.zeros((lanes, models), np.int8),
        "service_mask": np.zeros((lanes, services), np.int8),
        "service_model": np.zeros((lanes, services), np.int64),
    }


def begin_tokens(tokens: Tokens, lane: int, sites: Sites, site: Site) -> None:
    """Clear a lane for the server placed there and write what does not change: masks, sizes, prices."""
    for array in tokens.values():
        array[lane] = 0
    tokens["model_mask"][lane, : site.models] = 1
    tokens["service_mask"][lane, : site.services] = 1
    tokens["service_model"][lane, : site.services] = site.service_model
    begin(sites, lane, tokens["models"][lane], tokens["services"][lane], tokens["server"][lane])


class Observer:
    """The environment's observation of one server, for policies that run outside the environment.

    Parameters
    ----------
    site
        The server.
    max_models, max_services
        Sizes to which the tokens are padded; by default its own.
    learnt
        What earlier arrivals of the server have taught (`demand.history`).
    """

    def __init__(
        self,
        site: Site,
        max_models: int | None = None,
        max_services: int | None = None,
        learnt: Demand | None = None,
    ) -> None:
        models, services = max_models or site.models, max_services or site.services
        self._site = site
        self.sites = place(empty_sites(1, models, services), 0, site)
        self._demand = empty_demand(1, models, services)
        if learnt is not None:
            remember(self._demand, 0, learnt)
        self._tokens = empty_tokens(1, models, services)
        begin_tokens(self._tokens, 0, self.sites, site)
        self.cached = np.zeros((1, models), np.bool_)
        self.requests, self.context = np.zeros((2, 1, services), np.int64)

    def observe(self, seen: Observation) -> Tokens:
        """Return the observation of a slot; must be called once per slot, in order."""
        site, tokens = self._site, self._tokens
        self.cached[0, : site.models] = seen.cached
        self.requests[0, : site.services] = seen.requests
        self.context[0, : site.services] = seen.context
        observe(
            self.sites,
            self._demand,
            np.ones(1, np.bool_),
            self.requests,
            self.cached,
            self.context,
            np.array([seen.slot]),
            np.array([site.slots]),
            tokens["models"],
            tokens["services"],
            tokens["server"],
        )
        return {name: array[0].copy() for name, array in tokens.items()}

    @property
    def fast(self) -> NDArray[np.float64]:
        """(S,) fast mean of the requests of each service, the last slot's included."""
        return self._demand.fast[0, : self._site.services]

    @property
    def slow(self) -> NDArray[np.float64]:
        """(S,) slow mean of the requests of each service, the last slot's included."""
        return self._demand.slow[0, : self._site.services]
