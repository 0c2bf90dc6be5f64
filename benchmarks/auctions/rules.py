"""The mechanisms that the auction benchmarks compare, by name."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ... import mechanisms
from ...mechanisms import Mechanism
from ...mechanisms.dda import DoubleDutchAuction, TruthfulDoubleDutchAuction
from ...problem.errors import InvalidOption

_MAKERS: dict[str, Callable[[np.random.Generator], Mechanism]] = {
    "vcg": lambda _: mechanisms.VCG(),
    "mcafee": lambda _: mechanisms.McAfee(),
    "trade-reduction": lambda _: mechanisms.TradeReduction(),
    "sbba": lambda rng: mechanisms.StronglyBudgetBalanced(seed=rng),
    "k-double-auction": lambda _: mechanisms.KDoubleAuction(0.5),
    "double-dutch": lambda _: DoubleDutchAuction(),
    "truthful-double-dutch": lambda _: TruthfulDoubleDutchAuction(),
}
TRUTHFUL_WITHOUT_DEFICIT = ("mcafee", "trade-reduction", "sbba")


def rule_names() -> tuple[str, ...]:
    """Return the names of the mechanisms."""
    return tuple(_MAKERS)


def rule(name: str, rng: np.random.Generator | None = None) -> Mechanism:
    """Make a mechanism; ``rng`` draws the lots of one that draws lots.

    Raises
    ------
    InvalidOption
        When there is no mechanism of that name.
    """
    if name not in _MAKERS:
        raise InvalidOption(f"mechanism {name!r}: choose one of {', '.join(_MAKERS)}")
    return _MAKERS[name](np.random.default_rng(0) if rng is None else rng)
