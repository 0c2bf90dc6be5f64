"""Tables of what a mechanism does on every profile of a grid, in whole numbers.

Symmetry: most rules see ranked reports only, and ties go to the lower index. What they do to a trader depends
on the others' reports as a set, her own, and her rank among equals. Sorted profiles are enough if every rank
among equals is tried, for the truth and for a misreport: somebody's index gives her that rank.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations_with_replacement, product
from math import comb, lcm
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from ....problem.errors import InvalidOption
from ...market import Market, Markets, Side
from ...outcome import Outcome, Outcomes
from ...rule import Mechanism
from ..subject import clear

Integers: TypeAlias = npt.NDArray[Any]
_MOST_PROFILES = 3_000_000
_DYADIC = 1 << 20
_LARGEST = 1 << 40


@dataclass(frozen=True, eq=False)
class Tables:
    """Outcomes on every profile, amounts times ``unit`` so that they are whole.

    Parameters
    ----------
    types
        (G,) the grid, times ``unit``.
    buyers, sellers
        Each side's profiles as tuples of indices into the grid: all of them, or the sorted ones, with the
        most eager first.
    trades, amounts
        By side: (profiles of buyers, profiles of sellers, traders of the side); payments or receipts.
    symmetric
        Whether profiles are the sorted ones.
    """

    types: Integers
    unit: int
    buyers: list[tuple[int, ...]]
    sellers: list[tuple[int, ...]]
    trades: dict[Side, npt.NDArray[np.bool_]]
    amounts: dict[Side, Integers]
    symmetric: bool

    @property
    def profiles(self) -> int:
        """Number of profiles."""
        return len(self.buyers) * len(self.sellers)

    def market(self, buyers: Sequence[int], sellers: Sequence[int]) -> Market:
        """Return the market of two lists of indices into the grid."""
        values = [Fraction(int(self.types[i]), self.unit) for i in buyers]
        return Market(values, [Fraction(int(self.types[j]), self.unit) for j in sellers])


def side_profiles(grid: int, traders: int, side: Side, symmetric: bool) -> list[tuple[int, ...]]:
    """Return one side's profiles as tuples of indices into the grid."""
    if not symmetric:
        return list(product(range(grid), repeat=traders))
    eager_first = reversed(range(grid)) if side == "buyer" else range(grid)
    return list(combinations_with_replacement(eager_first, traders))


def check_size(types: Sequence[Fraction], buyers: int, sellers: int, symmetric: bool) -> None:
    """Raise InvalidOption for an empty or negative grid, no market, or more than 3 million profiles."""
    grid = len(types)
    if grid == 0 or types[0] < 0 or buyers < 0 or sellers < 0 or buyers + sellers == 0:
        raise InvalidOption("a grid proof needs at least one type, all 0 or more, and one trader")
    profiles = 1
    for traders in (buyers, sellers):
        profiles *= comb(grid + traders - 1, traders) if symmetric else grid**traders
    if profiles > _MOST_PROFILES:
        raise InvalidOption(
            f"{grid} types, {buyers} buyers and {sellers} sellers make {profiles:,} profiles; at most "
            f"{_MOST_PROFILES:,} are checked"
        )


def exact_tables(
    mechanism: Mechanism,
    grid: Sequence[Fraction],
    buyers: list[tuple[int, ...]],
    sellers: list[tuple[int, ...]],
    symmetric: bool,
    coin: Any,
) -> Tables:
    """Clear every profile with fractions."""
    trades: dict[Side, list[Any]] = {"buyer": [], "seller": []}
    amounts: dict[Side, list[Any]] = {"buyer": [], "seller": []}
    for values, costs in product(buyers, sellers):
        market = Market.unchecked([grid[i] for i in values], [grid[j] for j in costs])
        outcome: Outcome = clear(mechanism, market, coin)
        trades["buyer"].append([i in outcome.buyers for i in range(len(values))])
        trades["seller"].append([j in outcome.sellers for j in range(len(costs))])
        amounts["buyer"].append([Fraction(x) for x in outcome.payments])
        amounts["seller"].append([Fraction(x) for x in outcome.receipts])
    numbers = [x for side in amounts.values() for row in side for x in row]
    unit = lcm(*{x.denominator for x in (*numbers, *grid)})

    def whole(rows: list[Any], traders: int) -> Integers:
        flat = [int(x * unit) for row in rows for x in row]
        kind = np.int64 if all(abs(x) < _LARGEST for x in flat) else object
        return np.array(flat, dtype=kind).reshape(len(buyers), len(sellers), traders)

    sizes: dict[Side, int] = {"buyer": len(buyers[0]), "seller": len(sellers[0])}
    return Tables(
        _whole_types(grid, unit),
        unit,
        buyers,
        sellers,
        {s: np.array(trades[s], dtype=bool).reshape(len(buyers), len(sellers), n) for s, n in sizes.items()},
        {s: whole(amounts[s], n) for s, n in sizes.items()},
        symmetric,
    )


def floating_tables(
    mechanism: Any,
    grid: Sequence[Fraction],
    buyers: list[tuple[int, ...]],
    sellers: list[tuple[int, ...]],
    symmetric: bool,
) -> Tables:
    """Clear every profile with the mechanism's ``clear_many``, and refuse amounts that may be rounded."""
    types = np.array([float(x) for x in grid])
    pairs = (len(buyers), len(sellers))
    values = np.repeat(types[np.array(buyers, dtype=np.intp)], pairs[1], axis=0)
    costs = np.tile(types[np.array(sellers, dtype=np.intp)], (pairs[0], 1))
    outcomes: Outcomes = mechanism.clear_many(Markets(values, costs))

    def whole(amounts: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
        scaled = amounts * _DYADIC
        if (np.abs(scaled) >= _LARGEST).any() or (scaled != np.rint(scaled)).any():
            raise InvalidOption(
                "amounts are not multiples of 2**-20 below a million: take arithmetic='exact'"
            )
        return scaled.astype(np.int64)

    return Tables(
        whole(types),
        _DYADIC,
        buyers,
        sellers,
        {"buyer": outcomes.bought.reshape(*pairs, -1), "seller": outcomes.sold.reshape(*pairs, -1)},
        {
            "buyer": whole(outcomes.payments).reshape(*pairs, -1),
            "seller": whole(outcomes.receipts).reshape(*pairs, -1),
        },
        symmetric,
    )


def _whole_types(grid: Sequence[Fraction], unit: int) -> Integers:
    types = [int(x * unit) for x in grid]
    return np.array(types, dtype=np.int64 if max(types) < _LARGEST else object)
