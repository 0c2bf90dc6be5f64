"""``edgeopt scenarios``: what it prints, what it writes, and how it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from edgeopt.cli.app import run
from edgeopt.problem import Instance
from edgeopt.problem.scenarios import scenario, scenario_names


def test_lists_every_scenario(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["scenarios", "--json"]) == 0
    assert [entry["name"] for entry in json.loads(capsys.readouterr().out)] == list(scenario_names())
    assert run(["scenarios"]) == 0
    shown = capsys.readouterr().out
    assert all(name in shown for name in scenario_names())


def test_describes_one_and_writes_the_instance_it_describes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "small.npz"
    words = ["scenarios", "decoy", "--size", "small", "--seed", "3", "--split", "train", "--world", "2"]
    assert run([*words, "--knob", "noise=0.2", "--knob", "window=8", "--out", str(path), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    expected = scenario("decoy", size="small", seed=3, split="train", world=2, noise=0.2, window=8)
    assert Instance.load(path) == expected
    assert told["instance"]["digest"] == expected.digest()
    assert told["statistics"]["memory_share"] == pytest.approx(0.35)
    assert {"noise", "mean_on", "load"} <= {knob["name"] for knob in told["knobs"]}


def test_the_table_names_knobs_and_ties(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["scenarios", "hotset", "--slots", "20"]) == 0
    shown = capsys.readouterr().out
    assert "mean_hot" in shown
    assert "merely tie" in shown


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["nope"], "scenario 'nope' is unknown"),
        (["decoy", "--knob", "noise"], "must be NAME=NUMBER"),
        (["decoy", "--knob", "colour=1"], "no knob 'colour'"),
        (["decoy", "--size", "huge"], "size 'huge' is unknown"),
        (["decoy", "--out", "x.txt"], "unknown suffix"),
        (["--out", "x.npz"], "which scenario?"),
    ],
)
def test_bad_input_is_one_line_and_status_two(
    words: list[str], line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["scenarios", *words]) == 2
    captured = capsys.readouterr()
    assert line in captured.err
    assert captured.err.count("\n") == 1
