"""``edgeopt train``: writes a learner that loads, goes on after a kill, and refuses bad input in one line."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytest.importorskip("torch")
pytest.importorskip("gymnasium")
pytest.importorskip("cma")

from edgeopt.cli.app import run
from edgeopt.learning import T2DRL

SMALL = [
    "train", "--scenario", "decoy", "--size", "small", "--slots", "20", "--width", "6",
    "--examples", "3", "--runs", "2", "--passes", "3", "--generations", "20", "--json",
]  # fmt: skip


def test_a_learner_is_trained_and_loads(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*SMALL, "--out", str(tmp_path / "a")]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["profiles"] == ["decoy"]
    assert T2DRL.load(tmp_path / "a").sizes["parameters"] == said["parameters"]


def test_a_learner_is_tailored_to_other_demand(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*SMALL, "--out", str(tmp_path / "a")]) == 0
    new = [
        "train",
        "--scenario",
        "hotset",
        "--size",
        "small",
        "--slots",
        "20",
        "--start",
        str(tmp_path / "a"),
    ]
    few = [*new, "--runs", "4", "--generations", "10", "--json", "--out", str(tmp_path / "b")]
    capsys.readouterr()
    assert run(few) == 0
    assert json.loads(capsys.readouterr().out)["profiles"] == ["hotset"]
    assert T2DRL.load(tmp_path / "b").digest() == T2DRL.load(tmp_path / "a").digest()


def test_a_learner_is_improved_by_deviations(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*SMALL, "--out", str(tmp_path / "a")]) == 0
    few = ["--examples", "3", "--runs", "2", "--rounds", "1", "--passes", "1", "--generations", "2"]
    same_world = ["train", "--scenario", "decoy", "--size", "small", "--slots", "20"]
    begin = ["--algorithm", "deviations", "--start", str(tmp_path / "a")]
    capsys.readouterr()
    assert run([*same_world, *begin, *few, "--json", "--out", str(tmp_path / "b")]) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["algorithm"], said["profiles"]) == ("deviations", ["decoy"])
    assert T2DRL.load(tmp_path / "b").digest() != T2DRL.load(tmp_path / "a").digest()


def test_a_killed_command_goes_on_to_the_same_bytes(tmp_path: Path) -> None:
    undisturbed, killed = tmp_path / "a", tmp_path / "b"
    command = [sys.executable, "-m", "edgeopt", *SMALL, "--out"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    subprocess.run([*command, undisturbed], check=True, env=environment, stdout=subprocess.DEVNULL)
    running = subprocess.Popen([*command, killed], env=environment, stdout=subprocess.DEVNULL)
    while not (killed / "state.json").exists() and running.poll() is None:
        time.sleep(0.02)
    running.send_signal(signal.SIGKILL)
    running.wait()
    subprocess.run([*command, killed], check=True, env=environment, stdout=subprocess.DEVNULL)
    for name in ("weights.safetensors", "card.json"):
        assert (killed / name).read_bytes() == (undisturbed / name).read_bytes()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--scenario", "nowhere"], "unknown scenario 'nowhere'"),
        (["--algorithm", "magic"], "algorithm = 'magic'"),
        (["--core", "lstm"], "core = 'lstm'"),
        (["--updates", "3"], "updates: is no option of the algorithm foresight"),
        (["--examples", "0"], "examples = 0"),
        (["--trace", "nowhere.csv"], "nowhere.csv"),
        (["--start", "nowhere"], "nowhere"),
        (["--algorithm", "deviations"], "start: deviations go on from a learner of foresight"),
        (["--rounds", "2"], "rounds: is no option of the algorithm foresight"),
        (["--start", "shipped", "--passes", "2"], "passes = 2"),
        (["--start", "shipped", "--core", "gru"], "the shape of the network"),
        (["--start", "shipped", "--seeds", "2"], "--start goes with one learner"),
    ],
)
def test_bad_input_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    assert run(["train", *arguments, "--out", str(tmp_path / "x")]) == 2
    said = capsys.readouterr().err
    assert message in said
    assert said.count("\n") == 1
