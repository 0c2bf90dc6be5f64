"""The moments of Adam as tensors by name, to be kept and restored with a training's state."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

PREFIX = "adam."


def kept_moments(adam: Any) -> dict[str, Any]:
    """The moments of an optimiser by name."""
    return {
        f"{PREFIX}{number}.{name}": value
        for number, moments in adam.state_dict()["state"].items()
        for name, value in moments.items()
    }


def restore_moments(adam: Any, tensors: Mapping[str, Any]) -> None:
    """Give an optimiser the moments that are among some tensors; without any it stays as it is."""
    moments: dict[int, dict[str, Any]] = {}
    for key, value in tensors.items():
        if key.startswith(PREFIX):
            _, number, name = key.split(".")
            moments.setdefault(int(number), {})[name] = value
    if moments:
        adam.load_state_dict({**adam.state_dict(), "state": moments})
