"""Bidders who are not sincere, and the ticks that clocks can be given."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgeopt.mechanisms import Market
from edgeopt.mechanisms.dda import (
    BestResponding,
    DoubleDutchAuction,
    TruthfulDoubleDutchAuction,
    best_reply,
    geometric_ticks,
    quantile_ticks,
    session,
)
from edgeopt.mechanisms.dda.bidders import Delayed, Erratic
from edgeopt.problem.errors import InvalidOption

AUCTION = DoubleDutchAuction(ticks=1, high=12)
pool = st.lists(st.integers(0, 12), min_size=1, max_size=3)


@settings(max_examples=20)
@given(values=pool, costs=pool)
def test_a_best_responding_bidder_gains_what_her_best_reply_promises(
    values: list[int], costs: list[int]
) -> None:
    market = Market(values, costs)
    truth = AUCTION.clear(market)
    for side, count in (("buyer", len(values)), ("seller", len(costs))):
        for index in range(count):
            bidder = BestResponding(AUCTION, market, side, index)  # type: ignore[arg-type]
            held = session(AUCTION, market, {(side, index): bidder})  # type: ignore[dict-item]
            gain = best_reply(AUCTION, market, side, index)[1]  # type: ignore[arg-type]
            after = held.outcome.utility(market, side, index)  # type: ignore[arg-type]
            assert after - truth.utility(market, side, index) == gain >= 0  # type: ignore[arg-type]


def test_replying_best_pays_with_one_price_and_not_with_truthful_clearing() -> None:
    """In the limit the seller gains up to U - L = 4; on ticks of 1 she stops at 7, as 8 is a tie."""
    market = Market([9, 4], [8, 3])
    assert best_reply(AUCTION, market, "seller", 1)[1] == 3
    truthful = TruthfulDoubleDutchAuction(ticks=1, high=12)
    traders = [("buyer", 0), ("buyer", 1), ("seller", 0), ("seller", 1)]
    assert all(best_reply(truthful, market, side, i)[1] == 0 for side, i in traders)  # type: ignore[arg-type]


def test_an_erratic_bidder_is_the_same_for_the_same_seed_and_never_loses() -> None:
    market = Market([9, 7, 4], [8, 3, 2])
    outcomes = []
    for seed in (1, 1, 2, 3, 4, 5, 6, 7):
        bidders = {("buyer", 0): Erratic("buyer", 9, Fraction(1, 3), seed=seed)}
        outcome = session(AUCTION, market, bidders).outcome  # type: ignore[arg-type]
        assert outcome.utility(market, "buyer", 0) >= 0
        outcomes.append(outcome)
    assert outcomes[0] == outcomes[1]
    assert any(x != outcomes[0] for x in outcomes)


def test_waiting_lets_the_clock_come_down() -> None:
    market = Market([9], [1])
    late = session(AUCTION, market, {("buyer", 0): Delayed("buyer", 9, patience=2)})
    first = [(x.buyer_clock, x.buyers) for x in late.rounds if x.buyers]
    assert first == [(7, (0,))]


def test_geometric_ticks_shrink_to_the_smallest() -> None:
    ticks = geometric_ticks(4, Fraction(1, 2), smallest=1, high=12)
    assert ticks.buyers == (12, 8, 6, *range(5, -1, -1))
    assert ticks.sellers == (0, 4, 6, *range(7, 13))


def test_quantile_ticks_stand_where_traders_are() -> None:
    ticks = quantile_ticks([2, 4, 6, 8], [1, 3, 5], 1, high=10)
    assert (ticks.buyers, ticks.sellers) == ((10, 5), (0, 3))
    crowded = quantile_ticks([5, 5, 5, 5], [5, 5], 3, high=10)
    assert (crowded.buyers, crowded.sellers) == ((10, 5), (0, 5))
    with pytest.raises(InvalidOption, match="quantile ticks need samples"):
        quantile_ticks([], [1], 2)
