"""Running unmodified mechanism code once for every way its comparisons can turn out.

Reports become `Form`s: affine functions of a few unknown numbers. They add, subtract and can be multiplied by
plain numbers; whenever code compares two of them, the answer is read off the region of unknowns that is still
possible, and where the region holds points of both answers the run is repeated for the other one. What comes
out is the mechanism's complete decision tree: regions, and on each the outcome as affine functions. Anything
that is not affine (a product of reports, rounding, a report as a dictionary key) raises `NotSymbolic`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Literal, Protocol, TypeAlias, TypeVar

import numpy as np

Relation: TypeAlias = Literal["<", "<=", "=="]
"""How a form compares with 0."""
Result = TypeVar("Result")
_MOST_PATHS = 20_000
_ROUNDING = 1e-9


class NotSymbolic(TypeError):
    """The code does something with reports that cannot be followed exactly."""


class Region(Protocol):
    """A set of values that the unknowns can still have; never empty."""

    def split(self, form: Form, relation: Relation) -> list[tuple[bool, Region]]:
        """Return disjoint regions, on each of which the relation holds or does not, in a fixed order."""
        ...

    def point(self) -> tuple[Fraction, ...]:
        """Return a point of the region."""
        ...


class Form:
    """Constant plus a sum of coefficients times unknowns, which forks the path when it is compared.

    Parameters
    ----------
    path
        The run it belongs to.
    constant, coefficients
        The affine function; one coefficient for each unknown.
    """

    __slots__ = ("coefficients", "constant", "path")
    __hash__ = None  # type: ignore[assignment]
    __array_priority__ = 1000

    def __init__(self, path: Path, constant: Fraction, coefficients: tuple[Fraction, ...]) -> None:
        self.path = path
        self.constant = constant
        self.coefficients = coefficients

    def at(self, point: tuple[Fraction, ...], weight: Fraction | int = 1) -> Fraction:
        """Return the value at a point, or with weight 0 the slope in a direction."""
        return sum((c * x for c, x in zip(self.coefficients, point, strict=True)), self.constant * weight)

    def _combined(self, other: Any, sign: int) -> Any:
        if isinstance(other, Form):
            pairs = zip(self.coefficients, other.coefficients, strict=True)
            return Form(
                self.path, self.constant + sign * other.constant, tuple(a + sign * b for a, b in pairs)
            )
        number = _number(other)
        if isinstance(number, float):
            return sign * number
        return Form(self.path, self.constant + sign * number, self.coefficients)

    def __add__(self, other: Any) -> Any:
        return self._combined(other, 1)

    __radd__ = __add__

    def __sub__(self, other: Any) -> Any:
        return self._combined(other, -1)

    def __rsub__(self, other: Any) -> Any:
        return (-self)._combined(other, 1)

    def __neg__(self) -> Form:
        return Form(self.path, -self.constant, tuple(-c for c in self.coefficients))

    def __pos__(self) -> Form:
        return self

    def __mul__(self, other: Any) -> Form:
        if isinstance(other, Form):
            if any(other.coefficients):
                if any(self.coefficients):
                    raise NotSymbolic("a product of two reports is not affine")
                return other * self.constant
            other = other.constant
        number = _number(other)
        if isinstance(number, float):
            raise NotSymbolic("a report times infinity")
        return Form(self.path, self.constant * number, tuple(c * number for c in self.coefficients))

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> Form:
        if isinstance(other, Form):
            if any(other.coefficients):
                raise NotSymbolic("a quotient by a report is not affine")
            other = other.constant
        number = _number(other)
        return self * (Fraction(0) if isinstance(number, float) else 1 / number)

    def __abs__(self) -> Form:
        return -self if self < 0 else self

    def __bool__(self) -> bool:
        return not self._compared(0, "==")

    def __lt__(self, other: Any) -> bool:
        return self._compared(other, "<")

    def __le__(self, other: Any) -> bool:
        return self._compared(other, "<=")

    def __gt__(self, other: Any) -> bool:
        return not self._compared(other, "<=")

    def __ge__(self, other: Any) -> bool:
        return not self._compared(other, "<")

    def __eq__(self, other: object) -> bool:
        if other is None or isinstance(other, str):
            return False
        return self._compared(other, "==")

    def __ne__(self, other: object) -> bool:
        return not self == other

    def _compared(self, other: Any, relation: Relation) -> bool:
        difference = self - other
        if isinstance(difference, float):  # the other side is infinite
            return difference < 0 and relation != "=="
        if not any(difference.coefficients):
            return holds(difference.constant, relation)
        return self.path.decide(difference, relation)

    def __float__(self) -> float:
        raise NotSymbolic("a report is turned into a floating-point number")

    def __repr__(self) -> str:
        return f"Form({self.constant}, {', '.join(map(str, self.coefficients))})"


def _number(other: Any) -> Fraction | float:
    """Return a plain number exactly; infinities stay as they are."""
    if isinstance(other, Fraction):
        return other
    if isinstance(other, int | float | np.integer | np.floating):
        if isinstance(other, float | np.floating) and not math.isfinite(other):
            if math.isnan(other):
                raise NotSymbolic("a report meets NaN")
            return float(other)
        return Fraction(other.item() if isinstance(other, np.generic) else other)
    raise NotSymbolic(f"a report meets a {type(other).__name__}")


def holds(number: Fraction, relation: Relation) -> bool:
    """Return whether a number stands in a relation to 0."""
    if relation == "<":
        return number < 0
    return number <= 0 if relation == "<=" else number == 0


class Path:
    """One run: the answers already fixed for it, and the region they leave."""

    def __init__(self, answers: tuple[bool, ...], region: Region) -> None:
        self.answers = list(answers)
        self.region = region
        self.alternatives: list[tuple[tuple[bool, ...], Region]] = []
        self._next = 0

    def decide(self, form: Form, relation: Relation) -> bool:
        """Answer a comparison, and remember the answers that other runs must give."""
        if self._next == len(self.answers):
            (first, self.region), *others = self.region.split(form, relation)
            given = tuple(self.answers)
            self.alternatives += [((*given, answer), region) for answer, region in reversed(others)]
            self.answers.append(first)
        self._next += 1
        return self.answers[self._next - 1]

    def unknowns(self, number: int) -> tuple[Form, ...]:
        """Return the unknowns themselves, as forms of this run."""
        return tuple(
            Form(self, Fraction(0), tuple(Fraction(i == j) for j in range(number))) for i in range(number)
        )


@dataclass(frozen=True)
class Leaf:
    """The end of one run: where it applies, and what was computed there."""

    region: Any
    result: Any


def _check_at(point: tuple[Fraction, ...], run: Callable[..., Any], result: Any) -> None:
    """Run once more on numbers: code that asks what kind of number it is given may tell symbols apart."""
    if not _same(_value(result, point), run(*point)):
        raise NotSymbolic("the code does something else with numbers than with unknowns")


def _value(result: Any, point: tuple[Fraction, ...]) -> Any:
    if isinstance(result, Form):
        return result.at(point)
    if isinstance(result, dict):
        return {key: _value(x, point) for key, x in result.items()}
    return [_value(x, point) for x in result] if isinstance(result, list | tuple) else result


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(_same(one[key], other[key]) for key in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(_same, one, other))
    if isinstance(other, float | np.floating):  # the code has a constant in floating point
        return math.isclose(one, other, rel_tol=_ROUNDING, abs_tol=_ROUNDING)
    return bool(one == other)


def explore(
    run: Callable[..., Result], region: Region, unknowns: int, *, most_paths: int = _MOST_PATHS
) -> Iterator[tuple[Any, Result]]:
    """Yield (region, result) for every path of ``run`` through a region, in a fixed order.

    Parameters
    ----------
    run
        Takes one `Form`, or a number, for each unknown. Its result is a form or number, or lists and
        dictionaries of them.
    region
        Where the unknowns lie.
    unknowns
        How many there are.
    most_paths
        Where to give up.

    Raises
    ------
    NotSymbolic
        When the code is not affine in its reports, has more paths than that, or gives another result at a
        point of a region than on the whole of it.
    """
    waiting: list[tuple[tuple[bool, ...], Region]] = [((), region)]
    for _ in range(most_paths):
        if not waiting:
            return
        path = Path(*waiting.pop())
        try:
            result = run(*path.unknowns(unknowns))
        except NotSymbolic:
            raise
        except (TypeError, AttributeError) as error:
            raise NotSymbolic(str(error)) from error
        waiting += path.alternatives
        _check_at(path.region.point(), run, result)
        yield path.region, result
    raise NotSymbolic(f"more than {most_paths} paths")
