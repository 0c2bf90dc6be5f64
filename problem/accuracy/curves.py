"""Accuracy as a function of the context a service holds.

A curve maps kappa, the useful context in units (one unit: one consensus-weighted thought or
in-context example), to an expected accuracy in [0, 1]. Every curve is nondecreasing: context that
does harm is not modelled, and the dynamic programmes of the solvers rely on it. The functional forms are

* the log law of Xu et al., "Joint Foundation Model Caching and Inference of Generative AI Services
  for Edge Intelligence" (arXiv 2305.12130),
* the geometric law to which a mixture-of-contexts language converges (see ``problem.convergence``),
* a Hill term, which saturates where the log law grows without end, and
* a table of one's own.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import InvalidOption

FloatArray = NDArray[np.float64]


@runtime_checkable
class AccuracyCurve(Protocol):
    """Anything that turns context into accuracy."""

    def __call__(self, kappa: ArrayLike) -> FloatArray:
        """Return the accuracy in [0, 1] at context ``kappa`` (any shape, in units, >= 0)."""
        ...

    def describe(self) -> str:
        """Return the formula and its constants in one line."""
        ...


@dataclass(frozen=True)
class LogCurve:
    """The log law ``min(ceiling, a0 + a1 log2(1 + kappa^alpha))`` of arXiv 2305.12130.

    Parameters
    ----------
    a0
        Accuracy without context, in [0, ceiling].
    a1
        Rise that the first unit of context brings, >= 0.
    alpha
        How fast further units wear off, in (0, 1].
    ceiling
        Accuracy that no amount of context exceeds, in (0, 1]: the law itself is unbounded.

    Raises
    ------
    InvalidOption
        If a constant lies outside its range.
    """

    a0: float
    a1: float
    alpha: float
    ceiling: float = 1.0

    def __post_init__(self) -> None:
        a0, _, alpha, _ = _plain_floats(self, ("a0", "a1", "alpha", "ceiling"))
        _check_ceiling(self, "a0", a0)
        _check_rise(self, "a1")
        if not 0.0 < alpha <= 1.0:
            raise InvalidOption(f"LogCurve: alpha is {alpha:g}, must lie in (0, 1]")

    def __call__(self, kappa: ArrayLike) -> FloatArray:
        """Return the accuracy at context ``kappa`` (units, >= 0), in the shape of ``kappa``."""
        law = self.a0 + self.a1 * np.log2(1.0 + _context(kappa) ** self.alpha)
        return np.asarray(np.minimum(self.ceiling, law), dtype=np.float64)

    def describe(self) -> str:
        """Return the formula and its constants in one line."""
        return (
            f"log: {self.a0:.6g} + {self.a1:.6g} log2(1 + kappa^{self.alpha:.6g}), at most {self.ceiling:.6g}"
        )


@dataclass(frozen=True)
class GeometricCurve:
    """The geometric law ``limit - (limit - start) rho^kappa``.

    Parameters
    ----------
    start
        Accuracy without context, in [0, limit].
    limit
        Accuracy approached as context grows, at most 1.
    rho
        Factor by which one unit of context shrinks what is missing, in [0, 1). For thoughts of
        ambiguity eps it is eps / (1 - eps).

    Raises
    ------
    InvalidOption
        If a constant lies outside its range.
    """

    start: float
    limit: float
    rho: float

    def __post_init__(self) -> None:
        start, limit, rho = _plain_floats(self, ("start", "limit", "rho"))
        if not 0.0 <= start <= limit <= 1.0:
            raise InvalidOption(
                f"GeometricCurve: start {start:g} and limit {limit:g} must satisfy 0 <= start <= limit <= 1"
            )
        if not 0.0 <= rho < 1.0:
            raise InvalidOption(f"GeometricCurve: rho is {rho:g}, must lie in [0, 1)")

    def __call__(self, kappa: ArrayLike) -> FloatArray:
        """Return the accuracy at context ``kappa`` (units, >= 0), in the shape of ``kappa``."""
        missing = (self.limit - self.start) * np.power(self.rho, _context(kappa))
        return np.asarray(self.limit - missing, dtype=np.float64)

    def describe(self) -> str:
        """Return the formula and its constants in one line."""
        return f"geometric: {self.limit:.6g} - {self.limit - self.start:.6g} * {self.rho:.6g}^kappa"


@dataclass(frozen=True)
class HillCurve:
    """The saturating law ``min(ceiling, start + rise kappa / (kappa + half))``.

    Parameters
    ----------
    start
        Accuracy without context, in [0, ceiling].
    rise
        What unlimited context would add, >= 0.
    half
        Context, in units, at which half of the rise is reached, > 0.
    ceiling
        Accuracy that no amount of context exceeds, in (0, 1]; it matters where ``start + rise``,
        fitted to points, overshoots.

    Raises
    ------
    InvalidOption
        If a constant lies outside its range.
    """

    start: float
    rise: float
    half: float
    ceiling: float = 1.0

    def __post_init__(self) -> None:
        start, _, half, _ = _plain_floats(self, ("start", "rise", "half", "ceiling"))
        _check_ceiling(self, "start", start)
        _check_rise(self, "rise")
        if half <= 0.0:
            raise InvalidOption(f"HillCurve: half is {half:g}, must be > 0")

    def __call__(self, kappa: ArrayLike) -> FloatArray:
        """Return the accuracy at context ``kappa`` (units, >= 0), in the shape of ``kappa``."""
        context = _context(kappa)
        law = self.start + self.rise * (context / (context + self.half))
        return np.asarray(np.minimum(self.ceiling, law), dtype=np.float64)

    def describe(self) -> str:
        """Return the formula and its constants in one line."""
        return (
            f"hill: {self.start:.6g} + {self.rise:.6g} kappa / (kappa + {self.half:.6g}), "
            f"at most {self.ceiling:.6g}"
        )


@dataclass(frozen=True)
class TabulatedCurve:
    """A curve given by its values at 0, 1, 2, ... units of context.

    Between whole units it is linear, beyond the table its last value holds.

    Parameters
    ----------
    values
        Nondecreasing accuracies in [0, 1], at least one.

    Raises
    ------
    InvalidOption
        If the table is empty, leaves [0, 1] or falls somewhere.
    """

    values: Sequence[float]

    def __post_init__(self) -> None:
        try:
            table = np.asarray(self.values, dtype=np.float64)
        except (TypeError, ValueError):
            raise InvalidOption("TabulatedCurve: values must be a list of numbers") from None
        if table.ndim != 1 or table.size == 0:
            raise InvalidOption(
                f"TabulatedCurve: values must be a list of at least one number, got shape {table.shape}"
            )
        outside = np.flatnonzero(~((table >= 0.0) & (table <= 1.0)))
        if outside.size:
            raise InvalidOption(
                f"TabulatedCurve: values[{outside[0]}] is {table[outside[0]]:g}, must lie in [0, 1]"
            )
        falls = np.flatnonzero(np.diff(table) < 0.0)
        if falls.size:
            k = int(falls[0])
            raise InvalidOption(
                f"TabulatedCurve: values[{k + 1}] = {table[k + 1]:g} is below values[{k}] = {table[k]:g}, "
                "accuracy must not fall with context"
            )
        object.__setattr__(self, "values", tuple(table.tolist()))

    def __call__(self, kappa: ArrayLike) -> FloatArray:
        """Return the accuracy at context ``kappa`` (units, >= 0), in the shape of ``kappa``."""
        return np.asarray(
            np.interp(_context(kappa), np.arange(len(self.values)), self.values), dtype=np.float64
        )

    def describe(self) -> str:
        """Return the size and range of the table in one line."""
        last = len(self.values) - 1
        return f"tabulated: {self.values[0]:.6g} at 0 to {self.values[last]:.6g} at {last} units"


def _plain_floats(curve: object, names: tuple[str, ...]) -> tuple[float, ...]:
    """Replace the constants of a frozen curve by finite Python floats and return them."""
    found = []
    for name in names:
        given = getattr(curve, name)
        try:
            value = float(given)
        except (TypeError, ValueError):
            value = math.nan
        if not math.isfinite(value):
            raise InvalidOption(f"{type(curve).__name__}: {name} is {given!r}, must be a finite number")
        object.__setattr__(curve, name, value)
        found.append(value)
    return tuple(found)


def _check_ceiling(curve: LogCurve | HillCurve, name: str, start: float) -> None:
    if not 0.0 < curve.ceiling <= 1.0:
        raise InvalidOption(f"{type(curve).__name__}: ceiling is {curve.ceiling:g}, must lie in (0, 1]")
    if not 0.0 <= start <= curve.ceiling:
        raise InvalidOption(
            f"{type(curve).__name__}: {name} is {start:g}, must lie in [0, ceiling = {curve.ceiling:g}]"
        )


def _check_rise(curve: LogCurve | HillCurve, name: str) -> None:
    rise = getattr(curve, name)
    if rise < 0.0:
        raise InvalidOption(
            f"{type(curve).__name__}: {name} is {rise:g}, must be >= 0 (accuracy never falls)"
        )


def _context(kappa: ArrayLike) -> FloatArray:
    """Check an amount of context and return it as float64."""
    try:
        context = np.asarray(kappa, dtype=np.float64)
    except (TypeError, ValueError):
        raise InvalidOption("accuracy curve: kappa must be a number or an array of numbers") from None
    if not bool(np.all((context >= 0.0) & np.isfinite(context))):
        raise InvalidOption("accuracy curve: kappa must be finite and >= 0 (units of context)")
    return context
