"""The arrays of an instance: axes, default, unit and the rule each must obey.

One table, read by validation, by the file formats and by the documentation, so that no two of
them can disagree. Axes are named T (slot), N (server), M (model), S (service), K (context, one
more than the largest window).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from .errors import InvalidInstance

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

MAX_COUNT = 10**9
MAX_WINDOW = 10**6
MAX_ELEMENTS = 2 * 10**8
MAX_COST = 1e100
"""Costs beyond, in any currency, would overflow when they are summed and squared."""


@dataclass(frozen=True)
class Field:
    """What one array must look like: axes, unit, default (None: must be given) and bounds."""

    axes: str
    unit: str
    default: float | None = None
    whole: bool = False
    low: float = 0.0
    high: float = np.finfo(float).max
    infinite: bool = False
    positive: bool = False


FIELDS: Mapping[str, Field] = {
    "requests": Field("TNS", "requests", whole=True, high=MAX_COUNT),
    "service_model": Field("S", "index of a model", whole=True, high=MAX_COUNT),
    "memory": Field("N", "bytes"),
    "footprint": Field("M", "bytes", positive=True),
    "compute": Field("N", "GPU-seconds per slot", default=np.inf, infinite=True),
    "work": Field("NS", "GPU-seconds per request", default=0),
    "energy_budget": Field("N", "joule per slot", default=np.inf, infinite=True),
    "energy": Field("NS", "joule per request", default=0),
    "window": Field("S", "context units", default=0, whole=True, high=MAX_WINDOW),
    "gain": Field("S", "context units per served request", default=1, whole=True, high=MAX_COUNT),
    "vanish": Field("S", "context units per slot", default=0, whole=True, high=MAX_COUNT),
    "accuracy": Field("SK", "share of correct answers", default=1, high=1.0),
    "load_cost": Field("NM", "cost per load", default=0, high=MAX_COST),
    "transmission_cost": Field("NS", "cost per request", default=0, high=MAX_COST),
    "computation_cost": Field("NS", "cost per request", default=0, high=MAX_COST),
    "accuracy_weight": Field("S", "cost per expected error", default=0, high=MAX_COST),
    "cloud_cost": Field("NS", "cost per request", high=MAX_COST),
}


def as_array(name: str, value: Any) -> npt.NDArray[Any]:
    """Turn what the caller gave into a numeric array, or say why that is impossible."""
    try:
        array = np.asarray(value)
    except (ValueError, TypeError, OverflowError) as error:
        raise InvalidInstance(f"{name}: not a regular array of numbers ({error})") from None
    if array.dtype.kind not in "biuf":
        raise InvalidInstance(f"{name}: expected numbers, got values of type {array.dtype}")
    if array.dtype == np.float16 or array.dtype.itemsize > 8:
        raise InvalidInstance(f"{name}: expected 32- or 64-bit numbers, got {array.dtype}")
    return array


def conform(name: str, value: Any, sizes: Mapping[str, int]) -> npt.NDArray[Any]:
    """Broadcast, convert and check one array against its row of `FIELDS`.

    Parameters
    ----------
    name
        The array's name in `FIELDS`.
    value
        Anything numpy can read; scalars and missing leading axes broadcast.
    sizes
        The length of each axis, by its letter.

    Returns
    -------
    array
        A read-only copy, int64 for whole numbers and float64 otherwise.

    Raises
    ------
    InvalidInstance
        With the array, the index and the rule that is broken.
    """
    field = FIELDS[name]
    array = as_array(name, value)
    check_values(name, field, array)
    shape = tuple(sizes[axis] for axis in field.axes)
    try:
        full = np.broadcast_to(array, shape)
    except ValueError:
        raise InvalidInstance(
            f"{name}: shape {array.shape} does not fit ({', '.join(field.axes)}) = {shape}"
        ) from None
    result = np.array(full, dtype=np.int64 if field.whole else np.float64, order="C")
    result.setflags(write=False)
    return result


def check_values(name: str, field: Field, array: npt.NDArray[Any]) -> None:
    """Refuse the first entry that is not a number, not whole, or out of its range."""
    if array.dtype.kind == "f":
        _refuse(name, array, np.isnan(array), "must be a number")
        if not field.infinite:
            _refuse(name, array, np.isinf(array), "must be finite")
    _refuse(name, array, array < field.low, f"must be at least {field.low:g}")
    if field.positive:
        _refuse(name, array, array <= 0, "must be greater than 0")
    if not field.infinite:
        _refuse(name, array, array > field.high, f"must be at most {field.high:g}")
    if field.whole and array.dtype.kind == "f":
        _refuse(name, array, array != np.floor(array), "must be a whole number")


def _refuse(name: str, array: npt.NDArray[Any], broken: npt.NDArray[np.bool_], rule: str) -> None:
    if not np.any(broken):
        return
    index = tuple(int(i) for i in np.argwhere(broken)[0])
    where = f"{name}[{', '.join(map(str, index))}]" if index else name
    raise InvalidInstance(f"{where} = {array[index]:g}: {rule} ({FIELDS[name].unit})")
