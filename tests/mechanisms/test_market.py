"""Markets: numbers of one kind, files that survive, and hostile input that is refused in one line."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeopt.mechanisms import Market, Markets
from edgeopt.problem.errors import EdgeoptError, InvalidFile, InvalidMarket

fractions = st.fractions(min_value=0, max_value=1000, max_denominator=50)


def test_whole_numbers_and_fractions_stay_exact() -> None:
    market = Market([3, Fraction(1, 3), np.int64(2)], [0])
    assert market.exact
    assert market.values == (3, Fraction(1, 3), 2)
    assert market.report("buyer", 1) == Fraction(1, 3)


def test_one_float_makes_all_reports_floats() -> None:
    market = Market([3, 0.5], [1])
    assert not market.exact
    assert isinstance(market.costs, np.ndarray)
    with pytest.raises(ValueError, match="read-only"):
        market.costs[0] = 5.0
    assert market.as_fractions() == Market([3, Fraction(1, 2)], [1])


def test_arrays_are_copied() -> None:
    values = np.array([3.0, 2.0])
    market = Market(values, np.array([1.0]))
    values[0] = 9
    assert market.values[0] == 3


def test_one_report_changed() -> None:
    market = Market([3, 2], [1])
    assert market.with_report("buyer", 1, 5) == Market([3, 5], [1])
    assert market.with_report("seller", 0, 5) == Market([3, 2], [5])
    assert market.as_floats().with_report("seller", 0, 5) == Market([3, 2], [5]).as_floats()


@given(st.lists(fractions, max_size=4), st.lists(fractions, max_size=4))
def test_exact_markets_survive_json(values: list[Fraction], costs: list[Fraction]) -> None:
    market = Market(values, costs)
    assert Market.from_json(json.loads(json.dumps(market.as_json()))) == market


def test_files_survive_and_decimals_are_exact(tmp_path: Path) -> None:
    path = tmp_path / "market.json"
    Market([Fraction(17, 2), 3], [1]).save(path)
    assert Market.load(path) == Market([Fraction(17, 2), 3], [1])
    path.write_text('{"values": [0.1, 1e2, "1/3"], "costs": []}')
    assert Market.load(path) == Market([Fraction(1, 10), 100, Fraction(1, 3)], [])


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("", "not a market"),
        ("[1, 2]", "an object with"),
        ('{"values": [1]}', "an object with"),
        ('{"values": 3, "costs": []}', "values must be a list"),
        ('{"values": [NaN], "costs": []}', "NaN is not finite"),
        ('{"values": [Infinity], "costs": []}', "not finite"),
        ('{"values": [1e999999], "costs": []}', "out of range"),
        ('{"values": [1.%s], "costs": []}' % ("1" * 200), "out of range"),
        ('{"values": [%s], "costs": []}' % ("1" * 9000), "not a market"),
        ('{"values": ["1/0"], "costs": []}', "fraction such as"),
        ('{"values": ["__import__"], "costs": []}', "fraction such as"),
        ('{"values": ["%s"], "costs": []}' % ("1" * 300), "fraction such as"),
        ('{"values": [true], "costs": []}', "a number is expected"),
        ('{"values": [[1]], "costs": []}', "a number is expected"),
        ('{"values": [null], "costs": []}', "a number is expected"),
        ('{"values": [], "costs": [-1]}', "0 or more"),
        ("[" * 100_000, "not a market"),
        ("\x00\x01", "not a market"),
    ],
)
def test_hostile_files_are_one_clear_line(text: str, error: str, tmp_path: Path) -> None:
    path = tmp_path / "market.json"
    path.write_text(text)
    with pytest.raises((InvalidFile, InvalidMarket), match=error) as raised:
        Market.load(path)
    message = str(raised.value)
    assert "\n" not in message
    assert len(message) < 300 + len(str(path))


def test_files_that_are_not_text_or_not_there(tmp_path: Path) -> None:
    (tmp_path / "binary.json").write_bytes(b"\xff\xfe\x00")
    with (tmp_path / "huge.json").open("wb") as file:
        file.truncate(65 << 20)
    for name in ("binary.json", "huge.json", "missing.json", ""):
        with pytest.raises(InvalidFile) as raised:
            Market.load(tmp_path / name)
        assert str(raised.value).count(str(tmp_path / name)) >= 1


@pytest.mark.parametrize(
    ("values", "costs", "error"),
    [
        ([1, float("nan")], [], r"values\[1\] is not finite"),
        ([], [float("inf")], r"costs\[0\] is not finite"),
        ([], [1.0, -0.5], r"costs\[1\] is negative"),
        ([], [-1], r"costs\[0\] is -1"),
        (["a"], [], r"values\[0\]"),
        ([1.0, "a"], [], "values must be numbers"),
        (np.zeros((2, 2)), [], "2 axes"),
        ([[1] * 1000], [], r"values\[0\]"),
    ],
)
def test_wrong_reports_are_refused(values: Any, costs: Any, error: str) -> None:
    with pytest.raises(InvalidMarket, match=error) as raised:
        Market(values, costs)
    assert len(str(raised.value)) < 200


@pytest.mark.parametrize(
    ("values", "costs", "error"),
    [
        (np.zeros(3), np.zeros((1, 3)), "1 axes"),
        (np.zeros((2, 3)), np.zeros((1, 3)), "as many"),
        (np.full((1, 1), np.nan), np.zeros((1, 1)), r"values\[0, 0\] is not finite"),
        (np.zeros((1, 1)), np.full((1, 1), -1), r"costs\[0, 0\] is negative"),
    ],
)
def test_wrong_batches_are_refused(values: Any, costs: Any, error: str) -> None:
    with pytest.raises(EdgeoptError, match=error):
        Markets(values, costs)


def test_batches_hold_markets() -> None:
    batch = Markets(np.array([[3, 1], [2, 2]]), np.array([[1], [4]]))
    assert len(batch) == 2
    assert batch[1] == Market([2, 2], [4])
