"""A report that is not known yet: an affine function a + c x of an unknown x in an open interval.

Mechanism code runs on it as on a number. It adds, subtracts and is multiplied or divided by plain numbers.
When it is compared and the answer depends on x, the interval is cut at the root: the run goes on below it,
and the root and what lies above are left for later runs. Whatever else code may do with a number is refused
with `NotCertified`: the audit does not guess.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any, NoReturn

import numpy as np


class NotCertified(TypeError):
    """The code does something with reports that cannot be followed exactly."""


class Run:
    """One run of the code: the open interval that x is in, and what was cut off it.

    Parameters
    ----------
    low, high
        Ends of the interval; no ``high``: it has no end.
    """

    __slots__ = ("high", "later", "low", "refused")

    def __init__(self, low: Fraction, high: Fraction | None) -> None:
        self.low = low
        self.high = high
        self.later: list[tuple[Fraction, Fraction | None]] = []
        self.refused: str | None = None

    def above(self, root: Fraction) -> bool:
        """Whether x is above a root; one inside the interval becomes its end."""
        if root <= self.low:
            return True
        if self.high is None or root < self.high:
            self.later += [(root, self.high), (root, root)]
            self.high = root
        return False

    def refusal(self, reason: str) -> NotCertified:
        """Return the error to raise, and remember it should the code catch it."""
        self.refused = reason
        return NotCertified(reason)


class Symbol:
    """The number ``constant + slope * x`` with a slope that is not 0."""

    __slots__ = ("constant", "run", "slope")
    __array_ufunc__ = None  # numpy's own numbers leave the operation to the symbol

    def __init__(self, run: Run, constant: Fraction | int = 0, slope: Fraction | int = 1) -> None:
        self.run = run
        self.constant = constant
        self.slope = slope

    def _made(self, constant: Fraction | int, slope: Fraction | int) -> Symbol | Fraction:
        return Symbol(self.run, constant, slope) if slope else Fraction(constant)

    def __add__(self, other: Any) -> Any:
        if isinstance(other, Symbol):
            self._same_run(other)
            return self._made(self.constant + other.constant, self.slope + other.slope)
        number = self._number(other)
        if isinstance(number, float):
            return number
        return Symbol(self.run, self.constant + number, self.slope)

    __radd__ = __add__

    def __sub__(self, other: Any) -> Any:
        return self + -other if isinstance(other, Symbol) else self + -self._number(other)

    def __rsub__(self, other: Any) -> Any:
        return -self + other

    def __neg__(self) -> Symbol:
        return Symbol(self.run, -self.constant, -self.slope)

    def __pos__(self) -> Symbol:
        return self

    def __mul__(self, other: Any) -> Any:
        if isinstance(other, Symbol):
            raise self.run.refusal("two reports are multiplied")
        number = self._number(other)
        if isinstance(number, float):
            raise self.run.refusal("a report is multiplied by infinity")
        return self._made(self.constant * number, self.slope * number)

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> Any:
        if isinstance(other, Symbol):
            raise self.run.refusal("a report is divided by a report")
        number = self._number(other)
        return Fraction(0) if isinstance(number, float) else self * (1 / Fraction(number))

    def __abs__(self) -> Symbol:
        return self if self._sign(0) > 0 else -self

    def __lt__(self, other: Any) -> bool:
        return self._sign(other) < 0

    def __le__(self, other: Any) -> bool:
        return self._sign(other) <= 0

    def __gt__(self, other: Any) -> bool:
        return self._sign(other) > 0

    def __ge__(self, other: Any) -> bool:
        return self._sign(other) >= 0

    def __eq__(self, other: object) -> bool:
        return not (other is None or isinstance(other, str)) and self._sign(other) == 0

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        raise self.run.refusal("a report is used as a key")

    def _sign(self, other: Any) -> int:
        """Return the sign of ``self - other`` on what is left of the interval, which may be cut."""
        constant, slope = self.constant, self.slope
        if other.__class__ is Fraction:
            constant = constant - other if constant else -other
        elif isinstance(other, Symbol):
            self._same_run(other)
            constant, slope = constant - other.constant, slope - other.slope
            if not slope:
                return (constant > 0) - (constant < 0)
        else:
            number = self._number(other)
            if isinstance(number, float):
                return -1 if number > 0 else 1
            constant -= number
        # With a slope of 1, as every report has, this saves a division.
        root = -constant if slope == 1 else -constant / Fraction(slope)
        return 1 if self.run.above(Fraction(root)) == (slope > 0) else -1

    def _number(self, other: Any) -> Fraction | int | float:
        """Return a plain number exactly; of floats, only the infinite ones stay what they are."""
        if isinstance(other, Fraction | int):
            return other
        if isinstance(other, np.generic):
            other = other.item()
        if isinstance(other, int):
            return other
        if not isinstance(other, float):
            raise self.run.refusal(f"a report meets a {type(other).__name__}")
        if math.isnan(other):
            raise self.run.refusal("a report meets NaN")
        return other if math.isinf(other) else Fraction(other)

    def _same_run(self, other: Symbol) -> None:
        if other.run is not self.run:
            raise self.run.refusal("a report is remembered from an earlier call")


def _refusing(what: str) -> Any:
    def refuse(self: Symbol, *_: Any) -> NoReturn:
        raise self.run.refusal(f"a report is {what}")

    return refuse


_REFUSED = {
    "taken for true or false": ("bool",),
    "turned into a floating-point number": ("float", "complex"),
    "rounded": ("int", "index", "round", "trunc", "floor", "ceil", "floordiv", "rfloordiv"),
    "divided by": ("rtruediv",),
    "taken modulo": ("mod", "rmod", "divmod", "rdivmod"),
    "raised to a power": ("pow", "rpow"),
    "written out": ("str", "repr", "format"),
}
for _what, _names in _REFUSED.items():
    for _name in _names:
        setattr(Symbol, f"__{_name}__", _refusing(_what))
