"""Sealed-bid double auctions: published numbers, exact against batched, and what each rule promises."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeopt.mechanisms import (
    VCG,
    IterativeDoubleAuction,
    KDoubleAuction,
    Market,
    Markets,
    McAfee,
    PostedPrice,
    StronglyBudgetBalanced,
    TradeReduction,
    expectation,
    optimal_welfare,
    optimal_welfare_many,
)
from edgeopt.mechanisms.ranking import rank, rank_many, walrasian_prices, walrasian_prices_many
from edgeopt.problem.errors import InvalidOption

TWO = Markets(np.array([[9.0, 8.0], [9.0, 8.0]]), np.array([[4.0, 3.0], [4.0, 3.0]]))
HALF = Fraction(1, 2)
TEXTBOOK = Market([17, 14, 13, 9, 6], [1, 4, 5, 8, 11])
RULES: dict[str, Any] = {
    "vcg": VCG(),
    "mcafee": McAfee(),
    "mcafee-support": McAfee(padding="support", support=(0, 12)),
    "trade-reduction": TradeReduction(),
    "buyers' bid": KDoubleAuction(0),
    "middle": KDoubleAuction(HALF),
    "sellers' offer": KDoubleAuction(1),
    "posted": PostedPrice(5),
    "posted-half": PostedPrice(Fraction(11, 2)),
    "sbba": StronglyBudgetBalanced(),
    "iterative": IterativeDoubleAuction(step=1),
    "iterative-coarse": IterativeDoubleAuction(step=Fraction(5, 2)),
}
reports = st.lists(st.integers(0, 12), max_size=5)


@st.composite
def markets(draw: st.DrawFn) -> Market:
    """Small whole numbers, so that ties are frequent; sides of any size, empty ones too."""
    return Market(draw(reports), draw(reports))


def test_textbook_market() -> None:
    """Buyers 17, 14, 13, 9, 6 and sellers 1, 4, 5, 8, 11: k = 4, first best 35, prices from 8 to 9."""
    ranking = rank(TEXTBOOK)
    assert (ranking.efficient, optimal_welfare(TEXTBOOK)) == (4, 35)
    assert walrasian_prices(ranking) == (8, 9)
    mcafee = McAfee().clear(TEXTBOOK)
    assert (mcafee.trades, mcafee.price, mcafee.case) == (4, Fraction(17, 2), "A")
    vcg = VCG().clear(TEXTBOOK)
    assert (vcg.payments[0], vcg.receipts[0], vcg.budget_surplus) == (8, 9, -4)
    reduced = TradeReduction().clear(TEXTBOOK)
    assert (reduced.trades, reduced.payments[0], reduced.receipts[0]) == (3, 9, 8)
    assert (reduced.budget_surplus, reduced.welfare(TEXTBOOK)) == (3, 34)
    assert KDoubleAuction(HALF).clear(TEXTBOOK).price == Fraction(17, 2)


def test_two_by_two_markets() -> None:
    no_next = Market([9, 8], [4, 3])
    outcome = McAfee().clear(no_next)
    assert (outcome.buyers, outcome.sellers, outcome.budget_surplus, outcome.case) == ((0,), (1,), 4, "B")
    assert (outcome.payments[0], outcome.receipts[1]) == (8, 4)
    assert VCG().clear(no_next).budget_surplus == -8
    common = McAfee().clear(Market([9, 4], [8, 3]))
    assert (common.trades, common.price) == (1, 6)


def test_missing_rank_padded_by_the_support_is_another_mechanism() -> None:
    market = Market([9, 8], [4, 3])
    padded = McAfee(padding="support", support=(0, 10)).clear(market)
    assert (padded.trades, padded.price) == (2, 5)
    assert McAfee().clear(market).trades == 1


def test_a_support_of_one_point_is_a_support() -> None:
    assert McAfee(padding="support", support=(5, 5)).clear(Market([9], [1])).price == 5


@pytest.mark.parametrize("rule", [McAfee(), StronglyBudgetBalanced()])
def test_a_market_without_trade_has_no_case(rule: Any) -> None:
    assert rule.clear(Market([1], [2])).case is None
    assert rule.clear_many(Markets(np.array([[1.0]]), np.array([[2.0]]))).case.tolist() == [-1]


def test_sbba_by_hand() -> None:
    """With s_{k+1} above b_k the k-th buyer leaves, and a lot leaves out one of the k sellers."""
    assert StronglyBudgetBalanced().clear(Market([9, 8], [3, 4, 5])).price == 5
    market = Market([9, 8], [4, 3])
    for coin, seller in ((Fraction(1, 4), 1), (Fraction(3, 4), 0)):
        outcome = StronglyBudgetBalanced().clear(market, coin)
        assert (outcome.buyers, outcome.sellers, outcome.price, outcome.case) == ((0,), (seller,), 8, "buyer")
    mean = expectation(StronglyBudgetBalanced(), market)
    assert (mean.welfare, mean.budget_surplus) == (Fraction(11, 2), 0)
    assert mean.receipts == (4, 4)


def test_the_lot_may_be_nothing() -> None:
    """Lot 0 leaves out the first of the two sellers, in exact arithmetic and in batches."""
    assert StronglyBudgetBalanced().clear(Market([9, 8], [4, 3]), 0).sellers == (1,)
    assert StronglyBudgetBalanced().clear_many(TWO, np.zeros(2))[1].sellers == (1,)


def test_posted_price_serves_by_index() -> None:
    outcome = PostedPrice(5).clear(Market([5, 4, 9], [6, 5]))
    assert (outcome.buyers, outcome.sellers, outcome.price) == ((0,), (1,), 5)


def test_the_posted_price_may_be_nothing_or_less_than_one() -> None:
    assert PostedPrice(0).clear(Market([1], [0])).price == 0
    assert PostedPrice(HALF).clear(Market([1], [0])).price == HALF


def test_iterative_quotes_by_hand() -> None:
    """At 0, 1, 2 and 4 there are 5, 4, 4 and 3 more buyers than sellers; 8 clears."""
    outcome = IterativeDoubleAuction().clear(TEXTBOOK)
    assert (outcome.trades, outcome.price, outcome.rounds, outcome.messages) == (4, 8, 5, 50)
    # 0, 1, 2, 4 have excess demand, 8 has excess supply; 6 has excess demand, and at 7 one pair trades.
    outcome = IterativeDoubleAuction().clear(Market([7, 7, 6], [6, Fraction(15, 2)]))
    assert (outcome.trades, outcome.price, outcome.rounds) == (1, 7, 7)
    # The only clearing prices lie between 6 and 7, which are one step apart: neither has a trade.
    outcome = IterativeDoubleAuction().clear(Market([Fraction(13, 2)], [Fraction(25, 4)]))
    assert (outcome.trades, outcome.rounds) == (0, 7)


def test_iterative_quotes_serve_those_first_who_take_the_other_quote_as_well() -> None:
    """At 4 one pair could trade, at 5 two: 5 is the price, and the seller who would take 4 comes first."""
    outcome = IterativeDoubleAuction().clear(Market([9, 9, 4], [5, 5, 4]))
    assert (outcome.price, outcome.buyers, outcome.sellers) == (5, (0, 1), (2, 0))


def test_iterative_quotes_in_floats_are_refused_where_steps_get_lost() -> None:
    """Whole numbers of steps are exact up to 2^52 of them, whatever the unit."""
    auction, most = IterativeDoubleAuction(), 2.0**52
    assert auction.clear(Market(np.array([most]), np.array([1.0]))).trades == 1
    with pytest.raises(InvalidOption, match="too fine"):
        auction.clear(Market(np.array([most + 1]), np.array([1.0])))
    tiny = Market(np.array([2.0**-20]), np.array([2.0**-21]))
    assert IterativeDoubleAuction(step=2.0**-60).clear(tiny).trades == 1


@given(markets())
def test_iterative_quotes_are_efficient_with_a_fine_step(market: Market) -> None:
    """Whole reports and half steps: a clearing price is among the quotes, up to who is served at a tie."""
    outcome = IterativeDoubleAuction(HALF).clear(market)
    assert outcome.welfare(market) == optimal_welfare(market)
    highest = max([1, *market.values])
    assert outcome.rounds <= 2 * np.log2(float(highest / HALF)) + 3


@given(markets())
def test_walrasian_prices_are_order_statistics_of_the_pool(market: Market) -> None:
    """With B buyers, L and U are the B-th and (B+1)-th smallest of all reports pooled."""
    pooled = sorted([*market.values, *market.costs])
    buyers = len(market.values)
    lower, upper = walrasian_prices(rank(market))
    assert lower == (pooled[buyers - 1] if buyers else None)
    assert upper == (pooled[buyers] if len(pooled) > buyers else None)


@pytest.mark.parametrize("name", RULES)
@given(market=markets(), coin=st.sampled_from([Fraction(1, 40), Fraction(29, 60), Fraction(19, 20)]))
def test_batched_equals_exact(name: str, market: Market, coin: Fraction) -> None:
    rule = RULES[name]
    if name == "sbba":
        exact, fast = rule.clear(market, coin), rule.clear(market.as_floats(), coin)
    else:
        exact, fast = rule.clear(market), rule.clear(market.as_floats())
    assert (fast.buyers, fast.sellers, fast.case) == (exact.buyers, exact.sellers, exact.case)
    assert (fast.rounds, fast.messages) == (exact.rounds, exact.messages)
    assert fast.payments.tolist() == [float(x) for x in exact.payments]
    assert fast.receipts.tolist() == [float(x) for x in exact.receipts]
    assert fast.price == (None if exact.price is None else float(exact.price))
    assert fast.budget_surplus == float(exact.budget_surplus)
    assert fast.welfare(market.as_floats()) == float(exact.welfare(market))


@pytest.mark.parametrize("name", RULES)
def test_many_markets_equal_one_by_one(name: str) -> None:
    rng = np.random.default_rng(3)
    batch = Markets(rng.integers(0, 13, (60, 4)), rng.integers(0, 13, (60, 3)))
    outcomes = RULES[name].clear_many(batch)
    assert len(outcomes) == 60
    welfare, surplus = outcomes.welfare(), outcomes.budget_surplus
    for g in range(60):
        one = outcomes[g] if name == "sbba" else RULES[name].clear(batch[g])
        assert outcomes[g] == one or np.array_equal(outcomes[g].payments, one.payments)
        assert (outcomes[g].buyers, outcomes[g].sellers) == (one.buyers, one.sellers)
        assert (welfare[g], surplus[g]) == (one.welfare(batch[g]), one.budget_surplus)
    assert (welfare <= optimal_welfare_many(batch) + 1e-9).all()
    np.testing.assert_array_equal(outcomes.trades, outcomes.sold.sum(axis=1))


@pytest.mark.parametrize("name", RULES)
@given(market=markets())
def test_promises_at_the_truth(name: str, market: Market) -> None:
    rule = RULES[name]
    claims = rule.claims
    coins = rule.coins(len(market.values), len(market.costs)) if name == "sbba" else [(Fraction(1), None)]
    mean = Fraction(0)
    for weight, coin in coins:
        outcome = rule.clear(market) if coin is None else rule.clear(market, coin)
        assert (
            len(set(outcome.buyers))
            == len(outcome.buyers)
            == len(outcome.sellers)
            == len(set(outcome.sellers))
        )
        for i in range(len(market.values)):
            assert outcome.utility(market, "buyer", i) >= 0
        for j in range(len(market.costs)):
            assert outcome.utility(market, "seller", j) >= 0
        if claims.budget == "strong":
            assert outcome.budget_surplus == 0
        if claims.budget == "weak":
            assert outcome.budget_surplus >= 0
        mean += weight * outcome.welfare(market)
    best, k = optimal_welfare(market), rank(market).efficient
    if claims.efficient:
        assert mean == best
    if claims.guarantee and k:
        assert mean >= best * (1 - Fraction(1, k))


@given(markets())
def test_vcg_deficit_is_trades_times_the_interval(market: Market) -> None:
    outcome = VCG().clear(market)
    lower, upper = walrasian_prices(rank(market))
    assert outcome.budget_surplus == (-outcome.trades * (upper - lower) if outcome.trades else 0)


def test_walrasian_prices_of_many_markets() -> None:
    rng = np.random.default_rng(4)
    batch = Markets(rng.integers(0, 9, (40, 3)), rng.integers(0, 9, (40, 5)))
    lower, upper = walrasian_prices_many(rank_many(batch))
    for g in range(40):
        assert (lower[g], upper[g]) == walrasian_prices(rank(batch[g]))


def shares(rule: Any, traders: int, count: int = 4000) -> tuple[float, float]:
    """Total gain and traders' gain in percent of the first best, iid uniform on 1 to 1000."""
    rng = np.random.default_rng(traders)
    size = (count, traders)
    batch = Markets(rng.integers(1, 1001, size), rng.integers(1, 1001, size))
    outcomes, best = rule.clear_many(batch), optimal_welfare_many(batch).sum()
    welfare = outcomes.welfare().sum()
    return 100 * welfare / best, 100 * (welfare - outcomes.budget_surplus.sum()) / best


@pytest.mark.parametrize(
    ("rule", "traders", "total", "kept"),
    [
        (McAfee(), 2, 77.2, 69.0),
        (McAfee(), 5, 94.6, 86.1),
        (McAfee(), 100, 99.98, 99.0),
        (StronglyBudgetBalanced(), 2, 62.7, 62.7),
        (StronglyBudgetBalanced(), 5, 88.0, 88.0),
        (StronglyBudgetBalanced(), 100, 99.5, 99.5),
        (TradeReduction(), 2, 25.0, 16.6),
        (TradeReduction(), 5, 79.0, 53.0),
    ],
)
def test_gain_from_trade_table(rule: Any, traders: int, total: float, kept: float) -> None:
    """Figures of an independent implementation on the same distribution."""
    share = shares(rule, traders)
    np.testing.assert_allclose(share, (total, kept), atol=1.6)


def test_same_seed_same_lot() -> None:
    market = Market([9, 8, 7], [1, 2, 3])
    lots = {StronglyBudgetBalanced(seed).clear(market).sellers for seed in range(30)}
    assert len(lots) == 3
    assert StronglyBudgetBalanced(5).clear(market) == StronglyBudgetBalanced(5).clear(market)
    wide = Market([20] * 9, range(9))
    assert StronglyBudgetBalanced().clear(wide) == StronglyBudgetBalanced(0).clear(wide)
    assert StronglyBudgetBalanced(1).clear(wide) != StronglyBudgetBalanced(0).clear(wide)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: KDoubleAuction(2),
        lambda: KDoubleAuction("half"),
        lambda: PostedPrice(-1),
        lambda: PostedPrice(float("nan")),
        lambda: PostedPrice(float("inf")),
        lambda: McAfee(padding="zeros"),  # type: ignore[arg-type]
        lambda: McAfee(padding="support"),
        lambda: McAfee(support=(0, 1)),
        lambda: McAfee(padding="support", support=(2, 1)),
        lambda: StronglyBudgetBalanced(-1),
        lambda: StronglyBudgetBalanced(0.5),  # type: ignore[arg-type]
        lambda: StronglyBudgetBalanced(seed="0"),  # type: ignore[arg-type]
        lambda: StronglyBudgetBalanced().clear(Market([9], [1]), 1),
        lambda: StronglyBudgetBalanced().clear(Market([9], [1]), -0.1),
        lambda: StronglyBudgetBalanced().clear_many(TWO, np.array([0.5, 1.0])),
        lambda: StronglyBudgetBalanced().clear_many(TWO, np.array([-0.1, 0.5])),
        lambda: StronglyBudgetBalanced().clear_many(TWO, np.array([0.5])),
        lambda: IterativeDoubleAuction(step=0),
        lambda: IterativeDoubleAuction(step=float("nan")),
        lambda: IterativeDoubleAuction(step=float("inf")),
        lambda: IterativeDoubleAuction(step="1"),
        lambda: IterativeDoubleAuction(step=1e-30).clear(Market([1.0], [0.0])),
    ],
)
def test_bad_option_is_one_clear_line(wrong: Any) -> None:
    with pytest.raises(InvalidOption) as error:
        wrong()
    assert "\n" not in str(error.value)


@given(market=markets())
def test_mean_over_coins_equals_the_batched_mean(market: Market) -> None:
    mean, floats = expectation(StronglyBudgetBalanced(), market), market.as_floats()
    many = StronglyBudgetBalanced().expectation_many(
        Markets(np.array([floats.values]), np.array([floats.costs]))
    )
    np.testing.assert_allclose(many.payments[0], [float(x) for x in mean.payments])
    np.testing.assert_allclose(many.receipts[0], [float(x) for x in mean.receipts])
    np.testing.assert_allclose(many.welfare, [float(mean.welfare)])
    np.testing.assert_allclose(many.budget_surplus, 0, atol=1e-9)


def test_every_coin_is_covered_once() -> None:
    """[0, 1) cut at halves, thirds and quarters: six parts, and no coin moves with its own part's ends."""
    coins = list(StronglyBudgetBalanced().coins(7, 4))
    assert [weight for weight, _ in coins] == [
        Fraction(*x) for x in ((1, 4), (1, 12), (1, 6), (1, 6), (1, 12), (1, 4))
    ]
    assert sum(weight for weight, _ in StronglyBudgetBalanced().coins(0, 3)) == 1


def test_a_generator_goes_on_to_the_next_lot() -> None:
    market = Market([9, 8, 7], [1, 2, 3])
    rule = StronglyBudgetBalanced(np.random.default_rng(0))
    assert len({rule.clear(market).sellers for _ in range(30)}) == 3


@pytest.mark.parametrize("coin", [-0.1, 1, Fraction(3, 2)])
def test_coins_outside_the_unit_are_refused(coin: Any) -> None:
    with pytest.raises(InvalidOption, match="coin"):
        StronglyBudgetBalanced().clear(Market([1], [0]), coin)
    with pytest.raises(InvalidOption, match="coins"):
        StronglyBudgetBalanced().clear_many(Markets([[1.0]], [[0.0]]), np.array([float(coin)]))


def test_third_coin_draws_the_same_seller_exactly_and_in_arrays() -> None:
    """1/3 as a float lies below 1/3, yet thrice it rounds to 1: the coin itself decides, not its float."""
    market = Market([9, 9, 9], [1, 1, 1])
    exact = StronglyBudgetBalanced().clear(market, Fraction(1, 3))
    assert (
        exact.sellers == (0, 2) == StronglyBudgetBalanced().clear(market.as_floats(), Fraction(1, 3)).sellers
    )
