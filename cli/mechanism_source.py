"""Mechanisms and their options as the commands `audit` and `clear` take them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..mechanisms.rule import Mechanism


def make_mechanism(name: str, options: Sequence[str], named: Mapping[str, str | None]) -> Mechanism:
    """Make a mechanism of name=value words and of options that have a flag of their own.

    Numbers are taken exactly: 0.1 is a tenth, and 17/2 is a number too.
    """
    from ..mechanisms.registry import mechanism
    from ..problem.errors import InvalidOption

    chosen = {option: _value(text) for option, text in named.items() if text is not None}
    for word in options:
        option, equals, text = word.partition("=")
        if not equals or not option:
            raise InvalidOption(f"--option {word}: write name=value")
        chosen[option.replace("-", "_")] = _value(text)
    return mechanism(name, **chosen)


def _value(text: str) -> Any:
    if text.lower() in {"true", "false"}:
        return text.lower() == "true"
    if "," in text:
        return tuple(_value(part.strip()) for part in text.split(","))
    if len(text) <= 40:
        try:
            number = Fraction(text)
        except (ValueError, ZeroDivisionError):
            return text
        return int(number) if number.denominator == 1 else number
    return text
