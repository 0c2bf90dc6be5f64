"""The environment's speed measurement plays the same both ways; the observation page lists every column."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

pytest.importorskip("gymnasium")

from edgeopt.benchmarks.speed import environments
from edgeopt.learning.serving.observation import MODEL_FEATURES, SERVER_FEATURES, SERVICE_FEATURES


def test_command_measures_and_writes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "speed.json"
    environments.main(scenario_name="hotset", models=6, lanes=3, steps=4, repeats=1, out=out)
    content = json.loads(out.read_text())
    assert content["ratio"] == pytest.approx(content["batched"] / content["loop"])
    assert "3 servers of 6 models" in capsys.readouterr().out


def test_page_lists_every_column() -> None:
    page = (Path(__file__).parents[2] / "docs" / "environment.md").read_text()
    for table in (MODEL_FEATURES, SERVICE_FEATURES, SERVER_FEATURES):
        rows = [f"| {column} | `{name}` | {meaning} |" for column, (name, meaning) in enumerate(table)]
        assert "\n".join(rows) in page
