"""Anonymity, non-bossiness, equivariance: what each rule keeps, and counterexamples where it does not."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings

from edgeopt.mechanisms import (
    VCG,
    KDoubleAuction,
    Market,
    McAfee,
    PostedPrice,
    StronglyBudgetBalanced,
    TradeReduction,
)
from edgeopt.mechanisms.audits.axioms import anonymity, axiom_verdicts, equivariance, non_bossiness
from edgeopt.mechanisms.audits.subject import as_mechanism
from edgeopt.mechanisms.testing import markets

PROFILES = [Market([9, 4], [8, 3]), Market([9, 8], [4, 3]), Market([7, 5, 5], [2, 2]), Market([7], [2])]


def verdicts(mechanism: Any, profiles: list[Market] = PROFILES) -> dict[str, str]:
    findings = axiom_verdicts(mechanism, profiles)
    for finding in findings:
        assert (finding.witness is not None) == (finding.verdict == "refuted")
        if finding.witness is not None:
            assert finding.witness.replay(mechanism).confirmed
            assert finding.figure > 0
    return {finding.claim: finding.verdict for finding in findings}


@pytest.mark.parametrize("mechanism", [VCG(), McAfee(), TradeReduction(), KDoubleAuction(0)], ids=str)
def test_rules_on_ranks_depend_on_neither_names_nor_units_but_are_bossy(mechanism: Any) -> None:
    found = verdicts(mechanism)
    assert found["anonymity"] == "certified"
    assert found["scale equivariance"] == "certified"
    assert found["shift equivariance"] == "certified"
    assert found["non-bossiness"] == "refuted"


def test_padding_ties_mcafee_to_its_support() -> None:
    found = verdicts(McAfee("support", (0, 20)))
    assert found["anonymity"] == "certified"
    assert found["scale equivariance"] == "refuted"
    assert found["shift equivariance"] == "refuted"


def test_a_posted_price_is_a_queue_with_a_fixed_price() -> None:
    found = verdicts(PostedPrice(5))
    assert found["non-bossiness"] == "certified"
    assert found["scale equivariance"] == "refuted"
    assert found["shift equivariance"] == "refuted"
    assert found["anonymity"] == "refuted"  # buyers 7, 5, 5 and two sellers: who comes first is served


def test_a_lottery_is_anonymous_on_average_only() -> None:
    lottery = StronglyBudgetBalanced()
    market = Market([9, 8], [3, 1])
    assert anonymity(lottery, [market]).verdict == "certified"
    coin = Fraction(0)

    def one_coin(market: Market) -> Any:
        return lottery.clear(market, coin)

    assert anonymity(as_mechanism(one_coin), [market]).verdict == "refuted"


def test_bossiness_by_hand() -> None:
    # McAfee, buyers 9 and 4, sellers 8 and 3: one trade at (4 + 8) / 2 = 6. Buyer 1 never trades below 6, and
    # moves the price of the others by half of what she adds.
    finding = non_bossiness(McAfee(), [Market([9, 4], [8, 3])])
    assert finding.witness is not None
    (trader,), (report,) = finding.witness.traders, finding.witness.reports
    assert str(trader) == "buyer 1"
    assert finding.figure == abs(report - 4) / 2


def test_favouring_a_name_is_seen_and_shown() -> None:
    def favourite(values: Any, costs: Any) -> Any:
        return ((0,), (0,), costs[0]) if values and costs and values[0] >= costs[0] else ((), (), 0)

    finding = anonymity(as_mechanism(favourite), [Market([5, 9], [1])])
    assert finding.verdict == "refuted"
    assert finding.witness is not None
    assert finding.witness.trial.order == ((1, 0), (0,))


def test_ties_are_no_failure_of_anonymity() -> None:
    finding = anonymity(VCG(), [Market([5, 5, 5], [1]), Market([3, 3], [3, 3])])
    assert finding.verdict == "certified"
    assert "up to ties" in finding.scope


def test_many_orders_are_sampled_not_certified() -> None:
    assert anonymity(VCG(), [Market(range(7), range(7))]).verdict == "sampled"


def test_a_threshold_far_from_the_profile_is_found() -> None:
    """A rule that changes above 1000 passes factors and offsets tried by hand, not all of them."""

    def wealthy(values: Any, costs: Any) -> Any:
        price = costs[0] if values[0] <= 1000 else values[0]
        return ((0,), (0,), price) if values[0] >= costs[0] else ((), (), 0)

    for kind in ("scale", "shift"):
        finding = equivariance(as_mechanism(wealthy), [Market([5], [1])], kind)
        assert finding.verdict == "refuted"
        assert finding.witness is not None
        changed = finding.witness.trial.changed
        assert changed.values[0] > 1000


def test_floating_point_code_is_sampled_and_rounding_is_no_counterexample() -> None:
    def thirds(values: Any, costs: Any) -> Any:
        value, cost = float(values[0]), float(costs[0])
        return ((0,), (0,), (value + 2 * cost) / 3) if value >= cost else ((), (), 0.0)

    found = verdicts(thirds, [Market([7], [2]), Market([Fraction(1, 3)], [Fraction(1, 7)])])
    assert found["scale equivariance"] == "sampled"
    assert found["shift equivariance"] == "sampled"
    assert found["non-bossiness"] == "sampled"


@settings(max_examples=20)
@given(markets(3, 2))
def test_certified_scale_equivariance_holds_for_any_factor(market: Market) -> None:
    finding = equivariance(McAfee(), [market], "scale")
    assert finding.verdict == "certified"
    tripled = Market([3 * x for x in market.values], [3 * x for x in market.costs])
    outcome, other = McAfee().clear(market), McAfee().clear(tripled)
    assert other.buyers == outcome.buyers
    assert [3 * x for x in outcome.payments] == list(other.payments)
