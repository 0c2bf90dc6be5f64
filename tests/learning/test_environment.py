"""The environment pays the referee's cost, shows nothing of the future and plays what is feasible."""

from __future__ import annotations

import subprocess
import sys
import warnings
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeopt.problem import Instance, Plan, cloud_only_cost, evaluate, scenario, scenario_names, violations
from edgeopt.problem.errors import InvalidOption, InvalidPlan
from strategies import random_instance

gymnasium = pytest.importorskip("gymnasium")

from edgeopt.learning import (  # noqa: E402
    ActionPolicy,
    EdgeServingEnv,
    EdgeServingVectorEnv,
    scenario_source,
    windows,
)
from edgeopt.solvers import simulate  # noqa: E402


def draw(seed: int, **sizes: int) -> Instance:
    """One server with limits, contexts and savings of both signs."""
    given_sizes = {"slots": 9, "servers": 1, "models": 4, "services": 7} | sizes
    return random_instance(np.random.default_rng(seed), **given_sizes)


def play(env: EdgeServingEnv, rng: np.random.Generator, **options: Any) -> tuple[Plan, float, float]:
    """Play random actions to the end; return plan, return and the sum of cloud-only costs."""
    env.reset(options=options or None)
    cached, served, total, cloud, over = [], [], 0.0, 0.0, False
    while not over:
        size = env.action_space.shape
        _, reward, terminated, truncated, info = env.step(rng.uniform(-1, 1, size))
        cached.append(info["cached"])
        served.append(info["served"])
        total += reward
        cloud += info["cloud_only"]
        assert reward == pytest.approx(-info["cost_terms"].sum())
        over = terminated or truncated
    return Plan(np.stack(cached)[:, None], np.stack(served)[:, None]), total, cloud


@pytest.mark.parametrize("name", scenario_names())
def test_return_is_minus_the_refereed_cost(name: str) -> None:
    instance = scenario(name, slots=40, seed=3)
    plan, total, cloud = play(EdgeServingEnv(instance), np.random.default_rng(0))
    assert -total == pytest.approx(evaluate(instance, plan).total, rel=1e-9)
    assert cloud == pytest.approx(cloud_only_cost(instance), rel=1e-9)


@given(
    st.integers(0, 10**6), st.sampled_from(["knapsack", "sequential"]), st.sampled_from(["scores", "binary"])
)
def test_every_action_becomes_feasible(seed: int, fill: Any, action: Any) -> None:
    instance = draw(seed)
    env = EdgeServingEnv(instance, fill=fill, action=action, max_models=6, max_services=9)
    plan, total, _ = play(env, np.random.default_rng(seed))
    real = Plan(plan.cached[..., :4], plan.served[..., :7])
    assert not violations(instance, real)
    assert not plan.cached[..., 4:].any()
    assert not plan.served[..., 7:].any()
    assert -total == pytest.approx(evaluate(instance, real).total, rel=1e-9, abs=1e-12)


def test_checkers_are_content() -> None:
    from gymnasium.utils.env_checker import check_env

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        check_env(gymnasium.make("edgeopt/EdgeServing-v0", source=draw(0)).unwrapped)
        check_env(EdgeServingEnv(draw(0), action="binary"))


@pytest.mark.parametrize("action", ["scores", "binary"])
def test_stable_baselines_is_content(action: Any) -> None:
    checker = pytest.importorskip("stable_baselines3.common.env_checker")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        checker.check_env(EdgeServingEnv(draw(0), action=action))


def test_nothing_shown_depends_on_the_future() -> None:
    first = draw(5, slots=12)
    other = np.array(first.requests)
    other[7:] = np.random.default_rng(1).integers(0, 50, other[7:].shape)
    envs = [EdgeServingEnv(one) for one in (first, first.with_requests(other))]
    seen = [env.reset(seed=0)[0] for env in envs]
    rng = np.random.default_rng(2)
    for slot in range(10):
        same = all(np.array_equal(seen[0][name], seen[1][name]) for name in seen[0])
        assert same == (slot < 7)
        action = rng.uniform(-1, 1, envs[0].action_space.shape)
        seen = [env.step(action)[0] for env in envs]


@pytest.mark.parametrize("slots", [None, 5])
def test_batched_plays_bit_for_bit_what_single_environments_play(slots: int | None) -> None:
    """Sizes, services and lengths differ, so that lanes fall out of step."""
    source = [draw(0), draw(1, slots=4, models=3, services=5), draw(2, slots=6), draw(3)]
    batched = EdgeServingVectorEnv(source, 5, slots=slots)
    singles = [EdgeServingEnv(source, slots=slots) for _ in range(5)]
    seen, _ = batched.reset(seed=11)
    own = [env.reset(seed=11 + lane)[0] for lane, env in enumerate(singles)]
    rng = np.random.default_rng(0)
    endings = 0
    for _ in range(30):
        for lane, single in enumerate(own):
            assert all(np.array_equal(seen[name][lane], single[name]) for name in single)
        actions = rng.uniform(-1, 1, batched.action_space.shape)
        seen, rewards, terminated, truncated, infos = batched.step(actions)
        for lane, env in enumerate(singles):
            own[lane], reward, done, cut, info = env.step(actions[lane])
            assert (reward, done, cut) == (rewards[lane], terminated[lane], truncated[lane])
            assert np.array_equal(info["cost_terms"], infos["cost_terms"][lane])
            if done or cut:
                final = infos["final_obs"][lane]
                assert infos["_final_obs"][lane]
                assert all(np.array_equal(final[name], own[lane][name]) for name in final)
                assert np.array_equal(infos["final_info"]["served"][lane], info["served"])
                own[lane], began = env.reset()
                assert infos["episode"][lane] == began["episode"]
                endings += 1
    assert endings > 10


def test_an_end_is_a_termination_and_a_cut_a_truncation() -> None:
    instance = draw(4, slots=6)
    action = np.ones(11, np.float32)
    env = EdgeServingEnv(instance)
    env.reset(seed=0)
    ends = [env.step(action)[2:4] for _ in range(6)]
    assert ends == [(False, False)] * 5 + [(True, False)]
    with pytest.raises(gymnasium.error.ResetNeeded):
        env.step(action)
    env = EdgeServingEnv(instance, slots=3)
    env.reset(seed=0)
    steps = [env.step(action) for _ in range(3)]
    assert [step[2:4] for step in steps] == [(False, False)] * 2 + [(False, True)]
    arrivals = steps[-1][0]["services"][:, 11] ** 2
    assert arrivals == pytest.approx(instance.requests[3, 0], rel=1e-5)


def test_seeds_and_named_episodes_decide_the_run() -> None:
    source = scenario_source("decoy", seeds=range(6), size="small", slots=8)
    assert source.sizes == (6, 10)
    assert source[2] == scenario("decoy", seed=2, split="train", size="small", slots=8)
    runs = []
    for _ in range(2):
        env = gymnasium.make_vec("edgeopt/EdgeServing-v0", num_envs=3, source=source)
        env.reset(seed=5)
        rng = np.random.default_rng(0)
        steps = [env.step(rng.uniform(-1, 1, env.action_space.shape)) for _ in range(20)]
        runs.append(np.array([step[1] for step in steps]))
    assert np.array_equal(*runs)
    single = EdgeServingEnv(source)
    assert single.reset(options={"episode": 4})[1] == {"episode": 4}
    with pytest.raises(InvalidOption, match="episodes 0 to 5"):
        single.reset(options={"episode": 6})


def test_windows_of_a_long_instance_keep_training_before_tests() -> None:
    whole = draw(6, slots=20)
    early, late = windows(whole, 6, part=(0.0, 0.7)), windows(whole, 6, part=(0.7, 1.0))
    assert [one.slots for one in (*early, *late)] == [6, 6, 6]
    assert np.array_equal(late[0].requests, whole.requests[14:])
    with pytest.raises(InvalidOption, match="no whole one"):
        windows(whole, 7, part=(0.7, 1.0))


def test_a_plan_is_played_as_it_is_or_refused() -> None:
    instance = Instance(
        requests=[[3, 1], [2, 2]], service_model=[0, 1], memory=2.0, footprint=[1.0, 2.0], cloud_cost=1.0
    )
    env = EdgeServingEnv(instance)
    env.reset(seed=0)
    _, reward, *_, info = env.step_plan(np.array([True, False]), np.array([2, 0]))
    assert reward == -2.0
    assert info["served"].tolist() == [2, 0]
    for cached, served in (([True, True], [0, 0]), ([True, False], [0, 1]), ([True, False], [3, 0])):
        with pytest.raises(InvalidPlan, match="lane 0, slot 1"):
            env.step_plan(np.array(cached), np.array(served))
    with pytest.raises(InvalidPlan, match="served: float64"):
        env.step_plan(np.array([True, False]), np.array([0.0, 0.0]))


def test_projection_solves_the_knapsack_and_fills_by_saving_per_work() -> None:
    """Memory 6: scores 5 for size 4 against 3 + 3 for 3 + 3; GPU time 4 goes to the dearer cloud."""
    instance = Instance(
        requests=[[4, 4, 4]],
        service_model=[0, 1, 2],
        memory=6.0,
        footprint=[4.0, 3.0, 3.0],
        cloud_cost=[1.0, 1.0, 2.0],
        compute=4.0,
        work=1.0,
    )
    exact, greedy = EdgeServingEnv(instance), EdgeServingEnv(instance, fill="sequential")
    for env in (exact, greedy):
        env.reset(seed=0)
    scores, shares = np.array([5.0, 3.0, 3.0]), np.array([1.0, 1.0, 0.75])
    cached, served = exact.project_scores(scores, shares)
    assert cached.tolist() == [False, True, True]
    assert served.tolist() == [0, 1, 3]
    assert greedy.project_scores(scores, shares)[0].tolist() == [True, False, False]
    assert exact.serve(np.array([True, False, False]), shares).tolist() == [4, 0, 0]


def test_requests_that_lose_now_are_served_last_if_wanted() -> None:
    instance = Instance(
        requests=[[4, 4, 4]],
        service_model=[0, 0, 0],
        memory=1.0,
        footprint=[1.0],
        cloud_cost=[1.0, 0.2, 0.1],
        computation_cost=0.5,
        compute=7.0,
        work=[1.0, 2.0, 1.0],
    )
    env = EdgeServingEnv(instance)
    env.reset(seed=0)
    assert env.project_scores(np.ones(1), np.ones(3))[1].tolist() == [4, 1, 1]


def test_what_nobody_needs_room_for_stays() -> None:
    env = EdgeServingEnv(draw(8, models=2).replace(memory=100.0), action="binary")
    env.reset(seed=0)
    env.step(np.array([1, 0] + [0] * 7))
    assert env.project(np.zeros(9, int))[0].tolist() == [True, False]


def test_an_acting_function_is_an_online_policy() -> None:
    """The same function in the environment and in `simulate` plays the same plan."""
    instance = draw(9, slots=12)
    weights = np.random.default_rng(0).normal(size=(11, 4 * 25 + 7 * 15))

    def act(seen: dict[str, Any]) -> Any:
        return np.tanh(weights @ np.concatenate([seen["models"].ravel(), seen["services"].ravel()]))

    env = EdgeServingEnv(instance)
    seen, _ = env.reset(seed=0)
    total, over = 0.0, False
    while not over:
        seen, reward, over, _, _ = env.step(act(seen))
        total += reward
    plan = simulate(instance, ActionPolicy(act=act))
    assert evaluate(instance, plan).total == pytest.approx(-total, rel=1e-9)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"action": "wishes"}, "action = 'wishes'"),
        ({"fill": "best"}, "fill = 'best'"),
        ({"slots": 0}, "slots = 0"),
        ({"max_models": 3}, "the source has episodes with 4 models"),
        ({"source": 3}, "source: int is none of"),
        ({"source": []}, "source: holds nothing"),
    ],
)
def test_bad_arguments_are_named(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidOption, match=message):
        EdgeServingEnv(**({"source": draw(0)} | arguments))


def test_bad_actions_are_named() -> None:
    env = EdgeServingEnv(draw(0))
    env.reset(seed=0)
    with pytest.raises(InvalidOption, match="shape"):
        env.step(np.zeros(3))
    with pytest.raises(InvalidOption, match="not finite"):
        env.step(np.full(11, np.nan))


def test_a_batch_must_be_reset_first() -> None:
    with pytest.raises(InvalidOption, match="reset first"):
        EdgeServingVectorEnv(draw(0), 2).step(np.zeros((2, 11)))


def test_without_gymnasium_one_line_says_what_to_install() -> None:
    code = (
        "import importlib.util as u; real = u.find_spec\n"
        "u.find_spec = lambda name, *rest: None if name == 'gymnasium' else real(name, *rest)\n"
        "try:\n    import edgeopt.learning\nexcept ImportError as error:\n    print(error)"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout == "edgeopt.learning: gymnasium is not installed; pip install 'edgeopt[learning]'\n"
