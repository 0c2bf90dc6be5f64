"""The ladder of bounds in a run: its table, its picture, and the size beyond which there is none."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from edgeopt.benchmarks import Settings, run_benchmark
from edgeopt.benchmarks.cases import ScenarioCase, cases
from edgeopt.benchmarks.future_tasks import extras, no_ladder
from edgeopt.benchmarks.ladders import LadderSummary
from edgeopt.benchmarks.report.ladder import ladder_section


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
    assert "The ladder of bounds <small>workflow-small, seed 0</small>" in page
    assert f"{found['rungs'][0]['below_best_percent']:.3f} %" in page


def test_large_instances_have_none_and_say_why() -> None:
    assert no_ladder(ScenarioCase("hotset", "medium")) is None
    reason = no_ladder(ScenarioCase("hotset", "medium", slots=400))
    assert reason == "9,600 slots x servers x services; a ladder is computed up to 8,000"
    assert f"Not computed: {reason}." in ladder_section(LadderSummary(reason), "hotset")


def test_the_small_preset_is_drawn_where_the_cases_own_ladder_is_not_asked_for() -> None:
    settings = Settings(scenarios=("hotset",), sizes=("small", "medium"), policies=("lru",), seeds=1)
    found = cases(settings)

    def ladders(chosen: Settings) -> list[str]:
        return [task.case.name for task in extras(chosen, found) if task.kind == "ladder"]

    assert ladders(settings) == ["hotset-small"]
    assert ladders(replace(settings, ladder=True)) == ["hotset-small", "hotset-medium"]
    assert ladders(replace(settings, illustrations=False)) == []


def test_nothing_where_it_was_not_asked_for() -> None:
    assert ladder_section(None, "hotset") == ""
