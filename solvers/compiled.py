"""Compile a function to machine code and keep its type for the checkers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

from numba import njit

F = TypeVar("F", bound=Callable[..., Any])


def compiled(function: F) -> F:
    """Compile on the first call for the given argument types; the machine code is kept on disk."""
    return cast(F, njit(cache=True)(function))
