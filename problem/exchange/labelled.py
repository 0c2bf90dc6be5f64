"""Instances as xarray datasets: arrays with named axes, units, and the names of servers, models, services."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import InvalidInstance
from ..fields import FIELDS, MAX_ELEMENTS
from ..instance import KIND, Instance
from .axes import DIMENSIONS, NAMED, optional

if TYPE_CHECKING:
    from collections.abc import Hashable

    import xarray


def to_xarray(instance: Instance) -> xarray.Dataset:
    """Return an instance as a dataset.

    Returns
    -------
    dataset
        One variable an array of the instance, with the dimensions ``slot``, ``server``, ``model``,
        ``service`` and ``context`` and the attribute ``units``; coordinates ``server``, ``model`` and
        ``service`` hold the names; the attribute ``slot_seconds`` the length of a slot.

    Raises
    ------
    MissingLibrary
        If xarray is not installed.
    """
    xr = optional("xarray")
    variables = {
        name: (
            tuple(DIMENSIONS[axis] for axis in field.axes),
            getattr(instance, name),
            {"units": field.unit},
        )
        for name, field in FIELDS.items()
    }
    names = {dimension: list(getattr(instance, attribute)) for dimension, attribute in NAMED.items()}
    attributes = {"edgeopt": KIND, "slot_seconds": instance.slot_seconds}
    return xr.Dataset(variables, coords=names, attrs=attributes)


def from_xarray(dataset: xarray.Dataset) -> Instance:
    """Return the instance that a dataset describes.

    Parameters
    ----------
    dataset
        Variables and attributes as `to_xarray` makes them. The order of dimensions does not matter, a
        dimension that a variable lacks is broadcast, and what is not given takes its default. So the
        result of selecting, slicing or summing in xarray is an instance again.

    Raises
    ------
    InvalidInstance
        If a variable is unknown, has a strange dimension, or breaks a rule of the model.
    """
    strange = [str(name) for name in dataset.data_vars if name not in FIELDS]
    if strange:
        raise InvalidInstance(f"dataset: unknown variable '{strange[0][:40]}'; known are {', '.join(FIELDS)}")
    missing = [name for name, field in FIELDS.items() if field.default is None and name not in dataset]
    if missing:
        raise InvalidInstance(f"dataset: variable '{missing[0]}' is missing")
    content = {str(name): _array(str(name), dataset[name]) for name in dataset.data_vars}
    if "slot_seconds" in dataset.attrs:
        content["slot_seconds"] = dataset.attrs["slot_seconds"]
    for dimension, attribute in NAMED.items():
        if dimension in dataset.coords:
            content[attribute] = _names(dimension, dataset.coords[dimension])
    return Instance(**content)


def _array(name: str, variable: Any) -> Any:
    """Return the values with the axes of the instance's array in order; a missing one has length 1."""
    wanted = [DIMENSIONS[axis] for axis in FIELDS[name].axes]
    _check_dimensions(name, variable.dims, wanted)
    if variable.size > MAX_ELEMENTS:
        raise InvalidInstance(
            f"dataset: {name} has {variable.size:,} elements; at most {MAX_ELEMENTS:,} are supported"
        )
    ordered = variable.transpose(*[dimension for dimension in wanted if dimension in variable.dims])
    places = tuple(slice(None) if dimension in variable.dims else np.newaxis for dimension in wanted)
    return np.asarray(ordered.values)[places]


def _check_dimensions(name: str, found: tuple[Hashable, ...], wanted: list[str]) -> None:
    strange = [str(dimension) for dimension in found if dimension not in wanted]
    if strange:
        raise InvalidInstance(
            f"dataset: {name} has the dimension '{strange[0][:40]}'; it may have {', '.join(wanted)}"
        )


def _names(dimension: str, coordinate: Any) -> list[str]:
    values = coordinate.values
    if coordinate.dims != (dimension,) or values.dtype.kind not in "UOT":
        raise InvalidInstance(f"dataset: coordinate '{dimension}' must hold one name for each {dimension}")
    names = values.tolist()
    if not all(isinstance(each, str) for each in names):
        raise InvalidInstance(f"dataset: coordinate '{dimension}' holds something other than text")
    return [str(each) for each in names]
