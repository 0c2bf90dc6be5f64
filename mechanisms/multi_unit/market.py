"""Markets of traders with several units: decreasing marginal values, increasing marginal costs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from math import isfinite
from numbers import Rational, Real
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from ...problem.errors import InvalidFile, InvalidMarket
from ...problem.storage import write_atomic
from ..market import Number, Side
from ..reading import number, plain, read_sides, short, sides_of

Marginals: TypeAlias = Sequence[Number]
"""What each further unit is worth to a buyer, or costs a seller."""


@dataclass(frozen=True, eq=False)
class MultiUnitMarket:
    """Several units a trader.

    Parameters
    ----------
    values
        For each of B buyers, what her first, second, ... unit is worth to her: never rising.
    costs
        For each of K sellers, what her first, second, ... unit costs her: never falling, 0 or more.
        With a float anywhere all reports are floats; otherwise all are exact, and so is every outcome.

    Raises
    ------
    InvalidMarket
        When a report is not a finite number, a cost is negative, or marginal values rise or costs fall.
    """

    values: Sequence[Sequence[Number]]
    costs: Sequence[Sequence[Number]]

    def __post_init__(self) -> None:
        sides = {"values": _lists("values", self.values), "costs": _lists("costs", self.costs)}
        exact = not any(isinstance(x, float) for side in sides.values() for trader in side for x in trader)
        for name, side in sides.items():
            checked = tuple(
                _marginals(f"{name}[{i}]", trader, exact, name == "costs") for i, trader in enumerate(side)
            )
            object.__setattr__(self, name, checked)

    @classmethod
    def from_blocks(
        cls,
        values: Iterable[Iterable[tuple[int, Number]]],
        costs: Iterable[Iterable[tuple[int, Number]]],
    ) -> MultiUnitMarket:
        """Make a market of blocks (quantity, value or cost of each unit), a list of them for each trader."""
        return cls(
            values=[[x for quantity, x in trader for _ in range(quantity)] for trader in values],
            costs=[[x for quantity, x in trader for _ in range(quantity)] for trader in costs],
        )

    def report(self, side: Side, index: int) -> Marginals:
        """What one trader reports."""
        return tuple((self.values if side == "buyer" else self.costs)[index])

    def with_report(self, side: Side, index: int, report: Sequence[Number]) -> MultiUnitMarket:
        """Return the market with one trader's report changed."""
        reports = list(self.values if side == "buyer" else self.costs)
        reports[index] = tuple(report)
        if side == "buyer":
            return MultiUnitMarket(reports, self.costs)
        return MultiUnitMarket(self.values, reports)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, MultiUnitMarket):
            return NotImplemented
        return (self.values, self.costs) == (other.values, other.costs)

    __hash__ = None  # type: ignore[assignment]

    def as_json(self) -> dict[str, list[list[Any]]]:
        """Return plain lists; fractions that are not whole become text such as ``"17/2"``."""
        return {
            "values": [[plain(x) for x in trader] for trader in self.values],
            "costs": [[plain(x) for x in trader] for trader in self.costs],
        }

    def save(self, path: str | Path) -> None:
        """Write the market as JSON, atomically."""
        write_atomic(Path(path), (json.dumps(self.as_json(), indent=1) + "\n").encode())

    @classmethod
    def load(cls, path: str | Path) -> MultiUnitMarket:
        """Read a market from JSON; decimals and text such as ``"17/2"`` are taken exactly.

        Raises
        ------
        InvalidFile
            When the file is not such a JSON document.
        InvalidMarket
            When a report breaks a rule of `MultiUnitMarket`.
        """
        path = Path(path)
        return cls.from_json(read_sides(path), where=str(path))

    @classmethod
    def from_json(cls, content: Any, *, where: str = "market") -> MultiUnitMarket:
        """Make a market of what `as_json` returned."""
        sides = sides_of(content, where=where)
        for name, traders in sides.items():
            for i, trader in enumerate(traders):
                if not isinstance(trader, list):
                    raise InvalidFile(f"{where}: {name}[{i}] must be a list of numbers, one for each unit")
        return cls(
            **{
                name: [[number(x, f"{where}: {name}[{i}]") for x in t] for i, t in enumerate(traders)]
                for name, traders in sides.items()
            }
        )


def optimal_welfare(market: MultiUnitMarket) -> Number:
    """Return the first best: the largest gain from trade, over all ways to move units."""
    values = sorted((x for trader in market.values for x in trader), reverse=True)
    costs = sorted(x for trader in market.costs for x in trader)
    gains = (value - cost for value, cost in zip(values, costs, strict=False))
    return sum(gain for gain in gains if gain > 0)


def _lists(name: str, traders: Any) -> list[list[Any]]:
    try:
        return [list(trader) for trader in traders]
    except TypeError:
        raise InvalidMarket(
            f"{name} must hold a list of numbers for each trader, one for each unit"
        ) from None


def _marginals(where: str, trader: list[Any], exact: bool, costs: bool) -> Marginals:
    read = tuple(_read(f"{where}[{unit}]", x, exact) for unit, x in enumerate(trader))
    for unit, (before, after) in enumerate(pairwise(read)):
        if (after < before) if costs else (after > before):
            kind = "costs fall" if costs else "values rise"
            right = "never fall" if costs else "never rise"
            raise InvalidMarket(f"{where}: marginal {kind} at unit {unit + 1}: they must {right}")
    if costs and read and read[0] < 0:
        raise InvalidMarket(f"{where}[0] is {short(trader[0])}: a cost is 0 or more, never a negative value")
    return read


def _read(where: str, x: Any, exact: bool) -> Number:
    if isinstance(x, np.generic):
        x = x.item()
    if isinstance(x, bool) or not isinstance(x, Rational if exact else Real):
        raise InvalidMarket(f"{where} is {short(x)}: a number is expected")
    if isinstance(x, Rational) and exact:
        return Fraction(x)
    if not isfinite(x):
        raise InvalidMarket(f"{where} is not finite: leave out a unit that cannot be traded")
    return float(x)
