"""Knobs: the keyword arguments of a scenario, read from its signature and checked against it.

A knob is declared once, as ``name: Annotated[float, "meaning"] = default`` in the builder or in the
dataclass of prices, and everything else (help, errors, conversion) is read from there.
"""

from __future__ import annotations

import inspect
import types
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

import numpy as np

from ..errors import InvalidOption


@dataclass(frozen=True)
class Knob:
    """One named number of a scenario.

    Attributes
    ----------
    name, default, meaning
        The default None means "follows from the size", as the meaning says.
    whole
        True for counts.
    optional
        True where None is allowed.
    """

    name: str
    default: float | int | None
    meaning: str
    whole: bool
    optional: bool

    def convert(self, value: Any) -> float | int | None:
        """Check a value given by a user.

        Raises
        ------
        InvalidOption
            If it is not a finite number, or not whole where a count is meant.
        """
        if value is None and self.optional:
            return None
        kind = "whole number" if self.whole else "number"
        numeric = isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool)
        if not numeric or not np.isfinite(value) or (self.whole and value != int(value)):
            raise InvalidOption(f"{self.name}={value!r}: must be a {kind} ({self.meaning})")
        return int(value) if self.whole else float(value)


def knobs_of(declaration: Callable[..., Any]) -> tuple[Knob, ...]:
    """Read the knobs of a builder or dataclass: its annotated parameters with defaults."""
    hints = get_type_hints(declaration, include_extras=True)
    found = []
    for name, parameter in inspect.signature(declaration).parameters.items():
        hint = hints.get(name)
        if parameter.default is inspect.Parameter.empty or get_origin(hint) is not Annotated:
            continue
        kind, meaning = get_args(hint)
        kinds = get_args(kind) if get_origin(kind) in (Union, types.UnionType) else (kind,)
        found.append(
            Knob(
                name=name,
                default=parameter.default,
                meaning=meaning,
                whole=float not in kinds,
                optional=types.NoneType in kinds,
            )
        )
    return tuple(found)


def convert_all(scenario: str, knobs: Iterable[Knob], given: Mapping[str, Any]) -> dict[str, Any]:
    """Check every override and complete it with the defaults.

    Raises
    ------
    InvalidOption
        For an unknown knob, naming the known ones, or for a value that is no number.
    """
    known = {knob.name: knob for knob in knobs}
    if unknown := sorted(given.keys() - known.keys()):
        raise InvalidOption(
            f"scenario '{scenario}' has no knob '{unknown[0]}'; it has {', '.join(sorted(known))}"
        )
    return {
        name: knob.convert(given[name]) if name in given else knob.default for name, knob in known.items()
    }
