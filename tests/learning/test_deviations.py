"""Deviations against runs before the referee; the loss by hand; a training that goes on from another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgeopt.problem import Instance, evaluate
from edgeopt.problem.errors import InvalidOption
from edgeopt.solvers import simulate
from edgeopt.solvers.policies.protocol import Decision, Observation, Site

torch = pytest.importorskip("torch")
pytest.importorskip("gymnasium")
pytest.importorskip("cma")

from edgeopt.learning import T2DRL, as_source, scenario_source  # noqa: E402
from edgeopt.learning.algorithms.deviation_options import DeviationOptions  # noqa: E402
from edgeopt.learning.algorithms.foresight import ForesightOptions  # noqa: E402
from edgeopt.learning.foresight.regression import foretold  # noqa: E402
from edgeopt.learning.foresight.traces import read_traces  # noqa: E402
from edgeopt.learning.networks.network import FORESIGHT  # noqa: E402
from edgeopt.learning.scores.deviations import Deviations, deviations  # noqa: E402
from edgeopt.learning.scores.evolution import EvolutionOptions  # noqa: E402
from edgeopt.learning.scores.features import WEIGHTS, first_weights  # noqa: E402
from edgeopt.learning.scores.improvement import Choices, lost, positive  # noqa: E402
from edgeopt.learning.scores.runs import Runs  # noqa: E402
from edgeopt.learning.t2drl.agent import T2DRLAgent  # noqa: E402
from edgeopt.learning.t2drl.config import Config  # noqa: E402

SMALL = Config(width=6, inner_batch=5)


def learner() -> T2DRL:
    """An untrained network with weights at which everything in the score counts."""
    torch.manual_seed(0)
    weights = first_weights() + 0.1 * np.random.default_rng(0).normal(size=len(WEIGHTS))
    return T2DRL(SMALL.network(), SMALL, {"own": weights}, "foresight", {})


class Deviating(T2DRLAgent):
    """Keeps one model out, or brings it in, in one slot: the best set under that by trying all."""

    at: tuple[int, int] = (-1, -1)
    difference = 0.0

    def decide(self, observation: Observation) -> Decision:
        usual = super().decide(observation)
        slot, model = self.at
        if observation.slot != slot:
            return usual
        site, scores = self._site, self._features @ self._weights
        wanted = not usual.cached[model]
        sets = [
            np.array(one, bool) for one in product((False, True), repeat=site.models) if one[model] == wanted
        ]
        fitting = [one for one in sets if (site.footprint * one).sum() <= site.memory]
        if not fitting:
            return usual
        # Only what has a positive score is chosen, but for the model that is brought in.
        fitting = [one for one in fitting if all(scores[j] > 0 or j == model for j in np.flatnonzero(one))]
        cached = max(fitting, key=lambda one: float(scores[one].sum()))
        for kept in np.argsort(-scores, kind="stable"):
            fits = (site.footprint * cached).sum() + site.footprint[kept] <= site.memory
            if observation.cached[kept] and not cached[kept] and fits and kept != model:
                cached[kept] = True
        self.difference = float(scores[cached].sum() - scores[usual.cached].sum())
        served = np.where(cached[site.service_model], self._wanted, 0)
        return Decision(cached, served)


def cost_of(instance: Instance, trained: T2DRL, at: tuple[int, int]) -> tuple[float, float]:
    """Cost before the referee of deviating at a slot from a model, and the difference of the sets' scores."""
    agent = Deviating(trained.network, trained.profiles["own"], Site.of(instance, 0), None)
    agent.at = at

    class Policy:
        name, clairvoyant = "deviating", False

        def start(self, *_: Any) -> T2DRLAgent:
            return agent

    total = evaluate(instance, simulate(instance, Policy())).total  # type: ignore[arg-type]
    return total, agent.difference


def test_a_deviation_saves_what_the_referee_says() -> None:
    source = scenario_source("decoy", seeds=range(1), size="small", slots=30)
    trained, instance = learner(), source[0]
    traces = read_traces(source, [0])
    runs = Runs(traces, foretold(trained.network, traces))
    draws = np.random.default_rng(1).random((30, 3))
    found = deviations(runs, 0, trained.profiles["own"], draws)
    assert 30 < len(found.gain) <= 90
    assert len({round(gain, 6) for gain in found.gain}) > 20
    usual = float(runs.costs(trained.profiles["own"])[0])
    known = positive(torch.from_numpy(runs.seen(0).foretold))
    for slot in range(0, 30, 4):
        others = [cost_of(instance, trained, (slot, model)) for model in range(instance.models)]
        for row in np.flatnonzero(found.slot == slot):
            gains = np.array([usual - cost for cost, _ in others])
            match = np.flatnonzero(np.abs(gains - found.gain[row]) < 1e-7 * usual)
            score = found.plain[row] + float((found.slope[row] * known[slot].numpy()).sum())
            assert any(others[model][1] == pytest.approx(score, rel=1e-5) for model in match), (slot, row)


def test_a_run_without_deviations_teaches_nothing() -> None:
    none = Deviations(np.zeros(0, np.int64), np.zeros(0), np.zeros(0), np.zeros((0, 1, len(FORESIGHT))))
    said = torch.ones(2, 3, 1, len(FORESIGHT), requires_grad=True)
    found = lost(said, [Choices.of(none, 1.0)] * 2, 1.0)
    found.backward()
    assert found.item() == 0.0
    assert not said.grad.any()


def test_a_world_where_every_model_stays_is_trained_on_without_harm(start: T2DRL) -> None:
    """All fit and are asked for at once, so that no deviation changes anything after the first slots."""
    roomy = Instance(
        requests=np.full((12, 2), 5), service_model=[0, 1], memory=9.0, footprint=[1.0, 1.0], cloud_cost=1.0
    )
    source = as_source([roomy] * 10)
    improved = T2DRL.train({"decoy": source}, algorithm="deviations", options=OPTIONS, start=start)
    assert all(bool(torch.isfinite(one).all()) for one in improved.network.state_dict().values())


def test_loss_by_hand() -> None:
    """Gains 2 and -4 at scores 0 and log 3: chosen with 1/2 and 3/4."""
    slope = np.zeros((2, 1, len(FORESIGHT)))
    slope[0, 0, 0], slope[1, 0, -1] = 1.0, 1.0
    one = Deviations(np.array([0, 1]), np.array([4.0, -8.0]), np.array([6.0, 0.0]), 2.0 * slope)
    said = torch.zeros(1, 2, 1, len(FORESIGHT))
    said[0, 0, 0, 0], said[0, 1, 0, -1] = -7.0, np.log(3.0)
    said.requires_grad_()
    # Foretold demand of -7 counts as none, so only what is plain is left: 6 / 2 = 3.
    found = lost(said, [Choices.of(one, 2.0)], 1.0)
    assert found.item() == pytest.approx(-(2.0 / (1.0 + np.exp(-3.0)) - 4.0 * 0.75) / 2.0)
    found.backward()
    assert said.grad[0, 0, 0, 0] == 0.0
    assert said.grad[0, 1, 0, -1] == pytest.approx(4.0 * 0.75 * 0.25 / 2.0)


SEARCH = EvolutionOptions(generations=6, refinements=3, population=6, episodes=2)
FORESIGHT_OPTIONS = ForesightOptions(examples=3, runs=3, priced=0, passes=1, history=1, evolution=SEARCH)
OPTIONS = DeviationOptions(examples=4, runs=3, rounds=2, passes=3, history=1, evolution=SEARCH)


def families(*names: str) -> dict[str, Any]:
    return {name: scenario_source(name, seeds=range(10), size="small", slots=25) for name in names}


@pytest.fixture(scope="module")
def start() -> T2DRL:
    return T2DRL.train(families("decoy", "hotset"), config=SMALL, options=FORESIGHT_OPTIONS)


class Killed(BaseException):
    """Stands for a kill between two updates."""


def test_a_killed_training_by_deviations_ends_bit_equal(start: T2DRL, tmp_path: Path) -> None:
    def kill(_done: int, _all: int, _scalars: Mapping[str, float]) -> None:
        raise Killed

    def train(**changes: Any) -> T2DRL:
        new = families("decoy", "hotset")
        return T2DRL.train(new, algorithm="deviations", options=OPTIONS, start=start, **changes)

    kills = 0
    for _ in range(30):
        try:
            again = train(folder=tmp_path, watch=kill)
            break
        except Killed:
            kills += 1
    whole = train()
    assert kills == OPTIONS.rounds * (OPTIONS.passes + 3)
    assert whole.digest(with_profiles=True) == again.digest(with_profiles=True)
    assert whole.digest() != start.digest()
    assert list(whole.profiles) == ["general", "decoy", "hotset"]
    assert T2DRL.load(tmp_path).digest(with_profiles=True) == whole.digest(with_profiles=True)


def test_passes_choose_what_saves_more(start: T2DRL) -> None:
    gains = []

    def note(_done: int, _all: int, scalars: Mapping[str, float]) -> None:
        gains.extend(value for name, value in scalars.items() if name == "deviations/gain")

    options = replace(OPTIONS, rounds=1, passes=12, learning_rate=3e-3, anchor=0.0)
    improved = T2DRL.train(
        families("decoy"), algorithm="deviations", options=options, start=start, watch=note
    )
    assert len(gains) == 12
    assert np.mean(gains[-3:]) > np.mean(gains[:3])
    assert list(improved.profiles) == ["decoy"]


def test_what_cannot_be_gone_on_from_is_refused(start: T2DRL) -> None:
    new = families("decoy")
    with pytest.raises(InvalidOption, match="start: deviations go on from a learner of foresight"):
        T2DRL.train(new, algorithm="deviations", options=OPTIONS)
    with pytest.raises(InvalidOption, match="the shape of the network"):
        T2DRL.train(new, algorithm="deviations", options=OPTIONS, start=start, config=Config(width=7))
    with pytest.raises(InvalidOption, match="family decoy has 10 episodes; 11 are needed"):
        T2DRL.train(new, algorithm="deviations", options=replace(OPTIONS, examples=8), start=start)
    with pytest.raises(InvalidOption, match="rounds = 0: must be at least 1"):
        replace(OPTIONS, rounds=0)
    with pytest.raises(InvalidOption, match="sharpness = 0"):
        replace(OPTIONS, sharpness=0.0)
