"""Exact numbers, options and coins as JSON."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Any

from ...market import Number

_LONGEST_NUMBER = 400
_DEEPEST = 3
_FRACTION = re.compile(r"-?\d+(/\d+)?", re.ASCII)


def plain(number: Number) -> int | str:
    """Return a number as JSON holds it exactly: whole, or text such as ``"17/2"``."""
    exact = Fraction(number)
    return exact.numerator if exact.denominator == 1 else str(exact)


def parsed(number: object) -> Fraction:
    """Return the number `plain` wrote; ValueError if it is none."""
    if isinstance(number, bool) or not isinstance(number, int | str):
        raise ValueError(f"{str(number)[:20]} is not a whole number or text such as 17/2")
    text = str(number)
    if len(text) > _LONGEST_NUMBER or not _FRACTION.fullmatch(text):
        raise ValueError(f"{text[:20]!r} is not a whole number or text such as 17/2")
    try:
        return Fraction(text)
    except ZeroDivisionError:
        raise ValueError(f"{text[:20]!r} divides by 0") from None


def encoded(value: Any) -> Any:
    """Return an option or a coin as JSON holds it exactly; ValueError if it cannot."""
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, tuple | list):
        return [encoded(x) for x in value]
    if isinstance(value, float):
        return {"float": value.hex()}
    if isinstance(value, int | Fraction):
        return {"number": plain(value)}
    raise ValueError(f"{value!r} cannot be written down")


def decoded(content: Any, depth: int = 0) -> Any:
    """Return what `encoded` wrote; ValueError if it is not that."""
    if content is None or isinstance(content, bool) or (isinstance(content, str) and len(content) <= 200):
        return content
    if isinstance(content, list) and len(content) <= 1000 and depth < _DEEPEST:
        return tuple(decoded(x, depth + 1) for x in content)
    if isinstance(content, dict) and len(content) == 1:
        if "number" in content:
            return parsed(content["number"])
        if isinstance(content.get("float"), str):
            return float.fromhex(content["float"])
    raise ValueError("an option or a coin is a text, true, false, null, a number or a short list of these")
