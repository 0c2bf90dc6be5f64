"""Trade reduction: truthful and never in deficit, by always giving up the least valuable trade."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..ranking import Ranking, Rankings
from ..rule import Claims, Rule, Terms, TermsMany


@dataclass(frozen=True)
class TradeReduction(Rule):
    """The k-th pair never trades; its reports are the prices: k - 1 buyers pay b_k, k - 1 sellers get s_k.

    The second branch of McAfee (1992) on its own; in small markets it loses most of the gain from trade.
    """

    @property
    def claims(self) -> Claims:
        """What the rule declares of itself."""
        return Claims(truthful=True, budget="weak", guarantee=True)

    def terms(self, ranking: Ranking) -> Terms:
        """Decide one ranked market."""
        k = ranking.efficient
        return Terms(range(1, k), range(1, k), ranking.value(k), ranking.cost(k))

    def terms_many(self, rankings: Rankings) -> TermsMany:
        """Decide many ranked markets."""
        k = rankings.efficient
        return TermsMany(np.maximum(k - 1, 0), rankings.value(k), rankings.cost(k))
