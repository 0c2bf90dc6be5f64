"""The proof behind a relaxation's bound: valid for any prices, rounded the safe way."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse
from scipy.optimize import linprog

from edgeopt.problem.errors import InvalidOption
from edgeopt.solvers.relaxation.cells import tangents
from edgeopt.solvers.relaxation.linear import LinearModel, solve_linear
from edgeopt.solvers.relaxation.safe import safe_minimum


def random_model(seed: int) -> LinearModel:
    """Two blocks of variables, feasible inequalities and equations."""
    rng = np.random.default_rng(seed)
    model = LinearModel()
    model.add_variables("a", rng.uniform(0.5, 3, 5), rng.normal(size=5))
    model.add_variables("b", rng.uniform(0.5, 3, 4), rng.normal(size=4))
    a, b = rng.normal(size=(6, 5)), rng.normal(size=(6, 4))
    point = {name: upper * rng.random(upper.size) for name, upper in model.upper.items()}
    right = a @ point["a"] + b @ point["b"]
    model.add_rows(
        "most", {"a": sparse.csr_array(a[:4]), "b": sparse.csr_array(b[:4])}, right[:4] + rng.random(4)
    )
    model.add_rows(
        "same", {"a": sparse.csr_array(a[4:]), "b": sparse.csr_array(b[4:])}, right[4:], equal=True
    )
    return model


def minimum(model: LinearModel) -> float:
    """The optimum by another solver's interface."""
    rows = {
        name: np.hstack([each.matrices["a"].toarray(), each.matrices["b"].toarray()])
        for name, each in model.rows.items()
    }
    found = linprog(
        np.concatenate([model.cost["a"], model.cost["b"]]),
        A_ub=rows["most"], b_ub=model.rows["most"].right, A_eq=rows["same"], b_eq=model.rows["same"].right,
        bounds=[(0, end) for name in "ab" for end in model.upper[name]],
    )  # fmt: skip
    return float(found.fun)


@pytest.mark.parametrize("solver", ["HIGHS", "CLARABEL"])
@pytest.mark.parametrize("seed", range(4))
def test_good_prices_prove_the_optimum(seed: int, solver: str) -> None:
    model = random_model(seed)
    answer = solve_linear(model, solver)
    assert answer.finished
    assert answer.objective == pytest.approx(minimum(model), abs=1e-6)
    assert safe_minimum(model, answer.duals) == pytest.approx(minimum(model), abs=1e-5)
    assert safe_minimum(model, answer.duals) <= minimum(model) + 1e-12


@given(seed=st.integers(0, 50), noise=st.floats(0, 10), other=st.integers(0, 2**32 - 1))
def test_any_prices_prove_something_true(seed: int, noise: float, other: int) -> None:
    model = random_model(seed)
    rng = np.random.default_rng(other)
    duals = {name: noise * rng.normal(size=rows.right.size) for name, rows in model.rows.items()}
    assert safe_minimum(model, duals) <= minimum(model) + 1e-9


@given(seed=st.integers(0, 2**32 - 1), size=st.integers(1, 12), cancels=st.booleans())
def test_bound_is_below_its_exact_value(seed: int, size: int, cancels: bool) -> None:
    """The formula in rationals is never below the floating-point result, and only just above it."""
    rng = np.random.default_rng(seed)
    model = LinearModel()
    wide = 10.0 ** rng.integers(-8, 8, size)
    model.add_variables("a", wide * rng.random(size), rng.normal(size=size) / wide)
    matrix = rng.normal(size=(3, size)) / wide
    model.add_rows("most", {"a": sparse.csr_array(matrix)}, np.zeros(3))
    price = rng.random(3)
    if cancels:  # as for basic variables: what is left of the reduced costs is rounding error
        model.cost["a"] = -(matrix.T @ price)
    exact = -sum(Fraction(y) * Fraction(b) for y, b in zip(price, model.rows["most"].right, strict=True))
    for j in range(size):
        reduced = Fraction(model.cost["a"][j])
        reduced += sum(Fraction(y) * Fraction(x) for y, x in zip(price, matrix[:, j], strict=True))
        exact += min(Fraction(0), reduced) * Fraction(model.upper["a"][j])
    bound = safe_minimum(model, {"most": price})
    assert Fraction(bound) <= exact
    assert float(exact) - bound <= 1e-12 * size


@given(table=st.lists(st.floats(0, 1), min_size=1, max_size=20).map(sorted))
def test_tangents_lie_above_the_table_and_touch_it(table: list[float]) -> None:
    rise = np.array(table) - table[0]
    slopes, offsets = tangents(rise)
    for context, value in enumerate(rise):
        assert (slopes * context + offsets >= value).all()
    if slopes.size:
        lines = slopes[:, None] * np.arange(rise.size) + offsets[:, None]
        lowest = np.minimum(lines.min(axis=0), rise[-1])
        assert np.isclose(lowest[[0, -1]], rise[[0, -1]], atol=1e-12).all()


def test_only_named_solvers() -> None:
    with pytest.raises(InvalidOption, match="HIGHS"):
        solve_linear(random_model(0), "GUROBI")
