"""Mechanisms by name and options, so that a counterexample in a file says what it is about.

Only edgeopt's own mechanisms can be built from a name, and only from plain options: opening a file runs
nothing that the file brought along.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from ....problem.errors import InvalidOption
from ...rule import Mechanism
from ..subject import FunctionMechanism, mechanism_name
from .encoding import decoded, encoded

_FOLDERS = ("edgeopt.mechanisms", "edgeopt.mechanisms.dda")


@dataclass(frozen=True)
class Description:
    """A mechanism's name and the options that differ from its defaults.

    Parameters
    ----------
    name
        The class, or the function of a mechanism of your own.
    options
        Names and values; None where they cannot be written down, or where it is a function.
    """

    name: str
    options: tuple[tuple[str, Any], ...] | None = None

    def __str__(self) -> str:
        return (
            self.name + "(" + ", ".join(f"{name}={_text(value)}" for name, value in self.options or ()) + ")"
        )

    def as_json(self) -> dict[str, Any]:
        """Return plain objects."""
        options = None if self.options is None else {name: encoded(value) for name, value in self.options}
        return {"name": self.name, "options": options}

    @classmethod
    def from_json(cls, content: Any) -> Description:
        """Make a description of what `as_json` returned; ValueError if it is not that."""
        name, options = content["name"], content["options"]
        if not isinstance(name, str) or len(name) > 200:
            raise ValueError("a mechanism's name is a short text")
        if options is None:
            return cls(name)
        if not isinstance(options, dict):
            raise ValueError("a mechanism's options are an object")
        return cls(name, tuple((str(key), decoded(value)) for key, value in options.items()))


def describe(mechanism: Mechanism) -> Description:
    """Return a mechanism's name and options."""
    name = mechanism_name(mechanism)
    if isinstance(mechanism, FunctionMechanism) or type(mechanism) is not _public_class(name):
        return Description(name)
    options = []
    fields: tuple[dataclasses.Field[Any], ...] = dataclasses.fields(mechanism)  # type: ignore[arg-type]
    for field in fields:
        value = getattr(mechanism, field.name)
        if not field.init or (field.default is not dataclasses.MISSING and field.default == value):
            continue
        try:
            options.append((field.name, decoded(encoded(value))))
        except ValueError:
            return Description(name)
    return Description(name, tuple(options))


def build(description: Description) -> Mechanism:
    """Build one of edgeopt's mechanisms from its name and options.

    Raises
    ------
    InvalidOption
        When it is none of edgeopt's, or its options could not be written down or are wrong.
    """
    kind = _public_class(description.name)
    if kind is None:
        raise InvalidOption(
            f"{description.name!r} is no mechanism of edgeopt: pass the mechanism to replay it on"
        )
    if description.options is None:
        raise InvalidOption(
            f"{description.name}'s options are not in the file: pass the mechanism to replay it on"
        )
    known = {field.name for field in dataclasses.fields(kind) if field.init}
    for name, _ in description.options:
        if name not in known:
            raise InvalidOption(
                f"{description.name} has no option {name[:40]!r}; it has {', '.join(sorted(known))}"
            )
    try:
        built: Mechanism = kind(**dict(description.options))
    except TypeError as error:
        raise InvalidOption(f"{description}: {error}") from None
    return built


def _public_class(name: str) -> type[Any] | None:
    """Return the mechanism that edgeopt publishes under a name."""
    for folder in _FOLDERS:
        try:
            module = import_module(folder)
        except ModuleNotFoundError:
            continue
        kind = getattr(module, name) if name in getattr(module, "__all__", ()) else None
        if isinstance(kind, type) and dataclasses.is_dataclass(kind) and hasattr(kind, "clear"):
            return kind
    return None


def _text(value: Any) -> str:
    return "(" + ", ".join(map(_text, value)) + ")" if isinstance(value, tuple) else str(value)
