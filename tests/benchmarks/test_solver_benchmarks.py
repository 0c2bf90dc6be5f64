"""The solver benchmarks: ratios and slopes by hand, honest marks, one quick part in full."""

from __future__ import annotations

import itertools
import json
import math
from dataclasses import dataclass, replace
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pytest
import typer

from edgeopt.benchmarks.solvers import __main__ as command
from edgeopt.benchmarks.solvers import growth, optimum, paging, publish, scale
from edgeopt.benchmarks.solvers.cases import PagingCase, ScenarioCase, data_folder, paging_instance
from edgeopt.benchmarks.solvers.part import Options, contestants, percent
from edgeopt.benchmarks.solvers.ratios import ratio, slope
from edgeopt.benchmarks.solvers.runs import Job, Outcome, contradictions, measured, perform
from edgeopt.problem import Instance
from edgeopt.problem.errors import EdgeoptError
from edgeopt.solvers import solve

SMALL = ScenarioCase("stationary", 3, 10, 6)
STRING = [7, 0, 1, 2, 0, 3, 0, 4, 2, 3, 0, 3, 2, 1, 2, 0, 1, 7, 0, 1]


def outcome(method: str, seconds: float, *, proved: bool = True, **given: object) -> Outcome:
    base = Outcome("case", method, 1e-6, 60.0, seconds=seconds, search_seconds=seconds, cost=10.0)
    done = replace(base, lower_bound=10.0 if proved else 9.0, gap=0.0 if proved else 1 / 9)
    return replace(done, status="optimal" if proved else "feasible", **given)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("yardstick_proved", "mine_proved", "shown"),
    [(True, True, "30"), (False, True, ">= 30"), (True, False, "<= 30"), (False, False, "?")],
)
def test_ratio_says_what_was_stopped(yardstick_proved: bool, mine_proved: bool, shown: str) -> None:
    found = ratio(outcome("milp", 60.0, proved=yardstick_proved), outcome("mine", 2.0, proved=mine_proved))
    assert str(found) == shown
    assert found.value == 30.0 or math.isnan(found.value)


def test_ratio_without_the_building_of_the_model() -> None:
    yardstick = outcome("milp", 9.0, search_seconds=3.0)
    assert ratio(yardstick, outcome("mine", 2.0)).value == 4.5
    assert ratio(yardstick, outcome("mine", 2.0), search_only=True).value == 1.5


def test_ratio_of_a_failed_run_is_unknown() -> None:
    failed = Outcome("case", "mine", 1e-6, 60.0, status="failed: no reason")
    assert ratio(outcome("milp", 3.0), failed).sign == "unknown"
    assert ratio(failed, outcome("mine", 3.0)).sign == "unknown"


def test_slope_of_power_laws() -> None:
    assert slope([1, 2, 4, 8], [3.0, 12.0, 48.0, 192.0]) == pytest.approx(2.0)
    # Four points by hand: x = 0, 1, 2, 3 and y = 0, 1, 1, 2 in powers of two give 3/5.
    assert slope([1, 2, 4, 8], [1.0, 2.0, 2.0, 4.0]) == pytest.approx(0.6)
    assert math.isnan(slope([5], [1.0]))


def test_target_needs_gap_time_and_memory_in_one_run() -> None:
    target = scale.Target(1e-3, 10.0, 2e9)
    good = outcome("mine", 9.0, gap=1e-3, peak_bytes=2_000_000_000)
    assert target.met([good])
    late = replace(good, seconds=10.1)
    coarse, fat = replace(good, gap=1.1e-3), replace(good, peak_bytes=2_000_000_001)
    assert not target.met([late, coarse, fat])
    assert str(target) == "<= 0.1 % in 10 s and 2 GB"


def test_bound_above_another_plan_is_reported() -> None:
    fine = [outcome("a", 1.0), outcome("b", 1.0, proved=False)]
    assert contradictions(fine) == []
    wrong = outcome("c", 1.0, lower_bound=10.1, cost=10.2)
    assert contradictions([*fine, wrong]) == ["case: c proves 10.1, but a has a plan of 10.0"]
    assert contradictions([*fine, replace(wrong, case="another")]) == []


def test_percent_keeps_small_gaps_readable() -> None:
    assert [percent(gap) for gap in (0.0, 1.7e-7, 0.034, math.inf)] == ["0 %", "1.7e-05 %", "3.40 %", "none"]


def test_run_in_a_process_of_its_own() -> None:
    found = perform(Job(SMALL, "lagrangian", 1e-6, 10.0))
    assert found.proved
    assert (found.slots, found.servers, found.models, found.services) == (10, 1, 3, 6)
    assert found.lower_bound <= found.cost == pytest.approx(solve(SMALL.instance(), "brute").cost, rel=1e-6)
    assert 0 < found.seconds < 10
    assert 3e7 < found.peak_bytes < 2e9


@dataclass(frozen=True)
class Broken:
    name: str = "broken"

    def instance(self) -> Instance:
        raise EdgeoptError("no such thing")


def test_failed_run_is_an_outcome() -> None:
    found = perform(Job(Broken(), "lagrangian", 1e-6, 10.0))
    assert found.status == "failed: EdgeoptError: no such thing"
    assert not found.proved
    assert math.isinf(found.gap)


def test_search_time_of_the_compact_model_leaves_the_building_out() -> None:
    found = measured(Job(SMALL, "milp", 1e-6, 10.0))
    assert found.proved
    assert 0 < found.search_seconds < found.seconds


@pytest.mark.parametrize(("frames", "faults"), [(1, 20), (2, 13), (3, 9), (6, 6)])
def test_belady_counts_the_least_faults(frames: int, faults: int) -> None:
    """Nine faults with three frames stand in textbooks; the other figures come from trying all evictions."""
    assert paging.belady_faults(STRING, frames) == least_faults(STRING, frames) == faults


def least_faults(string: list[int], frames: int) -> int:
    states = {frozenset[int](): 0}
    for page in string:
        after: dict[frozenset[int], int] = {}
        for held, count in states.items():
            kept = [held | {page}] if len(held) < frames or page in held else []
            if not kept:
                kept = [frozenset((*rest, page)) for rest in itertools.combinations(held, frames - 1)]
            for state in kept:
                after[state] = min(after.get(state, 99), count + (page not in held))
        states = after
    return min(states.values())


@pytest.mark.parametrize("frames", [1, 3, 5])
def test_paging_instance_costs_its_faults(frames: int) -> None:
    rng = np.random.default_rng(frames)
    for string in (np.array(STRING), rng.integers(0, 8, size=25)):
        found = solve(paging_instance(string, 8, frames), "lagrangian", gap=1e-9)
        assert found.cost == paging.belady_faults(string.tolist(), frames)


def test_agreement_with_belady() -> None:
    run = outcome("mine", 1.0)
    assert paging.agreement(run, 10) == "equal"
    assert paging.agreement(replace(run, status="feasible", lower_bound=9.0), 10) == "not proved"
    assert paging.agreement(run, 9) == "CONTRADICTION"
    assert paging.agreement(run, 11) == "CONTRADICTION"


def test_libcachesim_agrees_with_the_rule_written_here() -> None:
    pytest.importorskip("libcachesim")
    string = PagingCase(12, 400, 5).string().tolist()
    assert paging.libcachesim_faults(string, 5) == paging.belady_faults(string, 5)
    assert paging.libcachesim_faults(STRING, 3) == 9


def test_climb_stops_at_the_proof(monkeypatch: pytest.MonkeyPatch) -> None:
    climb = scale.Climb(SMALL, (1, 3, 9, 27), scale.Target(1e-2, 5.0))
    monkeypatch.setattr(scale, "CLIMBS", (climb,))
    asked: list[float] = []

    def fake(job: Job) -> Outcome:
        asked.append(job.time_limit)
        return replace(outcome(job.method, job.time_limit, proved=job.time_limit >= 9), case=job.case.name)

    report = scale.run(Options(methods=("lagrangian",)), fake)
    assert asked == [1, 3, 9]
    assert report.findings[0]["best_gap"] == 0.0
    # Proved, but only after nine seconds, where five were the target.
    assert report.rows[0][-1] == "MISSED"
    assert publish.picture(report) == publish.picture(report)


def test_growth_fits_the_times_and_runs_each_size_once() -> None:
    jobs: list[Job] = []

    def fake(job: Job) -> Outcome:
        jobs.append(job)
        assert isinstance(job.case, ScenarioCase)
        seconds = 0.1 * job.case.slots * job.case.models**2 * job.case.servers**0.5
        return replace(outcome(job.method, seconds, proved=job.case.slots < 1200), case=job.case.name)

    report = growth.run(Options(methods=("lagrangian",)), fake)
    assert len(jobs) == len(set(jobs)) == 2 * (5 + 3 + 3)
    assert [round(found["slope"], 6) for found in report.findings] == [1.0, 2.0, 0.5]
    assert "1200: > limit" in report.rows[0][2]
    ET.fromstring(publish.picture(report))


def test_optimum_pairs_every_method_with_the_compact_model(tmp_path: Path) -> None:
    times = {"milp": 8.0, "lagrangian": 0.5, "exact": 2.0}

    def fake(job: Job) -> Outcome:
        return replace(outcome(job.method, times[job.method]), case=job.case.name)

    report = optimum.run(Options(methods=("exact", "lagrangian"), data=tmp_path), fake)
    assert len(report.outcomes) == 3 * 9
    assert [row[4] for row in report.rows[:3]] == ["4.0", "16", ""]
    skipped = [note for note in report.notes if note.startswith("skipped")]
    assert len(skipped) == 2
    assert "no azure_llm_2023/" in skipped[0]


def test_real_traces_are_used_where_they_are(shared_data: Path) -> None:
    cases, notes = optimum._cases(Options(data=shared_data))
    assert notes == []
    assert [case.instance().models for case in cases[-2:]] == [12, 6]


def test_data_folder_prefers_the_given_one(tmp_path: Path) -> None:
    assert data_folder(tmp_path) == tmp_path
    assert data_folder(tmp_path / "missing") != tmp_path / "missing"


def test_quick_part_writes_table_json_and_picture(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command.main(["optimum"], quick=True, method=["lagrangian"], time_limit=20.0, data=None, out=tmp_path)
    content = json.loads((tmp_path / "solvers.json").read_text())
    runs = content["parts"]["optimum"]["runs"]
    assert [run["method"] for run in runs] == ["lagrangian", "milp"]
    assert [run["status"] for run in runs] == ["optimal", "optimal"]
    assert runs[0]["cost"] == pytest.approx(runs[1]["cost"], rel=2e-6)
    found = content["parts"]["optimum"]["findings"][0]
    assert found["ratio"] == {"value": runs[1]["seconds"] / runs[0]["seconds"], "sign": ""}
    assert content["contradictions"] == []
    assert "lagrangian" in capsys.readouterr().out
    picture = (tmp_path / "optimum.svg").read_text()
    ET.fromstring(picture)
    # Self-contained: the only links are to the picture's own parts.
    assert 'href="http' not in picture


def test_contestants_are_registered_methods_with_plans() -> None:
    assert "lagrangian" in contestants()
    assert not {"milp", "brute", "relaxation", "auto"} & set(contestants())


def test_unknown_names_end_with_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit) as stopped:
        command.main(["optimun"], time_limit=1.0, out=tmp_path)
    assert stopped.value.exit_code == 2
    assert "choose from optimum" in capsys.readouterr().err
    with pytest.raises(typer.Exit):
        command.main(["optimum"], method=["milp"], time_limit=1.0, out=tmp_path)
    assert "'milp' is no contestant" in capsys.readouterr().err


def test_only_keeps_what_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked: list[str] = []

    def fake(job: Job) -> Outcome:
        asked.append(job.case.name)
        return replace(outcome(job.method, 1.0), case=job.case.name)

    scale.run(Options(methods=("exact", "lagrangian"), only="workflow"), fake)
    assert asked == ["12x300x24 workflow/0"] * 2 + ["12x300x24 workflow/1"] * 2
    paging.run(Options(methods=("lagrangian",), only="5 pages"), fake)
    assert asked[4:] == [PagingCase(5, 100, 2).name]
    with pytest.raises(typer.Exit):
        command.main(["scale"], quick=True, time_limit=1.0, only="nothing", out=tmp_path)
    assert "no instance is called 'nothing'" in capsys.readouterr().err


def test_contradiction_fails_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = outcome("liar", 1.0, cost=9.0, lower_bound=8.0)
    monkeypatch.setattr(
        command,
        "perform",
        lambda job: wrong if job.method == "milp" else outcome(job.method, 1.0),
    )
    with pytest.raises(typer.Exit) as stopped:
        command.main(["optimum"], quick=True, method=["lagrangian"], time_limit=1.0, out=tmp_path)
    assert stopped.value.exit_code == 1
    assert "contradiction: case: lagrangian proves 10.0" in capsys.readouterr().err
