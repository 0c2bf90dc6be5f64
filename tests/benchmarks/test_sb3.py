"""The outside check with Stable-Baselines3: masks, and a short run of every learner where it is installed."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

import pytest
from typer.testing import CliRunner

pytest.importorskip("gymnasium")

import typer

from edgeopt.benchmarks.learning import sb3
from edgeopt.learning import EdgeServingEnv, scenario_source

INSTALLED = all(find_spec(library) for library in ("stable_baselines3", "sb3_contrib"))
SHORT = ["--scenario", "hotset", "--slots", "8", "--models", "3", "--tests", "1", "--time-limit", "1"]


def ran(*arguments: str) -> Any:
    app = typer.Typer()
    app.command()(sb3.main)
    return CliRunner().invoke(app, [*SHORT, *arguments])


def test_masks_bar_what_cannot_be() -> None:
    source = scenario_source("hotset", models=3, services=4, slots=8)
    env = EdgeServingEnv(source, action="binary", max_models=5, max_services=6)
    seen, _ = env.reset(seed=0)
    masks = sb3.bit_masks(seen).reshape(11, 2)
    assert masks[:, 0].all()
    assert masks[:3, 1].tolist() == (env.lanes.sites.footprint[0, :3] <= env.lanes.sites.memory[0]).tolist()
    assert masks[5:9, 1].tolist() == (env.lanes.requests[0, :4] > 0).tolist()
    assert not masks[[3, 4, 9, 10], 1].any()


@pytest.mark.skipif(not INSTALLED, reason="needs the extra rl")
@pytest.mark.parametrize("learner", sb3.LEARNERS)
def test_every_learner_is_scored_by_the_referee(learner: str) -> None:
    told = ran("--steps", "16", "--copies", "2", "--learner", learner)
    assert told.exit_code == 0, told.output
    words = told.output.split()
    assert float(words[words.index("costs") + 1]) >= 1.0
    assert float(words[words.index("policy") + 1]) >= 1.0


def test_without_the_libraries_one_line_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sb3, "find_spec", lambda _: None)
    told = ran("--steps", "16")
    assert told.exit_code == 0
    assert told.output.count("\n") == 1
    assert "edgeopt[rl]" in told.output


@pytest.mark.skipif(not INSTALLED, reason="needs the extra rl")
def test_an_unknown_learner_is_named_on_one_line() -> None:
    told = ran("--learner", "sarsa")
    assert told.exit_code == 2
    assert told.output.strip() == "error: learner = 'sarsa': must be one of ppo, maskable, recurrent"
