"""Range checks shared by the workloads: one clear line for a knob that makes no sense."""

from __future__ import annotations

import math

from ..errors import InvalidOption


def require(holds: bool, knob: str, value: object, rule: str) -> None:
    """Raise `InvalidOption` naming the knob, its value and the rule, unless the rule holds."""
    if not holds:
        raise InvalidOption(f"{knob}={value!r} makes no workload: it must be {rule}")


def require_positive(knob: str, value: float) -> None:
    """A finite number above zero."""
    require(math.isfinite(value) and value > 0, knob, value, "a positive number")


def require_requests(value: float) -> None:
    """A mean number of requests per slot that counts can hold."""
    require(math.isfinite(value) and 0 < value <= 1e8, "requests", value, "above 0 and at most 1e8")


def require_share(knob: str, value: float) -> None:
    """A share of a whole."""
    require(0 <= value <= 1, knob, value, "between 0 and 1")


def require_mean_slots(knob: str, value: float) -> None:
    """A mean duration: at least one slot, and short enough to simulate what led up to a stretch."""
    require(1 <= value <= 1e5, knob, value, "between 1 and 1e5 slots")
