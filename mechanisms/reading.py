"""Reports in files: numbers read exactly, and anything hostile refused in one line."""

from __future__ import annotations

import json
from fractions import Fraction
from numbers import Rational, Real
from pathlib import Path
from typing import Any

from ..problem.errors import EdgeoptError, InvalidFile, InvalidMarket

_LARGEST_FILE = 64 << 20
_EXPECTED = "a number or a fraction such as 17/2 is expected"


def read_sides(path: Path) -> dict[str, list[Any]]:
    """Read the lists "values" and "costs" of a JSON object; decimals are taken exactly.

    Raises
    ------
    InvalidFile
        When the file is not such a JSON document, or a number in it is out of range.
    """
    try:
        if path.stat().st_size > _LARGEST_FILE:
            raise InvalidFile(f"over {_LARGEST_FILE >> 20} MiB: a market is two lists of numbers")
        text = path.read_text(encoding="utf-8")
        return sides_of(json.loads(text, parse_float=_decimal, parse_constant=_constant), where=str(path))
    except InvalidFile as error:
        line = str(error)
        raise InvalidFile(line if line.startswith(str(path)) else f"{path}: {line}") from None
    except (EdgeoptError, OSError, UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise InvalidFile(f"{path}: not a market: {str(error).splitlines()[0]}") from None
    except ValueError as error:
        raise InvalidFile(f"{path}: not a market: {error}") from None


def sides_of(content: Any, *, where: str) -> dict[str, list[Any]]:
    """Return the lists "values" and "costs" of what a JSON document held."""
    if not isinstance(content, dict) or not {"values", "costs"} <= content.keys():
        raise InvalidFile(f'{where}: not a market: an object with "values" and "costs" is expected')
    for name in ("values", "costs"):
        if not isinstance(content[name], list):
            raise InvalidFile(f"{where}: {name} must be a list of numbers")
    return {"values": content["values"], "costs": content["costs"]}


def number(report: Any, where: str) -> Any:
    """Return a number as it is, and text such as "17/2" as the fraction it stands for."""
    if not isinstance(report, str):
        return report
    if len(report) > 200 or "e" in report.lower():
        raise InvalidMarket(f"{where} is {report[:20]!r}: {_EXPECTED}")
    try:
        return Fraction(report)
    except (ValueError, ZeroDivisionError):
        raise InvalidMarket(f"{where} is {report[:20]!r}: {_EXPECTED}") from None


def plain(report: Any) -> int | float | str:
    """Return what stands for a report in JSON: text for fractions that are not whole."""
    if isinstance(report, Rational):
        return int(report.numerator) if report.denominator == 1 else str(Fraction(report))
    if isinstance(report, Real):
        return float(report)
    return str(report)


def short(report: Any) -> str:
    """Return how a wrong report is shown in an error."""
    text = repr(report)
    return text if len(text) <= 60 else text[:57] + "..."


def _decimal(text: str) -> Fraction:
    if len(text) > 100 or abs(int(text.lower().partition("e")[2] or 0)) > 300:
        raise InvalidMarket(f"the number {text[:20]} is out of range")
    return Fraction(text)


def _constant(text: str) -> Fraction:
    raise InvalidMarket(f"{text} is not finite: leave out a trader who cannot trade")
