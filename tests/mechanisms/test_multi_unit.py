"""Multi-unit markets, MUDA and Huang's auction: promises, their limits, and hostile input."""

from __future__ import annotations

import json
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgeopt.mechanisms import MUDA, HuangMultiUnit, Market, MultiUnitMarket, quantity_misreport
from edgeopt.mechanisms import optimal_welfare as optimal_unit_welfare
from edgeopt.mechanisms.lottery import Lottery
from edgeopt.mechanisms.multi_unit import Split, optimal_welfare
from edgeopt.mechanisms.multi_unit.outcome import total
from edgeopt.problem.errors import InvalidFile, InvalidMarket, InvalidOption

MECHANISMS: list[Any] = [MUDA(), MUDA("vickrey"), HuangMultiUnit()]


@st.composite
def markets(draw: st.DrawFn, traders: int = 2, flat: bool = False) -> MultiUnitMarket:
    """Small whole numbers, full of ties; sides and traders may be empty."""

    def side(rising: bool) -> list[list[int]]:
        if flat:
            pairs = draw(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 6)), max_size=traders))
            return [[price] * quantity for quantity, price in pairs]
        lists = draw(st.lists(st.lists(st.integers(0, 6), max_size=3), max_size=traders))
        return [sorted(trader, reverse=not rising) for trader in lists]

    return MultiUnitMarket(side(False), side(True))


def outcomes(mechanism: Any, market: MultiUnitMarket) -> Iterator[Any]:
    if isinstance(mechanism, HuangMultiUnit):
        yield mechanism.clear(market)
        return
    for _, coin in mechanism.coins(len(market.values), len(market.costs)):
        yield mechanism.clear(market, coin)


@pytest.mark.parametrize("mechanism", MECHANISMS)
@settings(max_examples=40)
@given(data=st.data())
def test_promises_for_every_coin(mechanism: Any, data: st.DataObject) -> None:
    market = data.draw(markets(traders=3, flat=isinstance(mechanism, HuangMultiUnit)))
    best = optimal_welfare(market)
    for outcome in outcomes(mechanism, market):
        assert sum(outcome.bought) == sum(outcome.sold) == outcome.units
        assert outcome.budget_surplus >= 0
        if mechanism.claims.budget == "strong":
            assert outcome.budget_surplus == 0
        assert 0 <= outcome.welfare(market) <= best
        for i, report in enumerate(market.values):
            assert 0 <= outcome.bought[i] <= len(report)
            assert outcome.utility(market, "buyer", i) >= 0
        for j, report in enumerate(market.costs):
            assert 0 <= outcome.sold[j] <= len(report)
            assert outcome.utility(market, "seller", j) >= 0


@pytest.mark.parametrize("mechanism", MECHANISMS[:2])
@settings(max_examples=25)
@given(market=markets())
def test_no_quantity_gains_in_muda(mechanism: Any, market: MultiUnitMarket) -> None:
    """For every coin; the search is the one that refutes Huang's auction below."""
    assert quantity_misreport(mechanism, market, more=2) is None


@pytest.mark.parametrize("mechanism", MECHANISMS[:2])
@settings(max_examples=25)
@given(market=markets(), lie=st.lists(st.integers(0, 13), max_size=3))
def test_no_other_report_gains_in_muda(mechanism: Any, market: MultiUnitMarket, lie: list[int]) -> None:
    """Reports halfway between the others' too; every trader tries the same lie, for every coin."""
    halves = [Fraction(x, 2) for x in lie]
    for _, coin in mechanism.coins(len(market.values), len(market.costs)):
        truth = mechanism.clear(market, coin)
        for side, traders in (("buyer", market.values), ("seller", market.costs)):
            for index, true in enumerate(traders):
                report = sorted(halves, reverse=side == "buyer")
                if side == "seller":
                    report = report[: len(true)]
                outcome = mechanism.clear(market.with_report(side, index, report), coin)
                assert outcome.utility(market, side, index) <= truth.utility(market, side, index)


@settings(max_examples=60)
@given(market=markets(traders=3, flat=True), lie=st.integers(0, 13))
def test_no_price_gains_in_huang(market: MultiUnitMarket, lie: int) -> None:
    truth = HuangMultiUnit().clear(market)
    for side, traders in (("buyer", market.values), ("seller", market.costs)):
        for index, true in enumerate(traders):
            report = [Fraction(lie, 2)] * len(true)
            outcome = HuangMultiUnit().clear(market.with_report(side, index, report))
            assert outcome.utility(market, side, index) <= truth.utility(market, side, index)


def test_quantity_misreport_of_huang() -> None:
    """At the truth buyers 0 and 1 (4 units, at 5) meet sellers 0 and 1 (3 units): each gives up half a unit.

    Asking for three units makes the excess 2, of which she bears one: 2 units, half a unit more, worth 2.
    """
    market = MultiUnitMarket.from_blocks([[(2, 9)], [(2, 8)], [(2, 5)]], [[(1, 1)], [(2, 2)], [(3, 4)]])
    truth = HuangMultiUnit().clear(market)
    assert truth.bought == (Fraction(3, 2), Fraction(3, 2), 0)
    found = quantity_misreport(HuangMultiUnit(), market)
    assert found is not None
    assert (found.side, found.index, found.quantity, found.gain) == ("buyer", 0, 3, 2)
    lied = HuangMultiUnit().clear(market.with_report("buyer", 0, [9, 9, 9]))
    assert lied.utility(market, "buyer", 0) - truth.utility(market, "buyer", 0) == 2
    assert quantity_misreport(HuangMultiUnit(), market, more=0) is None


def test_splitting_bids_among_halves_is_not_possible() -> None:
    """All units of a trader fall into one half, so that her own report never names her price."""
    market = MultiUnitMarket([[9, 9, 9], [5]], [[1, 1], [2]])
    for _, coin in MUDA().coins(2, 2):
        raised = market.with_report("buyer", 0, [20, 20, 20])
        before, after = MUDA().clear(market, coin), MUDA().clear(raised, coin)
        own = 0 if coin.left_buyers[0] else 1
        assert before.prices[1 - own] == after.prices[1 - own]


def test_coins_of_muda() -> None:
    for rationing, count in (("vickrey", 2**5), ("lottery", (3 * 2) * (4 * 6))):
        coins = list(MUDA(rationing).coins(2, 3))  # type: ignore[arg-type]
        assert len(coins) == count
        assert sum(weight for weight, _ in coins) == 1
    assert isinstance(MUDA(), Lottery)


def test_same_seed_same_coin() -> None:
    market = MultiUnitMarket([[9, 5], [8], [7]], [[1, 2], [3], [4]])
    assert MUDA(seed=4).clear(market) == MUDA(seed=4).clear(market)
    assert len({MUDA(seed=seed).draw(3, 3) for seed in range(20)}) > 10
    generator = MUDA(seed=np.random.default_rng(0))
    assert len({generator.draw(3, 3) for _ in range(20)}) > 10


@given(markets(traders=3))
def test_floats_agree_with_fractions(market: MultiUnitMarket) -> None:
    floats = MultiUnitMarket(
        [[float(x) for x in trader] for trader in market.values],
        [[float(x) for x in trader] for trader in market.costs],
    )
    for mechanism in MECHANISMS[:2]:
        exact, fast = mechanism.clear(market), mechanism.clear(floats)
        assert (fast.bought, fast.sold) == (exact.bought, exact.sold)
        np.testing.assert_allclose([float(x) for x in fast.payments], [float(x) for x in exact.payments])
        np.testing.assert_allclose([float(x) for x in fast.receipts], [float(x) for x in exact.receipts])


@given(st.lists(st.integers(0, 9), max_size=4), st.lists(st.integers(0, 9), max_size=4))
def test_first_best_of_unit_traders(values: list[int], costs: list[int]) -> None:
    market = MultiUnitMarket([[x] for x in values], [[x] for x in costs])
    assert optimal_welfare(market) == optimal_unit_welfare(Market(values, costs))


def test_parts_of_units_are_worth_their_part() -> None:
    assert total([9, 5, 2], Fraction(5, 2)) == 9 + 5 + 1
    assert total([9, 5], 2) == total([9, 5], 3) == 14


def test_huang_takes_one_price_a_trader() -> None:
    with pytest.raises(InvalidMarket, match=r"values\[0\] has several prices"):
        HuangMultiUnit().clear(MultiUnitMarket([[3, 2]], [[1]]))


def test_a_market_survives_its_file(tmp_path: Path) -> None:
    market = MultiUnitMarket([[Fraction(17, 2), 3], []], [[Fraction(1, 3)]])
    market.save(tmp_path / "market.json")
    assert MultiUnitMarket.load(tmp_path / "market.json") == market
    assert market != MultiUnitMarket([], [])


@pytest.mark.parametrize(
    ("content", "error"),
    [
        ({"values": [[1, 2]], "costs": []}, "values rise at unit 1"),
        ({"values": [], "costs": [[2, 1]]}, "costs fall at unit 1"),
        ({"values": [], "costs": [[-1]]}, "0 or more"),
        ({"values": [[True]], "costs": []}, "a number is expected"),
        ({"values": [["1e9999"]], "costs": []}, "fraction such as"),
        ({"values": [[None]], "costs": []}, "a number is expected"),
        ({"values": [3], "costs": []}, "must be a list of numbers, one for each unit"),
        ({"values": {}, "costs": []}, "must be a list"),
        ({"values": []}, '"costs" is expected'),
    ],
)
def test_wrong_file_is_one_clear_line(content: Any, error: str, tmp_path: Path) -> None:
    path = tmp_path / "market.json"
    path.write_text(json.dumps(content))
    with pytest.raises((InvalidFile, InvalidMarket), match=error) as raised:
        MultiUnitMarket.load(path)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("values", [[3], [[float("nan")]], [[float("inf")]], [["a"]]])
def test_wrong_reports_are_refused(values: Any) -> None:
    with pytest.raises(InvalidMarket, match=r"values"):
        MultiUnitMarket(values, [])


def test_wrong_options_are_refused() -> None:
    with pytest.raises(InvalidOption, match="rationing"):
        MUDA("fair")  # type: ignore[arg-type]
    with pytest.raises(InvalidOption, match="seed"):
        MUDA(seed=-1)
    with pytest.raises(InvalidOption, match="not for 1 buyers"):
        MUDA().clear(MultiUnitMarket([[1]], []), Split((), (), (), ()))
    with pytest.raises(InvalidOption, match="more"):
        quantity_misreport(HuangMultiUnit(), MultiUnitMarket([], []), more=-1)
