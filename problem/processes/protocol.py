"""What a known arrival process is, for the references that use it.

A process has a demand state. Given the states of all slots the counts of the services are independent of
each other and of everything else: fixed numbers, or Poisson. The state need not be a product of models,
but *each model must see a Markov chain of its own*: given everything up to a slot, the law of its local state
in the next slot depends on its local state alone. Models may depend on each other beyond that.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np

from ..fields import IntArray
from .chain import Chain, Counts


class DemandProcess(Protocol):
    """Arrivals at one server as a function of a Markov chain."""

    @property
    def service_model(self) -> IntArray:
        """(S,) model of each service."""
        ...

    @property
    def chains(self) -> tuple[Chain, ...]:
        """For each model its local chain, with the arrivals of its services in rising order."""
        ...

    @property
    def counts(self) -> Counts:
        """Whether arrivals are fixed numbers given the state, or Poisson with those means."""
        ...

    def draw_states(self, rng: np.random.Generator, slots: int, after: IntArray | None = None) -> IntArray:
        """Draw demand states (slots, K), from the initial law or as what follows the state `after` (K,)."""
        ...

    def local(self, states: IntArray) -> IntArray:
        """Turn demand states (slots, K) into the local state of each model (slots, M)."""
        ...

    def draw_requests(self, rng: np.random.Generator, states: IntArray) -> IntArray:
        """Draw the requests (slots, S) that arrive in given demand states (slots, K)."""
        ...
