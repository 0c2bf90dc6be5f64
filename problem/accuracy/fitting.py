"""Least-squares fits of accuracy curves to published points, one curve or many that share a shape.

Both families are linear in two constants once their shape is known: start + rise * basis(kappa; shape).
Variable projection (Golub and Pereyra, SIAM J. Numer. Anal. 10(2), 1973) therefore solves start and
rise >= 0 exactly for every trial shape and searches the one number that is left. A pooled fit gives every
curve its own start and rise and all of them one shape, which is how a shape can be told from few points
a curve.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from ..errors import InvalidOption
from .curve_fit import FAMILIES, CurveFit, Family, FloatArray, ShapeStatus

Points = tuple[FloatArray, FloatArray]

# Trial shapes, evenly spaced in the logarithm: fine enough to separate the local minima that pooled
# curves of different shapes leave.
_TRIALS = 401


def fit_curve(
    context: ArrayLike,
    accuracy: ArrayLike,
    family: Family = "log",
    *,
    shape: float | None = None,
    bounds: tuple[float, float] | None = None,
) -> CurveFit:
    """Fit one curve: ``fit_pooled`` of a single set of points.

    Three points leave no degree of freedom; for the log law ``invert_three_points`` says more about them.
    """
    return fit_pooled([(context, accuracy)], family, shape=shape, bounds=bounds)


def fit_pooled(
    curves: Sequence[tuple[ArrayLike, ArrayLike]],
    family: Family = "log",
    *,
    shape: float | None = None,
    bounds: tuple[float, float] | None = None,
) -> CurveFit:
    """Fit curves that share one shape, each with its own start and rise >= 0.

    Parameters
    ----------
    curves
        One (context, accuracy) pair a curve: amounts of context in units, >= 0, and the accuracies seen
        there, in any one unit.
    family
        "log" or "hill".
    shape
        Fixes the shape instead of searching it (``shape=1`` for the log law without exponent).
    bounds
        Interval searched for the shape, default (0.001, 1) for log and (0.001, 1000) for hill.

    Returns
    -------
    CurveFit
        The best shape on the interval with the exact least-squares constants given it.

    Raises
    ------
    InvalidOption
        If the family is unknown, points are malformed or too few, or the interval is not one.
    """
    if family not in FAMILIES:
        raise InvalidOption(f"curve fit: family is {family!r}, must be one of {', '.join(FAMILIES)}")
    pairs = [_checked_points(number, *pair) for number, pair in enumerate(curves)]
    needed = 2 * len(pairs) + (shape is None)
    available = sum(context.size for context, _ in pairs)
    if not pairs or available < needed:
        raise InvalidOption(
            f"curve fit: {available} points cannot determine {needed} constants of {len(pairs)} curves"
        )
    lower, upper = _checked_interval(family, shape, bounds)
    best = lower if lower == upper else _search_shape(pairs, family, lower, upper)
    solved = [_solve_linear(pair, family, np.array([best])) for pair in pairs]
    rise = np.array([float(r[0]) for _, r, _ in solved])
    residuals = tuple(residual[0] for _, _, residual in solved)
    spread = sum(float(((accuracy - accuracy.mean()) ** 2).sum()) for _, accuracy in pairs)
    sse = sum(float(r @ r) for r in residuals)
    return CurveFit(
        family=family,
        shape=best,
        shape_status=_shape_status(shape, best, lower, upper, rise),
        start=np.array([float(s[0]) for s, _, _ in solved]),
        rise=rise,
        residuals=residuals,
        r2=1.0 - sse / spread if spread > 0.0 else math.nan,
    )


def _solve_linear(
    points: Points, family: Family, shapes: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Least squares in start and rise >= 0 for each of H shapes: (H,), (H,) and residuals (H, P)."""
    context, accuracy = points
    basis = FAMILIES[family][0](context[None, :], shapes[:, None])
    middle = basis.mean(axis=1, keepdims=True)
    centred, level = basis - middle, accuracy.mean()
    power = (centred**2).sum(axis=1)
    slope = np.divide(centred @ (accuracy - level), power, out=np.zeros_like(power), where=power > 0.0)
    # With one slope the constrained optimum is the unconstrained one, cut off at zero.
    rise = np.maximum(0.0, slope)
    residual = (accuracy - level)[None, :] - rise[:, None] * centred
    return level - rise * middle[:, 0], rise, residual


def _search_shape(pairs: Sequence[Points], family: Family, lower: float, upper: float) -> float:
    """Minimise the sum of squares over the shape: trial shapes first, then Brent around each valley."""
    from scipy.optimize import minimize_scalar

    def squares(shapes: FloatArray) -> FloatArray:
        total = np.zeros(shapes.shape)
        for pair in pairs:
            total += (_solve_linear(pair, family, shapes)[2] ** 2).sum(axis=1)
        return total

    trials = np.geomspace(lower, upper, _TRIALS)
    trials[[0, -1]] = lower, upper
    values = squares(trials)
    padded = np.concatenate([[np.inf], values, [np.inf]])
    valleys = np.flatnonzero((values < padded[:-2]) & (values <= padded[2:]))
    winner = int(values.argmin())
    best, least = float(trials[winner]), float(values[winner])
    for valley in valleys.tolist():
        left, right = trials[max(valley - 1, 0)], trials[min(valley + 1, _TRIALS - 1)]
        found = minimize_scalar(
            lambda t: float(squares(np.exp(np.array([t])))[0]),
            bounds=(math.log(left), math.log(right)),
            method="bounded",
            options={"xatol": 1e-12},
        )
        candidate = min(max(float(np.exp(found.x)), lower), upper)
        value = float(squares(np.array([candidate]))[0])
        if value < least:
            best, least = candidate, value
    return best


def _shape_status(
    given: float | None, best: float, lower: float, upper: float, rise: FloatArray
) -> ShapeStatus:
    if given is not None:
        return "fixed"
    if not bool((rise > 0.0).any()):
        return "flat"
    near = 1e-6 * best
    if best - lower <= near:
        return "lower"
    return "upper" if upper - best <= near else "interior"


def _checked_points(number: int, context: ArrayLike, accuracy: ArrayLike) -> Points:
    try:
        x, y = np.asarray(context, dtype=np.float64), np.asarray(accuracy, dtype=np.float64)
    except (TypeError, ValueError):
        raise InvalidOption(f"curve fit: curve {number}: context and accuracy must be numbers") from None
    if x.ndim != 1 or x.shape != y.shape:
        raise InvalidOption(
            f"curve fit: curve {number}: context {x.shape} and accuracy {y.shape} must be equally long lists"
        )
    if not (np.isfinite(x).all() and np.isfinite(y).all() and (x >= 0.0).all()):
        raise InvalidOption(f"curve fit: curve {number}: numbers must be finite and context >= 0")
    if np.unique(x).size < 2:
        raise InvalidOption(f"curve fit: curve {number}: needs at least two different amounts of context")
    return x, y


def _checked_interval(
    family: Family, shape: float | None, bounds: tuple[float, float] | None
) -> tuple[float, float]:
    lower, upper = (shape, shape) if shape is not None else bounds or FAMILIES[family][1]
    limit = 1.0 if family == "log" else math.inf
    if not (0.0 < lower <= upper <= limit and math.isfinite(upper)):
        raise InvalidOption(
            f"curve fit: shape interval ({lower:g}, {upper:g}) of the {family} family must satisfy "
            f"0 < lower <= upper{' <= 1' if family == 'log' else ''}"
        )
    return float(lower), float(upper)
