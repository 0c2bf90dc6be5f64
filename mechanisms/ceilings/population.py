"""One side of a market of unknown traders: their possible types, the prior, and who may stand beside whom.

Traders of a side are alike before their types are drawn, so a profile matters only as a multiset: a seat is
a multiset together with one of the types in it, and an anonymous mechanism decides once for each seat.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations_with_replacement
from typing import Any

import numpy as np
import numpy.typing as npt

from ...problem.errors import InvalidOption
from ..market import Floats

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Population:
    """Traders of one side, drawn independently from one prior.

    Parameters
    ----------
    worth
        (G,) what having (giving away) a unit is worth to each type of buyer (seller), ascending; for a
        seller it is minus the cost, so that one set of formulas serves both sides.
    prior
        (G,) probability of each type.
    traders
        How many there are, 1 or more.
    """

    worth: Floats
    prior: Floats
    traders: int

    @property
    def types(self) -> int:
        """Number of types G."""
        return len(self.worth)

    def members(self, traders: int) -> Ints:
        """(multisets, traders) types in every multiset, in a fixed order."""
        sets = list(combinations_with_replacement(range(self.types), traders))
        return np.array(sets, dtype=np.int64).reshape(len(sets), traders)

    def counts(self, traders: int) -> Ints:
        """(multisets, G) how many of ``traders`` have each type, in the order of `members`."""
        members = self.members(traders)
        table = np.zeros((len(members), self.types), dtype=np.int64)
        np.add.at(table, (np.arange(len(members))[:, None], members), 1)
        return table

    def chances(self, counts: Ints) -> Floats:
        """(multisets,) multinomial probability of each row of `counts`."""
        ways = np.array([_arrangements(row) for row in counts.tolist()])
        chance: Floats = ways * np.prod(self.prior[None, :] ** counts, axis=1)
        return chance


def populations(types: Any, prior: Any, buyers: int, sellers: int) -> tuple[Population, Population]:
    """Check and sort what a user says about buyers and sellers.

    Parameters
    ----------
    types
        Sequence of types for both sides, or a pair of sequences: buyers' values and sellers' costs.
    prior
        None for equally likely types, probabilities of ``types``, or a pair of such.
    """
    for name, number in (("buyers", buyers), ("sellers", sellers)):
        if isinstance(number, bool) or not isinstance(number, int) or number < 1:
            raise InvalidOption(f"{name} is {number!r}: a whole number, 1 or more, is expected")
    values, costs = _sides(types, "types")
    chances = (None, None) if prior is None else _sides(prior, "prior")
    made_buyers = _population("buyers", values, chances[0], buyers)
    if min(costs) < 0:
        raise InvalidOption(f"types: the cost {min(costs):g} is negative: a cost is 0 or more")
    made_sellers = _population("sellers", [-cost for cost in costs], chances[1], sellers)
    return made_buyers, made_sellers


def multisets(types: int, traders: int) -> int:
    """Return how many multisets of ``traders`` types there are."""
    return math.comb(types + traders - 1, traders)


def _sides(given: Any, name: str) -> tuple[list[float], list[float]]:
    try:
        entries = list(given)
        paired = len(entries) == 2 and all(np.ndim(entry) == 1 for entry in entries)
        both = entries if paired else [entries, entries]
        first, second = ([float(x) for x in side] for side in both)
    except (TypeError, ValueError):
        raise InvalidOption(f"{name} must be numbers, or a pair: of the buyers and of the sellers") from None
    if not first or not second or not all(map(math.isfinite, [*first, *second])):
        raise InvalidOption(f"{name} must be finite numbers, at least one for each side")
    return first, second


def _population(name: str, worth: Sequence[float], prior: Sequence[float] | None, traders: int) -> Population:
    if len(set(worth)) != len(worth):
        raise InvalidOption(f"types of the {name} repeat: give each type once and its weight in prior")
    chances = np.full(len(worth), 1.0 / len(worth)) if prior is None else np.array(prior, dtype=np.float64)
    if len(chances) != len(worth):
        raise InvalidOption(f"prior of the {name} has {len(chances)} numbers for {len(worth)} types")
    if (chances <= 0).any() or abs(float(chances.sum()) - 1.0) > 1e-9:
        raise InvalidOption(f"prior of the {name} must be positive and sum to 1 (leave out impossible types)")
    order = np.argsort(np.array(worth), kind="stable")
    return Population(np.array(worth, dtype=np.float64)[order], chances[order] / chances.sum(), traders)


def _arrangements(counts: Sequence[int]) -> int:
    ways = math.factorial(sum(counts))
    for count in counts:
        ways //= math.factorial(count)
    return ways
