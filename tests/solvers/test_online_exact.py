"""The exact stochastic programme, and the information relaxation with every path of demand listed."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgeopt.problem import Instance, InvalidOption, evaluate
from edgeopt.problem.processes import (
    Chain,
    MarkovDemand,
    cyclic_workflow,
    hot_cold,
    independent_slots,
    memoryless_hot_set,
    stretch,
)
from edgeopt.solvers import policy, simulate, solve
from edgeopt.solvers.online import (
    clairvoyant_mean,
    penalised_mean,
    penalised_optimum,
    stochastic_programme,
)


def small_world(seed: int, service_model, slots: int = 4, limited: bool = False) -> Instance:
    rng = np.random.default_rng(seed)
    services, models = len(service_model), max(service_model) + 1
    window = rng.integers(0, 4, services)
    return Instance(
        requests=np.zeros((slots, services), int),
        service_model=service_model,
        memory=1.5,
        footprint=rng.uniform(0.5, 1.4, models),
        cloud_cost=rng.uniform(0.8, 1.2, services),
        computation_cost=rng.uniform(0, 0.6 if limited else 0.2, services),
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
    services = len(service_model)
    kind = seed % 3
    if kind == 0:
        return hot_cold(
            service_model, rng.integers(1, 4, services), rng.integers(0, 1, services),
            rng.uniform(1, 5, max(service_model) + 1), rng.uniform(1, 5, max(service_model) + 1),
        )  # fmt: skip
    if kind == 1:
        return cyclic_workflow(service_model, list(range(max(service_model) + 1)), 3, [0.5, 0.5])
    return independent_slots(service_model, rng.integers(0, 4, (3, services)), rng.dirichlet(np.ones(3)))


def expected_cost(world: Instance, demand: MarkovDemand, chosen) -> float:
    """Exact expectation: the policy is simulated and refereed on every path of demand."""
    total = 0.0
    for chance, path in demand.paths(world.slots):
        instance = world.with_requests(demand.joint.arrivals[path][:, None, :].astype(int))
        total += chance * evaluate(instance, simulate(instance, chosen(path))).total
    return total


@settings(max_examples=12)
@given(st.integers(0, 10**6), st.booleans())
def test_policy_attains_the_value_exactly_and_none_is_cheaper(seed: int, limited: bool) -> None:
    service_model = [0, 1, 1]
    world, demand = small_world(seed, service_model, 3, limited), random_demand(seed, service_model)
    programme = stochastic_programme(world, demand)
    attained = expected_cost(world, demand, programme.policy)
    assert attained == pytest.approx(programme.value, rel=1e-9)
    for name in ("myopic", "lru", "cloud-only"):
        assert expected_cost(world, demand, lambda _, name=name: policy(name)) >= programme.value - 1e-9


@settings(max_examples=24)
@given(st.integers(0, 10**6), st.booleans())
def test_bounds_in_order_for_any_cost_to_go(seed: int, limited: bool) -> None:
    """Clairvoyant <= optimum; penalised <= optimum for a random V; equal on every path for the true one."""
    service_model = [0, 1]
    world, demand = small_world(seed, service_model, 3, limited), random_demand(seed, service_model)
    programme = stochastic_programme(world, demand)
    rng = np.random.default_rng(seed)
    assert clairvoyant_mean(programme) <= programme.value + 1e-9
    for scale in (0.1, 3.0):
        wrong = programme.to_go + scale * rng.normal(size=programme.to_go.shape)
        assert penalised_mean(programme, wrong) <= programme.value + 1e-9
    for _, path in demand.paths(world.slots):
        assert penalised_optimum(programme, path, programme.to_go) == pytest.approx(programme.value)


def test_clairvoyant_optimum_of_a_path_is_brute_force() -> None:
    for seed in range(6):
        world, demand = small_world(seed, [0, 1, 1], 4, seed % 2 == 1), random_demand(seed, [0, 1, 1])
        programme = stochastic_programme(world, demand)
        nothing = np.zeros_like(programme.to_go)
        states, requests = stretch(demand, 4, seed)
        found = penalised_optimum(programme, demand.joint_state(states), nothing)
        exact = solve(world.with_requests(requests[:, None, :]), "brute").cost
        assert found == pytest.approx(exact)


def test_deterministic_demand_leaves_nothing_to_know() -> None:
    for seed in range(4):
        world = small_world(seed, [0, 1, 2], 6)
        rows = np.random.default_rng(seed).integers(0, 3, (6, 3))
        transition = np.roll(np.eye(6), 1, axis=1)
        demand = MarkovDemand([0, 1, 2], [Chain(np.eye(6)[0], transition, rows)])
        programme = stochastic_programme(world, demand)
        instance = world.with_requests(rows[:, None, :])
        assert programme.value == pytest.approx(solve(instance, "brute").cost)
        plan = simulate(instance, programme.policy(np.arange(6)))
        assert evaluate(instance, plan).total == pytest.approx(programme.value)


def test_ski_rental_by_hand() -> None:
    """One model asked for once a slot, stopping with chance 1/4: buying at once pays iff it is asked long."""
    chain = Chain([1.0, 0.0], [[0.75, 0.25], [0.0, 1.0]], [[1], [0]])
    for load, slots in product((0.9, 2.0, 2.8), (1, 2, 3, 4)):
        world = Instance(
            requests=np.zeros((slots, 1), int), service_model=[0], memory=1, footprint=[1], cloud_cost=1,
            load_cost=load,
        )  # fmt: skip
        value = stochastic_programme(world, MarkovDemand([0], [chain])).value
        rented = sum(0.75**t for t in range(slots))
        assert value == pytest.approx(min(load, rented))


def test_simulated_mean_agrees_with_the_value() -> None:
    demand = memoryless_hot_set([0, 1, 2], 4, 0, 1, 5)
    world = small_world(3, [0, 1, 2], 12)
    programme = stochastic_programme(world, demand)
    costs = []
    for seed in range(300):
        instance = demand.instance(world, seed)
        costs.append(evaluate(instance, simulate(instance, programme.policy())).total)
    assert abs(np.mean(costs) - programme.value) <= 3.5 * np.std(costs) / np.sqrt(300)


def test_what_it_cannot_do_is_refused() -> None:
    demand = hot_cold([0, 1], 1, 0, 3, 3)
    world = small_world(0, [0, 1])
    with pytest.raises(InvalidOption, match="not Poisson"):
        stochastic_programme(world, MarkovDemand([0, 1], demand.parts, "poisson"))
    with pytest.raises(InvalidOption, match="online_bound"):
        stochastic_programme(world.replace(window=[800, 800], accuracy=1.0), demand)
    programme = stochastic_programme(world, demand, slots=2)
    with pytest.raises(InvalidOption, match="solved for"):
        simulate(world, programme.policy())
