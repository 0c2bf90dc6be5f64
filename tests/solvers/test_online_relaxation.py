"""The information relaxation by decomposition: valid for any values, tight where it must be."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgeopt.problem import Instance, InvalidOption, evaluate, scenario
from edgeopt.problem.fields import FloatArray
from edgeopt.problem.processes import (
    Chain,
    MarkovDemand,
    cyclic_workflow,
    hot_cold,
    memoryless_hot_set,
    process_of,
    sampled_instance,
)
from edgeopt.problem.scenarios import scenario_workloads
from edgeopt.solvers import policy, simulate, solve
from edgeopt.solvers.lagrangian.server import Server
from edgeopt.solvers.online import clairvoyant_mean, online_bound, reference_split, stochastic_programme
from edgeopt.solvers.online.estimate import controlled
from edgeopt.solvers.online.inner import inner_search
from edgeopt.solvers.online.penalties import PenalisedDual, gapped_chains
from edgeopt.solvers.online.relaxation import expected_cloud_only, model_values
from edgeopt.solvers.online.values import ModelValue, parts_of, solve_model


def small_world(seed: int, service_model, slots: int, limited: bool = False, memory: float = 1.5) -> Instance:
    rng = np.random.default_rng(seed)
    services, models = len(service_model), max(service_model) + 1
    window = rng.integers(0, 4, services)
    return Instance(
        requests=np.zeros((slots, services), int),
        service_model=service_model,
        memory=memory,
        footprint=rng.uniform(0.5, 1.4, models),
        cloud_cost=rng.uniform(0.8, 1.2, services),
        computation_cost=rng.uniform(0, 0.9 if limited else 0.2, services),
        load_cost=rng.uniform(0.3, 2.5, models),
        window=window,
        vanish=rng.integers(0, 2, services),
        accuracy=np.sort(rng.uniform(0, 1, (services, int(window.max()) + 1)), axis=1),
        accuracy_weight=0.6,
        compute=rng.uniform(1.5, 3) if limited else np.inf,
        work=rng.uniform(0.4, 1.0, services),
    )


def random_demand(seed: int, service_model) -> MarkovDemand:
    rng = np.random.default_rng([seed, 1])
    services, models = len(service_model), max(service_model) + 1
    if seed % 3 == 0:
        return hot_cold(
            service_model, rng.integers(1, 4, services), rng.integers(0, 2, services),
            rng.uniform(1, 5, models), rng.uniform(1, 5, models),
        )  # fmt: skip
    if seed % 3 == 1:
        return cyclic_workflow(service_model, list(range(models)), 3, [0.5, 0.5])
    return memoryless_hot_set(service_model, 3, 1, 1, float(rng.uniform(1, 6)))


def random_values(world: Instance, demand: MarkovDemand, rng: np.random.Generator) -> list[ModelValue]:
    """Values of arbitrary rents, horizon and presence rules: nothing about them is sensible."""
    values = []
    for part in parts_of(world, 0, demand):
        depth = int(rng.integers(1, world.slots + 1))
        shape = (depth + 1, part.chain.states, part.reward.shape[1] + 1)
        rule = rng.random(shape) < 0.5 if rng.random() < 0.7 else None
        values.append(solve_model(part, rng.uniform(-1, 3, part.chain.states), depth, rule))
    return values


def path_bounds(world: Instance, demand: MarkovDemand, values: list[ModelValue]) -> tuple[FloatArray, ...]:
    """Probability and penalised bound of every path of demand there is; luck is no luck on average."""
    rows = []
    for chance, path in demand.paths(world.slots):
        instance = world.with_requests(demand.joint.arrivals[path][:, None, :].astype(int))
        parts = np.stack(np.unravel_index(path, [part.states for part in demand.parts]), axis=1)
        server = Server.of(instance, 0)
        savings, dual, _ = inner_search(server, values, demand.local(parts), 40)
        rows.append(
            (
                chance,
                expected_cloud_only(world, 0, demand) - savings,
                dual.luck(values, demand.local(parts)),
            )
        )
    chances, bounds, luck = np.array(rows).T
    assert chances @ luck == pytest.approx(0, abs=1e-9)
    return chances, bounds


@settings(max_examples=30)
@given(st.integers(0, 10**6), st.booleans())
def test_any_values_give_a_bound_on_the_best_online_policy(seed: int, limited: bool) -> None:
    """No statistics: the expectation runs over every path, the optimum is the exact programme's."""
    service_model = [0, 1, 1]
    world, demand = small_world(seed, service_model, 3, limited), random_demand(seed, service_model)
    optimum = stochastic_programme(world, demand).value
    rng = np.random.default_rng(seed)
    for _ in range(2):
        chances, bounds = path_bounds(world, demand, random_values(world, demand, rng))
        assert chances @ bounds <= optimum + 1e-9


@settings(max_examples=20)
@given(st.integers(0, 10**6))
def test_one_model_with_its_true_value_has_no_variance(seed: int) -> None:
    """Counts are known with the state and serving is free of loss: the value is exact, on every path."""
    world, demand = small_world(seed, [0, 0], 4), random_demand(seed - seed % 3, [0, 0])
    optimum = stochastic_programme(world, demand).value
    (part,) = parts_of(world, 0, demand)
    value = solve_model(part, np.zeros(part.chain.states), world.slots)
    _, bounds = path_bounds(world, demand, [value])
    assert bounds == pytest.approx(np.full(bounds.size, optimum))


def test_two_models_with_room_for_both_are_exact_too() -> None:
    world, demand = small_world(3, [0, 1, 1], 4, memory=9.0), random_demand(6, [0, 1, 1])
    optimum = stochastic_programme(world, demand).value
    values = [solve_model(part, np.zeros(2), 4) for part in parts_of(world, 0, demand)]
    _, bounds = path_bounds(world, demand, values)
    assert bounds == pytest.approx(np.full(bounds.size, optimum))


def test_no_values_give_the_clairvoyant_bound() -> None:
    for seed in range(4):
        world, demand = small_world(seed, [0, 1, 1], 4), random_demand(seed, [0, 1, 1])
        chances, bounds = path_bounds(world, demand, [])
        optimum = clairvoyant_mean(stochastic_programme(world, demand))
        assert chances @ bounds <= optimum + 1e-9
        assert chances @ bounds == pytest.approx(optimum, rel=0.05)


def test_values_at_sensible_rents_beat_clairvoyance() -> None:
    """Two models, room for one: not knowing who stays hot costs something, and the bound finds much of it."""
    demand = hot_cold([0, 1], 3, 0, 3, 3)
    world = small_world(0, [0, 1], 5, memory=1.3).replace(
        footprint=[1.0, 1.0], load_cost=2.5, window=3, vanish=1, accuracy=[0.2, 0.6, 0.8, 0.9]
    )
    programme = stochastic_programme(world, demand)
    chances, bounds = path_bounds(world, demand, model_values(world, 0, demand))
    known = clairvoyant_mean(programme)
    assert known + 0.4 * (programme.value - known) < chances @ bounds <= programme.value + 1e-9


def test_a_model_cannot_leave_and_come_back_at_once() -> None:
    """A fresh node worth 5 in both slots, staying worth -100: one load, or the same model stays."""
    chosen = np.zeros((1, 2), dtype=bool)
    best = gapped_chains(
        np.array([[0, 1, 3]]), np.array([2, -1, -1]), np.array([5.0, 5.0, -100.0]), np.zeros((1, 2)),
        np.array([1.0]), np.zeros(3), np.zeros(4), chosen,
    )  # fmt: skip
    assert best == 4.0
    assert chosen.sum() == 1


def test_penalties_have_mean_zero_under_poisson_counts() -> None:
    """Sum over next states and counts with their probabilities: what is charged on average is nothing."""
    chain = Chain([0.4, 0.6], [[0.8, 0.2], [0.3, 0.7]], [[0.7, 0.2], [3.0, 1.1]])
    demand = MarkovDemand([0, 0], [chain], "poisson")
    world = small_world(5, [0, 0], 2).replace(window=[3, 2], vanish=[1, 1])
    (part,) = parts_of(world, 0, demand)
    value = solve_model(part, np.array([0.1, 0.8]), 2)
    number = np.arange(26)
    chance = np.exp(-chain.arrivals)[..., None] * np.power.outer(chain.arrivals, number)
    chance /= np.array([float(np.prod(np.arange(1, k + 1, dtype=float))) for k in number])
    for z in range(2):
        total, listed = 0.0, 0.0
        for then, first, second in np.ndindex(2, 26, 26):
            weight = chain.transition[z, then] * chance[then, 0, first] * chance[then, 1, second]
            if weight > 1e-16:
                instance = world.with_requests([[[2, 1]], [[first, second]]])
                dual = PenalisedDual(Server.of(instance, 0), [value], np.array([[z], [then]]))
                total += weight * dual.penalty[0]
                listed += weight
        assert listed == pytest.approx(1, abs=1e-9)
        assert total == pytest.approx(0, abs=1e-9)


@pytest.fixture(scope="module")
def decoy():
    world = scenario("decoy", size="small", slots=60)
    process = process_of(scenario_workloads("decoy", size="small")[0])
    return world, process, online_bound(world, process, samples=24, seed=4)


def test_bound_of_a_scenario_lies_between_clairvoyance_and_policies(decoy) -> None:
    world, process, bound = decoy
    assert bound.foresight.high > 0
    assert bound.online.mean - bound.clairvoyant.mean == pytest.approx(bound.foresight.mean, rel=1e-9)
    futures = [sampled_instance(world, [process], 4, index=i) for i in range(24)]
    for name in ("index", "lru-admission", "cloud-only"):
        costs = [evaluate(one, simulate(one, policy(name))).total for one in futures]
        assert bound.compare(costs)[1].high > 0
        assert bound.compare(costs)[0].high > bound.online.low
    for row, one in zip(bound.samples[:3], futures, strict=False):
        optimum = solve(one, "lagrangian", time_limit=10).cost
        assert 0.98 * optimum <= row[1] <= optimum * (1 + 1e-9)


def test_bound_does_not_depend_on_the_number_of_workers(decoy) -> None:
    world, process, _ = decoy
    runs = [online_bound(world, process, samples=4, seed=1, steps=20, workers=w) for w in (1, 2)]
    assert np.array_equal(runs[0].samples, runs[1].samples)


def test_value_zero_is_the_clairvoyant_bound(decoy) -> None:
    world, process, _ = decoy
    bound = online_bound(world, [process], samples=4, value="zero", steps=50)
    assert np.array_equal(bound.samples[:, 0], bound.samples[:, 1])
    assert bound.foresight.mean == 0


def test_copies_of_a_server_multiply_the_bound() -> None:
    world = scenario("decoy", size="small", slots=20, servers=2)
    process = process_of(scenario_workloads("decoy", size="small")[0])
    two = online_bound(world, process, samples=4, steps=50)
    one = online_bound(world.server(0), process, samples=4, steps=50)
    assert two.cloud_only == pytest.approx(2 * one.cloud_only)
    assert np.all(two.samples > one.samples)


def test_limits_on_compute_are_respected_by_the_bound() -> None:
    world = scenario("realistic", size="small", slots=30)
    process = process_of(scenario_workloads("realistic", size="small")[0])
    bound = online_bound(world, process, samples=8, steps=150)
    futures = [sampled_instance(world, [process], 0, index=i) for i in range(8)]
    costs = [evaluate(one, simulate(one, policy("index"))).total for one in futures]
    assert bound.clairvoyant.mean <= bound.online.high
    assert bound.compare(costs)[1].high > 0


def test_options_that_make_no_sense_are_refused(decoy) -> None:
    world, process, bound = decoy
    with pytest.raises(InvalidOption, match="2 processes for 1 servers"):
        online_bound(world, [process, process])
    with pytest.raises(InvalidOption, match="at least 4"):
        online_bound(world, process, samples=1)
    with pytest.raises(InvalidOption, match="one each is needed"):
        bound.compare([1.0])
    with pytest.raises(InvalidOption, match="do not run on"):
        online_bound(world, hot_cold([0, 1], 1, 0, 2, 2))


def test_control_variate_takes_out_luck_and_no_bias() -> None:
    rng = np.random.default_rng(0)
    means = []
    for _ in range(400):
        luck = rng.normal(size=(24, 2))
        means.append(controlled(5 + luck @ [3, -2] + 0.1 * rng.normal(size=24), luck).mean)
    assert abs(np.mean(means) - 5) < 0.02
    assert np.std(means) < 0.1


def test_split_adds_up_and_says_what_nobody_can_win() -> None:
    split = reference_split(112.0, 106.0, 99.0, 100.0)
    assert (split.against_online, split.foresight, split.relaxation) == (6.0, 6.0, 1.0)
    assert split.total == 13.0
    assert split.unreachable == pytest.approx(7 / 13)
    weak = reference_split(112.0, 95.0, 99.0, 100.0)
    assert (weak.online_bound, weak.foresight, weak.relaxation) == (99.0, 0.0, 0.0)
    between = reference_split(112.0, 99.5, 99.0, 100.0)
    assert (between.foresight, between.relaxation) == (0.0, 0.5)
    assert between.against_online + between.foresight + between.relaxation == between.total
    with pytest.raises(InvalidOption, match="below the clairvoyant"):
        reference_split(112.0, 106.0, 99.0, 90.0)
    with pytest.raises(InvalidOption, match="finite"):
        reference_split(float("nan"), 106.0, 99.0, 100.0)
