"""The result of a least-squares fit of accuracy curves, and the two families that can be fitted."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from .curves import HillCurve, LogCurve

FloatArray = NDArray[np.float64]
Family = Literal["log", "hill"]
ShapeStatus = Literal["interior", "lower", "upper", "flat", "fixed"]


def _log_basis(context: FloatArray, shape: FloatArray) -> FloatArray:
    return np.asarray(np.log2(1.0 + context**shape))


def _hill_basis(context: FloatArray, shape: FloatArray) -> FloatArray:
    return np.asarray(context / (context + shape))


FAMILIES: dict[Family, tuple[Callable[[FloatArray, FloatArray], FloatArray], tuple[float, float]]] = {
    "log": (_log_basis, (1e-3, 1.0)),
    "hill": (_hill_basis, (1e-3, 1e3)),
}
"""Family name -> (basis of kappa and shape, default interval searched for the shape)."""


@dataclass(frozen=True, eq=False)
class CurveFit:
    """A least-squares fit of C curves with one shape, in the unit of the points it was made from.

    Attributes
    ----------
    family
        "log" (shape: alpha) or "hill" (shape: half, in units of context).
    shape
        The shared nonlinear constant.
    shape_status
        "interior"; "lower" or "upper": the best shape is an end of the searched interval and a wider one
        might fit better; "flat": no curve rises, so the shape means nothing; "fixed": given by the caller.
    start, rise
        (C,) accuracy without context and factor of the basis (rise >= 0) of each curve.
    residuals
        One array per curve: observed minus fitted accuracy.
    r2
        Share of the variation *within* the curves (around each curve's own mean) that is explained:
        differences between curves are absorbed by their own constants and prove nothing about the shape.
        nan if there is no variation.
    """

    family: Family
    shape: float
    shape_status: ShapeStatus
    start: FloatArray
    rise: FloatArray
    residuals: tuple[FloatArray, ...]
    r2: float

    @property
    def points(self) -> int:
        """Number of observations, over all curves."""
        return sum(r.size for r in self.residuals)

    @property
    def dof(self) -> int:
        """Residual degrees of freedom: points less two constants a curve less the shape, if it was fitted."""
        return self.points - 2 * len(self.residuals) - (self.shape_status != "fixed")

    @property
    def sse(self) -> float:
        """Sum of squared residuals."""
        return float(sum(float(r @ r) for r in self.residuals))

    @property
    def rmse(self) -> float:
        """Root of the mean squared residual, without regard to the constants fitted."""
        return math.sqrt(self.sse / self.points)

    @property
    def resid_sd(self) -> float:
        """Residual standard deviation, sqrt(sse / dof); nan with no degree of freedom left."""
        return math.sqrt(self.sse / self.dof) if self.dof > 0 else math.nan

    @property
    def max_abs(self) -> float:
        """Largest absolute residual."""
        return max(float(np.abs(r).max()) for r in self.residuals)

    def curve(self, index: int = 0, *, scale: float = 1.0, ceiling: float = 1.0) -> LogCurve | HillCurve:
        """Return fitted curve ``index`` with values in [0, 1].

        Parameters
        ----------
        index
            Which of the C curves.
        scale
            What an accuracy of 1 is in the points: 100 for points in per cent.
        ceiling
            Accuracy that no amount of context exceeds.

        Raises
        ------
        InvalidOption
            If the fitted constants leave the range of the family (a negative start, for example).
        """
        start, rise = float(self.start[index]) / scale, float(self.rise[index]) / scale
        if self.family == "log":
            return LogCurve(start, rise, self.shape, ceiling)
        return HillCurve(start, rise, self.shape, ceiling)
