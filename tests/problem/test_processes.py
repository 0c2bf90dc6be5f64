"""Known arrival processes: laws that are laws, and the very demand that the scenarios draw."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeopt.problem import Instance, InvalidOption
from edgeopt.problem.processes import (
    Chain,
    HotSetDemand,
    MarkovDemand,
    count_law,
    cyclic_workflow,
    hot_cold,
    independent_slots,
    memoryless_hot_set,
    process_of,
    product,
    sampled_instance,
    stretch,
)
from edgeopt.problem.scenarios import scenario_workloads
from edgeopt.problem.workloads import HotSet, draw_deployment


def world(service_model, models: int) -> Instance:
    return Instance(
        requests=np.zeros((4, len(service_model)), int), service_model=service_model, memory=1,
        footprint=np.ones(models), cloud_cost=1,
    )  # fmt: skip


@given(st.floats(0, 60), st.integers(0, 80))
def test_poisson_law_has_its_mean_and_stops_at_the_most(mean: float, most: int) -> None:
    free = count_law(np.array([[mean]]), "poisson", np.array([10**9]))[0, 0]
    assert free.sum() == pytest.approx(1, abs=1e-14)
    assert free @ np.arange(free.size) == pytest.approx(mean, rel=1e-12)
    cut = count_law(np.array([[mean]]), "poisson", np.array([most]))[0, 0]
    expected = free @ np.minimum(np.arange(free.size), most)
    assert cut @ np.arange(cut.size) == pytest.approx(expected, rel=1e-12)
    assert np.all(cut[most + 1 :] == 0)


def test_fixed_law_puts_everything_on_the_number() -> None:
    law = count_law(np.array([[3.0, 0.0], [7.0, 1.0]]), "fixed", np.array([5, 5]))
    assert law.argmax(axis=2).tolist() == [[3, 0], [5, 1]]
    assert np.all(law.sum(axis=2) == 1)


def test_product_of_chains_is_the_joint_law() -> None:
    one = Chain([0.25, 0.75], [[0.5, 0.5], [0.1, 0.9]], [[1, 0], [2, 0]])
    two = Chain([1.0, 0.0], [[0.0, 1.0], [1.0, 0.0]], [[0, 5], [0, 0]])
    joint = product((one, two))
    assert joint.transition[2 * 1 + 0, 2 * 0 + 1] == pytest.approx(0.1)
    assert joint.arrivals.tolist() == [[1, 5], [1, 0], [2, 5], [2, 0]]


@pytest.mark.parametrize(
    "demand",
    [
        hot_cold([0, 1, 1], 3, 1, [4, 2], 3),
        cyclic_workflow([0, 1, 2], [2, 0, 1], 4, [0, 0.3, 0.7], 1),
        memoryless_hot_set([0, 1, 2, 3], 5, 0, 2, 6),
        independent_slots([0, 1], [[1, 0], [0, 2], [3, 3]], [0.2, 0.5, 0.3]),
    ],
)
def test_constructors_start_in_their_stationary_law_and_paths_sum_to_one(demand: MarkovDemand) -> None:
    joint = demand.joint
    assert np.allclose(joint.initial @ joint.transition, joint.initial, atol=1e-14)
    chances = [chance for chance, _ in demand.paths(3)]
    assert sum(chances) == pytest.approx(1)


def test_a_path_is_followed_from_its_arrivals() -> None:
    demand = cyclic_workflow([0, 1], [0, 1], 3, [0, 0, 1])
    with pytest.raises(InvalidOption, match="several demand states"):
        demand.follow(None, np.array([3, 0]))
    seen = hot_cold([0, 1], [3, 2], [0, 1], 3, 3)
    states, requests = stretch(seen, 20, seed=5)
    state, followed = None, []
    for row in requests:
        state = seen.follow(state, row)
        followed.append(state)
    assert followed == seen.joint_state(states).tolist()
    with pytest.raises(InvalidOption, match="do not tell"):
        MarkovDemand([0, 1], seen.parts, "poisson").follow(None, np.array([3, 2]))
    with pytest.raises(InvalidOption, match="no demand state"):
        seen.follow(None, np.array([9, 9]))


def test_a_fixed_dwell_is_deterministic() -> None:
    demand = cyclic_workflow([0, 1], [1, 0], 2, [0, 0, 1])
    assert len(list(demand.paths(9))) == 6
    requests = demand.sample(3, 12)
    assert np.array_equal(requests[:6], requests[6:])


def test_stretches_are_reproducible_and_differ_by_index() -> None:
    demand = hot_cold([0, 1, 1], 3, 1, 4, 3)
    place = world([0, 1, 1], 2)
    again = [sampled_instance(place, (demand,), 7, index=i, slots=50) for i in (0, 0, 1)]
    assert again[0] == again[1] != again[2]
    assert demand.instance(place, 7, 50) == again[0]
    with pytest.raises(InvalidOption, match="do not run on the models"):
        demand.instance(world([0, 0, 1], 2), 7)


@pytest.mark.parametrize("name", ["decoy", "hotset", "workflow", "regimes", "stationary", "context-rich"])
def test_scenario_processes_have_the_demand_of_their_workloads(name: str) -> None:
    """Mean requests of each service, and how they go together over a few slots, agree."""
    workload = scenario_workloads(name, models=6, services=10, servers=2, rotation=1)[1]
    process = process_of(workload)
    rng = np.random.default_rng(11)
    drawn = np.stack([stretch(process, 12, 3, index)[1] for index in range(1500)])
    true = np.stack([workload.arrivals(rng, 12) for _ in range(1500)])
    for lag in (0, 1, 5):
        ours = [(run[:, 0, :] * run[:, lag, :]) for run in (drawn, true)]
        error = np.sqrt((ours[0].var(axis=0) + ours[1].var(axis=0)) / 1500)
        assert np.all(np.abs(ours[0].mean(axis=0) - ours[1].mean(axis=0)) <= 4.5 * error + 1e-9)
    mean = np.concatenate([chain.laws(12) @ chain.arrivals for chain in process.chains], axis=1)
    order = np.argsort(process.service_model, kind="stable")
    error = drawn.std(axis=0) / np.sqrt(1500)
    assert np.all(np.abs(drawn.mean(axis=0)[:, order] - mean) <= 5 * error + 1e-9)


def test_local_chain_of_the_hot_set_is_the_law_of_every_joint_state() -> None:
    """Enumerate what a slot can do to an order of the models: no place sees more than its own."""
    deployment = draw_deployment(np.random.default_rng(0), 4, 4)
    demand = HotSetDemand(HotSet(deployment, 10.0, hot=2, mean_hot=3.0, noise=0.1))
    cool, law = 1 / 3, demand.chains[0].transition
    for order in permutations(range(4)):
        chance = np.zeros((4, 3))
        for first in (None, 2, 3):
            for second in (None, 2, 3):
                weight = (1 - cool if first is None else cool / 2) * (
                    1 - cool if second is None else cool / 2
                )
                after = list(order)
                for place, other in ((0, first), (1, second)):
                    if other is not None:
                        after[place], after[other] = after[other], after[place]
                for model in range(4):
                    place = after.index(model)
                    chance[model, place + 1 if place < 2 else 0] += weight
        for model in range(4):
            place = order.index(model)
            assert np.allclose(chance[model], law[place + 1 if place < 2 else 0])


def test_continuing_from_a_state_follows_the_chain() -> None:
    process = process_of(scenario_workloads("hotset", models=6, services=6)[0])
    start = process.draw_states(np.random.default_rng(1), 1)[0]
    after = np.stack([process.draw_states(np.random.default_rng(i), 1, start)[0] for i in range(4000)])
    for model, chain in enumerate(process.chains):
        place = process.local(start[None])[0, model]
        share = np.bincount(process.local(after)[:, model], minlength=chain.states) / 4000
        assert np.abs(share - chain.transition[place]).max() < 0.03


def test_what_is_wrong_is_refused() -> None:
    with pytest.raises(InvalidOption, match="must be a law"):
        Chain([0.5, 0.4], np.eye(2), np.ones((2, 1)))
    with pytest.raises(InvalidOption, match="do not belong"):
        Chain([1.0], np.eye(2), np.ones((1, 1)))
    chain = Chain([1.0], [[1.0]], [[1.0, 2.0]])
    with pytest.raises(InvalidOption, match="all drive model 0"):
        MarkovDemand([0, 0], [Chain([1.0], [[1.0]], [[1, 0]]), Chain([1.0], [[1.0]], [[0, 1]])])
    with pytest.raises(InvalidOption, match="not whole"):
        MarkovDemand([0, 1], [Chain([1.0], [[1.0]], [[0.5, 1]])])
    with pytest.raises(InvalidOption, match="for 2 services"):
        MarkovDemand([0, 1, 1], [chain])
    with pytest.raises(InvalidOption, match="Diurnal"):
        process_of(scenario_workloads("diurnal")[0])
