"""Markets of unit traders: what buyers would pay and what sellers must get.

Buyers want one unit each, worth ``values[i]``; sellers offer one unit each, costing ``costs[j]``. In a market
for edge capacity the unit is a unit of inference service: its value to a buyer is what being served at the
edge saves against the cloud, its cost to a seller is the edge's marginal cost.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from numbers import Rational
from pathlib import Path
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from ..problem.errors import InvalidMarket
from ..problem.storage import write_atomic
from .reading import number, plain, read_sides, short, sides_of

Side: TypeAlias = Literal["buyer", "seller"]
Number: TypeAlias = Any
"""A `Fraction`, a float, or a symbol of the audit: whatever sorts, compares, adds and halves."""
Floats: TypeAlias = npt.NDArray[np.float64]
Reports: TypeAlias = Sequence[Number] | Floats


@dataclass(frozen=True, eq=False)
class Market:
    """One unit a trader.

    Parameters
    ----------
    values
        (B,) what a unit is worth to each buyer. Whole numbers and ``Fraction``s are kept exact and every
        outcome is then exact; numpy arrays (and lists that hold floats) are cleared in floating point.
    costs
        (K,) what a unit costs each seller, 0 or more: costs are positive numbers, not negative values.

    Raises
    ------
    InvalidMarket
        When a report is not a finite number, or a cost is negative.
    """

    values: Reports
    costs: Reports

    def __post_init__(self) -> None:
        values, costs = self.values, self.costs
        inexact = _inexact(values) or _inexact(costs)
        object.__setattr__(self, "values", _reports("values", values, inexact))
        object.__setattr__(self, "costs", _reports("costs", costs, inexact))

    @classmethod
    def unchecked(cls, values: Iterable[Number], costs: Iterable[Number]) -> Market:
        """Market of reports that need not be numbers, such as the symbols the audit runs rules on."""
        market = object.__new__(cls)
        object.__setattr__(market, "values", tuple(values))
        object.__setattr__(market, "costs", tuple(costs))
        return market

    @property
    def exact(self) -> bool:
        """Whether outcomes are exact: no report is a floating-point array."""
        return not isinstance(self.values, np.ndarray)

    def report(self, side: Side, index: int) -> Number:
        """What one trader reports."""
        return (self.values if side == "buyer" else self.costs)[index]

    def with_report(self, side: Side, index: int, report: Number) -> Market:
        """Return the market with one report changed."""
        reports = list(self.values if side == "buyer" else self.costs)
        reports[index] = report
        values, costs = (reports, self.costs) if side == "buyer" else (self.values, reports)
        if self.exact:
            return Market.unchecked(values, costs)
        return Market(np.asarray(values), np.asarray(costs))

    def as_fractions(self) -> Market:
        """Return the same market with exact reports; a float stands for the binary fraction it is."""
        if self.exact:
            return self
        return Market([Fraction(float(x)) for x in self.values], [Fraction(float(x)) for x in self.costs])

    def as_floats(self) -> Market:
        """Return the same market with reports rounded to floating point."""
        return Market(np.array(self.values, dtype=float), np.array(self.costs, dtype=float))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Market):
            return NotImplemented
        return tuple(self.values) == tuple(other.values) and tuple(self.costs) == tuple(other.costs)

    __hash__ = None  # type: ignore[assignment]

    def as_json(self) -> dict[str, list[Any]]:
        """Return plain lists; fractions that are not whole become text such as ``"17/2"``."""
        return {"values": [plain(x) for x in self.values], "costs": [plain(x) for x in self.costs]}

    def save(self, path: str | Path) -> None:
        """Write the market as JSON, atomically."""
        write_atomic(Path(path), (json.dumps(self.as_json(), indent=1) + "\n").encode())

    @classmethod
    def load(cls, path: str | Path) -> Market:
        """Read a market from JSON: numbers (decimals are taken exactly) or text such as ``"17/2"``.

        Raises
        ------
        InvalidFile
            When the file is not such a JSON document.
        InvalidMarket
            When a report breaks a rule of `Market`.
        """
        path = Path(path)
        return cls.from_json(read_sides(path), where=str(path))

    @classmethod
    def from_json(cls, content: Any, *, where: str = "market") -> Market:
        """Make a market of what `as_json` returned."""
        sides = sides_of(content, where=where)
        return cls(
            **{
                name: [number(x, f"{where}: {name}[{i}]") for i, x in enumerate(reports)]
                for name, reports in sides.items()
            }
        )


@dataclass(frozen=True, eq=False)
class Markets:
    """Many markets of equal size, cleared in one call.

    Parameters
    ----------
    values
        (G,B) buyers' values, one market a row.
    costs
        (G,K) sellers' costs, 0 or more.

    Raises
    ------
    InvalidMarket
        When the shapes do not fit, a report is not finite, or a cost is negative.
    """

    values: Floats
    costs: Floats

    def __post_init__(self) -> None:
        for name in ("values", "costs"):
            array = np.array(getattr(self, name), dtype=np.float64)
            if array.ndim != 2:
                raise InvalidMarket(f"{name} has {array.ndim} axes: (markets, traders) is expected")
            _check(name, array)
            array.flags.writeable = False
            object.__setattr__(self, name, array)
        if len(self.values) != len(self.costs):
            raise InvalidMarket(
                f"values hold {len(self.values)} markets and costs {len(self.costs)}: they must be as many"
            )

    def __len__(self) -> int:
        return len(self.values)

    def __getitem__(self, market: int) -> Market:
        return Market(self.values[market], self.costs[market])


def _inexact(reports: Any) -> bool:
    return isinstance(reports, np.ndarray) or any(isinstance(x, float) for x in reports)


def _reports(name: str, reports: Any, inexact: bool) -> Reports:
    if inexact:
        try:
            array = np.array(reports, dtype=np.float64)
        except (TypeError, ValueError):
            raise InvalidMarket(f"{name} must be numbers, one for each trader") from None
        if array.ndim != 1:
            raise InvalidMarket(f"{name} has {array.ndim} axes: one number for each trader is expected")
        _check(name, array)
        array.flags.writeable = False
        return array
    exact = []
    for i, x in enumerate(reports):
        if isinstance(x, bool) or not isinstance(x, Rational | np.integer):
            raise InvalidMarket(f"{name}[{i}] is {short(x)}: a number is expected")
        exact.append(Fraction(int(x)) if isinstance(x, np.integer) else Fraction(x))
        if name == "costs" and exact[-1] < 0:
            raise InvalidMarket(f"costs[{i}] is {short(x)}: a cost is 0 or more, never a negative value")
    return tuple(exact)


def _check(name: str, array: Floats) -> None:
    if not np.isfinite(array).all():
        where = ", ".join(map(str, np.argwhere(~np.isfinite(array))[0]))
        raise InvalidMarket(f"{name}[{where}] is not finite: leave out a trader who cannot trade")
    if name == "costs" and (array < 0).any():
        where = ", ".join(map(str, np.argwhere(array < 0)[0]))
        raise InvalidMarket(f"costs[{where}] is negative: a cost is 0 or more, never a negative value")
