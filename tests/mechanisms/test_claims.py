"""What each mechanism declares of itself, written down: other tests hold it to its claims, and to no more."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from edgeopt.mechanisms import (
    VCG,
    IterativeDoubleAuction,
    KDoubleAuction,
    McAfee,
    PostedPrice,
    StronglyBudgetBalanced,
    TradeReduction,
)


@pytest.mark.parametrize(
    ("rule", "truthful", "budget", "efficient", "guarantee"),
    [
        (VCG(), True, "deficit", True, True),
        (McAfee(), True, "weak", False, True),
        (McAfee("support", (0, 9)), True, "weak", False, True),
        (TradeReduction(), True, "weak", False, True),
        (StronglyBudgetBalanced(), True, "strong", False, True),
        (KDoubleAuction(0), "buyers", "strong", True, True),
        (KDoubleAuction(1), "sellers", "strong", True, True),
        (KDoubleAuction(Fraction(1, 2)), False, "strong", True, True),
        (PostedPrice(5), True, "strong", False, False),
        (IterativeDoubleAuction(), False, "strong", False, False),
    ],
    ids=repr,
)
def test_claims_are_those_of_the_literature(
    rule: Any, truthful: Any, budget: Any, efficient: bool, guarantee: bool
) -> None:
    """All are individually rational. The guarantee is 1 - 1/k of the first best."""
    claims = rule.claims
    assert (claims.truthful, claims.budget) == (truthful, budget)
    assert (claims.efficient, claims.guarantee) == (efficient, guarantee)
    assert claims.individually_rational
