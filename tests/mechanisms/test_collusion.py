"""Two traders together: exact searches against tables made by hand and by brute force."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations, product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgeopt.mechanisms import (
    VCG,
    KDoubleAuction,
    Market,
    McAfee,
    PostedPrice,
    StronglyBudgetBalanced,
    TradeReduction,
    best_response,
)
from edgeopt.mechanisms.audits.collusion import collusion_finding, largest_collusion
from edgeopt.mechanisms.audits.forking.cells import half_line, reports
from edgeopt.mechanisms.audits.forking.deviations import best_deviation
from edgeopt.mechanisms.audits.forking.forms import NotSymbolic, explore
from edgeopt.mechanisms.audits.subject import as_mechanism, clear, coins
from edgeopt.mechanisms.audits.trials.measures import utilities
from edgeopt.mechanisms.audits.trials.trial import Trader, Trial, traders_of
from edgeopt.mechanisms.testing import markets

HALF = KDoubleAuction(Fraction(1, 2))
BUYER, SELLER = Trader("buyer", 0), Trader("seller", 0)


def brute_force(mechanism: Any, market: Market, pair: tuple[Trader, ...], nobody_loses: bool) -> Fraction:
    """The largest joint gain over reports of 0 to 16 in steps of 1/2."""
    before = utilities(clear(mechanism, market), market)
    best = Fraction(0)
    for reported in product([Fraction(x, 2) for x in range(33)], repeat=2):
        after = utilities(clear(mechanism, Trial(market, pair, reported).changed), market)
        gains = [after[x] - before[x] for x in pair]
        if not nobody_loses or min(gains) >= 0:
            best = max(best, sum(gains))
    return best


@pytest.mark.parametrize("mechanism", [McAfee(), VCG(), HALF], ids=str)
@pytest.mark.parametrize("nobody_loses", [False, True])
def test_pairs_do_no_better_on_a_fine_grid(mechanism: Any, nobody_loses: bool) -> None:
    market = Market([9, 4], [8, 3])
    for pair in combinations(traders_of(market), 2):
        found = best_deviation(mechanism, market, pair, nobody_loses=nobody_loses)
        assert found.exact
        assert found.gain is not None
        on_grid = brute_force(mechanism, market, pair, nobody_loses)
        # One step of each report moves no price by more.
        assert on_grid <= found.gain <= on_grid + 1


def test_mcafee_is_not_proof_against_two_buyers() -> None:
    # Truth: k = 2 and no k + 1, so one trade at 8 / 4. Reporting 3 and 2 gives p0 = (2 + 4) / 2 = 3.
    found = collusion_finding(McAfee(), [Market([9, 8], [4, 3])], side_payments=False)
    assert found.verdict == "refuted"
    assert found.figure == 5
    assert found.witness is not None
    assert found.witness.replay().confirmed
    assert {x.side for x in found.witness.traders} == {"buyer"}


@pytest.mark.parametrize(
    "mechanism", [McAfee(), VCG(), TradeReduction(), StronglyBudgetBalanced(), KDoubleAuction(0)], ids=str
)
def test_no_double_auction_with_moving_prices_is_group_strategyproof(mechanism: Any) -> None:
    markets_tried = [Market([9, 8], [1, 3]), Market([9, 4], [8, 3])]
    for side_payments in (False, True):
        found = collusion_finding(mechanism, markets_tried, side_payments=side_payments)
        assert found.verdict == "refuted"
        assert found.witness is not None
        assert found.witness.replay().confirmed


def test_a_posted_price_falls_to_side_payments_only() -> None:
    # Buyer 9 is below the price of 10: she may buy at a loss of 1 so that seller 8 gains 2.
    market = Market([9], [8])
    assert collusion_finding(PostedPrice(10), [market], side_payments=False).verdict == "certified"
    paid = collusion_finding(PostedPrice(10), [market], side_payments=True)
    assert (paid.verdict, paid.figure) == ("refuted", 1)


def test_one_trader_finds_no_partner() -> None:
    assert largest_collusion(VCG(), Market([1], []), side_payments=True) is None


@settings(max_examples=25)
@given(markets(3, 3, min_buyers=1, min_sellers=1))
def test_the_exact_regret_of_the_k_double_auction(market: Market) -> None:
    for trader in traders_of(market):
        assert best_deviation(HALF, market, (trader,)).gain == best_regret(market, trader)
        for truthful in (VCG(), McAfee()):
            assert best_deviation(truthful, market, (trader,)).gain == 0


def best_regret(market: Market, trader: Trader) -> Fraction:
    """Brute force: reports at, and just beside, everybody's report and the middles of pairs."""
    known = sorted({*market.values, *market.costs, Fraction(0)})
    tried = [x + d for x in known for d in (Fraction(-1, 10**6), 0, Fraction(1, 10**6)) if x + d >= 0]
    before = clear(HALF, market).utility(market, trader.side, trader.index)
    best = Fraction(0)
    for report in tried:
        changed = market.with_report(trader.side, trader.index, report)
        gain = clear(HALF, changed).utility(market, trader.side, trader.index) - before
        best = max(best, gain)
    return best.limit_denominator(1000)


@settings(max_examples=40)
@given(markets(3, 3), st.sampled_from([VCG(), McAfee(), HALF, PostedPrice(2), StronglyBudgetBalanced()]))
def test_one_trader_alone_is_the_best_response(market: Market, mechanism: Any) -> None:
    """Two independent ways through the code: cells of the plane, and intervals of the line."""
    for trader, coin in product(traders_of(market), coins(mechanism, market)):
        found = best_deviation(mechanism, market, (trader,), coin=coin)
        other = best_response(mechanism, market, trader.side, trader.index, coin=coin)
        assert (found.gain, found.exact) == (other.gain, other.exact)
        assert not found.gain or found.attained == other.attained


def test_a_supremum_that_no_report_attains() -> None:
    def strict(values: Any, costs: Any) -> Any:
        """The buyer pays her report, and must be strictly above the cost."""
        return ((0,), (0,), values[0]) if values[0] > costs[0] else ((), (), 0)

    found = best_deviation(as_mechanism(strict), Market([9], [4]), (BUYER,))
    assert (found.gain, found.attained) == (5, False)
    assert found.trial is not None
    assert 4 < found.trial.reports[0] < 9


def test_an_unbounded_gain_is_said_to_be_unbounded() -> None:
    def pay_what_is_asked(values: Any, costs: Any) -> Any:
        return (0,), (0,), costs[0]

    found = best_deviation(as_mechanism(pay_what_is_asked), Market([9], [4]), (SELLER,))
    assert found.gain is None
    finding = collusion_finding(as_mechanism(pay_what_is_asked), [Market([9, 1], [4])], side_payments=True)
    assert finding.verdict == "refuted"


@pytest.mark.parametrize(
    "price",
    [
        lambda x: x * x,
        lambda x: 1 / x,
        round,
        float,
        lambda x: {x: 1}[x],
        int,
        lambda x: x**2,
        lambda x: np.array([x], dtype=float)[0],
        lambda x: x + np.nan,
        lambda x: x * np.inf,
        lambda x: x // 1,
        lambda x: x % 2,
        lambda x: range(5)[x],
    ],
)
def test_code_that_is_not_affine_is_not_followed(price: Any) -> None:
    with pytest.raises(NotSymbolic):
        list(explore(price, half_line(1), 1))


def test_sampled_where_followed_code_would_be_certified() -> None:
    def rounded(values: Any, costs: Any) -> Any:
        price = Fraction(int(max(values)))
        return (), (), price

    finding = collusion_finding(as_mechanism(rounded), [Market([3, 2], [1])], side_payments=True)
    assert finding.verdict == "sampled"


def test_infinities_sort_and_compare_as_in_users_code() -> None:
    def second_price(x: Any) -> Any:
        second = max([Fraction(2), -np.inf])
        return min(x, np.inf), x > -np.inf, x < np.inf, x == np.inf, x - np.inf, second

    for start in reports(1):
        for _, (least, above, below, equal, difference, _) in explore(second_price, start, 1):
            assert above
            assert below
            assert not equal
            assert difference == -np.inf
            assert least.coefficients == (1,)


def test_every_point_of_the_plane_is_in_one_cell() -> None:
    """Sorting two unknowns and a 3 cuts the quadrant into disjoint cells, six of them with an inside."""

    def order(x: Any, y: Any) -> list[str]:
        return [
            name for _, name in sorted([(x, "x"), (y, "y"), (Fraction(3), "3")], key=lambda pair: pair[0])
        ]

    tree = [leaf for start in reports(2) for leaf in explore(order, start, 2)]
    points = [cell.point() for cell, _ in tree]
    assert len(points) == len(set(points))
    for (x, y), (_, found) in zip(points, tree, strict=True):
        assert found == order(x, y)
    assert sum(len(cell.corners) > 2 for cell, _ in tree) == 6


def test_trees_too_large_are_given_up() -> None:
    with pytest.raises(NotSymbolic, match="more than 3 paths"):
        list(explore(lambda x: [x < i for i in range(9)], half_line(), 1, most_paths=3))


def test_code_that_tells_symbols_from_numbers_is_not_certified() -> None:
    def two_faced(values: Any, costs: Any) -> Any:
        price = values[0] if isinstance(values[0], Fraction) else Fraction(4)
        return ((0,), (0,), price) if values[0] >= costs[0] else ((), (), 0)

    found = best_deviation(as_mechanism(two_faced), Market([9], [4]), (BUYER,))
    assert not found.exact
    assert found.gain == 5


def test_code_that_draws_lots_in_secret_is_not_certified() -> None:
    draw = np.random.default_rng(1)

    def secretive(values: Any, costs: Any) -> Any:
        price = Fraction(int(draw.integers(1, 9)))
        return ((0,), (0,), price) if values[0] >= price >= costs[0] else ((), (), 0)

    assert not best_deviation(as_mechanism(secretive), Market([9], [4]), (BUYER,)).exact


@pytest.mark.parametrize("half", [0.5, np.float64(0.5)])
def test_constants_in_floating_point_can_be_followed(half: Any) -> None:
    def mid_price(values: Any, costs: Any) -> Any:
        return ((0,), (0,), half * (values[0] + costs[0])) if values[0] >= costs[0] else ((), (), 0)

    found = best_deviation(as_mechanism(mid_price), Market([50], [30]), (BUYER,))
    assert (found.gain, found.exact) == (10, True)
