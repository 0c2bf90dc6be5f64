"""Compile a function to machine code and keep its type for the checkers.

The machine code is kept on disk for the next process. A disk that is full, or a kept file that is damaged,
costs the time to compile again, and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar, cast

from numba import njit

F = TypeVar("F", bound=Callable[..., Any])


def compiled(function: F) -> F:
    """Compile on the first call for the given argument types; the machine code is kept on disk."""
    return cast(F, _kept(njit(cache=True)(function)))


def kernel(function: Any) -> Any:
    """Compile like `compiled`, for kernels that others call: they leave the interpreter to other threads."""
    return _kept(njit(cache=True, nogil=True)(function))


def _kept(dispatcher: Any) -> Any:
    """Make a dispatcher do without its cache where the cache fails; numba would raise."""
    cache: Any = getattr(dispatcher, "_cache", None)
    if not (hasattr(cache, "save_overload") and hasattr(cache, "load_overload")):
        return dispatcher  # another numba: its own behaviour stands
    save, load = cache.save_overload, cache.load_overload

    def save_if_possible(*arguments: Any) -> None:
        try:
            save(*arguments)
        except Exception:
            # No room, or an index that is damaged: then an empty one stands in for it, if there is room.
            with suppress(Exception):
                cache.flush()

    def load_if_whole(*arguments: Any) -> Any:
        try:
            return load(*arguments)
        except Exception:
            # Unpickling what is damaged can raise anything. None: not kept, compile.
            return None

    cache.save_overload, cache.load_overload = save_if_possible, load_if_whole
    return dispatcher
