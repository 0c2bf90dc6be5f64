"""What manipulating one price is worth, in closed form, against the exact best response."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgeopt.mechanisms import KDoubleAuction, Market, best_response
from edgeopt.mechanisms.dda import DoubleDutchAuction
from edgeopt.mechanisms.ranking import rank, walrasian_prices

QUARTER = Fraction(1, 4)
pool = st.lists(st.integers(0, 12), min_size=1, max_size=4)


def gains(auction: Any, market: Market) -> tuple[set[Fraction], set[Fraction]]:
    """Exact regrets of the buyers and of the sellers who trade at the truth."""
    outcome = auction.clear(market)
    return (
        {best_response(auction, market, "buyer", i).gain for i in outcome.buyers},
        {best_response(auction, market, "seller", j).gain for j in outcome.sellers},
    )


@pytest.mark.parametrize("k", [0, QUARTER, Fraction(1, 2), 1])
@settings(max_examples=25)
@given(values=pool, costs=pool)
def test_k_double_auction(k: Any, values: list[int], costs: list[int]) -> None:
    """A trading buyer pulls U down to L and gains k (U - L); a seller pulls L up to U and gains the rest."""
    market = Market(values, costs)
    lower, upper = walrasian_prices(rank(market))
    buyers, sellers = gains(KDoubleAuction(k), market)
    assert buyers <= {k * (upper - lower)}
    assert sellers <= {(1 - k) * (upper - lower)}


@settings(max_examples=25)
@given(values=pool, costs=pool, first=st.sampled_from(["buyers", "sellers"]))
def test_crossing_price(values: list[int], costs: list[int], first: Any) -> None:
    """The side that moves first gains nothing; everybody on the other side gains up to U - L."""
    market = Market(values, costs)
    lower, upper = walrasian_prices(rank(market))
    buyers, sellers = gains(DoubleDutchAuction(first=first), market)
    movers, others = (buyers, sellers) if first == "buyers" else (sellers, buyers)
    assert movers <= {Fraction(0)}
    if others:
        assert others == {upper - lower}


@pytest.mark.parametrize("weight", [QUARTER, Fraction(1, 2)])
@settings(max_examples=25)
@given(values=pool, costs=pool)
def test_last_pair_price(weight: Fraction, values: list[int], costs: list[int]) -> None:
    """Trading buyers gain a (b_k - L), trading sellers (1 - a) (U - s_k)."""
    market = Market(values, costs)
    ranking = rank(market)
    lower, upper = walrasian_prices(ranking)
    buyers, sellers = gains(DoubleDutchAuction(pricing="last-pair", weight=weight), market)
    if ranking.efficient:
        k = ranking.efficient - 1
        assert buyers == {weight * (ranking.values[k] - lower)}
        assert sellers == {(1 - weight) * (upper - ranking.costs[k])}
