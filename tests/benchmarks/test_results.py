"""Columns are fixed, numbers survive files bit by bit, and ratios are what their names say."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from edgeopt.benchmarks import COLUMNS, Row, read_rows
from edgeopt.benchmarks.results import (
    captured_savings,
    gap_to_bound,
    rows_as_csv,
    rows_as_json,
    rows_as_parquet,
)
from edgeopt.problem import InvalidFile

FIXED = (
    "instance, policy, seed, cost, switching, transmission, computation, accuracy, cloud, mean_accuracy, "
    "lower_bound, best_known, gap_to_bound, captured, seconds"
)


def row(**changes: object) -> Row:
    values = dict.fromkeys(COLUMNS, 0.1 + 0.2) | {"instance": "a,b", "policy": "lru", "seed": 3}
    return Row(**(values | changes))  # type: ignore[arg-type]


def test_columns_are_the_published_ones() -> None:
    assert ", ".join(COLUMNS) == FIXED


def test_header_and_keys_are_the_columns() -> None:
    assert rows_as_csv([row()]).decode().splitlines()[0] == FIXED.replace(" ", "")
    assert list(json.loads(rows_as_json([row()]))[0]) == list(COLUMNS)


WRITERS = {"csv": rows_as_csv, "json": rows_as_json, "parquet": rows_as_parquet}


@pytest.mark.parametrize("ending", WRITERS)
def test_rows_read_back_exactly(tmp_path: Path, ending: str) -> None:
    rows = [row(cost=1e-300, cloud=1 / 3), row(seed=4, lower_bound=123456789.123456789)]
    path = tmp_path / f"results.{ending}"
    path.write_bytes(WRITERS[ending](rows))
    assert read_rows(path) == rows
    assert repr(read_rows(path)) == repr(rows)


@pytest.mark.parametrize("ending", WRITERS)
def test_not_a_number_survives_and_json_stays_json(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"results.{ending}"
    path.write_bytes(WRITERS[ending]([row(mean_accuracy=math.nan)]))
    assert math.isnan(read_rows(path)[0].mean_accuracy)
    if ending == "json":
        assert json.loads(path.read_text(), parse_constant=pytest.fail)[0]["mean_accuracy"] is None


@pytest.mark.parametrize(
    "content", ["", "a,b\n1,2\n", '[{"instance": "a"}]', "[3]", "{}x", "{}", "[" * 10**5, "a\n" + "b" * 10**6]
)
@pytest.mark.parametrize("ending", WRITERS)
def test_other_files_are_refused_in_one_line(tmp_path: Path, content: str, ending: str) -> None:
    path = tmp_path / f"results.{ending}"
    path.write_text(content or "\n")
    with pytest.raises(InvalidFile) as error:
        read_rows(path)
    assert "\n" not in str(error.value)


def test_ratios_by_hand() -> None:
    assert gap_to_bound(110.0, 100.0) == pytest.approx(0.1)
    assert gap_to_bound(0.0, 0.0) == 0.0
    assert math.isnan(gap_to_bound(1.0, 0.0))
    assert math.isnan(gap_to_bound(1.0, -math.inf))
    # cloud 200, best 100: a cost of 120 saves 80 of 100; one above the cloud saves less than nothing
    assert captured_savings(120.0, 100.0, 200.0) == pytest.approx(0.8)
    assert captured_savings(230.0, 100.0, 200.0) == pytest.approx(-0.3)
    assert math.isnan(captured_savings(100.0, 100.0, 100.0))
