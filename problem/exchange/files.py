"""Instances in any file format, chosen by the suffix."""

from __future__ import annotations

from pathlib import Path

from ..errors import InvalidFile
from ..instance import Instance

INSTANCE_SUFFIXES = (".npz", ".json", ".nc", ".csv", ".parquet")


def load_instance(path: str | Path) -> Instance:
    """Read an instance: ``.npz``, ``.json``, ``.nc``, or a long table in ``.csv`` or ``.parquet``.

    Raises
    ------
    InvalidFile, InvalidInstance
        As the reader of the format.
    MissingLibrary
        If the format needs a library that is not installed.
    """
    suffix = _suffix(path)
    if suffix == ".nc":
        from .netcdf import load_netcdf

        return load_netcdf(path)
    if suffix in (".csv", ".parquet"):
        from .table_files import load_table

        return load_table(path)
    return Instance.load(path)


def save_instance(instance: Instance, path: str | Path) -> None:
    """Write an instance in the format of the suffix, atomically and exactly.

    Raises
    ------
    InvalidFile
        If the suffix is unknown or the file cannot be written.
    MissingLibrary
        If the format needs a library that is not installed.
    """
    suffix = _suffix(path)
    if suffix == ".nc":
        from .netcdf import save_netcdf

        save_netcdf(instance, path)
    elif suffix in (".csv", ".parquet"):
        from .table_files import save_table

        save_table(instance, path)
    else:
        instance.save(path)


def _suffix(path: str | Path) -> str:
    suffix = Path(path).suffix.lower()
    if suffix not in INSTANCE_SUFFIXES:
        raise InvalidFile(f"{path}: unknown suffix '{suffix}'; use {', '.join(INSTANCE_SUFFIXES)}")
    return suffix
