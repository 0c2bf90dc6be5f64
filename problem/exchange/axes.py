"""The axes of an instance by the names that labelled tables give them."""

from __future__ import annotations

import csv
from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal

from ..errors import MissingLibrary

if TYPE_CHECKING:
    from ..instance import Instance

DIMENSIONS = {"T": "slot", "N": "server", "M": "model", "S": "service", "K": "context"}
"""Letter of an axis in `fields.FIELDS` -> its name."""

NAMED = {"server": "server_names", "model": "model_names", "service": "service_names"}
"""Axes whose places have names, and the attribute that holds them."""


def optional(library: str) -> Any:
    """Import a library of the extra ``interop``.

    Raises
    ------
    MissingLibrary
        If it is not installed.
    """
    try:
        return import_module(library)
    except ImportError:
        raise MissingLibrary(
            f"{library} is not installed, and this conversion needs it: pip install 'edgeopt[interop]'"
        ) from None


def one_line(error: BaseException) -> str:
    """Return the message of another library's error in one line of bounded length."""
    return " ".join(str(error).split())[:120] or type(error).__name__


def quoting_of(instance: Instance) -> Literal[0, 2]:
    """Return how the csv module must quote an instance's names: all text if one holds a carriage return.

    Python's writer before 3.13 leaves such a field without quotes where lines end with a newline.
    """
    names = (*instance.server_names, *instance.model_names, *instance.service_names)
    return csv.QUOTE_NONNUMERIC if any("\r" in name for name in names) else csv.QUOTE_MINIMAL
