"""The Vickrey-Clarke-Groves double auction: efficient and truthful, paid for by a deficit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..ranking import Ranking, Rankings, walrasian_prices, walrasian_prices_many
from ..rule import Claims, Rule, Terms, TermsMany


@dataclass(frozen=True)
class VCG(Rule):
    """All k efficient pairs trade; buyers pay L and sellers get U, so that k(U - L) is missing.

    The externality of a trading buyer is L = max(s_k, b_{k+1}) and that of a seller U = min(b_k, s_{k+1}).
    Efficiency, truthfulness and individual rationality force these payments (Green and Laffont 1977;
    Holmstrom 1979), so no efficient truthful double auction does without a subsidy.
    """

    @property
    def claims(self) -> Claims:
        """What the rule declares of itself."""
        return Claims(truthful=True, budget="deficit", efficient=True, guarantee=True)

    def terms(self, ranking: Ranking) -> Terms:
        """Decide one ranked market."""
        lower, upper = walrasian_prices(ranking)
        ranks = range(1, ranking.efficient + 1)
        return Terms(ranks, ranks, lower, upper)

    def terms_many(self, rankings: Rankings) -> TermsMany:
        """Decide many ranked markets."""
        lower, upper = walrasian_prices_many(rankings)
        return TermsMany(rankings.efficient.astype(np.int64), lower, upper)
