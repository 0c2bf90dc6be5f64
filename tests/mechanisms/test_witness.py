"""Counterexamples are stored exactly, replayed by clearing again, and shrunk the same way every time."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeopt.mechanisms import VCG, KDoubleAuction, Market, McAfee, StronglyBudgetBalanced
from edgeopt.mechanisms.audits.searches import refuter
from edgeopt.mechanisms.audits.shrink import shrink, shrink_market, size
from edgeopt.mechanisms.audits.trials.trial import Trader, Trial
from edgeopt.mechanisms.audits.witness import Witness, witness_of
from edgeopt.mechanisms.testing import markets
from edgeopt.problem.errors import InvalidFile, InvalidOption

HALF = KDoubleAuction(Fraction(1, 2))
BOOK = Market([17, 14, 13, 9, 6], [1, 4, 5, 8, 11])


def seller_asks_more() -> Witness:
    """Buyer 50, seller 30 at the mid price: reporting 50 moves the price from 40 to 50."""
    trial = Trial(Market([50], [30]), (Trader("seller", 0),), (Fraction(50),))
    witness = witness_of("truthful", HALF, trial)
    assert witness is not None
    return witness


def test_a_gain_is_measured_by_clearing_twice() -> None:
    witness = seller_asks_more()
    assert witness.gain == 10
    assert witness.replay().gain == 10
    assert witness.replay().confirmed
    assert str(witness) == (
        "KDoubleAuction(k=1/2) is not truthful: buyers 50, sellers 30: seller 0 reports 50, by 10"
    )


def test_a_trial_without_failure_is_no_witness() -> None:
    trial = Trial(Market([50], [30]), (Trader("seller", 0),), (Fraction(50),))
    assert witness_of("truthful", McAfee(), trial) is None


def test_a_forged_gain_is_not_confirmed() -> None:
    true = seller_asks_more()
    forged = Witness(true.claim, true.mechanism, true.trial, true.gain + 1)
    assert not forged.replay().confirmed
    assert not true.replay(McAfee()).confirmed


@pytest.mark.parametrize(
    ("mechanism", "claim", "trial"),
    [
        (VCG(), "no deficit", Trial(BOOK)),
        (
            McAfee("support", (0, Fraction(41, 2))),
            "shift equivariance",
            Trial(Market([9], [4]), offset=Fraction(2)),
        ),
        (McAfee(), "efficient", Trial(Market([9, 8], [4, 3]))),
        (StronglyBudgetBalanced(), "efficient", Trial(Market([9, 8], [4, 3]), coin=Fraction(1, 2))),
    ],
    ids=["vcg", "padded", "mcafee", "lottery"],
)
def test_files_keep_everything(tmp_path: Path, mechanism: Any, claim: str, trial: Trial) -> None:
    witness = witness_of(claim, mechanism, trial)
    assert witness is not None
    witness.save(tmp_path / "witness.json")
    loaded = Witness.load(tmp_path / "witness.json")
    assert loaded == witness
    assert loaded.replay().confirmed
    assert list(tmp_path.iterdir()) == [tmp_path / "witness.json"]


def test_vcg_deficit_is_k_times_the_price_gap() -> None:
    witness = witness_of("no deficit", VCG(), Trial(BOOK))
    assert witness is not None
    assert witness.gain == 4  # k (U - L) = 4 (9 - 8)


def test_functions_replay_when_they_are_passed() -> None:
    def free(values: Any, costs: Any) -> Any:
        return (0,), (0,), Fraction(0)

    witness = witness_of(
        "individually rational",
        McAfee(),
        Trial(Market([1], [1]), (Trader("seller", 0),)),
    )
    assert witness is None
    from edgeopt.mechanisms.audits.subject import as_mechanism

    witness = witness_of(
        "individually rational", as_mechanism(free), Trial(Market([1], [1]), (Trader("seller", 0),))
    )
    assert witness is not None
    assert witness.gain == 1
    assert witness.replay(free).confirmed
    with pytest.raises(InvalidOption, match="pass the mechanism"):
        witness.replay()


def content(**changes: Any) -> dict[str, Any]:
    return seller_asks_more().as_json() | changes


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"edgeopt": "instance/1"}',
        "[" * 100_000,
        json.dumps(content(claim="profitable")),
        json.dumps(content(gain=float("nan"))),
        json.dumps(content(gain=0.5)),
        json.dumps(content(gain="1/0")),
        json.dumps(content(gain="1e999999999")),
        json.dumps(content(gain=True)),
        json.dumps(content()).replace("10", "9" * 5000),
        json.dumps(content(market={"values": [50]})),
        json.dumps(content(market={"values": [50], "costs": [-30]})),
        json.dumps(content(market=7)),
        json.dumps(content(traders=[{"side": "auctioneer", "index": 0}])),
        json.dumps(content(traders=[{"side": "seller", "index": 7}])),
        json.dumps(content(traders=[{"side": "seller", "index": -1}])),
        json.dumps(content(traders=[{"side": "seller"}])),
        json.dumps(content(reports=[1, 2])),
        json.dumps(content(order=[[0], [5]])),
        json.dumps(content(order=[[0]])),
        json.dumps(content(coin={"number": "x"})),
        json.dumps(content(mechanism={"name": 3, "options": None})),
        json.dumps(content(mechanism={"name": "VCG", "options": [1]})),
        json.dumps(content(mechanism="VCG")),
        json.dumps({k: v for k, v in content().items() if k != "gain"}),
    ],
)
def test_what_is_no_witness_is_refused_in_one_line(tmp_path: Path, text: str) -> None:
    path = tmp_path / "witness.json"
    path.write_text(text)
    with pytest.raises(InvalidFile) as caught:
        Witness.load(path)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 500 + len(str(path))


@pytest.mark.parametrize(
    "mechanism",
    [
        {"name": "os.system", "options": {}},
        {"name": "Market", "options": {}},
        {"name": "optimal_welfare", "options": {}},
        {"name": "KDoubleAuction", "options": {"k": {"number": 2}}},
        {"name": "KDoubleAuction", "options": {}},
        {"name": "KDoubleAuction", "options": {"__class__": "x"}},
    ],
)
def test_only_published_mechanisms_are_built(mechanism: dict[str, Any]) -> None:
    with pytest.raises(InvalidOption):
        Witness.from_json(content(mechanism=mechanism)).replay()


def test_missing_files_and_folders(tmp_path: Path) -> None:
    with pytest.raises(InvalidFile, match="cannot be read"):
        Witness.load(tmp_path / "none.json")
    with pytest.raises(InvalidFile, match="cannot be written"):
        seller_asks_more().save(tmp_path / "none" / "witness.json")


def test_the_mid_price_shrinks_to_one_against_zero() -> None:
    refute = refuter("truthful", HALF)
    large = Market([50, Fraction(77, 3), 4, 4], [30, 99, Fraction(13, 7)])
    smallest = shrink(shrink_market(large, refute))
    assert smallest.market == Market([1], [0])
    assert smallest.gain == Fraction(1, 2)
    assert smallest == shrink(shrink_market(large, refute))


@given(markets(3, 3))
def test_shrinking_keeps_the_refutation_and_never_grows(market: Market) -> None:
    witness = refuter("efficient", McAfee())(market)
    if witness is not None:
        smaller = shrink(witness)
        assert smaller.replay().confirmed
        assert size(smaller.trial) <= size(witness.trial)
        assert smaller.market == Market([1], [0])
        assert shrink(smaller) == smaller


@given(st.permutations(range(3)), st.permutations(range(2)))
def test_dropping_traders_keeps_an_order_an_order(buyers: list[int], sellers: list[int]) -> None:
    def first_come(values: Any, costs: Any) -> Any:
        return ((0,), (0,), costs[0]) if values and costs and values[0] >= costs[0] else ((), (), 0)

    from edgeopt.mechanisms.audits.subject import as_mechanism

    trial = Trial(Market([9, 5, 7], [1, 2]), order=(tuple(buyers), tuple(sellers)))
    witness = witness_of("anonymity", as_mechanism(first_come), trial)
    if witness is not None:
        smaller = shrink(witness, first_come)
        assert smaller.replay(first_come).confirmed
        assert len(smaller.market.values) + len(smaller.market.costs) == 3


def test_shrinking_refuses_what_does_not_replay() -> None:
    true = seller_asks_more()
    with pytest.raises(InvalidOption, match="does not replay"):
        shrink(Witness(true.claim, true.mechanism, true.trial, Fraction(11)))
    with pytest.raises(InvalidOption, match="no counterexample"):
        shrink_market(Market([5], [1]), refuter("truthful", VCG()))
