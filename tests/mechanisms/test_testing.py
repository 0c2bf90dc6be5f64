"""What `edgeopt.mechanisms.testing` offers to other people's test suites."""

from __future__ import annotations

import sys
import warnings
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import find, given

from edgeopt.mechanisms import (
    VCG,
    KDoubleAuction,
    Market,
    McAfee,
    Outcome,
    PostedPrice,
    StronglyBudgetBalanced,
    TradeReduction,
)
from edgeopt.mechanisms.testing import (
    CLAIMS,
    PropertyRefuted,
    SampledOnly,
    check_all,
    check_budget,
    check_efficient,
    check_individually_rational,
    check_property,
    check_truthful,
    markets,
)
from edgeopt.problem.errors import InvalidOption

FEW = {"max_buyers": 2, "max_sellers": 2, "examples": 100}


def mid_price(values: Any, costs: Any) -> Any:
    """The highest value and the lowest cost trade at the price between them."""
    if not values or not costs or max(values) < min(costs):
        return (), (), 0
    return (values.index(max(values)),), (costs.index(min(costs)),), (max(values) + min(costs)) / 2


@pytest.mark.parametrize(
    "mechanism",
    [
        VCG(),
        McAfee(),
        McAfee("support", (0, 8)),
        TradeReduction(),
        KDoubleAuction(0),
        KDoubleAuction(1),
        PostedPrice(4),
        StronglyBudgetBalanced(),
    ],
    ids=str,
)
def test_declared_claims_hold(mechanism: Any) -> None:
    check_all(mechanism, **({"pool": range(9)} if mechanism == McAfee("support", (0, 8)) else {}))


@pytest.mark.parametrize(
    ("claim", "mechanism"),
    [
        ("truthful", KDoubleAuction(Fraction(1, 2))),
        ("truthful", KDoubleAuction(0)),
        ("no deficit", VCG()),
        ("strong budget balance", McAfee()),
        ("efficient", TradeReduction()),
        ("anonymity", PostedPrice(4)),
        ("non-bossiness", VCG()),
        ("scale equivariance", PostedPrice(4)),
        ("shift equivariance", PostedPrice(4)),
        ("collusion-proof", McAfee()),
        ("collusion-proof with side payments", PostedPrice(4)),
    ],
)
def test_what_does_not_hold_fails_with_a_shrunk_witness(claim: str, mechanism: Any) -> None:
    with pytest.raises(PropertyRefuted) as caught:
        check_property(claim, mechanism, **FEW)
    witness = caught.value.witness
    assert witness.claim == claim
    assert witness.replay().confirmed
    assert str(witness) in str(caught.value)
    assert len(witness.market.values) + len(witness.market.costs) <= 4


def test_the_message_tells_both_outcomes() -> None:
    with pytest.raises(AssertionError) as caught:
        check_truthful(mid_price)
    assert str(caught.value).splitlines() == [
        "mid_price() is not truthful: buyers 1, sellers 0: buyer 0 reports 0, by 1/2",
        "  truth: buyer 0 pays 1/2, seller 0 gets 1/2",
        "    buyer 0, value 1: payoff 1/2",
        "  then: buyer 0 pays 0, seller 0 gets 0",
        "    buyer 0, value 1: payoff 1",
    ]


def test_one_side_can_be_asked_for() -> None:
    check_truthful(KDoubleAuction(0), side="buyer", **FEW)
    with pytest.raises(PropertyRefuted):
        check_truthful(KDoubleAuction(0), side="seller", **FEW)


def test_functions_without_claims_are_held_to_the_usual_three() -> None:
    def subsidised(market: Market) -> Any:
        return VCG().clear(market)

    with pytest.raises(PropertyRefuted, match="not free of deficits"):
        check_all(subsidised)
    check_individually_rational(subsidised)
    check_efficient(subsidised)
    with pytest.raises(PropertyRefuted, match="not strongly budget balanced"):
        check_budget(subsidised, "strong")


def test_functions_may_return_an_outcome_or_its_parts() -> None:
    def posted(market: Market) -> Outcome:
        return PostedPrice(3).clear(market)

    def parts(values: Any, costs: Any) -> Any:
        outcome = posted(Market.unchecked(values, costs))
        return outcome.buyers, outcome.sellers, outcome.payments, outcome.receipts

    check_all(posted)
    check_all(parts)


@pytest.mark.parametrize(
    "returned", [None, ((0,), (0,)), ((0,), (7,), 1), ((0, 0), (0,), 1), ((0,), (0,), (1,), ()), "abc"]
)
def test_what_is_no_outcome_is_refused_in_one_line(returned: Any) -> None:
    with pytest.raises(InvalidOption) as caught:
        check_truthful(lambda market: returned)  # noqa: ARG005
    assert "\n" not in str(caught.value)
    assert "is expected" in str(caught.value)


def of_three(first: Any, second: Any, third: Any) -> Any:
    return first, second, third


@pytest.mark.parametrize("subject", [McAfee, 7, lambda: None, of_three])
def test_what_clears_nothing_is_refused(subject: Any) -> None:
    with pytest.raises(InvalidOption):
        check_truthful(subject)


def test_errors_of_the_mechanism_reach_the_user() -> None:
    def broken(values: Any, costs: Any) -> Any:
        raise ZeroDivisionError(f"{len(values)} buyers and {len(costs)} sellers")

    with pytest.raises(ZeroDivisionError) as caught:
        check_truthful(broken)
    assert caught.value.__notes__[0].startswith("in the market of buyers ")


def test_sampling_is_announced() -> None:
    def rounded(values: Any, costs: Any) -> Any:
        return mid_price([Fraction(int(x)) for x in values], [Fraction(int(x)) for x in costs])

    with pytest.warns(SampledOnly, match="rounded"), pytest.raises(PropertyRefuted):
        check_truthful(rounded)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_truthful(McAfee(), **FEW)


def test_unknown_claims_and_kinds() -> None:
    with pytest.raises(InvalidOption, match="claims are truthful"):
        check_property("fair", VCG())
    with pytest.raises(InvalidOption, match="'weak' or 'strong'"):
        check_budget(VCG(), "deficit")  # type: ignore[arg-type]
    assert CLAIMS[0] == "truthful"


@given(markets(4, 2, min_sellers=1, pool=[Fraction(1, 2), 7]))
def test_markets_come_from_the_pool(market: Market) -> None:
    assert len(market.values) <= 4
    assert 1 <= len(market.costs) <= 2
    assert {*market.values, *market.costs} <= {Fraction(1, 2), 7}
    assert market.exact


def test_markets_are_full_of_ties() -> None:
    tied = find(markets(3, 3), lambda m: len(set(m.values)) < len(m.values) and set(m.values) & set(m.costs))
    assert tied.values


def test_without_hypothesis_one_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "hypothesis", None)
    with pytest.raises(InvalidOption, match=r'pip install "edgeopt\[test\]"'):
        check_truthful(VCG())
