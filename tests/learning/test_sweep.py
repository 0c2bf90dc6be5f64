"""Several trainings on an engine: the bytes of single ones, once each, in folders of their own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

pytest.importorskip("torch")
pytest.importorskip("gymnasium")
pytest.importorskip("cma")

from edgeopt.cli.app import run
from edgeopt.learning import T2DRL
from edgeopt.learning.sweep import SETTINGS_FILE, Episodes, Training, sweep, train, trainings
from edgeopt.learning.t2drl.config import Config
from edgeopt.learning.t2drl.recipes import options_of
from edgeopt.problem import InvalidFile
from edgeopt.solvers.engines import Engine
from edgeopt.solvers.engines.call import Done, pack, perform, unpack
from edgeopt.solvers.engines.identity import identity

EPISODES = Episodes(("decoy", "hotset"), slots=20, size="small")
OPTIONS = options_of("foresight", {"examples": 3, "runs": 2, "passes": 3, "generations": 20})
FILES = ("weights.safetensors", "card.json")


def tasks(*seeds: int, apart: bool = False) -> list[Training]:
    return trainings(EPISODES, "foresight", Config(width=6), OPTIONS, seeds, apart=apart)


def test_a_task_for_each_family_and_seed() -> None:
    assert [task.name for task in tasks(3, 4)] == ["seed-3", "seed-4"]
    apart = tasks(3, 4, apart=True)
    assert [task.name for task in apart] == ["decoy-seed-3", "decoy-seed-4", "hotset-seed-3", "hotset-seed-4"]
    assert [list(task.episodes.families()) for task in apart] == [
        ["decoy"],
        ["decoy"],
        ["hotset"],
        ["hotset"],
    ]


def test_a_sweep_gives_the_bytes_of_single_trainings_and_does_nothing_twice(tmp_path: Path) -> None:
    several = tasks(0, apart=True)
    assert list(sweep(several, tmp_path, Engine(workers=1))) == ["decoy-seed-0", "hotset-seed-0"]
    one, config = tmp_path / "one", Config(width=6)
    T2DRL.train(several[0].episodes.families(), config=config, options=OPTIONS, seed=0, folder=one)
    sent = unpack(perform(identity(), pack(train, several[0])))  # as on a cluster
    assert isinstance(sent, Done)
    for name in FILES:
        wanted = (one / name).read_bytes()
        assert (tmp_path / "decoy-seed-0" / name).read_bytes() == wanted
        assert sent.value[name] == wanted
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.*")}
    sweep(several, tmp_path, Engine("ray", "nowhere:1"))
    assert before == {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.*")}
    other = trainings(EPISODES, "foresight", Config(width=7), OPTIONS, [0], apart=True)
    with pytest.raises(InvalidFile, match="holds a learner of other settings"):
        sweep(other, tmp_path, Engine(workers=1))
    (tmp_path / "decoy-seed-0" / SETTINGS_FILE).write_text("{")
    with pytest.raises(InvalidFile, match="cannot be read"):
        sweep(several, tmp_path, Engine(workers=1))


def test_command_trains_several_seeds(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = [
        "train",
        "--scenario",
        "decoy",
        "--size",
        "small",
        "--slots",
        "20",
        "--width",
        "6",
        "--examples",
        "3",
    ]
    words += ["--runs", "2", "--passes", "3", "--generations", "20", "--json", "--seeds", "2", "--seed", "5"]
    assert run([*words, "--workers", "1", "--out", str(tmp_path)]) == 0
    said = json.loads(capsys.readouterr().out)
    assert list(said) == ["seed-5", "seed-6"]
    for facts in said.values():
        assert T2DRL.load(facts["folder"]).sizes["parameters"] == facts["parameters"]
