"""The one tolerance with which a load is compared with a capacity.

Loads are sums of floats, so a plan that uses a capacity to the last byte may exceed it by
rounding. Referee, solvers, policies and bounds all forgive the same relative amount; none of
them may be more or less generous than the others, or a bound could lie above a legal plan.
"""

from __future__ import annotations

from typing import Any

RELATIVE_TOLERANCE = 1e-9


def usable(capacity: Any) -> Any:
    """Return the capacity with the tolerance added (same shape and unit; inf stays inf)."""
    return capacity * (1.0 + RELATIVE_TOLERANCE)


def fits(load: Any, capacity: Any) -> Any:
    """Say whether a load respects a capacity (elementwise; any arrays or floats of one unit)."""
    return load <= usable(capacity)
