"""A plan: which models each server caches and how many requests it serves, slot by slot."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from . import storage
from .errors import InvalidPlan
from .fields import MAX_ELEMENTS, BoolArray, IntArray

KIND = "plan/1"


@dataclass(frozen=True, eq=False, init=False)
class Plan:
    """The decisions of a whole horizon, read-only.

    Parameters
    ----------
    cached : bool (T, N, M)
        Whether a model's weights are in a server's GPU memory during a slot.
    served : int (T, N, S)
        Requests executed locally; the rest go to the cloud.

    Raises
    ------
    InvalidPlan
        If an array is not of whole numbers (0 or 1 for `cached`) or the shapes disagree.
    """

    cached: BoolArray
    served: IntArray

    def __init__(self, cached: npt.ArrayLike, served: npt.ArrayLike) -> None:
        object.__setattr__(self, "cached", _checked("cached", cached, np.dtype(np.bool_), 1))
        object.__setattr__(self, "served", _checked("served", served, np.dtype(np.int64), 10**9))
        if self.cached.shape[:2] != self.served.shape[:2]:
            raise InvalidPlan(
                f"cached {self.cached.shape} and served {self.served.shape}: "
                "slots and servers (the first two axes) must agree"
            )

    @classmethod
    def cloud_only(cls, slots: int, servers: int, models: int, services: int) -> Plan:
        """Return the plan that caches nothing and serves nothing: always feasible."""
        return cls(np.zeros((slots, servers, models), bool), np.zeros((slots, servers, services), np.int64))

    @classmethod
    def join(cls, plans: list[Plan]) -> Plan:
        """Put plans of single servers side by side along the server axis."""
        return cls(
            np.concatenate([plan.cached for plan in plans], axis=1),
            np.concatenate([plan.served for plan in plans], axis=1),
        )

    def __eq__(self, other: object) -> bool:
        """Equal if both arrays agree."""
        return (
            isinstance(other, Plan)
            and np.array_equal(self.cached, other.cached)
            and np.array_equal(self.served, other.served)
        )

    def __hash__(self) -> int:
        return hash((self.cached.tobytes(), self.served.tobytes()))

    def __reduce__(self) -> tuple[Any, ...]:
        return (Plan, (self.cached, self.served))

    def save(self, path: str | Path) -> None:
        """Write to ``.npz`` or ``.json``, atomically and exactly."""
        storage.save(path, KIND, {"cached": self.cached, "served": self.served})

    @classmethod
    def load(cls, path: str | Path) -> Plan:
        """Read what `save` wrote.

        Raises
        ------
        InvalidFile
            If the file is not a plan, is damaged, or holds anything but plain numbers.
        InvalidPlan
            If the arrays are not a plan's.
        """
        names = {"cached", "served"}
        return cls(**storage.load(path, KIND, known=names, required=names))


def _checked(name: str, value: npt.ArrayLike, dtype: np.dtype[Any], high: int) -> Any:
    try:
        array = np.asarray(value)
    except (ValueError, TypeError, OverflowError) as error:
        raise InvalidPlan(f"{name}: not a regular array of numbers ({error})") from None
    if array.ndim != 3 or array.size == 0 or array.size > MAX_ELEMENTS:
        raise InvalidPlan(
            f"{name}: shape {array.shape} is not (slots, servers, {'models' if high == 1 else 'services'})"
        )
    if array.dtype.kind not in "biuf":
        raise InvalidPlan(f"{name}: expected whole numbers, got values of type {array.dtype}")
    wrong = ~((array >= 0) & (array <= high))
    if array.dtype.kind == "f":
        wrong |= array != np.round(array)
    if np.any(wrong):
        index = tuple(int(i) for i in np.argwhere(wrong)[0])
        raise InvalidPlan(f"{name}{list(index)} = {array[index]}: must be a whole number from 0 to {high}")
    result = np.array(array, dtype=dtype, order="C")
    result.setflags(write=False)
    return result
