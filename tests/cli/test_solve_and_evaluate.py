"""``edgeopt solve`` and ``edgeopt evaluate``: a solution goes to disk and is refereed from there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgeopt.cli.app import run
from edgeopt.problem import Instance, Plan
from edgeopt.solvers.solution import Solution, bound_only

SKI = Instance(
    requests=np.ones((6, 1)), service_model=[0], memory=1, footprint=[1], load_cost=4, cloud_cost=1
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    SKI.save(tmp_path / "ski.npz")
    Plan(np.ones((6, 1, 1), bool), np.ones((6, 1, 1), np.int64)).save(tmp_path / "buy.npz")
    return tmp_path


def printed(capsys: pytest.CaptureFixture[str]) -> Any:
    return json.loads(capsys.readouterr().out)


@pytest.mark.parametrize("method", ["milp", "brute", "auto"])
def test_the_optimum_is_found_written_and_confirmed(
    folder: Path, capsys: pytest.CaptureFixture[str], method: str
) -> None:
    out = folder / "solution.json"
    words = ["solve", str(folder / "ski.npz"), "--method", method, "--json", "--out", str(out)]
    assert run(words) == 0
    summary = printed(capsys)
    assert (summary["cost"], summary["lower_bound"], summary["status"]) == (4, 4, "optimal")
    assert (summary["switching"], summary["cloud_only"], summary["loads"]) == (4, 6, 1)
    assert Solution.load(out).cost == 4
    assert run(["evaluate", str(folder / "ski.npz"), str(out), "--json"]) == 0
    report = printed(capsys)
    assert (report["total"], report["feasible"], report["claim_holds"]) == (4, True, True)


def test_a_scenario_is_solved_and_evaluated_by_name(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    world = ["hotset", "--slots", "20", "--models", "5", "--seed", "4"]
    out = str(folder / "plan.npz")
    assert run(["solve", *world, "--gap", "0.01", "--time-limit", "20", "--out", out]) == 0
    text = capsys.readouterr().out
    assert "lower bound" in text
    assert f"wrote {out}" in text.replace("\n", "")
    assert run(["evaluate", *world[:1], out, *world[1:]]) == 0
    assert "claim holds" in capsys.readouterr().out


def test_a_plan_is_priced(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["evaluate", str(folder / "ski.npz"), str(folder / "buy.npz"), "--json"]) == 0
    report = printed(capsys)
    assert (report["total"], report["switching"], report["served_share"]) == (4, 4, 1)
    assert "claimed" not in report


def test_an_infeasible_plan_ends_with_one_and_its_violations(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    SKI.replace(memory=0.5).save(folder / "small.npz")
    words = ["evaluate", str(folder / "small.npz"), str(folder / "buy.npz")]
    assert run(words) == 1
    text = capsys.readouterr().out
    assert "6 constraints are broken" in text
    assert "memory at slot 5, server 0: 1 of at most 0.5 bytes" in text
    assert run([*words, "--json"]) == 1
    report = printed(capsys)
    assert report["feasible"] is False
    assert [each["slot"] for each in report["violations"]] == list(range(6))


def test_a_solution_that_states_another_cost_ends_with_one(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = folder / "solution.npz"
    assert run(["solve", str(folder / "ski.npz"), "--out", str(out)]) == 0
    SKI.replace(load_cost=5).save(folder / "dear.npz")
    capsys.readouterr()
    assert run(["evaluate", str(folder / "dear.npz"), str(out), "--json"]) == 1
    captured = capsys.readouterr()
    report = json.loads(captured.out)
    assert (report["claimed"], report["total"], report["claim_holds"]) == (4, 5, False)
    assert captured.err == "edgeopt: cost of the solution is 4.0: the referee finds 5.0\n"


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["solve", "{}/ski.npz", "--method", "simplex"], "unknown method 'simplex'"),
        (["solve", "{}/ski.npz", "--time-limit", "-1"], "time_limit is -1.0"),
        (["solve", "{}/ski.npz", "--out", "{}/plan.txt"], "unknown suffix '.txt'"),
        (["solve", "{}/ski.npz", "--out", "{}/nowhere/plan.npz"], "does not exist"),
        (["solve", "{}/buy.npz"], "unknown entry 'cached'"),
        (["evaluate", "{}/ski.npz", "{}/ski.npz"], "as a solution: unknown entry"),
        (["evaluate", "{}/ski.npz", "{}/missing.npz"], "cannot be read"),
        (["evaluate", "{}/ski.npz", "{}/bound.json"], "holds a bound only"),
        (["evaluate", "{}/other.npz", "{}/buy.npz"], "does not belong"),
    ],
)
def test_bad_input_ends_with_two_and_one_line(
    folder: Path, capsys: pytest.CaptureFixture[str], words: list[str], complaint: str
) -> None:
    bound_only(1.0, method="test", seconds=0).save(folder / "bound.json")
    SKI.with_requests(np.ones((5, 1))).save(folder / "other.npz")
    assert run([word.format(folder) for word in words]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert complaint in captured.err
    assert captured.err.count("\n") == 1
