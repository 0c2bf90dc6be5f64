"""Proofs for all real reports by z3, of the same code that clears markets."""

from __future__ import annotations

import sys
from fractions import Fraction
from typing import Any

import pytest

from edgeopt.mechanisms import (
    VCG,
    KDoubleAuction,
    McAfee,
    PostedPrice,
    StronglyBudgetBalanced,
    TradeReduction,
)
from edgeopt.mechanisms.audits.forking.forms import NotSymbolic
from edgeopt.mechanisms.audits.smt import prove
from edgeopt.problem.errors import InvalidOption

pytest.importorskip("z3")
HALF = KDoubleAuction(Fraction(1, 2))


@pytest.mark.parametrize(
    "mechanism", [McAfee(), TradeReduction(), PostedPrice(5), StronglyBudgetBalanced()], ids=str
)
@pytest.mark.parametrize(("buyers", "sellers"), [(1, 1), (1, 2), (2, 1)])
def test_truthful_rational_and_never_in_deficit(mechanism: Any, buyers: int, sellers: int) -> None:
    proof = prove(mechanism, buyers=buyers, sellers=sellers)
    assert proof.proved, [str(finding.witness) for finding in proof.findings]
    assert proof["truthful"].scope == f"all real reports of 0 or more, {buyers} x {sellers}"
    assert proof.paths > 0


def test_mcafee_with_two_on_each_side_is_proved() -> None:
    assert prove(McAfee(), buyers=2, sellers=2).proved


def test_vcg_is_truthful_and_in_deficit() -> None:
    proof = prove(VCG(), buyers=2, sellers=1)
    assert proof["truthful"].verdict == "certified"
    assert proof["individually rational"].verdict == "certified"
    deficit = proof["no deficit"]
    assert deficit.verdict == "refuted"
    assert deficit.witness is not None
    assert deficit.witness.replay().confirmed


@pytest.mark.parametrize(("buyers", "sellers"), [(1, 1), (2, 1), (2, 2)])
def test_the_k_double_auction_is_refuted_by_a_market_that_replays(buyers: int, sellers: int) -> None:
    proof = prove(HALF, buyers=buyers, sellers=sellers)
    finding = proof["truthful"]
    assert finding.verdict == "refuted"
    assert finding.witness is not None
    assert finding.witness.replay().confirmed
    assert (len(finding.witness.market.values), len(finding.witness.market.costs)) == (buyers, sellers)
    assert proof["no deficit"].verdict == "certified"
    assert not proof.proved


def test_padding_is_truthful_within_its_support_only() -> None:
    padded = McAfee("support", (0, 20))
    assert prove(padded, buyers=2, sellers=1, support=(0, 20)).proved
    outside = prove(padded, buyers=2, sellers=1)["truthful"]
    assert outside.verdict == "refuted"
    assert outside.witness is not None
    assert max(*outside.witness.market.values, *outside.witness.market.costs) > 20


def test_a_bug_at_one_real_number_is_found() -> None:
    """A reserve price that favours whoever reports exactly 22/7: no grid and no sample meets it."""

    def hidden(values: Any, costs: Any) -> Any:
        if values[0] == Fraction(22, 7):
            return (0,), (0,), costs[0]
        return ((0,), (0,), 5) if values[0] >= 5 >= costs[0] else ((), (), 0)

    finding = prove(hidden, buyers=1, sellers=1)["truthful"]
    assert finding.witness is not None
    assert Fraction(22, 7) in {*finding.witness.market.values, *finding.witness.reports}
    assert finding.witness.replay(hidden).confirmed


def test_a_loss_is_found() -> None:
    def all_pay(values: Any, costs: Any) -> Any:
        return (0,), (0,), (values[0] + costs[0]) / 2

    proof = prove(all_pay, buyers=1, sellers=1)
    assert proof["individually rational"].verdict == "refuted"
    witness = proof["individually rational"].witness
    assert witness is not None
    assert witness.replay(all_pay).confirmed


def test_code_beyond_linear_arithmetic_is_refused() -> None:
    def product_price(values: Any, costs: Any) -> Any:
        return (0,), (0,), values[0] * costs[0]

    with pytest.raises(NotSymbolic, match="product of two reports"):
        prove(product_price, buyers=1, sellers=1)


@pytest.mark.parametrize(
    "options",
    [
        {"buyers": 0, "sellers": 0},
        {"buyers": -1, "sellers": 2},
        {"buyers": 1, "sellers": 1, "support": (3, 2)},
    ],
)
def test_bad_questions_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(InvalidOption):
        prove(VCG(), **options)


def test_without_z3_one_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "z3", None)
    with pytest.raises(InvalidOption, match=r'pip install "edgeopt\[smt\]"'):
        prove(VCG(), buyers=1, sellers=1)
