"""The log law through three points, in closed form.

Published tables often give a task's accuracy at 0, 1 and K in-context examples. The log law
A0 + A1 log2(1 + kappa^alpha) has three constants, so it passes through the points exactly or not at
all: kappa = 0 gives A0, kappa = 1 gives A0 + A1, and kappa = K leaves K^alpha = 2^r - 1 with
r = (A(K) - A0) / A1. This is an inversion, not a fit: nothing is left to judge the law by.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

from ..errors import InvalidOption
from .curves import LogCurve

# An alpha that exceeds 1 by no more than this is rounding of an exact 1.
_ALPHA_ROUNDING = 1e-9


class InversionStatus(StrEnum):
    """Whether three points lie on a log law with A1 > 0 and 0 < alpha <= 1, and if not, why."""

    OK = "ok"
    NO_RISE = "infeasible(1-shot<=0-shot)"
    SATURATED = "alpha<=0 (K-shot<=1-shot)"
    TOO_STEEP = "alpha>1 (K-shot above the log law)"


@dataclass(frozen=True)
class Inversion:
    """Constants of the log law through three points, in the unit of the points.

    Attributes
    ----------
    a0, a1
        Accuracy without context, and what the first unit adds.
    alpha
        The exponent; nan if ``a1 <= 0`` (no exponent can help), -inf if A(K) <= A(0).
    status
        ``InversionStatus.OK`` or the reason why the three constants are no admissible log law.
    """

    a0: float
    a1: float
    alpha: float
    status: InversionStatus

    @property
    def feasible(self) -> bool:
        """Whether the constants make a nondecreasing log law with 0 < alpha <= 1."""
        return self.status is InversionStatus.OK

    def curve(self, *, scale: float = 1.0, ceiling: float = 1.0) -> LogCurve:
        """Return the curve with values in [0, 1].

        Parameters
        ----------
        scale
            What one unit of the curve is in the points: 100 for points in per cent.
        ceiling
            Accuracy that no amount of context exceeds.

        Raises
        ------
        InvalidOption
            If the three points admit no log law.
        """
        if not self.feasible:
            raise InvalidOption(f"three-point inversion: no log law passes through the points: {self.status}")
        return LogCurve(self.a0 / scale, self.a1 / scale, self.alpha, ceiling)


def invert_three_points(zero: float, one: float, many: float, context: float) -> Inversion:
    """Find the log law through the accuracies at 0, 1 and ``context`` units.

    Parameters
    ----------
    zero, one, many
        Accuracy at 0, 1 and ``context`` units, in any one unit (per cent or shares).
    context
        The third amount of context K, > 1.

    Returns
    -------
    Inversion
        The constants with a status; infeasible points are an answer, not an error.

    Raises
    ------
    InvalidOption
        If an argument is not finite or ``context <= 1``.
    """
    for name, value in (("zero", zero), ("one", one), ("many", many), ("context", context)):
        if not math.isfinite(value):
            raise InvalidOption(f"three-point inversion: {name} is {value}, must be finite")
    if context <= 1.0:
        raise InvalidOption(f"three-point inversion: context is {context:g}, must exceed 1")
    a0, a1 = float(zero), float(one - zero)
    if a1 <= 0.0:
        return Inversion(a0, a1, math.nan, InversionStatus.NO_RISE)
    ratio = (many - zero) / a1
    if ratio <= 0.0:
        return Inversion(a0, a1, -math.inf, InversionStatus.SATURATED)
    # log(2^r - 1), written so that a large r (a tiny first step) does not overflow.
    exponent = ratio * math.log(2.0)
    alpha = (exponent + math.log(-math.expm1(-exponent))) / math.log(context)
    if alpha <= 0.0:
        return Inversion(a0, a1, alpha, InversionStatus.SATURATED)
    if alpha > 1.0 + _ALPHA_ROUNDING:
        return Inversion(a0, a1, alpha, InversionStatus.TOO_STEEP)
    return Inversion(a0, a1, min(alpha, 1.0), InversionStatus.OK)
