"""The ladder of bounds in a run: its table, its picture, and the size beyond which there is none."""

from __future__ import annotations

import json
import re
from base64 import b64decode
from pathlib import Path

from edgeopt.benchmarks import Settings, run_benchmark
from edgeopt.benchmarks.cases import ScenarioCase
from edgeopt.benchmarks.future_tasks import no_ladder
from edgeopt.benchmarks.ladders import LadderSummary
from edgeopt.benchmarks.report.extras import ladder_section


def test_a_run_shows_the_rungs_in_order(tmp_path: Path) -> None:
    settings = Settings(
        scenarios=("workflow",), sizes=("small",), policies=("lru",), seeds=1, tune_budget=0, ladder=True
    )
    run_benchmark(settings, tmp_path, workers=1)
    found = json.loads((tmp_path / "summary.json").read_text())[0]["ladder"]
    values = {rung["name"]: rung["value"] for rung in found["rungs"]}
    assert values["compact"] < values["extended"] < values["hull"] <= values["optimum"] * (1 + 1e-9)
    assert found["digest"] == json.loads((tmp_path / "run.json").read_text())["instances"][0]["digest"]
    page = (tmp_path / "report.html").read_text()
    picture = re.findall(r'src="data:image/svg\+xml;base64,([^"]+)"', page)
    assert len(picture) == 1
    drawn = b64decode(picture[0]).decode()
    assert "<svg" in drawn
    assert "extended" in drawn
    assert f"{found['rungs'][0]['below_best_percent']:.3f} %" in page


def test_large_instances_have_none_and_say_why() -> None:
    assert no_ladder(ScenarioCase("hotset", "medium")) is None
    reason = no_ladder(ScenarioCase("hotset", "medium", slots=400))
    assert reason == "9,600 slots x servers x services; a ladder is computed up to 8,000"
    assert f"Not computed: {reason}." in ladder_section(LadderSummary(reason), "hotset")


def test_nothing_where_it_was_not_asked_for() -> None:
    assert ladder_section(None, "hotset") == ""
