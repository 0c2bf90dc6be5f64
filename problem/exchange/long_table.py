"""Instances as one long pandas table: a row for every number, with its array and its place.

The columns are ``array``, ``slot``, ``server``, ``model``, ``service``, ``context`` and ``value``; those of
axes that an array does not have are empty. Requests of 0 are left out, except in the last slot, so that the
table also says how many slots there are.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import InvalidInstance
from ..fields import FIELDS, MAX_ELEMENTS, FloatArray, IntArray
from ..instance import Instance
from .axes import DIMENSIONS, NAMED, optional

if TYPE_CHECKING:
    import pandas

COLUMNS = ("array", *DIMENSIONS.values(), "value")
_NAMING = {"server": "memory", "model": "footprint", "service": "service_model"}
"""The array whose rows name the places of an axis, in their order: it has one row for each."""


def to_long_table(instance: Instance) -> pandas.DataFrame:
    """Return an instance as one table with a row for every number.

    Returns
    -------
    table
        ``array`` (a name of `edgeopt.problem.fields.FIELDS`, or ``slot_seconds``), ``slot`` and ``context``
        (whole numbers), ``server``, ``model`` and ``service`` (names), ``value`` (float).

    Raises
    ------
    MissingLibrary
        If pandas is not installed.
    """
    pd = optional("pandas")
    arrays = ["slot_seconds", *FIELDS]
    codes: dict[str, list[IntArray]] = {"array": [np.zeros(1, np.int64)]}
    codes |= {dimension: [np.full(1, -1)] for dimension in DIMENSIONS.values()}
    values: list[FloatArray] = [np.array([instance.slot_seconds])]
    for number, (name, field) in enumerate(FIELDS.items(), start=1):
        array = getattr(instance, name)
        keep = np.ones(array.shape, dtype=bool)
        if name == "requests":
            keep[:-1] = array[:-1] != 0
        places = dict(zip(field.axes, np.nonzero(keep), strict=True))
        values.append(array[keep].astype(np.float64))
        codes["array"].append(np.full(values[-1].size, number))
        for axis, dimension in DIMENSIONS.items():
            codes[dimension].append(places.get(axis, np.full(values[-1].size, -1)))
    joined = {column: np.concatenate(parts) for column, parts in codes.items()}
    columns = {"array": pd.Categorical.from_codes(joined["array"], categories=arrays)}
    for dimension in DIMENSIONS.values():
        if dimension in NAMED:
            names = list(getattr(instance, NAMED[dimension]))
            columns[dimension] = pd.Categorical.from_codes(joined[dimension], categories=names)
        else:
            columns[dimension] = pd.arrays.IntegerArray(joined[dimension], joined[dimension] < 0)
    return pd.DataFrame(columns | {"value": np.concatenate(values)})


def from_long_table(table: pandas.DataFrame) -> Instance:
    """Return the instance that a long table describes.

    Parameters
    ----------
    table
        Columns as `to_long_table` makes them, rows in any order. Servers are named by the rows of
        ``memory``, models by those of ``footprint``, services by those of ``service_model``. Requests that
        are left out are 0, and arrays that are left out take their default; any other array must be
        complete.

    Raises
    ------
    InvalidInstance
        If a column, an array or a place is unknown, a row is there twice or missing, or an array breaks a
        rule of the model.
    MissingLibrary
        If pandas is not installed.
    """
    pd = optional("pandas")
    missing = [column for column in COLUMNS if column not in table.columns]
    if missing:
        raise InvalidInstance(
            f"long table: column '{missing[0]}' is missing; needed are {', '.join(COLUMNS)}"
        )
    kinds = table["array"].astype("object")
    strange = [str(name) for name in kinds.unique() if name != "slot_seconds" and name not in FIELDS]
    if strange:
        raise InvalidInstance(
            f"long table: unknown array '{strange[0][:40]}'; known are slot_seconds, {', '.join(FIELDS)}"
        )
    rows = {str(name): part for name, part in table.groupby(kinds, sort=False)}
    absent = [name for name, field in FIELDS.items() if field.default is None and name not in rows]
    if absent:
        raise InvalidInstance(f"long table: array '{absent[0]}' is missing")
    values = {name: _numbers(name, "value", part["value"]) for name, part in rows.items()}
    names = {
        dimension: [str(each) for each in _labels(rows[array][dimension])]
        for dimension, array in _NAMING.items()
    }
    index = {dimension: pd.Index(each) for dimension, each in names.items()}
    for dimension, each in index.items():
        if not each.is_unique:
            twice = str(each[each.duplicated()][0])
            raise InvalidInstance(f"long table: {_NAMING[dimension]} of {dimension} '{twice[:40]}' twice")
    content: dict[str, Any] = {}
    if "slot_seconds" in rows:
        if len(rows["slot_seconds"]) != 1:
            raise InvalidInstance("long table: slot_seconds has more than one row")
        content["slot_seconds"] = float(values["slot_seconds"][0])
    lengths = {dimension: len(each) for dimension, each in names.items()}
    for name, field in FIELDS.items():
        if name in rows:
            wanted = [DIMENSIONS[axis] for axis in field.axes]
            places = {dimension: _places(name, dimension, rows[name], index) for dimension in wanted}
            content[name] = _filled(name, places, values[name], lengths)
    for dimension, attribute in NAMED.items():
        content[attribute] = names[dimension]
    return Instance(**content)


def _labels(column: Any) -> Any:
    """Return a column of names; what CSV cannot tell from a missing value is the empty name."""
    return column.astype("object").where(column.notna(), "").to_numpy()


def _numbers(name: str, column: str, values: Any) -> FloatArray:
    try:
        numbers = values.astype("object").where(values.notna(), np.nan).to_numpy().astype(np.float64)
    except (ValueError, TypeError, OverflowError):
        raise InvalidInstance(f"long table: {column} of {name} holds something other than numbers") from None
    return np.asarray(numbers)


def _places(name: str, dimension: str, rows: Any, index: Mapping[str, Any]) -> IntArray:
    """Return the place of every row of an array along one axis."""
    if dimension in index:
        labels = _labels(rows[dimension])
        found = index[dimension].get_indexer(labels)
        if np.any(found < 0):
            label = str(labels[int(np.argmax(found < 0))])
            raise InvalidInstance(
                f"long table: {name} has a row for the {dimension} '{label[:40]}', "
                f"which has no row of {_NAMING[dimension]}"
            )
        return np.asarray(found, dtype=np.int64)
    numbers = _numbers(name, dimension, rows[dimension])
    wrong = ~((numbers >= 0) & (numbers < MAX_ELEMENTS) & (numbers == np.floor(numbers)))
    if np.any(wrong):
        first = float(numbers[int(np.argmax(wrong))])
        raise InvalidInstance(
            f"long table: {dimension} of {name} is {first:g}; must be a whole number from 0"
        )
    return numbers.astype(np.int64)


def _filled(
    name: str, places: Mapping[str, IntArray], values: FloatArray, lengths: Mapping[str, int]
) -> FloatArray:
    """Return the array with every value in its place; only requests may leave places out."""
    shape = tuple(
        lengths[dimension] if dimension in lengths else int(found.max()) + 1
        for dimension, found in places.items()
    )
    size = int(np.prod([float(each) for each in shape]))
    if size > MAX_ELEMENTS:
        raise InvalidInstance(
            f"long table: {name} has {size:,} places; at most {MAX_ELEMENTS:,} are supported"
        )
    where = np.ravel_multi_index(tuple(places.values()), shape)
    seen = np.zeros(size, dtype=bool)
    seen[where] = True
    if np.count_nonzero(seen) < where.size:
        raise InvalidInstance(f"long table: {name} has two rows for the same place")
    if name != "requests" and where.size < size:
        place = np.unravel_index(int(np.argmin(seen)), shape)
        words = ", ".join(f"{key} number {int(number)}" for key, number in zip(places, place, strict=True))
        raise InvalidInstance(f"long table: {name} has no row for {words}")
    full = np.zeros(size)
    full[where] = values
    return full.reshape(shape)
