"""Instances as NetCDF files, in the classic format with 64-bit offsets.

Every NetCDF tool reads the classic format, and it can be read here without a C library: a malformed file
from a stranger ends in an error of Python, not in a crash of HDF5. For NetCDF-4 files open the dataset with
xarray and hand it to `from_xarray`.
"""

from __future__ import annotations

import io
import warnings
from pathlib import Path
from typing import Any

from ..errors import EdgeoptError, InvalidFile
from ..instance import KIND, Instance
from ..storage import read_bounded, write_atomic
from .axes import one_line, optional
from .labelled import from_xarray, to_xarray

_MAGIC = b"CDF"
_HDF5_MAGIC = b"\x89HDF"


def save_netcdf(instance: Instance, path: str | Path) -> None:
    """Write an instance to a NetCDF file, atomically and exactly.

    Raises
    ------
    InvalidFile
        If the file cannot be written.
    MissingLibrary
        If xarray is not installed.
    """
    dataset = to_xarray(instance)
    encoding = {name: {"_FillValue": None} for name in dataset.data_vars}
    content = dataset.to_netcdf(engine="scipy", format="NETCDF3_64BIT", encoding=encoding)
    write_atomic(path, bytes(content))


def load_netcdf(path: str | Path) -> Instance:
    """Read an instance from a NetCDF file in the classic format.

    Raises
    ------
    InvalidFile
        If the file cannot be read, is damaged, or is no instance.
    InvalidInstance
        If an array breaks a rule of the model.
    MissingLibrary
        If xarray is not installed.
    """
    xr = optional("xarray")
    source = Path(path)
    content = _read(source)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with xr.open_dataset(io.BytesIO(content), engine="scipy", decode_times=False) as dataset:
                return _instance(source, dataset)
    except EdgeoptError:
        raise
    except Exception as error:
        # scipy and xarray trust the header: what a damaged one leads to has no common type.
        raise InvalidFile(f"{source}: damaged or not a NetCDF file ({one_line(error)})") from None


def _read(source: Path) -> bytes:
    content = read_bounded(source)
    if content.startswith(_HDF5_MAGIC):
        raise InvalidFile(
            f"{source}: is NetCDF-4; save it in the classic format (nccopy -k classic), or open it with "
            "xarray and use from_xarray"
        )
    if not content.startswith(_MAGIC):
        raise InvalidFile(f"{source}: is not a NetCDF file")
    return content


def _instance(source: Path, dataset: Any) -> Instance:
    kind = str(dataset.attrs.get("edgeopt"))
    if kind != KIND:
        raise InvalidFile(f"{source}: the attribute edgeopt is '{kind[:40]}'; expected '{KIND}'")
    return from_xarray(dataset)
