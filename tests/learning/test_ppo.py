"""PPO: advantages by hand, the ratio is one at first, runs resume bit-equal, and it learns what it can."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from edgeopt.problem import Instance, evaluate, scenario
from edgeopt.problem.errors import InvalidOption
from edgeopt.solvers import solve

torch = pytest.importorskip("torch")
pytest.importorskip("gymnasium")

from edgeopt.learning import as_source, scenario_source  # noqa: E402
from edgeopt.learning.algorithms.ppo import PPO, advantages, returns  # noqa: E402
from edgeopt.learning.algorithms.ppo_options import PPOOptions  # noqa: E402
from edgeopt.learning.algorithms.rollout import Chance, Player  # noqa: E402
from edgeopt.learning.networks.cores import CORES  # noqa: E402
from edgeopt.learning.networks.network import Network  # noqa: E402
from edgeopt.learning.serving.prior import PriorOptions  # noqa: E402

QUICK = PPOOptions(updates=4, lanes=4, slots=10, epochs=2, minibatches=2)


def started(core: str = "gru", *, seed: int = 0, options: PPOOptions = QUICK, adapt: bool = True) -> PPO:
    """A run on two short episodes; their 12 slots are cut to 10."""
    torch.manual_seed(5)
    source = scenario_source("decoy", seeds=range(2), models=4, services=6, slots=12)
    network = Network(core, width=8, inner_batch=4)
    return PPO(network, source, options=options, adapt=adapt, seed=seed)


def test_advantages_by_hand() -> None:
    """A run on two short episodes, whose 12 slots are cut to 10."""
    rewards, value = np.array([[1.0, 2.0, 3.0, 4.0]]), np.array([[1.0, 1.0, 2.0, 2.0]])
    following = np.array([[1.0, 0.0, 2.0, 8.0]])
    ended = np.array([[False, True, False, False]])
    # Errors: 1 + .5 - 1 = .5; 2 + 0 - 1 = 1; 3 + 1 - 2 = 2; 4 + 4 - 2 = 6. Carried with 1/4 within episodes.
    found = advantages(rewards, value, following, ended, 0.5, 0.5)
    assert found.tolist() == [[0.5 + 0.25, 1.0, 2.0 + 1.5, 6.0]]
    assert returns(rewards, ended, 0.5).tolist() == [[2.0, 2.0, 5.0, 4.0]]


@pytest.mark.parametrize("core", CORES)
def test_the_ratio_is_one_at_first(core: str) -> None:
    """Drawn slot by slot, recomputed over whole lanes; in the second update too, with trained weights."""
    run = started(core)
    assert run.update()["ratio_error"] < 1e-4
    assert run.update()["ratio_error"] < 1e-4


def test_a_twin_without_the_inner_loop_is_consistent_too() -> None:
    """Played and judged alike, and not as the network that adapts: the labels' view is never learnt."""
    run = started("ttt", adapt=False)
    before = run.network.core.value.weight.clone()
    assert max(run.update()["ratio_error"], run.update()["ratio_error"]) < 1e-4
    assert torch.equal(run.network.core.value.weight, before)
    adapting = started("ttt")
    adapting.update()
    adapting.update()
    assert not torch.equal(adapting.network.core.value.weight, before)


def test_with_one_step_an_update_is_the_policy_gradient() -> None:
    """Nothing is clipped and nothing has moved where the ratio is one."""
    told = started(options=replace(QUICK, epochs=1, minibatches=1)).update()
    assert told["clipped"] == 0.0
    assert told["moved"] == pytest.approx(0.0, abs=1e-6)


def test_seeds_decide_everything() -> None:
    def weights(seed: int) -> Any:
        run = started(seed=seed)
        run.update()
        return run.state()[0]

    first, second, other = weights(1), weights(1), weights(2)
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert not all(torch.equal(first[name], other[name]) for name in first)


@pytest.mark.parametrize("core", ["ttt", "none"])
def test_a_resumed_run_ends_bit_equal(core: str) -> None:
    """The state goes through JSON; the network it is restored into was initialised otherwise."""
    whole = started(core)
    while not whole.finished:
        whole.update()
    killed = started(core)
    killed.update()
    killed.update()
    tensors, rest = killed.state()
    kept, rest = {name: one.clone() for name, one in tensors.items()}, json.loads(json.dumps(rest))
    killed.update()  # what happens after the state was taken does not change it
    resumed = started(core)
    torch.nn.init.normal_(resumed.network.join.weight)
    resumed.restore(kept, rest)
    while not resumed.finished:
        resumed.update()
    assert all(torch.equal(tensors[name], kept[name]) for name in kept)
    for name, one in whole.state()[0].items():
        assert torch.equal(one, resumed.state()[0][name]), name


def test_a_state_of_something_else_is_refused() -> None:
    run = started("none")
    tensors, rest = started("gru").state()
    with pytest.raises(InvalidOption, match="does not belong to this network"):
        run.restore(tensors, rest)
    tensors, rest = run.state()
    with pytest.raises(InvalidOption, match="seed 7"):
        run.restore(tensors, rest | {"seed": 7})
    with pytest.raises(InvalidOption, match="does not belong"):
        run.restore(tensors | {"other": tensors["network.demand.bias"]}, rest)


@pytest.mark.parametrize(
    ("option", "value"),
    [("updates", 0), ("clip", 0.0), ("discount", 1.5), ("entropy", -1.0), ("minibatches", 65)],
)
def test_bad_options_are_named(option: str, value: Any) -> None:
    with pytest.raises(InvalidOption, match=f"ppo: {option}"):
        PPOOptions(**{option: value})


def bandit() -> Instance:
    """One model of four pays for its load; the starting policy looks one slot ahead and never loads it."""
    return scenario("stationary", seed=0, split="train", slots=24, models=4, services=6)


def test_it_learns_what_the_starting_policy_does_not_know() -> None:
    instance = bandit()
    source, short = as_source(instance), PriorOptions(horizon=1)
    torch.manual_seed(0)
    options = PPOOptions(
        updates=12,
        lanes=16,
        epochs=4,
        minibatches=2,
        learning_rate=0.01,
        temperature=3.0,
        temperature_end=0.5,
        averaging=0.5,
    )
    run = PPO(Network("none", width=16), source, options=options, prior=short, seed=0)
    while not run.finished:
        run.update()
    played = Player(source, 1, instance.slots, short).play(run.best(), [0], [0])
    best = evaluate(instance, solve(instance).plan).total / instance.cloud_cost.mean()
    assert played.cost_of_prior.sum() > 1.25 * best
    assert best * (1.0 - 1e-9) <= played.cost.sum() < 1.02 * best


def test_untrained_the_knapsack_plays_the_starting_policy() -> None:
    player = Player(scenario_source("workflow", seeds=range(3), slots=20), 3, 20, PriorOptions())
    played = player.play(Network("gru", width=8), [0] * 3, [0, 1, 2])
    assert np.array_equal(played.cost, played.cost_of_prior)


def test_a_cut_rollout_sees_what_follows_and_an_ended_one_begins_anew() -> None:
    """Episodes of 12 slots: 10 do not end them, 15 do after slot 11, with the same successors."""
    source = scenario_source("decoy", seeds=range(2), models=4, services=6, slots=12)
    network, generator = Network("gru", width=8), np.random.default_rng(0)
    cut = Player(source, 2, 10, PriorOptions()).play(network, [1, 2], [0, 1], Chance(1.0, generator))
    assert not cut.terminated.any()
    assert cut.begins.sum() == 2
    assert cut.seen["models"].shape[1] == cut.value.shape[1] == 11
    assert np.array_equal(cut.seen["models"][0, 10, :, 3].numpy() ** 2 > 0.5, requests_of(source[0], 10) > 0)
    long = Player(source, 2, 15, PriorOptions()).play(network, [1, 2], [0, 1], Chance(1.0, generator))
    assert [np.flatnonzero(row).tolist() for row in long.terminated] == [[11], [11]]
    assert [np.flatnonzero(row).tolist() for row in long.begins.numpy()] == [[0, 12], [0, 12]]


def requests_of(instance: Instance, slot: int) -> Any:
    """Requests of each model (M,)."""
    return np.bincount(instance.service_model, instance.requests[slot, 0], instance.models)


def test_drawn_plans_are_feasible() -> None:
    """Checked slot by slot against the referee's constraints, in a world where GPU time binds."""
    source = scenario_source("realistic", seeds=range(2), slots=8)
    player = Player(source, 2, 8, PriorOptions())
    env, plain = player._env, player._env.step_plan

    def checked(cached: Any, served: Any, *, check: bool) -> Any:
        assert not check
        return plain(cached, served, check=True)

    env.step_plan = checked  # type: ignore[method-assign]
    player.play(Network("none", width=8), [0, 0], [0, 1], Chance(5.0, np.random.default_rng(0)))


def test_what_is_remembered_of_the_starting_policy_changes_nothing() -> None:
    """The second rollout takes it from memory; it is the one of a player that has none."""
    source = scenario_source("decoy", seeds=range(3), models=4, services=6, slots=12)
    torch.manual_seed(2)
    network = Network("ttt", width=8)
    torch.nn.init.normal_(network.score[-1].weight)
    for slots in (10, 12, 15):
        player = Player(source, 2, slots, PriorOptions())
        for lanes in ([0, 1], [1, 2], [2, 1]):
            again = player.play(network, [1, 2], lanes)
            fresh = Player(source, 2, slots, PriorOptions()).play(network, [1, 2], lanes)
            assert np.array_equal(again.cost, fresh.cost)
            assert np.array_equal(again.cost_of_prior, fresh.cost_of_prior)
            over = np.pad(fresh.terminated, ((0, 0), (1, 0)))[:, -1]
            assert np.array_equal(again.value[:, :-1], fresh.value[:, :-1])
            assert np.array_equal(again.value[~over, -1], fresh.value[~over, -1])
