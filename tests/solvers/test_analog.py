"""Analogs: states by hand, nearest past by sorting, values against the deterministic programme."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeopt.problem import Instance, Plan, evaluate
from edgeopt.problem.errors import InvalidOption
from edgeopt.solvers.policies import Observation, Site, policy
from edgeopt.solvers.policies.analog_bank import Bank, nearest
from edgeopt.solvers.policies.analog_sampler import Continuations, latest
from edgeopt.solvers.policies.analog_states import Follower, Split, States
from edgeopt.solvers.policies.analog_values import decide_groups, expected_presence, gather_gains
from edgeopt.solvers.policies.mpc_intervals import best_intervals
from edgeopt.solvers.simulation import simulate


def test_the_split_lies_between_two_levels() -> None:
    """Means 1 and 9 seen through counting noise: the roots are near 1 and 3, the split near 2."""
    rng = np.random.default_rng(0)
    run = rng.poisson(np.repeat([1.0, 9.0, 1.0, 9.0], 200))[:, None].astype(float)
    split = Split.of([run], smoothing=0.0)
    assert 1.4 < split.low[0] < split.high[0] < 2.4
    assert np.isfinite(Split.of([run[:1]], smoothing=0.0).low).all()


def test_ages_count_from_the_last_change() -> None:
    """Roots 1, 3, 2, 1, 3 against 1.5 and 2.5: cold, hot, still hot, cold, hot."""
    split = Split(np.array([1.5]), np.array([2.5]))
    states = States.of(np.array([[1.0], [9.0], [4.0], [1.0], [9.0]]), split, smoothing=0.0)
    assert states.hot[:, 0].tolist() == [False, True, True, False, True]
    assert states.age[:, 0].tolist() == [1, 1, 2, 1, 1]
    assert states.level[1, 0] == pytest.approx(np.sqrt(0.8 * 1 + 0.2 * 9))


@given(seed=st.integers(0, 10**6), smoothing=st.sampled_from([0.0, 0.3, 0.9]))
def test_following_slot_by_slot_is_following_a_run(seed: int, smoothing: float) -> None:
    """So no state looks ahead."""
    totals = np.random.default_rng(seed).integers(0, 12, (15, 3)).astype(float)
    split = Split.of([totals], smoothing)
    run, follower = States.of(totals, split, smoothing), Follower(split, smoothing)
    for slot, row in enumerate(totals):
        follower.observe(row)
        np.testing.assert_array_equal(follower.hot, run.hot[slot])
        np.testing.assert_array_equal(follower.age, run.age[slot])
        np.testing.assert_array_equal(follower.level, run.level[slot])


@given(seed=st.integers(0, 10**6), samples=st.integers(1, 40))
def test_the_nearest_are_the_nearest(seed: int, samples: int) -> None:
    rng = np.random.default_rng(seed)
    runs = [10, 14]
    hot, logage, level = rng.random(24) < 0.5, rng.integers(0, 4, 24).astype(float), rng.uniform(0, 3, 24)
    end = np.repeat(np.cumsum(runs), runs)
    left = end - np.arange(24) - 1
    apart = abs(logage - 2.0) + 0.5 * abs(level - 1.0) + 1e3 * ~hot + 4.0 * np.maximum(0, 6 - left) / 6
    wanted = [slot for slot in np.argsort(apart, kind="stable") if left[slot] > 0][:samples]
    chosen = np.zeros(samples, dtype=np.int64)
    count = nearest(hot, logage, level, end, True, 2.0, 1.0, 0.5, 6, chosen)
    assert count == len(wanted)
    np.testing.assert_allclose(apart[chosen[:count]], apart[wanted])


@given(seed=st.integers(0, 10**6), slots=st.integers(1, 6))
def test_samples_that_agree_leave_no_doubt(seed: int, slots: int) -> None:
    """Copies of one future: the value is that of the deterministic programme, whatever the groups."""
    rng = np.random.default_rng(seed)
    table = -np.sort(-rng.uniform(-1, 4, (slots, slots + 1)), axis=1)  # a longer past never saves less
    rent, load = rng.uniform(0, 2, slots), rng.uniform(0, 4)
    gains = np.repeat(table[:, None], 3, axis=1)
    side = np.repeat(rng.integers(0, 2, (slots, 1)), 3, axis=1)
    stay = np.zeros((slots, 2, slots + 1), dtype=np.bool_)
    enter = np.zeros((slots, 2), dtype=np.bool_)
    value = decide_groups(gains, side, 3, rent, load, stay, enter)
    present, absent = np.zeros((slots, slots + 1)), np.zeros(slots + 1)
    best_intervals(table, rent, load, present, absent)
    assert value == pytest.approx(max(0.0, present[0, 0] - absent[0]), abs=1e-9)


@given(seed=st.integers(0, 10**6))
def test_decisions_do_not_look_into_the_samples(seed: int) -> None:
    """Never to be loaded again, a model is worth at most hindsight, at least the best fixed time to leave."""
    rng = np.random.default_rng(seed)
    slots, samples = 5, 8
    gains = rng.uniform(-2, 2, (slots, samples, slots + 1))
    side = rng.integers(0, 2, (slots, samples))
    stay = np.zeros((slots, 2, slots + 1), dtype=np.bool_)
    enter = np.zeros((slots, 2), dtype=np.bool_)
    value = decide_groups(gains, side, samples, np.zeros(slots), np.inf, stay, enter)
    kept = np.concatenate([np.zeros((1, samples)), np.cumsum(gains[:, :, 0], axis=0)])
    assert kept.mean(axis=1).max() - 1e-9 <= value <= kept.max(axis=0).mean() + 1e-9
    presence = np.zeros(slots)
    expected_presence(side, samples, stay, enter, True, presence)
    assert (np.diff(presence) <= 0).all()


def test_two_groups_by_hand() -> None:
    """Hot saves 3, cold costs 1 (rent 1); told apart in slot 0, two hot samples stay, two cold ones leave."""
    gains = np.zeros((2, 4, 3))
    side = np.array([[1, 1, 0, 0], [1, 1, 0, 0]])
    gains[:, :, 0] = 3.0 * side
    stay, enter = np.zeros((2, 2, 3), dtype=np.bool_), np.zeros((2, 2), dtype=np.bool_)
    value = decide_groups(gains, side, 4, np.ones(2), 10.0, stay, enter)
    assert value == (2 + 2 + 2 + 2) / 4
    presence = np.zeros(2)
    expected_presence(side, 4, stay, enter, True, presence)
    assert presence.tolist() == [0.5, 0.5]


def small_world(seed: int) -> Instance:
    rng = np.random.default_rng(seed)
    return Instance(
        requests=rng.integers(0, 5, (30, 3)),
        service_model=[0, 0, 1],
        memory=1,
        footprint=[1.0, 1.0],
        window=[4, 2, 3],
        gain=[1, 2, 1],
        vanish=[2, 3, 1],
        accuracy=np.sort(rng.uniform(0, 1, (3, 5)), axis=1),
        accuracy_weight=0.7,
        cloud_cost=1.0,
    )


@given(seed=st.integers(0, 10**5), start=st.integers(0, 25))
def test_the_bank_saves_what_the_referee_counts(seed: int, start: int) -> None:
    instance = small_world(seed)
    site = Site.of(instance, 0)
    grouping = np.array([[1.0, 0], [1, 0], [0, 1]])
    run = instance.requests[:, 0]
    split = Split.of([run @ grouping], 0.3)
    bank = Bank.of([run, run], grouping, split, 0.3)
    fresh = bank.fresh_savings(site, 6, site.saving)
    cached = np.zeros((30, 1, 2), dtype=np.bool_)
    cached[start : start + 6, 0, 0] = True
    plan = Plan(cached, instance.requests * cached[:, :, instance.service_model])
    saved = instance.requests.sum() - evaluate(instance, plan).total
    assert fresh[0, start].sum() == pytest.approx(saved, abs=1e-9)
    assert fresh[0, 30 + start].sum() == pytest.approx(saved, abs=1e-9)
    own, side = np.zeros((1, 6)), np.zeros((6, 1), dtype=np.int64)
    gains = np.empty((6, 1, 7))
    chosen = np.array([start + 30])
    gather_gains(own, fresh[0], fresh[0], 0.25, chosen, bank.end, bank.hot[0], gains, side)
    if start + 3 < 30:  # loaded two slots after the next one, a quarter of it charged
        assert gains[2, 0, 3] == pytest.approx(0.75 * fresh[0, start + 3, 0], abs=1e-12)


def test_the_mean_of_the_continuations_is_the_forecast() -> None:
    """A cycle of four slots: what follows slot t is known exactly once the states tell the slots apart."""
    cycle = np.tile([[12, 0], [12, 0], [0, 9], [0, 9]], (30, 1))
    instance = Instance(requests=cycle, service_model=[0, 1], memory=1, footprint=[1, 1], cloud_cost=1.0)
    site = Site.of(instance, 0)
    continuations = Continuations(site, [cycle], 6, 8, smoothing=0.0, level_weight=0.5)
    nothing = np.zeros(2, dtype=np.int64)
    for slot in range(20):
        continuations.observe(Observation(slot, cycle[slot], np.zeros(2, dtype=np.bool_), nothing))
        if slot >= 4:
            np.testing.assert_array_equal(continuations.forecast(6), cycle[slot + 1 : slot + 7])


def test_a_long_past_is_cut_at_its_beginning() -> None:
    runs = [np.arange(5)[:, None], np.arange(10, 14)[:, None]]
    assert [run[:, 0].tolist() for run in latest(runs, 6)] == [[3, 4], [10, 11, 12, 13]]
    assert [run[:, 0].tolist() for run in latest(runs, 3)] == [[11, 12, 13]]
    assert [run.shape[0] for run in latest(runs, 99)] == [5, 4]


def test_its_own_past_teaches_a_run() -> None:
    """Never trained: in a cycle of 4 hot and 4 cold slots it comes to leave for what is hot."""
    cycle = np.tile(np.repeat([[10, 0], [0, 10]], 4, axis=0), (30, 1))
    instance = Instance(
        requests=cycle, service_model=[0, 1], memory=1, footprint=[1, 1], load_cost=15.0, cloud_cost=1.0
    )
    plan = simulate(instance, policy("analog", horizon=12))
    late = slice(140, 230)
    np.testing.assert_array_equal(plan.cached[late, 0], cycle[late] > 0)


def test_training_on_another_server_is_refused() -> None:
    instance = small_world(1)
    fitted = policy("analog").fit([instance.replace(server_names=("elsewhere",))])
    with pytest.raises(InvalidOption, match="policy analog was fitted on elsewhere, not on server"):
        simulate(instance, fitted)
    with pytest.raises(InvalidOption, match="at least one training instance"):
        policy("analog").fit([])
