"""The rows of a benchmark: fixed columns, the same names in CSV, JSON and Parquet."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from ..problem.errors import EdgeoptError, InvalidFile
from ..problem.exchange.axes import one_line, optional
from ..problem.exchange.table_files import parquet_bytes, read_parquet
from ..problem.storage import read_bounded

_WRONG = (OSError, ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError)
"""What reading a table of something else can raise."""


@dataclass(frozen=True)
class Row:
    """One policy on one test instance; costs in the unit of the instance.

    Parameters
    ----------
    instance, policy, seed
        The case, the policy ("reference" is the solver's plan), the test seed (window number of a trace).
    cost, switching, transmission, computation, accuracy, cloud
        The refereed total and its five terms.
    mean_accuracy
        Mean accuracy of the requests served at the edge; nan where none was.
    lower_bound
        No plan of the instance costs less.
    best_known
        The cheapest plan seen in this run, the reference's and all policies'.
    gap_to_bound
        cost / lower_bound - 1.
    captured
        (cloud-only - cost) / (cloud-only - best_known); nan where nothing can be saved.
    seconds
        Wall time of the task that made the row: the one column that differs between equal runs.
    """

    instance: str
    policy: str
    seed: int
    cost: float
    switching: float
    transmission: float
    computation: float
    accuracy: float
    cloud: float
    mean_accuracy: float
    lower_bound: float
    best_known: float
    gap_to_bound: float
    captured: float
    seconds: float


COLUMNS = tuple(field.name for field in fields(Row))


def gap_to_bound(cost: float, lower_bound: float) -> float:
    """Return cost / lower_bound - 1: 0 where both are equal, nan where the bound says nothing."""
    if cost == lower_bound:
        return 0.0
    return cost / lower_bound - 1 if lower_bound > 0 else math.nan


def captured_savings(cost: float, best_known: float, cloud_only: float) -> float:
    """Return the share of the best known savings over the cloud reached; nan if there are none."""
    return (cloud_only - cost) / (cloud_only - best_known) if cloud_only > best_known else math.nan


def rows_as_csv(rows: Sequence[Row]) -> bytes:
    """Return the rows as CSV with a header; numbers as Python's repr, so that they read back bit-exactly."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in rows:
        writer.writerow([value if isinstance(value, str) else repr(value) for value in asdict(row).values()])
    return text.getvalue().encode()


def rows_as_records(rows: Sequence[Row]) -> list[dict[str, str | int | float | None]]:
    """Return the rows as JSON objects; null stands for nan."""
    return [
        {
            name: None if isinstance(value, float) and not math.isfinite(value) else value
            for name, value in record
        }
        for record in (asdict(row).items() for row in rows)
    ]


def rows_as_json(rows: Sequence[Row]) -> bytes:
    """Return the rows as a JSON array with one object a line."""
    lines = ",\n".join(json.dumps(record, allow_nan=False) for record in rows_as_records(rows))
    return f"[\n{lines}\n]\n".encode()


def rows_as_parquet(rows: Sequence[Row]) -> bytes:
    """Return the rows as a Parquet file: text, whole numbers and floats.

    Raises
    ------
    MissingLibrary
        If pandas or pyarrow is not installed.
    """
    pandas = optional("pandas")
    return parquet_bytes(pandas.DataFrame({name: [getattr(row, name) for row in rows] for name in COLUMNS}))


def read_rows(path: str | Path) -> list[Row]:
    """Read rows written as .csv, .json or .parquet.

    Raises
    ------
    InvalidFile
        If the columns are not the fixed ones or a value is no number.
    MissingLibrary
        If the file is a Parquet file, and pandas or pyarrow is not installed.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    try:
        if suffix == ".parquet":
            records = read_parquet(path, read_bounded(path), COLUMNS).to_dict("records")
        elif suffix == ".csv":
            with path.open(encoding="utf-8", newline="") as stream:
                reader = csv.DictReader(stream, strict=True)
                records = list(reader)
                if tuple(reader.fieldnames or ()) != COLUMNS:
                    raise KeyError(f"columns are {', '.join(reader.fieldnames or ())}")
        else:
            records = json.loads(path.read_text(encoding="utf-8"))
            if not isinstance(records, list):
                raise TypeError("no list of rows")
        return [_row(record) for record in records]
    except EdgeoptError:
        raise
    except (*_WRONG, csv.Error) as error:
        raise InvalidFile(
            f"{path}: no benchmark results with the columns {', '.join(COLUMNS)} ({one_line(error)})"
        ) from None


def _row(record: dict[str, str | int | float | None]) -> Row:
    if tuple(record) != COLUMNS:
        raise KeyError(f"columns are {', '.join(record)}")
    values = {
        name: str(value) if name in ("instance", "policy") else math.nan if value is None else float(value)
        for name, value in record.items()
    }
    return Row(**{**values, "seed": int(record["seed"])})  # type: ignore[arg-type]
