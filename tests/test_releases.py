"""The page of results by release is what was measured, and nothing typed by hand."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from types import ModuleType

import pytest

DOCS = Path(__file__).resolve().parents[1] / "docs"


@pytest.fixture(scope="module")
def releases() -> ModuleType:
    found = importlib.util.spec_from_file_location("releases", DOCS / "releases.py")
    assert found is not None
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


def test_the_page_is_made_of_the_files(releases: ModuleType) -> None:
    assert (DOCS / "releases.md").read_text() == releases.page()


def test_every_release_proves_what_its_row_says() -> None:
    files = sorted((DOCS / "releases").glob("*.json"))
    assert files
    for file in files:
        found = json.loads(file.read_text())
        assert found["release"] == file.stem
        for row in found["solver"]:
            assert 0 <= row["mean_gap"] <= row["largest_gap"]
            assert (row["optimal"] == row["instances"]) == (row["largest_gap"] <= 1e-6)


def test_policies_are_sums_over_seeds(releases: ModuleType, tmp_path: Path) -> None:
    """Two seeds with bounds 10 and 30: costs 11 and 36 are 17.5 % above, not the mean of 10 and 20 %."""
    from edgeopt.benchmarks.results import COLUMNS

    lines = [",".join(COLUMNS)]
    for seed, cost, bound in ((0, 11, 10), (1, 36, 30)):
        row = dict.fromkeys(COLUMNS, 0.0) | {"instance": "case", "policy": "mine", "seed": seed, "cost": cost}
        row |= {"lower_bound": bound, "cloud": cost}
        lines.append(",".join(str(row[name]) for name in COLUMNS))
    (tmp_path / "results.csv").write_text("\n".join(lines) + "\n")
    (case,) = releases.policies(tmp_path)
    assert (case["case"], case["seeds"]) == ("case", 2)
    assert case["gap_to_bound"]["mine"] == pytest.approx(0.175)
