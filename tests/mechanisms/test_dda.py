"""The double Dutch auction: fast clearing against the protocol, and what its clocks are known to do."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeopt.mechanisms import Market, Markets, McAfee, TradeReduction, optimal_welfare, optimal_welfare_many
from edgeopt.mechanisms.dda import (
    DoubleDutchAuction,
    PolicyAuction,
    SlowAfterFirst,
    StepSchedule,
    Ticks,
    TruthfulDoubleDutchAuction,
    best_reply,
    geometric_ticks,
    policy_audit,
    session,
)
from edgeopt.mechanisms.dda.bidders import Delayed
from edgeopt.mechanisms.ranking import rank, walrasian_prices
from edgeopt.problem.errors import InvalidOption

TEXTBOOK = Market([17, 14, 13, 9, 6], [1, 4, 5, 8, 11])
reports = st.lists(st.integers(0, 12), max_size=5)
markets = st.builds(Market, reports, reports)
TICKS: list[Any] = ["exact", 1, 3, (5, 2), Ticks((11, 8, 7, 3), (0, 2, 8, 9, 10, 12))]
clock_options = st.fixed_dictionaries(
    {
        "balance": st.sampled_from(["quantity", "simultaneous"]),
        "first": st.sampled_from(["buyers", "sellers"]),
        "ticks": st.sampled_from(TICKS),
        "low": st.just(1),
        "high": st.just(11),
    }
)
AUCTIONS: list[Any] = [
    DoubleDutchAuction,
    lambda **options: DoubleDutchAuction(pricing="last-pair", weight=Fraction(1, 4), **options),
    lambda **options: DoubleDutchAuction(pricing="midpoint", **options),
    TruthfulDoubleDutchAuction,
    lambda **options: TruthfulDoubleDutchAuction(case_a=False, **options),
]


def facts(outcome: Any) -> tuple[Any, ...]:
    amounts = [float(x) for x in (*outcome.payments, *outcome.receipts)]
    price = None if outcome.price is None else float(outcome.price)
    return outcome.buyers, outcome.sellers, amounts, price, outcome.rounds, outcome.messages, outcome.case


@pytest.mark.parametrize("auction", AUCTIONS)
@given(options=clock_options, market=markets)
def test_clearing_equals_the_protocol_and_the_batch(auction: Any, options: Any, market: Market) -> None:
    rule = auction(**options)
    outcome = rule.clear(market)
    assert outcome == session(rule, market).outcome
    assert facts(outcome) == facts(rule.clear(market.as_floats()))


@pytest.mark.parametrize("first", ["buyers", "sellers"])
@given(market=markets)
def test_continuous_price_is_an_end_of_the_clearing_interval(first: Any, market: Market) -> None:
    outcome = DoubleDutchAuction(first=first).clear(market)
    lower, upper = walrasian_prices(rank(market))
    assert outcome.price == (None if not outcome.trades else lower if first == "buyers" else upper)
    assert outcome.welfare(market) == optimal_welfare(market)


@pytest.mark.parametrize(("case_a", "rule"), [(True, McAfee()), (False, TradeReduction())])
@given(market=markets)
def test_truthful_clearing_is_mcafee_or_trade_reduction(case_a: bool, rule: Any, market: Market) -> None:
    outcome, expected = TruthfulDoubleDutchAuction(case_a=case_a).clear(market), rule.clear(market)
    assert (outcome.buyers, outcome.sellers, outcome.price) == (
        expected.buyers,
        expected.sellers,
        expected.price,
    )
    assert (outcome.payments, outcome.receipts) == (expected.payments, expected.receipts)


@given(market=markets, step=st.sampled_from([1, 2, 3]))
def test_ticks_round_reports(market: Market, step: int) -> None:
    """Buyers' reports act as if rounded down, sellers' as if rounded up."""
    rounded = Market([x // step * step for x in market.values], [-(-x // step) * step for x in market.costs])
    ticked = DoubleDutchAuction(ticks=step, high=18).clear(market)
    exact = DoubleDutchAuction().clear(rounded)
    assert (ticked.buyers, ticked.sellers, ticked.price) == (exact.buyers, exact.sellers, exact.price)


def test_simultaneous_clocks_lose_welfare() -> None:
    """Eight buyers on 20 to 100, three sellers on 30 to 100: the middle of the range is no clearing price."""
    rng = np.random.default_rng(5)
    batch = Markets(rng.integers(20, 101, (2000, 8)), rng.integers(30, 101, (2000, 3)))
    best = optimal_welfare_many(batch).sum()
    together = DoubleDutchAuction("simultaneous", high=100).clear_many(batch).welfare().sum()
    balanced = DoubleDutchAuction().clear_many(batch).welfare().sum()
    assert balanced == pytest.approx(best)
    assert together < 0.9 * best


def test_steps_that_react_break_truthfulness() -> None:
    """Waiting until tick 8 gains 14, and until tick 5 even 15: both then accept at 5, ties by index."""
    held = PolicyAuction(SlowAfterFirst(3, 1), TruthfulDoubleDutchAuction("simultaneous", high=20))
    market = Market([20, 6], [0, 1])
    assert held.clear(market).trades == 0
    reported = held.clear(market.with_report("buyer", 0, 8))
    assert (reported.trades, reported.payments[0]) == (1, 6)
    reply, gain = best_reply(held, market, "buyer", 0)
    assert (reply.position, gain) == (5, 15)
    assert held.claims.truthful is False


def test_policy_audit_refutes_and_certifies() -> None:
    found = policy_audit(SlowAfterFirst(3, 1), values=(6, 20), costs=(0, 1), climb=False)
    assert found.verdict == "refuted"
    assert found.regret >= 14
    independent = StepSchedule((5, 2))
    for auction in (None, TruthfulDoubleDutchAuction(high=20)):
        certified = policy_audit(independent, auction, values=(5, 11, 20), costs=(0, 5, 9))
        assert (certified.verdict, certified.regret, certified.markets) == ("certified", 0, 36)


def test_waiting_moves_the_last_pair_price() -> None:
    """A trading buyer gains a (b_k - L): 9 and 4 against 8 and 3, half of 9 - 4."""
    rule = DoubleDutchAuction(ticks=Fraction(1, 2), high=10, pricing="last-pair")
    _, gain = best_reply(rule, Market([9, 4], [8, 3]), "buyer", 0)
    # At a report of 4 she ties with the other buyer, and the lower index is served.
    assert gain == Fraction(5, 2)


def test_late_bidder_acts_as_a_lower_report() -> None:
    rule = DoubleDutchAuction(ticks=1, high=20)
    held = session(rule, TEXTBOOK, {("buyer", 0): Delayed("buyer", 17, patience=2)})
    assert held.outcome == rule.clear(TEXTBOOK.with_report("buyer", 0, 15))


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: DoubleDutchAuction("none"),  # type: ignore[arg-type]
        lambda: DoubleDutchAuction(first="nobody"),  # type: ignore[arg-type]
        lambda: DoubleDutchAuction(pricing="mine"),  # type: ignore[arg-type]
        lambda: DoubleDutchAuction(weight=2),
        lambda: TruthfulDoubleDutchAuction(ticks=0),
        lambda: TruthfulDoubleDutchAuction(ticks="coarse"),
        lambda: TruthfulDoubleDutchAuction(low=3, high=3),
        lambda: Ticks((1, 2), (0,)),
        lambda: geometric_ticks(8, 2),
    ],
)
def test_bad_option_is_one_clear_line(wrong: Any) -> None:
    with pytest.raises(InvalidOption) as error:
        wrong()
    assert "\n" not in str(error.value)
