"""McAfee's double auction: truthful and never in deficit, at the price of at most one trade."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from ...problem.errors import InvalidOption
from ..market import Floats, Number
from ..ranking import Ranking, Rankings
from ..rule import Claims, Rule, Terms, TermsMany


@dataclass(frozen=True)
class McAfee(Rule):
    """All k pairs at p0 = (b_{k+1} + s_{k+1}) / 2 if s_k <= p0 <= b_k ("A"), else k - 1 at b_k / s_k ("B").

    R. P. McAfee, A dominant strategy double auction, J. Economic Theory 56 (1992).

    Parameters
    ----------
    padding
        What stands in for a missing rank k + 1: "none" has no p0 then, and drops the k-th pair; "support"
        puts the ends of ``support`` in its place. The two are different mechanisms.
    support
        Lowest value and highest cost that are possible, for ``padding="support"``.

    Raises
    ------
    InvalidOption
        When the padding is unknown, or ``support`` is missing or empty.
    """

    padding: Literal["none", "support"] = "none"
    support: tuple[Number, Number] | None = None

    cases: ClassVar[tuple[str, ...]] = ("A", "B")

    def __post_init__(self) -> None:
        if self.padding not in {"none", "support"}:
            raise InvalidOption(f"padding is {self.padding!r}: it must be 'none' or 'support'")
        if (self.padding == "support") != (self.support is not None):
            raise InvalidOption(
                "support=(lowest value, highest cost) goes with padding='support' and only there"
            )
        if self.support is not None and not self.support[0] <= self.support[1]:
            raise InvalidOption(f"support is {self.support}: its lower end must not be above its upper end")

    @property
    def claims(self) -> Claims:
        """What the rule declares of itself."""
        return Claims(truthful=True, budget="weak", guarantee=True)

    def terms(self, ranking: Ranking) -> Terms:
        """Decide one ranked market."""
        k = ranking.efficient
        if k == 0:
            return Terms((), ())
        value, cost = ranking.value(k + 1), ranking.cost(k + 1)
        if self.support is not None:
            value = self.support[0] if value is None else value
            cost = self.support[1] if cost is None else cost
        if value is not None and cost is not None:
            middle = (value + cost) / 2
            if ranking.costs[k - 1] <= middle <= ranking.values[k - 1]:
                return Terms(range(1, k + 1), range(1, k + 1), middle, middle, case="A")
        return Terms(range(1, k), range(1, k), ranking.values[k - 1], ranking.costs[k - 1], case="B")

    def terms_many(self, rankings: Rankings) -> TermsMany:
        """Decide many ranked markets."""
        k = rankings.efficient
        middle = self._middle(rankings)
        common = (rankings.cost(k) <= middle) & (middle <= rankings.value(k)) & (k > 0)
        return TermsMany(
            np.where(common, k, np.maximum(k - 1, 0)),
            np.where(common, middle, rankings.value(k)),
            np.where(common, middle, rankings.cost(k)),
            case=np.where(k > 0, np.where(common, 0, 1), -1).astype(np.int8),
        )

    def _middle(self, rankings: Rankings) -> Floats:
        k = rankings.efficient
        value, cost = rankings.value(k + 1), rankings.cost(k + 1)
        if self.support is not None:
            value = np.where(np.isinf(value), float(self.support[0]), value)
            cost = np.where(np.isinf(cost), float(self.support[1]), cost)
        present = np.isfinite(value) & np.isfinite(cost)
        middle: Floats = np.full(len(k), np.nan)
        middle[present] = (value[present] + cost[present]) / 2
        return middle
