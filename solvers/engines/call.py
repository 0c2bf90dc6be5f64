"""A task on its way: packed by the caller, done on a worker, its result packed for the way back.

What is sent is the name of a function and the task's own data, pickled and compressed; never code. The
result comes back as bytes as well, so that no array of the caller rests in memory that an engine owns.
"""

from __future__ import annotations

import pickle
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ...problem.errors import EdgeoptError
from .identity import identity

_LEVEL = 1
"""Of compression: requests are small whole numbers in wide words, and shrink to a tenth at once."""


@dataclass(frozen=True)
class Done:
    """A task's result."""

    value: Any


@dataclass(frozen=True)
class Refused:
    """The task's data was bad, or is read differently there."""

    reason: EdgeoptError


@dataclass(frozen=True)
class Died:
    """Every process that took the task ended without an answer."""

    times: int


Outcome = Done | Refused | Died


def pack(function: Callable[[Any], Any], task: Any) -> bytes:
    """Pack a call of a function of a module, which every worker imports for itself."""
    return zlib.compress(pickle.dumps((function, task), protocol=5), _LEVEL)


def perform(caller: str, packed: bytes) -> bytes:
    """Do a packed call for a caller whose `identity` is given; return the packed outcome."""
    outcome: Outcome
    if caller != identity():
        outcome = Refused(
            EdgeoptError(f"a worker has edgeopt {identity()}, here is {caller}: install the same on both")
        )
    else:
        function, task = pickle.loads(zlib.decompress(packed))
        outcome = outcome_of(function, task)
    return zlib.compress(pickle.dumps(outcome, protocol=5), _LEVEL)


def outcome_of(function: Callable[[Any], Any], task: Any) -> Outcome:
    """Call the function; bad input is an outcome, any other error is a fault of ours and raised."""
    try:
        return Done(function(task))
    except EdgeoptError as error:
        return Refused(error)


def unpack(packed: bytes) -> Outcome:
    """Return the outcome that `perform` packed."""
    outcome: Outcome = pickle.loads(zlib.decompress(packed))
    return outcome
