"""Long tables as files: CSV for people, Parquet for everything large. Both are exact."""

from __future__ import annotations

import io
import warnings
from pathlib import Path
from typing import Any

from ..errors import EdgeoptError, InvalidFile
from ..fields import MAX_ELEMENTS
from ..instance import Instance
from ..storage import read_bounded, write_atomic
from .axes import NAMED, one_line, optional, quoting_of
from .long_table import COLUMNS, from_long_table, to_long_table

SUFFIXES = (".csv", ".parquet")


def save_table(instance: Instance, path: str | Path) -> None:
    """Write the long table of an instance to a ``.csv`` or ``.parquet`` file, atomically and exactly.

    Raises
    ------
    InvalidFile
        If the suffix is unknown or the file cannot be written.
    MissingLibrary
        If pandas, or for Parquet pyarrow, is not installed.
    """
    suffix = _suffix(path)
    table = to_long_table(instance)
    if suffix == ".csv":
        quoting = quoting_of(instance)
        content = table.to_csv(index=False, lineterminator="\n", quoting=quoting).encode()
    else:
        content = parquet_bytes(table)
    write_atomic(path, content)


def load_table(path: str | Path) -> Instance:
    """Read an instance from a long table in a ``.csv`` or ``.parquet`` file.

    Raises
    ------
    InvalidFile
        If the file cannot be read, is damaged, or is no long table.
    InvalidInstance
        If the table is not complete, or an array breaks a rule of the model.
    MissingLibrary
        If pandas, or for Parquet pyarrow, is not installed.
    """
    source = Path(path)
    suffix = _suffix(source)
    pd = optional("pandas")
    content = read_bounded(source)
    if suffix == ".csv":
        table = _read_csv(pd, source, content)
    else:
        table = read_parquet(source, content, columns=COLUMNS)
    try:
        return from_long_table(table)
    except EdgeoptError as error:
        raise type(error)(f"{source}: {error}") from None


def parquet_bytes(table: Any) -> bytes:
    """Return a pandas table as the bytes of a Parquet file: the same for the same table and pyarrow."""
    optional("pyarrow")
    stream = io.BytesIO()
    table.to_parquet(stream, engine="pyarrow", index=False)
    return stream.getvalue()


def read_parquet(source: Path, content: bytes, columns: tuple[str, ...]) -> Any:
    """Return the named columns of a Parquet file as a pandas table.

    Only plain columns are read: numbers, text, and dictionaries of text.

    Raises
    ------
    InvalidFile
        If the file is damaged, lacks a column, or is absurdly large.
    """
    pa, parquet = optional("pyarrow"), optional("pyarrow.parquet")
    try:
        file = parquet.ParquetFile(io.BytesIO(content))
        rows = file.metadata.num_rows
        if rows * len(columns) > 8 * MAX_ELEMENTS:
            raise InvalidFile(f"{source}: {rows:,} rows; that is too large")
        for name in columns:
            place = file.schema_arrow.get_field_index(name)
            if place < 0:
                raise InvalidFile(f"{source}: column '{name}' is missing; needed are {', '.join(columns)}")
            kind = file.schema_arrow.field(place).type
            if not _is_plain(pa, kind):
                raise InvalidFile(f"{source}: column '{name}' is of type {kind}; expected numbers or text")
        table = file.read(columns=list(columns)).to_pandas(ignore_metadata=True)
    except InvalidFile:
        raise
    except Exception as error:
        # pyarrow's errors, and what its conversions raise, have no common type.
        raise InvalidFile(f"{source}: damaged or not a Parquet file ({one_line(error)})") from None
    return table


def _is_plain(pa: Any, kind: Any) -> bool:
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    tests = (pa.types.is_integer, pa.types.is_floating, pa.types.is_string, pa.types.is_large_string)
    return any(test(kind) for test in tests)


def _read_csv(pd: Any, source: Path, content: bytes) -> Any:
    kinds = dict.fromkeys(("array", *NAMED), "str") | dict.fromkeys(("slot", "context", "value"), "float64")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return pd.read_csv(
                io.BytesIO(content),
                dtype=kinds,
                keep_default_na=False,
                na_values={"slot": [""], "context": [""], "value": [""]},
                float_precision="round_trip",
            )
    except (ValueError, OverflowError, RecursionError, MemoryError) as error:
        raise InvalidFile(f"{source}: is no CSV table of numbers ({one_line(error)})") from None


def _suffix(path: str | Path) -> str:
    suffix = Path(path).suffix.lower()
    if suffix not in SUFFIXES:
        raise InvalidFile(f"{path}: unknown suffix '{suffix}'; use .csv or .parquet")
    return suffix
