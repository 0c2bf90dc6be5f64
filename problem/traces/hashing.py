"""Deterministic pseudo-random numbers that belong to a request or a conversation, not to a position.

Equal keys get equal numbers whatever else is in the trace, so a conversation stays with one service
and one server, in the training part and in the test part alike.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from .trace import FloatArray, Trace

Keys = npt.NDArray[np.uint64]

_LONERS = np.uint64(1 << 40)
_MULTIPLIERS = (np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB))
_INCREMENT = np.uint64(0x9E3779B97F4A7C15)


def conversation_keys(trace: Trace) -> Keys:
    """One key a request: its session where it has one, else a key of its own."""
    own = np.arange(len(trace), dtype=np.uint64) + _LONERS
    return np.where(trace.session >= 0, trace.session.astype(np.uint64), own)


def uniform(keys: Keys, *salt: int) -> FloatArray:
    """Return a number in [0, 1) for each key; different salts give unrelated numbers.

    The mixing function is SplitMix64 (Steele, Lea, Flood 2014).
    """
    state = keys.copy()
    for word in salt:
        state = _mix(state + np.uint64(int(_INCREMENT) * (word + 1) % 2**64))
    result: FloatArray = (_mix(state + _INCREMENT) >> np.uint64(11)).astype(np.float64) * 2.0**-53
    return result


def _mix(state: Keys) -> Keys:
    state = (state ^ (state >> np.uint64(30))) * _MULTIPLIERS[0]
    state = (state ^ (state >> np.uint64(27))) * _MULTIPLIERS[1]
    mixed: Keys = state ^ (state >> np.uint64(31))
    return mixed
