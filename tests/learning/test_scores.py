"""Scores and whole runs in compiled code, against the policy played before the referee."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from edgeopt.problem import evaluate
from edgeopt.solvers import simulate

torch = pytest.importorskip("torch")
pytest.importorskip("gymnasium")

from edgeopt.learning import T2DRL, WithHistory, scenario_source  # noqa: E402
from edgeopt.learning.foresight.regression import foretold  # noqa: E402
from edgeopt.learning.foresight.traces import read_traces  # noqa: E402
from edgeopt.learning.networks.network import FORESIGHT  # noqa: E402
from edgeopt.learning.scores.evolution import Evolution, EvolutionOptions  # noqa: E402
from edgeopt.learning.scores.features import WEIGHTS, World, first_weights, slot_features  # noqa: E402
from edgeopt.learning.scores.runs import Runs  # noqa: E402
from edgeopt.learning.t2drl.config import Config  # noqa: E402
from edgeopt.solvers.policies.protocol import Site  # noqa: E402


def learner(core: str = "ttt") -> T2DRL:
    """An untrained network with weights at which everything in the score counts."""
    torch.manual_seed(0)
    config = Config(core=core, width=8, inner_batch=4)
    rng = np.random.default_rng(0)
    weights = first_weights() + 0.1 * rng.normal(size=len(WEIGHTS))
    return T2DRL(config.network(), config, {"own": weights}, "foresight", {})


@pytest.mark.parametrize("name", ["decoy", "realistic", "context-rich"])
@pytest.mark.parametrize("core", ["ttt", "gru"])
def test_a_compiled_run_costs_what_the_policy_costs(name: str, core: str) -> None:
    source = scenario_source(name, seeds=range(3), size="small", slots=50)
    trained = learner(core)
    traces = read_traces(WithHistory(source, 1), range(3))
    costs = Runs(traces, foretold(trained.network, traces)).costs(trained.profiles["own"])
    for episode in range(3):
        policy = trained.as_policy().fit([source[(episode + 1) % 3]])
        plan = simulate(source[episode], policy)
        assert costs[episode] == pytest.approx(evaluate(source[episode], plan).total, rel=1e-12)


def test_features_by_hand() -> None:
    """One model, one service: window 4, gain 1, vanish 0, savings 1 + context, 3 requests at context 1."""
    source = scenario_source("decoy", seeds=range(1), size="small", slots=4)
    site = Site.of(source[0], 0)
    world = World.of(site)._replace(
        service_model=np.zeros(1, np.int64), footprint=np.array([2.0]), memory=8.0, work=np.array([1.0]),
        compute=2.0, energy=np.zeros(1), energy_budget=np.inf, window=np.array([4]), gain=np.array([1]),
        vanish=np.array([0]), saving=np.array([[1.0, 2.0, 3.0, 4.0, 5.0]]), load=np.array([10.0]), unit=1.0,
    )  # fmt: skip
    foreseen = np.zeros((1, len(FORESIGHT)))
    foreseen[0, 0], foreseen[0, 1] = 2.0, 1.0
    foreseen[0, -4:] = 1.0, 3.0, 5.0, 9.0
    features, wanted = np.zeros((1, len(WEIGHTS))), np.zeros(1, np.int64)
    found = {}
    for cached in (True, False):
        slot_features(
            world, np.array([3]), np.array([1]), np.array([cached]), np.array([2.5]),
            np.array([1.5 - 1e-3]), foreseen, np.array([2.0]), 2, features, wanted,
        )  # fmt: skip
        found[cached] = dict(zip(WEIGHTS, features[0].tolist(), strict=True))
    assert wanted.tolist() == [3]
    kept, absent = found[True], found[False]
    over = 1.0 - 1.0 / 1.5
    assert (kept["now"], absent["now"]) == (6.0, 3.0)
    assert (kept["stay"], kept["load"], absent["stay"], absent["load"]) == (10.0, 0.0, 0.0, -10.0)
    assert kept["room"] == -25.0
    assert kept["crowd"] == pytest.approx(-6.0 * over)
    assert kept["work"] == pytest.approx(-10 * 1.5 * over)
    # demand 2 (1.5 + 0.5) = 4 in the first span, 1 x 2 in the second, of which one slot is left
    assert kept["cached_held_1"] == pytest.approx(4.0 * 5.0)
    assert absent["absent_held_1"] == pytest.approx(4.0 * 4.0)
    assert absent["absent_grown_1"] == pytest.approx(4.0 * 1.0)
    assert kept["cached_held_2"] == pytest.approx(2.0 * 5.0)
    assert kept["cached_held_4"] == 0.0
    # 2.5 and 1.5 requests in each of the two slots that are left
    assert kept["cached_held_fast"] == pytest.approx(5.0 * 5.0)
    assert absent["absent_held_fast"] == pytest.approx(5.0 * 4.0)
    assert absent["absent_grown_fast"] == pytest.approx(5.0 * 1.0)
    assert kept["cached_held_slow"] == pytest.approx(3.0 * 5.0)
    assert absent["absent_grown_slow"] == pytest.approx(3.0 * 1.0)
    assert kept["absent_held_fast"] == kept["absent_held_slow"] == absent["cached_held_fast"] == 0.0
    assert kept["absent_held_1"] == 0.0
    assert kept["cached_worth"] == pytest.approx((1.0 + 0.25 * 2.0) * 2.0)
    assert kept["cached_priced"] == pytest.approx((5.0 + 0.25 * 4.0) * 2.0)
    assert (absent["absent_worth"], absent["absent_priced"]) == (2.0, 10.0)


class Bowl:
    """Runs whose cost is the squared distance of the weights from a point."""

    def __len__(self) -> int:
        return 5

    def each(self, members: Any, rows: Any = None) -> Any:
        point = np.linspace(-1.0, 1.0, len(WEIGHTS))
        depth = ((np.array(members) - point) ** 2).sum(axis=1)
        return np.repeat(depth[:, None], 5 if rows is None else len(rows), axis=1)


def test_evolution_finds_the_bottom_of_a_bowl_and_resumes_to_the_same_place() -> None:
    options = EvolutionOptions(generations=150, population=16, episodes=3, step=0.3)
    search = Evolution(Bowl(), options, seed=3)
    while not search.finished:
        search.advance()
    found, start = Bowl().each([search.weights, first_weights()])[:, 0]
    assert found < 0.05 * start
    half = Evolution(Bowl(), options, seed=3)
    for _ in range(70):
        half.advance()
    again = Evolution(Bowl(), options, seed=3)
    again.replay(half.told)
    while not again.finished:
        again.advance()
    assert np.array_equal(again.weights, search.weights)
    assert not np.array_equal(Evolution(Bowl(), dataclasses.replace(options), seed=4).weights, search.weights)
