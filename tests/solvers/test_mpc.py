"""Rolling horizon: intervals against enumeration, prices against a linear programme, decisions by hand."""

from __future__ import annotations

import itertools
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from edgeopt.problem import Instance, Plan, evaluate, scenario
from edgeopt.problem.errors import InvalidOption
from edgeopt.solvers.policies import policy
from edgeopt.solvers.policies.mpc_intervals import best_intervals, follow_intervals, interval_savings
from edgeopt.solvers.policies.mpc_prices import MemoryPrices, crowded_rents
from edgeopt.solvers.policies.protocol import OnlinePolicy
from edgeopt.solvers.simulation import simulate, warm_up


def value_of(table: np.ndarray, rent: np.ndarray, load: float, cached: bool, slots: tuple[int, ...]) -> float:
    """Value of keeping a model in the given slots (0/1 each), by walking through them."""
    total, start = 0.0, 0 if cached else -1
    for ahead, keep in enumerate(slots):
        if not keep:
            start = -1
            continue
        if start < 0:
            start, total = ahead + 1, total - load
        total += table[ahead, start] - rent[ahead]
    return total


@given(seed=st.integers(0, 10**6), slots=st.integers(1, 6))
def test_best_intervals_are_the_best_of_all(seed: int, slots: int) -> None:
    rng = np.random.default_rng(seed)
    table = -np.sort(-rng.uniform(-1, 4, (slots, slots + 1)), axis=1)  # a longer past never saves less
    rent = rng.uniform(0, 2, slots)
    load = float(rng.uniform(0, 4))
    present, absent = np.zeros((slots, slots + 1)), np.zeros(slots + 1)
    best_intervals(table, rent, load, present, absent)
    found = {True: max(present[0, 0], absent[0]), False: absent[0]}
    for cached in (True, False):
        every = itertools.product((0, 1), repeat=slots)
        best = max(value_of(table, rent, load, cached, choice) for choice in every)
        assert found[cached] == pytest.approx(best, abs=1e-12)
        presence = np.zeros(slots, dtype=np.bool_)
        follow_intervals(present, absent, load, cached, presence)
        followed = tuple(int(keep) for keep in presence)
        assert value_of(table, rent, load, cached, followed) == pytest.approx(best, abs=1e-12)


@given(seed=st.integers(0, 10**6), start=st.integers(1, 5))
def test_whole_forecasts_save_what_the_referee_counts(seed: int, start: int) -> None:
    """Loaded in a slot and kept to the end, everything served: cloud-only less this plan, load apart."""
    rng = np.random.default_rng(seed)
    instance = Instance(
        requests=rng.integers(0, 4, (6, 2)),
        service_model=[0, 0],
        memory=1,
        footprint=[1.0],
        window=[3, 5],
        gain=[1, 2],
        vanish=[1, 3],
        accuracy=np.sort(rng.uniform(0, 1, (2, 6)), axis=1),
        accuracy_weight=[0.5, 0.9],
        cloud_cost=1.0,
    )
    table = np.zeros((1, 5, 6))
    interval_savings(
        np.zeros(2), instance.requests[1:, 0].astype(float), np.zeros(2), instance.service_model,
        instance.gain, instance.vanish, instance.window, instance.saving[0], table,
    )  # fmt: skip
    cached = np.zeros((6, 1, 1), dtype=np.bool_)
    cached[start:] = True
    plan = Plan(cached, instance.requests * cached)
    saved = instance.requests.sum() - evaluate(instance, plan).total
    assert table[0, start - 1 :, start].sum() == pytest.approx(saved, abs=1e-9)


@pytest.mark.parametrize("seed", range(12))
def test_prices_come_close_to_those_of_the_linear_programme(seed: int) -> None:
    """The relaxation over all patterns of presence (Dantzig-Wolfe), by HiGHS, bounds the dual from below."""
    rng = np.random.default_rng(seed)
    models, slots = 4, 4
    table = -np.sort(-rng.uniform(0, 3, (models, slots, slots + 1)), axis=2)
    now, load, footprint = rng.uniform(0, 3, models), rng.uniform(0, 3, models), rng.uniform(1, 3, models)
    cached, memory = rng.random(models) < 0.5, 0.4 * footprint.sum()
    patterns, free = list(itertools.product((0, 1), repeat=slots + 1)), np.zeros(slots)
    worth = np.array(
        [
            [
                value_of(table[m], free, load[m], bool(p[0]), p[1:])
                + p[0] * (now[m] - (0.0 if cached[m] else load[m]))
                for p in patterns
            ]
            for m in range(models)
        ]
    )
    use = np.array(
        [[[footprint[m] * p[t] for p in patterns] for m in range(models)] for t in range(slots + 1)]
    )
    one = np.kron(np.eye(models), np.ones(len(patterns)))
    answer = linprog(
        -worth.ravel(), A_ub=use.reshape(slots + 1, -1), b_ub=np.full(slots + 1, memory), A_eq=one,
        b_eq=np.ones(models),
    )  # fmt: skip
    prices = MemoryPrices(slots)
    prices.improve(table, now, load, cached, footprint, memory, 300)
    rented = worth - np.einsum("tmp,t->mp", use, prices.price)
    dual = rented.max(axis=1).sum() + prices.price.sum() * memory
    assert -answer.fun * (1 - 1e-9) <= dual <= -answer.fun * 1.05


def test_room_that_is_left_over_costs_nothing() -> None:
    """Of 10 bytes a model takes 6 in the first slot ahead: one of 4 fits beside it, one of 5 does not."""
    presence = np.array([[True, True, False], [False, False, False], [False, False, False]])
    rent = np.empty((3, 2))
    crowded_rents(presence, np.array([6.0, 4.0, 5.0]), 10.0, np.array([9.0, 2.0, 3.0]), rent)
    np.testing.assert_array_equal(rent, [[0, 0], [0, 0], [10, 0]])


def steady(load: float) -> Instance:
    """One request a slot for ever, which costs 1 in the cloud and nothing here."""
    return Instance(
        requests=np.ones((30, 1), dtype=int), service_model=[0], memory=1, footprint=[1.0], load_cost=load,
        cloud_cost=1.0,
    )  # fmt: skip


@pytest.mark.parametrize("name", ["mpc", "analog"])
def test_a_horizon_shorter_than_the_pay_back_never_loads(name: str) -> None:
    """A load of 4.5 pays back in the fifth slot: now and the next four."""
    instance = steady(4.5)
    training = [instance] * 2
    for horizon, loads in ((3, 0), (4, 1)):
        chosen = policy(name, horizon=horizon).fit(training)
        assert evaluate(instance, simulate(instance, chosen)).loads == loads
    greedy = policy("mpc", horizon=4, forecast="returning").fit(training)
    assert evaluate(instance, simulate(instance, greedy)).total == 4.5


def test_a_model_is_dropped_for_a_better_one() -> None:
    """One place: model 0 saves 2 a slot, from slot 10 on model 1 saves 8 a slot; a load costs 5."""
    requests = np.zeros((40, 2), dtype=int)
    requests[:, 0], requests[10:, 1] = 2, 8
    instance = Instance(
        requests=requests, service_model=[0, 1], memory=1, footprint=[1, 1], load_cost=5.0, cloud_cost=1.0
    )
    plan = simulate(instance, policy("mpc", forecast="returning", memory=0.0, persistence=1.0, horizon=12))
    np.testing.assert_array_equal(plan.cached[:, 0, 1], np.arange(40) >= 10)
    np.testing.assert_array_equal(plan.cached[:, 0, 0], np.arange(40) < 10)


@pytest.mark.parametrize(
    ("name", "options"), [("mpc", {}), ("mpc", {"horizon": 24, "iterations": 40}), ("analog", {})]
)
def test_a_decision_takes_less_than_five_milliseconds(name: str, options: dict[str, int]) -> None:
    """Twelve models, 24 services; processor time, so that a busy machine does not count."""
    training = [scenario("hotset", split="train", seed=seed) for seed in range(4)]
    instance = scenario("hotset", slots=100)
    chosen = policy(name, **options).fit(training)
    warm_up(instance, chosen)
    assert min(decision_seconds(instance, chosen) for _ in range(5)) < 5e-3


def decision_seconds(instance: Instance, chosen: OnlinePolicy) -> float:
    begin = time.process_time()
    simulate(instance, chosen)
    return (time.process_time() - begin) / instance.slots


def test_planning_beats_the_index_where_demand_has_a_rhythm() -> None:
    """On workflows the defaults pay less than the index rule at its best of a few horizons."""
    training = [scenario("workflow", split="train", seed=seed) for seed in range(6)]
    tests = [scenario("workflow", split="test", seed=seed) for seed in range(2)]

    def cost(name: str, **options: float) -> float:
        chosen = policy(name, **options).fit(training)
        return sum(evaluate(one, simulate(one, chosen)).total for one in tests)

    index = min(cost("index", memory=0.0, persistence=1.0, stickiness=0.6, horizon=h) for h in (2, 3, 5, 10))
    assert cost("mpc") < 0.99 * index
    assert cost("analog") < 0.985 * index


@settings(max_examples=10)
@given(iterations=st.integers(0, 3), slots=st.integers(1, 3))
def test_short_runs_and_few_steps(iterations: int, slots: int) -> None:
    instance = steady(0.5).window_slots(0, slots)
    for name in ("mpc", "analog"):
        report = evaluate(instance, simulate(instance, policy(name, iterations=iterations)))
        assert report.total == 0.5


def test_unknown_forecasts_and_prices_are_refused() -> None:
    with pytest.raises(InvalidOption, match="policy mpc: forecast = 'tea leaves' must be one of analog, ar"):
        policy("mpc", forecast="tea leaves")
    with pytest.raises(InvalidOption, match="prices is rolling; another prices has another name"):
        policy("mpc", prices="learnt")
    with pytest.raises(InvalidOption, match="horizon = -1 must be a number from"):
        policy("mpc", horizon=-1)
