"""Learners by name: the shipped one works and is small, controls are what they say, errors are one line."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from edgeopt.problem import evaluate, scenario
from edgeopt.problem.errors import InvalidFile, InvalidOption
from edgeopt.solvers import policy, simulate

pytest.importorskip("torch")
pytest.importorskip("gymnasium")

from edgeopt.benchmarks.contestants import contestant, contestant_digest, contestant_names
from edgeopt.learning import T2DRL
from edgeopt.learning.t2drl.names import CONTROLS, is_learned, learned_policy
from edgeopt.learning.t2drl.recipes import SHIPPED_FAMILIES
from edgeopt.learning.t2drl.shipped import SHIPPED


def test_the_shipped_learner_is_small_and_says_what_it_is() -> None:
    files = [path for path in SHIPPED.iterdir() if path.suffix in (".json", ".safetensors")]
    assert {path.name for path in files} == {"card.json", "weights.safetensors"}
    assert sum(path.stat().st_size for path in files) <= 2 * 2**20
    learner = T2DRL.load()
    assert set(learner.profiles) == {*SHIPPED_FAMILIES, "general"}
    card = json.loads((SHIPPED / "card.json").read_text())
    assert set(card["training"]["families"]) == set(SHIPPED_FAMILIES)


@pytest.mark.parametrize("family", ["decoy", "context-rich"])
def test_the_shipped_learner_is_better_than_an_untuned_index(family: str) -> None:
    past = [scenario(family, seed=seed, split="train") for seed in range(2)]
    tests = [scenario(family, seed=seed, split="validation") for seed in range(3)]

    def cost(name: str) -> float:
        made = contestant(name).fit(past)
        return sum(evaluate(one, simulate(one, made)).total for one in tests)

    assert cost("t2drl") < 0.99 * cost("index")


def test_controls_are_the_same_learner_with_one_thing_changed() -> None:
    plain = learned_policy("t2drl")
    for control, options in CONTROLS.items():
        made = learned_policy(f"t2drl-{control}")
        assert made.name == f"t2drl-{control}"
        for option, value in options.items():
            assert getattr(made, option) == value != getattr(plain, option)


def test_a_folder_is_named_after_an_at_sign(tmp_path: Path) -> None:
    shutil.copytree(SHIPPED, tmp_path / "mine")
    name = f"t2drl@{tmp_path / 'mine'}"
    assert contestant(name, profile="decoy").name == name
    assert contestant_digest(name) == contestant_digest("t2drl")
    card = tmp_path / "mine" / "card.json"
    card.write_text(card.read_text() + "\n")
    contestant_digest.cache_clear()
    assert contestant_digest(name) != contestant_digest("t2drl")


def test_what_is_no_learner_is_refused_in_one_line(tmp_path: Path) -> None:
    for name in ("t2drl-thawed", "t2drl@", "t2drl-@x"):
        with pytest.raises(InvalidOption, match="a learner is t2drl"):
            contestant(name)
    with pytest.raises(InvalidFile, match=r"card\.json"):
        contestant(f"t2drl@{tmp_path}")
    with pytest.raises(InvalidOption, match="choose one of"):
        contestant("t3drl")
    assert not is_learned("lru")


def test_it_is_scored_by_default_beside_the_policies() -> None:
    assert contestant_names()[-1] == "t2drl"
    assert contestant("lru").name == policy("lru").name


def test_without_its_libraries_it_is_left_out_and_that_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    from edgeopt.benchmarks.contestants import left_out
    from edgeopt.learning import requirements

    monkeypatch.setattr(requirements, "find_spec", lambda name: None if name == "torch" else object())
    assert "t2drl" not in contestant_names()
    assert "pip install" in left_out()["t2drl"]
