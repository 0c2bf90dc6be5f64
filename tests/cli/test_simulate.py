"""``edgeopt simulate``: a policy by name runs, is priced, and its plan goes to disk."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from edgeopt.cli.app import run
from edgeopt.problem import Instance

SKI = Instance(
    requests=np.ones((6, 1)), service_model=[0], memory=1, footprint=[1], load_cost=4, cloud_cost=1
)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    SKI.save(tmp_path / "ski.npz")
    return tmp_path / "ski.npz"


def test_a_plan_is_simulated_written_and_confirmed(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plan = file.parent / "plan.npz"
    assert run(["simulate", str(file), "--policy", "lru", "--json", "--out", str(plan)]) == 0
    content = json.loads(capsys.readouterr().out)
    assert (content["policy"], content["total"], content["cloud_only"], content["loads"]) == ("lru", 4, 6, 1)
    assert content["saved_share"] == pytest.approx(1 / 3)
    assert run(["evaluate", str(file), str(plan), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["total"] == 4


def test_options_reach_the_policy(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["simulate", str(file), "--policy", "myopic", "--json"]
    assert run(words) == 0
    assert json.loads(capsys.readouterr().out)["total"] == 6
    assert run([*words, "--option", "stickiness=0.2"]) == 0
    assert json.loads(capsys.readouterr().out)["total"] == 4


def test_a_scenario_trains_the_policy(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["simulate", "hotset", "--slots", "60", "--models", "5", "--policy", "static", "--train", "2"]
    assert run(words) == 0
    assert "static" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["--policy", "lfo"], "choose one of cloud-only"),
        (["--option", "horizon"], "write name=value"),
        (["--option", "depth=3"], "unknown option 'depth'"),
        (["--option", "horizon=-1"], "must be a number from 0"),
        (["--train", "2"], "a scenario to draw training instances of"),
        (["--out", "plan.txt"], "use .npz or .json"),
        (["--policy-seed", "-1"], "must not be negative"),
    ],
)
def test_bad_input_is_one_line(
    file: Path, capsys: pytest.CaptureFixture[str], words: list[str], line: str
) -> None:
    assert run(["simulate", str(file), *words]) == 2
    error = capsys.readouterr().err
    assert line in error
    assert error.count("\n") == 1


def test_a_policy_in_the_current_folder_is_found(file: Path) -> None:
    """By the installed command too, whose path of modules has no current folder: ``-P`` is such a start."""
    (file.parent / "my_rules.py").write_text(
        "from edgeopt.solvers.policies.caches import LoadOnMiss\nclass Mine(LoadOnMiss):\n    name = 'mine'\n"
    )
    words = ["simulate", str(file), "--policy", "my_rules:Mine", "--json"]
    done = subprocess.run(
        [sys.executable, "-P", "-m", "edgeopt", *words],
        cwd=file.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["total"] == 4
