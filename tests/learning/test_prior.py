"""The starting scores of a learner play the index policy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from edgeopt.problem import evaluate, scenario
from edgeopt.problem.errors import InvalidOption
from edgeopt.solvers import policy, simulate

pytest.importorskip("gymnasium")

from edgeopt.learning import EdgeServingEnv, EdgeServingVectorEnv, scenario_source
from edgeopt.learning.serving.prior import Prior, PriorOptions

OPTIONS: dict[str, Any] = {"memory": 0.85, "persistence": 0.9, "horizon": 20, "stickiness": 0.8}


def ask(prior: Prior, lanes: Any) -> tuple[Any, Any]:
    return prior.scores(lanes.sites, lanes.requests, lanes.cached, lanes.context, lanes.slot, lanes.slots_of)


@pytest.mark.parametrize("name", ["decoy", "hotset"])
def test_a_zero_residual_is_the_index_policy(name: str) -> None:
    instance = scenario(name, seed=2, size="small", slots=60)
    plan = simulate(instance, policy("index", **OPTIONS))
    env = EdgeServingEnv(instance)
    env.reset(seed=0)
    prior, total = Prior(PriorOptions(**OPTIONS), 1, env.lanes.services), 0.0
    for slot in range(instance.slots):
        scores, shares = ask(prior, env.lanes)
        cached, served = env.project_scores(scores[0], shares[0])
        assert np.array_equal(cached, plan.cached[slot, 0])
        assert np.array_equal(served, plan.served[slot, 0])
        total += env.step_plan(cached, served)[1]
    assert evaluate(instance, plan).total == pytest.approx(-total, rel=1e-9)


def test_a_lane_that_begins_anew_forgets() -> None:
    """In the second episode of a lane the scores are those of a fresh prior."""
    source = scenario_source("decoy", seeds=[3], size="small", slots=10)
    envs = EdgeServingVectorEnv(source, 2)
    envs.reset(seed=0)
    prior, first = Prior(PriorOptions(), 2, envs.lanes.services), []
    for slot in range(15):
        scores, shares = ask(prior, envs.lanes)
        if slot < 10:
            first.append(scores)
        else:
            assert np.array_equal(scores, first[slot - 10])
        envs.step_plan(*envs.project_scores(scores, shares), check=False)


@pytest.mark.parametrize(
    ("option", "value"),
    [("memory", 1.5), ("persistence", -0.1), ("horizon", -1), ("stickiness", float("nan"))],
)
def test_bad_options_are_named(option: str, value: float) -> None:
    with pytest.raises(InvalidOption, match=f"prior: {option}"):
        PriorOptions(**{option: value})
