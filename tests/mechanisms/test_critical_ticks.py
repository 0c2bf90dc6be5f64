"""Critical ticks: truthful on every report-independent clock, whatever a trader's value is."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgeopt.mechanisms import Market, Markets, audit
from edgeopt.mechanisms.dda import DoubleDutchAuction, Ticks, TruthfulDoubleDutchAuction
from edgeopt.mechanisms.dda.clocks import ClockAuction
from edgeopt.mechanisms.dda.critical import CriticalTickAuction
from edgeopt.mechanisms.dda.rows import TickRows, clear_rows, first_best, padded_markets
from edgeopt.problem.errors import InvalidOption

reports = st.lists(st.integers(0, 25), min_size=1, max_size=4)


@st.composite
def clocks(draw: st.DrawFn) -> Ticks:
    """Ticks anywhere: other ones on each side, openings far from the ends of the price range."""
    buyers = sorted(draw(st.sets(st.integers(1, 24), min_size=1, max_size=5)), reverse=True)
    sellers = sorted(draw(st.sets(st.integers(0, buyers[0] - 1), min_size=1, max_size=5)))
    return Ticks(tuple(buyers), tuple(sellers))


@settings(max_examples=40)
@given(clocks(), reports, reports, st.booleans(), st.sampled_from(["quantity", "simultaneous"]))
def test_certified_for_every_value_without_deficit_and_with_the_same_trades(
    ticks: Ticks, values: list[int], costs: list[int], case_a: bool, balance: str
) -> None:
    auction = TruthfulDoubleDutchAuction(balance, ticks=ticks, case_a=case_a, high=30)  # type: ignore[arg-type]
    market = Market(values, costs)
    report = audit(CriticalTickAuction(auction), market)
    assert report.truthful == "certified"
    assert report.individually_rational
    assert report.budget != "deficit"
    critical, plain = CriticalTickAuction(auction).clear(market), auction.clear(market)
    assert (critical.buyers, critical.sellers) == (plain.buyers, plain.sellers)
    assert (critical.rounds, critical.messages) == (plain.rounds, plain.messages)
    assert all(a >= b for a, b in zip(critical.payments, plain.payments, strict=True))
    assert all(a <= b for a, b in zip(critical.receipts, plain.receipts, strict=True))


def test_the_rules_own_prices_are_not_truthful_between_ticks() -> None:
    """Buyer 14 is heard at 10 with buyer 13 and dropped by her index; heard at 15, she would trade at 10."""
    ticks, market = Ticks((20, 15, 10, 5), (0, 5, 10)), Market([13, 14], [1, 2])
    plain = TruthfulDoubleDutchAuction(ticks=ticks)
    report = audit(plain, market)
    assert report.truthful == "refuted"
    assert report.regrets["buyer"] == 4
    assert audit(CriticalTickAuction(plain), market).truthful == "certified"


def test_prices_by_hand() -> None:
    """Case B: the second buyer is dropped at 15, and the first, who goes before her by index, pays 15."""
    ticks = Ticks((20, 15, 10, 5), (0, 5, 10))
    auction = CriticalTickAuction(TruthfulDoubleDutchAuction(ticks=ticks))
    outcome = auction.clear(Market([21, 16], [0, 4]))
    assert (outcome.case, outcome.buyers, outcome.sellers) == ("B", (0,), (0,))
    assert (outcome.payments[0], outcome.receipts[0]) == (15, 5)
    # The other way round the winner has the higher index: she must be heard before the other, at 20.
    assert auction.clear(Market([16, 21], [4, 0])).payments[1] == 20
    floats = auction.clear(Market(np.array([16.0, 21.0]), np.array([4.0, 0.0])))
    assert isinstance(floats.payments, np.ndarray)
    assert floats.payments.tolist() == [0.0, 20.0]


def test_continuous_clocks_are_refused() -> None:
    with pytest.raises(InvalidOption, match="critical ticks need ticks"):
        CriticalTickAuction(TruthfulDoubleDutchAuction())


@pytest.mark.parametrize(
    "auction",
    [DoubleDutchAuction(), DoubleDutchAuction(first="sellers"), TruthfulDoubleDutchAuction()],
    ids=str,
)
def test_ticks_of_its_own_for_each_market_give_what_clearing_one_by_one_gives(auction: ClockAuction) -> None:
    rng = np.random.default_rng(5)
    buyers, sellers = np.full((60, 6), -np.inf), np.full((60, 6), np.inf)
    for row in range(60):
        n, m = rng.integers(1, 7, 2)
        buyers[row, :n] = np.sort(rng.choice(np.arange(40, 100), n, replace=False))[::-1] / 4
        sellers[row, :m] = np.sort(rng.choice(np.arange(40), m, replace=False)) / 4
    rows = TickRows(buyers, sellers)
    values, costs = rng.integers(0, 120, (60, 5)) / 4, rng.integers(0, 120, (60, 4)) / 4
    missing = np.where(rng.random((60, 5)) < 0.2, -np.inf, values)
    found = clear_rows(auction, padded_markets(missing, costs), rows)
    for row in range(60):
        there = missing[row][np.isfinite(missing[row])]
        market = Market([Fraction(x) for x in there], [Fraction(x) for x in costs[row]])
        alone = replace(auction, ticks=rows[row]).clear(market)
        counts = (found.trades[row], found.rounds[row], found.messages[row])
        assert counts == (alone.trades, alone.rounds, alone.messages)
        assert found.welfare[row] == pytest.approx(float(alone.welfare(market)))
    exact = clear_rows(DoubleDutchAuction(), Markets(values, costs))
    assert exact.welfare == pytest.approx(first_best(Markets(values, costs)))


def test_rows_out_of_order_are_refused() -> None:
    with pytest.raises(InvalidOption, match="out of order"):
        TickRows(np.array([[3.0, 4.0]]), np.array([[0.0, 1.0]]))
    with pytest.raises(InvalidOption, match="above"):
        TickRows(np.array([[3.0]]), np.array([[3.0]]))
    with pytest.raises(InvalidOption, match="finite opening"):
        TickRows(np.array([[-np.inf]]), np.array([[3.0]]))
    two = TickRows(np.array([[3.0], [3.0]]), np.array([[0.0], [1.0]]))
    one = Markets(np.ones((1, 1)), np.ones((1, 1)))
    with pytest.raises(InvalidOption, match="2 rows"):
        clear_rows(DoubleDutchAuction(), one, two)
