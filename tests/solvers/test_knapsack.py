"""The knapsack is exact: brute force, a published optimum, and inputs that defeat branch and bound."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeopt.problem.capacity import fits, usable
from edgeopt.problem.errors import InvalidOption
from edgeopt.solvers import knapsack as module
from edgeopt.solvers.knapsack import best_subset, best_subsets


def brute_force(values: list[float], weights: list[float], capacity: float) -> float:
    best = 0.0
    for picks in itertools.product((False, True), repeat=len(values)):
        load = sum(w for w, pick in zip(weights, picks, strict=True) if pick)
        if fits(load, capacity):
            best = max(best, sum(v for v, pick in zip(values, picks, strict=True) if pick))
    return best


# Small pools make ties, equal densities and exactly full knapsacks frequent.
ITEMS = st.lists(
    st.tuples(
        st.one_of(st.sampled_from([-1.0, 0.0, 1.0, 2.0, 3.0]), st.floats(-5, 50, allow_nan=False)),
        st.one_of(st.sampled_from([0.0, 0.1, 1.0, 2.0, 3.0]), st.floats(0, 20, allow_nan=False)),
    ),
    max_size=9,
)


@given(items=ITEMS, capacity=st.one_of(st.sampled_from([0.0, 0.3, 5.0, 6.0]), st.floats(0, 60)))
def test_it_finds_what_brute_force_finds(items: list[tuple[float, float]], capacity: float) -> None:
    values, weights = [v for v, _ in items], [w for _, w in items]
    chosen, value = best_subset(values, weights, capacity)
    assert value == pytest.approx(brute_force(values, weights, capacity), rel=1e-12, abs=1e-12)
    assert fits(np.asarray(weights)[chosen].sum(), capacity * (1 + 1e-15))
    assert value == pytest.approx(np.asarray(values)[chosen].sum(), abs=1e-12)
    assert not chosen[np.asarray(values) <= 0].any()


@given(items=ITEMS, capacity=st.floats(0, 60))
def test_the_list_of_states_agrees_with_the_search(items: list[tuple[float, float]], capacity: float) -> None:
    """The fallback is exact on its own, started from nothing."""
    kept = [(v, w) for v, w in items if v > 0 and 0 < w <= capacity]
    kept.sort(key=lambda item: -item[0] / item[1])
    value, weight = np.array([v for v, _ in kept]), np.array([w for _, w in kept])
    take = np.zeros(len(kept), dtype=bool)
    best, proven = module._undominated_states(value, weight, usable(capacity), 0.0, take)
    assert proven
    assert best == pytest.approx(brute_force([v for v, _ in kept], [w for _, w in kept], capacity), abs=1e-12)
    assert value[take].sum() == pytest.approx(best, abs=1e-12)


def test_known_optimum_p01() -> None:
    """P01 of Burkardt's knapsack collection: optimal profit 309."""
    weights = [23, 31, 29, 44, 53, 38, 63, 85, 89, 82]
    profits = [92, 57, 49, 68, 60, 43, 67, 84, 87, 72]
    chosen, value = best_subset(profits, weights, 165)
    assert value == 309
    assert chosen.nonzero()[0].tolist() == [0, 1, 2, 3, 5]


def test_the_last_tenth_fits_in_spite_of_rounding() -> None:
    """0.1 + 0.2 weighs more than 0.3 in floats, and fits all the same."""
    chosen, _ = best_subset([1.0, 1.0], [0.1, 0.2], 0.3)
    assert chosen.all()


def test_equal_weights_and_half_a_place_do_not_explode() -> None:
    """Forty nearly equal items, 20.5 places: 2^40 subsets for a search by density alone."""
    values = 1.0 + np.arange(40) * 1e-3
    chosen, value = best_subset(values, np.ones(40), 20.5)
    assert chosen.sum() == 20
    assert value == pytest.approx(np.sort(values)[-20:].sum())


def test_strongly_correlated_items_are_solved() -> None:
    """Value = weight + 10, even weights, an odd capacity: the classic hard family; checked by recursion."""
    rng = np.random.default_rng(3)
    weights = 2 * rng.integers(10, 100, 60)
    values, capacity = weights + 10, int(weights.sum() // 2) | 1
    table = np.zeros(capacity + 1)
    for weight, value in zip(weights, values, strict=True):
        table[weight:] = np.maximum(table[weight:], table[:-weight] + value)
    assert best_subset(values, weights, capacity)[1] == table[-1]


def test_rows_share_the_weights() -> None:
    chosen, totals = best_subsets([[1.0, 2.0, 3.0], [3.0, 2.0, 1.0]], [1.0, 1.0, 1.0], 2)
    assert chosen.tolist() == [[False, True, True], [True, True, False]]
    assert totals.tolist() == [5.0, 5.0]


@pytest.mark.parametrize(
    ("values", "weights", "capacity"),
    [([1.0], [1.0, 2.0], 1.0), ([np.nan], [1.0], 1.0), ([1.0], [-1.0], 1.0), ([1.0], [1.0], np.nan)],
)
def test_bad_input_is_refused(values: list[float], weights: list[float], capacity: float) -> None:
    with pytest.raises(InvalidOption, match="knapsack"):
        best_subset(values, weights, capacity)


@given(
    items=st.lists(
        st.tuples(st.sampled_from([1.0, 2.0, 3.0, 6.0]), st.sampled_from([1.0, 2.0, 3.0])), max_size=70
    )
)
def test_dense_items_come_first_and_equals_keep_their_order(items: list[tuple[float, float]]) -> None:
    """Long lists are sorted in another way than short ones, to the same order."""
    values, weights = (np.array([item[side] for item in items]) for side in (0, 1))
    order = np.arange(len(items))
    module._densest_first(values, weights, order)
    assert order.tolist() == np.argsort(-values / weights, kind="stable").tolist()
