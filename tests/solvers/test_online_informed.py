"""The policy that is told what demand to expect: the mean of the process, and nothing of the future."""

from __future__ import annotations

import numpy as np
import pytest

from edgeopt.problem import InvalidOption, evaluate, scenario
from edgeopt.problem.processes import Chain, MarkovDemand, process_of, stretch
from edgeopt.problem.scenarios import scenario_workloads
from edgeopt.solvers import policy, simulate, solve
from edgeopt.solvers.online import TrueForecast
from edgeopt.solvers.online.informed import Expected
from edgeopt.solvers.policies.protocol import Observation


def seen(requests: np.ndarray, slot: int, models: int) -> Observation:
    return Observation(
        slot=slot,
        requests=requests[slot],
        cached=np.zeros(models, dtype=bool),
        context=np.zeros(requests.shape[1], dtype=np.int64),
    )


def test_the_expectation_of_a_chain_of_two_states_by_hand() -> None:
    """Model 0 stays hot with 0.75 and stays cold with 0.5; hot it gets 8 and 4 requests, cold none."""
    chain = Chain([1.0, 0.0], [[0.75, 0.25], [0.5, 0.5]], [[8.0, 4.0], [0.0, 0.0]])
    demand = MarkovDemand([0, 0], [chain], "poisson")
    expected = Expected(demand, np.array([[0], [1], [0]]), 2)
    requests = np.zeros((3, 2), dtype=np.int64)
    hot, cold = expected.ahead(seen(requests, 0, 1), 2), expected.ahead(seen(requests, 1, 1), 1)
    assert hot == pytest.approx(np.array([[6.0, 3.0], [(0.75 * 0.75 + 0.25 * 0.5) * 8, 2.75]]))
    assert cold == pytest.approx(np.array([[4.0, 2.0]]))


@pytest.mark.parametrize("family", ["decoy", "workflow", "hotset"])
def test_the_expectation_is_the_mean_of_what_the_process_draws(family: str) -> None:
    process = process_of(scenario_workloads(family, size="small")[0])
    states, requests = stretch(process, 30, 4)
    slot, rng = 12, np.random.default_rng(0)
    drawn = np.array(
        [process.draw_requests(rng, process.draw_states(rng, 6, states[slot])) for _ in range(3000)]
    )
    expected = Expected(process, states, 6).ahead(seen(requests, slot, len(process.chains)), 6)
    error = 5 * drawn.std(axis=0) / np.sqrt(3000) + 1e-9
    assert (np.abs(drawn.mean(axis=0) - expected) < error).all()


def test_deterministic_demand_is_served_nearly_optimally() -> None:
    """What is expected is then what comes; prices of memory are found slot by slot, so nearly."""
    rows = np.zeros((24, 3), dtype=np.int64)
    rows[:10, 0], rows[10:17, 1], rows[17:, 2] = 4, 4, 4
    demand = MarkovDemand([0, 1, 2], [Chain(np.eye(24)[0], np.roll(np.eye(24), 1, axis=1), rows)])
    world = scenario("stationary", size="small", models=3, services=3, slots=24)
    instance = world.with_requests(rows[:, None, :]).replace(service_model=np.arange(3))
    oracle = TrueForecast(process=demand, states=np.arange(24)[:, None], horizon=24)
    cost = evaluate(instance, simulate(instance, oracle)).total
    assert cost <= 1.02 * solve(instance, time_limit=10.0).lower_bound


@pytest.mark.parametrize("family", ["decoy", "context-rich"])
def test_it_beats_an_untuned_index_where_persistence_must_be_known(family: str) -> None:
    world = scenario(family, size="small", slots=80)
    process = process_of(scenario_workloads(family, size="small")[0])
    told, index = 0.0, 0.0
    for number in range(3):
        states, requests = stretch(process, 80, 2, number)
        instance = world.with_requests(requests[:, None, :])
        told += evaluate(instance, simulate(instance, TrueForecast(process=process, states=states))).total
        index += evaluate(instance, simulate(instance, policy("index"))).total
    assert told < index


def test_later_states_and_requests_change_nothing_before() -> None:
    process = process_of(scenario_workloads("decoy", size="small")[0])
    world = scenario("decoy", size="small", slots=30)
    (states, requests), (other, more) = (stretch(process, 30, 2, index) for index in (0, 1))
    mixed = np.concatenate([requests[:20], more[20:]])
    plans = []
    for known, arrivals in ((states, requests), (np.concatenate([states[:20], other[20:]]), mixed)):
        oracle = TrueForecast(process=process, states=known)
        plans.append(simulate(world.with_requests(arrivals[:, None, :]), oracle))
    assert np.array_equal(plans[0].cached[:20], plans[1].cached[:20])
    assert np.array_equal(plans[0].served[:20], plans[1].served[:20])


def test_what_it_needs_is_asked_for() -> None:
    world = scenario("decoy", size="small", slots=10)
    process = process_of(scenario_workloads("decoy", size="small")[0])
    with pytest.raises(InvalidOption, match="9 states for 10 slots"):
        simulate(world, TrueForecast(process=process, states=stretch(process, 9, 0)[0]))
    other = scenario("decoy", size="small", slots=10, models=7, services=9)
    with pytest.raises(InvalidOption, match="other services"):
        simulate(other, TrueForecast(process=process, states=stretch(process, 10, 0)[0]))
    with pytest.raises(InvalidOption, match="stickiness = -1"):
        TrueForecast(process=process, states=stretch(process, 9, 0)[0], stickiness=-1.0)
