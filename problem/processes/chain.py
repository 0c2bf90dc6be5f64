"""A finite Markov chain and the arrivals that go with its states."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from ..errors import InvalidOption
from ..fields import FloatArray, IntArray

Counts = Literal["fixed", "poisson"]

_TAIL = 1e-17


@dataclass(frozen=True, eq=False)
class Chain:
    """States of demand, how they follow each other, and what arrives in each.

    Attributes
    ----------
    initial
        (Z,) law of the state in slot 0.
    transition
        (Z, Z) law of the next state, one row for each state.
    arrivals
        (Z, J) requests of J services in each state: exact numbers, or the means of independent Poisson
        counts, as the process that owns the chain says.

    Raises
    ------
    InvalidOption
        If a law does not sum to one, an entry is negative or the shapes do not belong together.
    """

    initial: FloatArray
    transition: FloatArray
    arrivals: FloatArray

    def __init__(self, initial: npt.ArrayLike, transition: npt.ArrayLike, arrivals: npt.ArrayLike) -> None:
        for name, value in (("initial", initial), ("transition", transition), ("arrivals", arrivals)):
            array = np.array(value, dtype=np.float64)
            array.setflags(write=False)
            object.__setattr__(self, name, array)
        states = self.initial.size
        if self.transition.shape != (states, states) or self.arrivals.shape[:1] != (states,):
            raise InvalidOption(
                f"chain: transition {self.transition.shape} and arrivals {self.arrivals.shape} do not belong "
                f"to {states} states"
            )
        if self.arrivals.ndim != 2 or not np.all((self.arrivals >= 0) & np.isfinite(self.arrivals)):
            raise InvalidOption("chain: arrivals must be a (states, services) table of finite numbers >= 0")
        for name, law in (("initial", self.initial[None]), ("transition", self.transition)):
            off = np.abs(law.sum(axis=1) - 1.0)
            if not np.all(law >= 0) or not np.all(off <= 1e-9):
                raise InvalidOption(f"chain: every row of {name} must be a law: >= 0 and summing to one")
        object.__setattr__(self, "initial", self.initial / self.initial.sum())
        object.__setattr__(self, "transition", self.transition / self.transition.sum(axis=1, keepdims=True))

    @property
    def states(self) -> int:
        """Number of states Z."""
        return int(self.initial.size)

    def services(self, columns: IntArray) -> Chain:
        """Return the same states with the arrivals of some of the services."""
        return Chain(self.initial, self.transition, self.arrivals[:, columns])

    def path(self, rng: np.random.Generator, slots: int, after: int | None = None) -> IntArray:
        """Draw the states of the next slots: (slots,); from the initial law, or as what follows a state."""
        uniform = rng.random(slots)
        ladder = np.cumsum(self.transition, axis=1)
        ladder[:, -1] = 1.0
        start = np.cumsum(self.initial)
        start[-1] = 1.0
        path = np.zeros(slots, dtype=np.int64)
        row = start if after is None else ladder[after]
        for slot in range(slots):
            path[slot] = np.searchsorted(row, uniform[slot], side="right")
            row = ladder[path[slot]]
        return path

    def laws(self, slots: int) -> FloatArray:
        """Law of the state in each slot: (slots, Z)."""
        laws = np.empty((slots, self.states))
        law = self.initial
        for slot in range(slots):
            laws[slot] = law
            law = law @ self.transition
        return laws


def product(chains: tuple[Chain, ...]) -> Chain:
    """Several independent chains as one; arrivals add up. The last chain's state varies fastest."""
    joint = chains[0]
    for chain in chains[1:]:
        arrivals = joint.arrivals[:, None, :] + chain.arrivals[None, :, :]
        joint = Chain(
            np.kron(joint.initial, chain.initial),
            np.kron(joint.transition, chain.transition),
            arrivals.reshape(-1, arrivals.shape[2]),
        )
    return joint


def count_law(arrivals: FloatArray, counts: Counts, most: IntArray) -> FloatArray:
    """Law of the number of requests that can be served: (Z, J, R + 1).

    Parameters
    ----------
    arrivals
        (Z, J) exact numbers or means.
    counts
        What they are.
    most
        (J,) requests beyond which none can be served in a slot; their probability goes to that number.

    Returns
    -------
    numpy.ndarray
        Rows sum to one; Poisson tails below 1e-17 are cut.
    """
    if counts == "fixed":
        whole = np.minimum(arrivals.astype(np.int64), most)
        law = np.zeros((*arrivals.shape, int(whole.max(initial=0)) + 1))
        np.put_along_axis(law, whole[:, :, None], 1.0, axis=2)
        return law
    largest = _poisson_end(float(arrivals.max(initial=0.0)))
    number = np.arange(largest + 1)
    log_factorial = np.concatenate([[0.0], np.cumsum(np.log(number[1:]))])
    with np.errstate(divide="ignore", invalid="ignore"):
        exponent = number * np.log(arrivals)[:, :, None]
    exponent[..., 0] = 0.0
    law = np.exp(exponent - arrivals[:, :, None] - log_factorial)
    law /= law.sum(axis=2, keepdims=True)
    for service, limit in enumerate(most):
        if limit < largest:
            law[:, service, limit] += law[:, service, limit + 1 :].sum(axis=1)
            law[:, service, limit + 1 :] = 0.0
    return np.asarray(law)


def _poisson_end(mean: float) -> int:
    """A number that a Poisson count of this mean exceeds with probability below 1e-17 (Chernoff's bound)."""
    end = int(mean) + 1
    while mean > 0.0 and end * np.log(mean / end) + end - mean > np.log(_TAIL):
        end += 1 + end // 20
    return end
