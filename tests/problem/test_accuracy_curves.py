"""Accuracy curves: their formulas, their ranges, and what they refuse."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeopt.problem.accuracy import AccuracyCurve, GeometricCurve, HillCurve, LogCurve, TabulatedCurve
from edgeopt.problem.errors import InvalidOption

unit = st.floats(0.0, 1.0)
positive = st.floats(1e-6, 1e6)


@st.composite
def curves(draw):
    """A curve of any family with constants anywhere in their ranges."""
    family = draw(st.sampled_from(["log", "geometric", "hill", "tabulated"]))
    if family == "tabulated":
        return TabulatedCurve(sorted(draw(st.lists(unit, min_size=1, max_size=20))))
    low, high = sorted([draw(unit), draw(unit)])
    if family == "geometric":
        return GeometricCurve(low, high, draw(st.floats(0.0, 1.0, exclude_max=True)))
    ceiling = max(high, 1e-3)
    if family == "log":
        return LogCurve(low, draw(st.floats(0.0, 10.0)), draw(st.floats(1e-6, 1.0)), ceiling)
    return HillCurve(low, draw(st.floats(0.0, 10.0)), draw(positive), ceiling)


@given(curves(), st.lists(st.integers(0, 10**6), min_size=1, max_size=30))
def test_every_curve_is_a_nondecreasing_probability_of_context(curve, context):
    values = curve(np.sort(np.array(context)))
    assert values.dtype == np.float64
    assert values.shape == (len(context),)
    assert np.all((values >= 0.0) & (values <= 1.0))
    assert np.all(np.diff(values) >= 0.0)


@given(curves(), st.floats(0.0, 1e9))
def test_a_number_and_an_array_of_numbers_give_the_same_accuracy(curve, kappa):
    single = curve(kappa)
    assert isinstance(single, np.ndarray)
    assert single.shape == ()
    np.testing.assert_allclose(curve([[kappa, 0.0]]), [[single, curve(0)]], rtol=1e-14)


@given(curves())
def test_every_curve_is_frozen_hashable_and_says_what_it_is(curve):
    assert isinstance(curve, AccuracyCurve)
    assert curve == dataclasses.replace(curve)
    assert hash(curve) == hash(dataclasses.replace(curve))
    assert "\n" not in curve.describe()
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(curve, dataclasses.fields(curve)[0].name, 0.0)


def test_log_law_by_hand():
    """The law without exponent is 0.2 + 0.1 log2(1 + kappa): doublings of 1 + kappa add 0.1 each."""
    np.testing.assert_allclose(
        LogCurve(0.2, 0.1, 1.0)([0, 1, 3, 7, 15]), [0.2, 0.3, 0.4, 0.5, 0.6], atol=1e-15
    )
    np.testing.assert_allclose(LogCurve(0.2, 0.1, 0.5)([9, 49]), [0.4, 0.5], atol=1e-15)
    np.testing.assert_allclose(LogCurve(0.2, 0.1, 1.0, 0.45)([3, 7, 15]), [0.4, 0.45, 0.45], atol=1e-15)


def test_geometric_law_by_hand():
    np.testing.assert_allclose(GeometricCurve(0.1, 0.9, 0.5)([0, 1, 2, 3]), [0.1, 0.5, 0.7, 0.8], atol=1e-15)
    np.testing.assert_allclose(GeometricCurve(0.1, 0.9, 0.0)([0, 1, 2]), [0.1, 0.9, 0.9], atol=1e-15)


def test_hill_law_by_hand():
    """At ``half`` units half of the rise is reached, at three times that three quarters."""
    np.testing.assert_allclose(HillCurve(0.1, 0.8, 2.0)([0, 2, 6]), [0.1, 0.5, 0.7], atol=1e-15)
    np.testing.assert_allclose(HillCurve(0.1, 0.8, 2.0, 0.6)([0, 2, 6]), [0.1, 0.5, 0.6], atol=1e-15)


def test_a_table_is_linear_between_and_constant_beyond_its_values():
    curve = TabulatedCurve(np.array([0.2, 0.5, 0.75]))
    assert curve.values == (0.2, 0.5, 0.75)
    np.testing.assert_allclose(curve([0, 1, 2, 9, 0.5]), [0.2, 0.5, 0.75, 0.75, 0.35], atol=1e-15)


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: LogCurve(0.2, 0.1, 0.0), r"alpha is 0, must lie in \(0, 1\]"),
        (lambda: LogCurve(0.2, 0.1, 1.01), "alpha is 1.01"),
        (lambda: LogCurve(0.2, -0.1, 0.5), "a1 is -0.1, must be >= 0"),
        (lambda: LogCurve(-0.2, 0.1, 0.5), "a0 is -0.2, must lie in"),
        (lambda: LogCurve(0.8, 0.1, 0.5, 0.7), "a0 is 0.8, must lie in .*0.7"),
        (lambda: LogCurve(0.2, 0.1, 0.5, 1.5), "ceiling is 1.5"),
        (lambda: LogCurve(0.2, 0.1, 0.5, 0.0), "ceiling is 0"),
        (lambda: LogCurve(float("nan"), 0.1, 0.5), "a0 is nan, must be a finite number"),
        (lambda: LogCurve("much", 0.1, 0.5), "a0 is 'much', must be a finite number"),
        (lambda: LogCurve(0.1, float("inf"), 0.5), "a1 is inf"),
        (lambda: GeometricCurve(0.9, 0.1, 0.5), "start 0.9 and limit 0.1"),
        (lambda: GeometricCurve(0.1, 1.1, 0.5), "limit 1.1"),
        (lambda: GeometricCurve(0.1, 0.9, 1.0), r"rho is 1, must lie in \[0, 1\)"),
        (lambda: GeometricCurve(0.1, 0.9, -0.1), "rho is -0.1"),
        (lambda: HillCurve(0.1, 0.8, 0.0), "half is 0, must be > 0"),
        (lambda: HillCurve(0.1, -0.8, 1.0), "rise is -0.8"),
        (lambda: TabulatedCurve([]), "at least one number"),
        (lambda: TabulatedCurve([[0.1]]), "at least one number"),
        (lambda: TabulatedCurve(["a"]), "list of numbers"),
        (lambda: TabulatedCurve([0.1, 0.3, 0.2]), r"values\[2\] = 0.2 is below values\[1\] = 0.3"),
        (lambda: TabulatedCurve([0.1, 1.3]), r"values\[1\] is 1.3"),
        (lambda: TabulatedCurve([0.1, float("nan")]), r"values\[1\] is nan"),
        (lambda: LogCurve(0.2, 0.1, 0.5)(-1), "kappa must be finite and >= 0"),
        (lambda: HillCurve(0.1, 0.8, 1.0)([0.0, np.inf]), "kappa must be finite"),
        (lambda: TabulatedCurve([0.1])("x"), "kappa must be a number"),
    ],
)
def test_bad_constants_are_refused_with_one_line_that_names_them(make, says):
    with pytest.raises(InvalidOption, match=says) as caught:
        make()
    assert "\n" not in str(caught.value)
