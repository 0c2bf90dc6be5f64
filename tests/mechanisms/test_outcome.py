"""Outcomes: sums and utilities by hand, at the true values where a report was not the truth."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from edgeopt.mechanisms import VCG, KDoubleAuction, Market, Markets, McAfee, Outcome, PostedPrice
from edgeopt.mechanisms.ranking import rank_many
from edgeopt.mechanisms.rule import TermsMany, settle_many, settle_ranked

MARKET = Market([9, 8, 2], [4, 3])


def test_sums_and_utilities_by_hand() -> None:
    outcome = Outcome((0,), (1,), (8, 0, 0), (0, 4))
    assert (outcome.trades, outcome.budget_surplus, outcome.welfare(MARKET)) == (1, 4, 6)
    assert [outcome.utility(MARKET, "buyer", i) for i in range(3)] == [1, 0, 0]
    assert [outcome.utility(MARKET, "seller", j) for j in range(2)] == [0, 1]


def test_welfare_and_utility_are_of_the_true_market() -> None:
    """Buyer 0 reports 9 but has 5: she trades at 8 and loses 3."""
    outcome = McAfee().clear(Market([9, 8], [4, 3]))
    truth = Market([5, 8], [4, 3])
    assert outcome.utility(truth, "buyer", 0) == -3
    assert outcome.welfare(truth) == 2


def test_nobody_trades() -> None:
    outcome = VCG().clear(Market([], []))
    assert (outcome.trades, outcome.budget_surplus, outcome.price) == (0, 0, None)
    assert outcome.welfare(Market([], [])) == 0


def test_price_only_where_both_sides_share_it() -> None:
    assert VCG().clear(MARKET).price is None
    assert KDoubleAuction(Fraction(1, 2)).clear(MARKET).price == 6
    assert PostedPrice(1).clear(MARKET).price is None


def test_equality_looks_at_every_field() -> None:
    outcome = McAfee().clear(MARKET)
    assert outcome == McAfee().clear(MARKET)
    assert outcome != Outcome(outcome.buyers, outcome.sellers, outcome.payments, outcome.receipts)
    assert outcome != "B"


def test_batch_by_hand() -> None:
    batch = Markets(np.array([[9, 8], [1, 2]]), np.array([[4, 3], [5, 5]]))
    outcomes = McAfee().clear_many(batch)
    assert outcomes.trades.tolist() == [1, 0]
    assert outcomes.welfare().tolist() == [6, 0]
    assert outcomes.budget_surplus.tolist() == [4, 0]
    assert np.isnan(outcomes.price).all()
    assert outcomes[0].case == "B"
    assert outcomes[1].case is None
    assert outcomes[-1].buyers == ()
    true = Markets(np.array([[5, 8], [1, 2]]), batch.costs)
    assert outcomes.welfare(true).tolist() == [2, 0]
    with pytest.raises(IndexError):
        outcomes[2]


def test_ties_go_to_the_lower_index_with_and_without_sorted_indices() -> None:
    """Reports from a pool of three: who trades must not depend on which way it was found."""
    rng = np.random.default_rng(0)
    batch = Markets(rng.integers(0, 3, (200, 5)), rng.integers(0, 3, (200, 4)))
    rankings = rank_many(batch)
    price = np.ones(200)
    for trades in (rankings.efficient, np.maximum(rankings.efficient - 1, 0)):
        terms = TermsMany(trades, price, price)
        fast = settle_ranked(rankings, terms)
        slow = settle_many(batch, rankings.buyers, rankings.sellers, terms)
        np.testing.assert_array_equal(fast.bought, slow.bought)
        np.testing.assert_array_equal(fast.sold, slow.sold)
        for g in range(200):
            assert (fast[g].buyers, fast[g].sellers) == (slow[g].buyers, slow[g].sellers)


def test_a_rule_may_name_its_sellers_by_rank() -> None:
    """The second seller alone trades with the first buyer."""
    batch = Markets(np.array([[9.0, 8.0]]), np.array([[4.0, 3.0]]))
    terms = TermsMany(np.array([1]), np.array([5.0]), np.array([5.0]), sellers=np.array([[False, True]]))
    outcome = settle_ranked(rank_many(batch), terms)[0]
    assert (outcome.buyers, outcome.sellers, outcome.price) == ((0,), (0,), 5)
