"""Standings across cases: interquartile means by hand and by scipy, pairing, ties; cases count alike."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import trim_mean

from benchmark_rows import row, rows_of
from edgeopt.benchmarks.standings import interquartile_mean, standings, standings_as_records
from edgeopt.problem.errors import InvalidOption


@given(st.lists(st.floats(0.5, 5.0), min_size=1, max_size=40))
def test_the_interquartile_mean_is_that_of_scipy(values: list[float]) -> None:
    found = float(interquartile_mean(np.array(values)))
    assert found == pytest.approx(trim_mean(values, 0.25), rel=1e-12)
    assert min(values) - 1e-12 <= found <= max(values) + 1e-12


def test_by_hand() -> None:
    found = standings(
        rows_of(
            {
                "one": {"a": [110, 120, 130, 140], "b": [111, 119, 131, 140], "seer": [105, 105, 105, 105]},
                "two": {"a": [200, 200], "b": [210, 190], "seer": [150, 150]},
            }
        ),
        {"seer"},
    )
    by_name = {one.policy: one for one in found}
    assert [one.policy for one in found] == ["seer", "b", "a"]
    # of 1.1 1.2 1.3 1.4 2.0 2.0 the middle four
    assert by_name["a"].ratio.value == pytest.approx((1.2 + 1.3 + 1.4 + 2.0) / 4)
    assert (by_name["a"].against, by_name["b"].against, by_name["seer"].against) == ("b", "a", "b")
    # case one: cheaper in two of four, a tie, dearer once; case two: once and once not; cases count alike
    assert by_name["a"].improvement.value == pytest.approx(0.5 * (2.5 / 4) + 0.5 * (1 / 2))
    assert by_name["a"].improvement.value + by_name["b"].improvement.value == pytest.approx(1.0)
    assert by_name["seer"].improvement.value == 1.0
    assert by_name["a"].difference.value == pytest.approx(-by_name["b"].difference.value)


def test_all_against_one_that_is_named() -> None:
    rows = rows_of({"one": {"a": [110, 120, 130, 140], "b": [112, 122, 132, 142], "seer": [105] * 4}})
    found = {one.policy: one for one in standings(rows, {"seer"}, "b")}
    assert (found["a"].against, found["b"].against, found["seer"].against) == ("b", None, "b")
    assert found["a"].difference.value == pytest.approx(-0.02)
    assert found["a"].improvement.value == 1.0
    with pytest.raises(InvalidOption, match="no row for every"):
        standings(rows, set(), "c")


def test_pairing_makes_a_small_constant_difference_certain() -> None:
    rng = np.random.default_rng(0)
    hard = (100 * rng.uniform(1.0, 3.0, 10)).tolist()
    found = standings(rows_of({"one": {"a": hard, "b": [cost + 1.0 for cost in hard]}}), set())
    best = found[0]
    assert best.policy == "a"
    assert best.ratio.high - best.ratio.low > 0.2
    assert best.difference.low == pytest.approx(-0.01)
    assert best.difference.high == pytest.approx(-0.01)


def test_what_has_not_all_runs_has_no_standing() -> None:
    rows = rows_of({"one": {"a": [110, 120], "b": [111, 119]}, "two": {"a": [110, 120]}})
    assert [one.policy for one in standings(rows, set())] == ["a"]


def test_one_seed_gives_no_interval_and_no_rows_nothing() -> None:
    assert standings([], set()) == ()
    found = standings(rows_of({"one": {"a": [110], "b": [120]}}), set())
    assert math.isnan(found[0].ratio.low)
    record = standings_as_records(found)[0]
    assert record["ratio"] == {"value": 1.1, "low": None, "high": None}


def test_what_cannot_be_compared_with_a_best_cost_is_left_out() -> None:
    free = [replace(row("one", "a", seed, 0.0), best_known=0.0) for seed in range(2)]
    assert standings(free, set()) == ()
