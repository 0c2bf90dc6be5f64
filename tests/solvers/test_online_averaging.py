"""Hindsight averaging with the true process: sensible where the answer is known, and told no future."""

from __future__ import annotations

import numpy as np
import pytest

from edgeopt.problem import Instance, InvalidOption, evaluate, scenario
from edgeopt.problem.processes import Chain, MarkovDemand, hot_cold, process_of, stretch
from edgeopt.problem.scenarios import scenario_workloads
from edgeopt.solvers import policy, simulate, solve
from edgeopt.solvers.online import HindsightAveraging, stochastic_programme


def plain_world(slots: int) -> Instance:
    return Instance(
        requests=np.zeros((slots, 3), int), service_model=[0, 1, 2], memory=1.0, footprint=[1.0, 1.0, 1.0],
        cloud_cost=1.0, computation_cost=0.1, load_cost=2.0, window=3, vanish=1,
        accuracy=[0.3, 0.6, 0.8, 0.9], accuracy_weight=0.5,
    )  # fmt: skip


def test_deterministic_demand_is_served_optimally() -> None:
    """With one possible future, averaging is planning; one model asked at a time leaves no rounding."""
    rows = np.zeros((12, 3), int)
    rows[:5, 0], rows[5:9, 1], rows[9:, 0] = 4, 4, 4
    demand = MarkovDemand([0, 1, 2], [Chain(np.eye(12)[0], np.roll(np.eye(12), 1, axis=1), rows)])
    instance = plain_world(12).with_requests(rows[:, None, :])
    states = np.arange(12)[:, None]
    oracle = HindsightAveraging(process=demand, states=states, futures=1, horizon=12, iterations=60)
    cost = evaluate(instance, simulate(instance, oracle)).total
    assert cost == pytest.approx(solve(instance, "brute").cost)


def test_it_comes_close_to_the_exact_optimum_and_not_below() -> None:
    demand = hot_cold([0, 1, 2], 4, 0, [8, 4, 3], [6, 4, 4])
    world = plain_world(20)
    programme = stochastic_programme(world, demand)
    futures = [demand.instance(world, seed) for seed in range(24)]
    oracle = HindsightAveraging(process=demand, futures=12, horizon=12)
    paid = np.array([evaluate(one, simulate(one, oracle)).total for one in futures])
    best = np.array([evaluate(one, simulate(one, programme.policy())).total for one in futures])
    excess = paid - best
    assert -3 * excess.std() / np.sqrt(24) <= excess.mean() <= 0.05 * best.mean()


def test_it_beats_an_untuned_index_where_persistence_must_be_known() -> None:
    world = scenario("decoy", size="small", slots=80)
    process = process_of(scenario_workloads("decoy", size="small")[0])
    oracle_cost, index_cost = 0.0, 0.0
    for index in range(3):
        states, requests = stretch(process, 80, 2, index)
        instance = world.with_requests(requests[:, None, :])
        oracle = HindsightAveraging(process=process, states=states, futures=8, horizon=16)
        oracle_cost += evaluate(instance, simulate(instance, oracle)).total
        index_cost += evaluate(instance, simulate(instance, policy("index"))).total
    assert oracle_cost < index_cost


def test_later_states_and_requests_change_nothing_before() -> None:
    process = process_of(scenario_workloads("decoy", size="small")[0])
    world = scenario("decoy", size="small", slots=30)
    (states, requests), (other, more) = (stretch(process, 30, 2, index) for index in (0, 1))
    mixed = np.concatenate([requests[:20], more[20:]])
    plans = []
    for seen, arrivals in ((states, requests), (np.concatenate([states[:20], other[20:]]), mixed)):
        oracle = HindsightAveraging(process=process, states=seen, futures=4, horizon=8)
        plans.append(simulate(world.with_requests(arrivals[:, None, :]), oracle, seed=3))
    assert np.array_equal(plans[0].cached[:20], plans[1].cached[:20])
    assert np.array_equal(plans[0].served[:20], plans[1].served[:20])


def test_what_it_needs_is_asked_for() -> None:
    world = scenario("hotset", size="small", slots=10)
    process = process_of(scenario_workloads("hotset", size="small")[0])
    counts = process_of(scenario_workloads("decoy", size="small")[0])
    for hidden in (process, counts):
        with pytest.raises(InvalidOption, match="hides its states"):
            simulate(world, HindsightAveraging(process=hidden))
    states = stretch(process, 9, 0)[0]
    with pytest.raises(InvalidOption, match="9 states for 10 slots"):
        simulate(world, HindsightAveraging(process=process, states=states))
    with pytest.raises(InvalidOption, match="futures = 0"):
        HindsightAveraging(process=process, futures=0)
