"""Whether a rule sees ranked reports only, on every profile of a grid: then sorted profiles stand for all.

It is not taken on trust: the rule decides every sorted profile with the traders' names withheld, and a rule
that asks for them has every order of reports cleared.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import product
from typing import Any, NoReturn, cast

import numpy as np

from ...market import Market, Markets
from ...ranking import rank, rank_many
from ...rule import Mechanism, Rule
from .tables import side_profiles


class _NamesAsked(Exception):
    """The rule wants to know who holds a rank."""


class _Withheld(tuple[int, ...]):
    """As many names as there are traders, and none to be read."""

    __slots__ = ()

    def _asked(self, *_: Any) -> NoReturn:
        raise _NamesAsked

    __getitem__ = __iter__ = __contains__ = __add__ = __eq__ = __lt__ = index = count = _asked
    __hash__ = None  # type: ignore[assignment]


def sees_ranks_only(
    mechanism: Mechanism, grid: Sequence[Fraction], buyers: int, sellers: int, *, floating: bool
) -> bool:
    """Return whether a mechanism's decision on every sorted profile needs no trader's name.

    Parameters
    ----------
    mechanism
        False unless it is a `Rule` that leaves clearing to its base.
    grid, buyers, sellers
        Types, and the size of the market.
    floating
        Whether to look at ``terms_many`` rather than ``terms``.
    """
    if not isinstance(mechanism, Rule):
        return False
    kind = type(mechanism)
    if kind.clear is not Rule.clear or kind.clear_many is not Rule.clear_many:
        return False
    profiles = [
        side_profiles(len(grid), buyers, "buyer", True),
        side_profiles(len(grid), sellers, "seller", True),
    ]
    try:
        if floating:
            _decide_all(mechanism, grid, profiles)
        else:
            for values, costs in product(*profiles):
                market = Market.unchecked([grid[i] for i in values], [grid[j] for j in costs])
                names = (_Withheld(values), _Withheld(costs))
                mechanism.terms(replace(rank(market), buyers=names[0], sellers=names[1]))
    except (_NamesAsked, AttributeError):
        return False
    return True


def _decide_all(rule: Rule, grid: Sequence[Fraction], profiles: list[list[tuple[int, ...]]]) -> None:
    types = np.array([float(x) for x in grid])
    buyers, sellers = (np.array(side, dtype=np.intp) for side in profiles)
    values = np.repeat(types[buyers], len(sellers), axis=0)
    rankings = rank_many(Markets(values, np.tile(types[sellers], (len(buyers), 1))))
    # Names are read off the markets; without them a rule that wants names meets None.
    rule.terms_many(replace(rankings, markets=cast(Markets, None)))
