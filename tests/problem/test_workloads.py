"""Each workload's statistics, measured on long stretches, against what its knobs promise."""

from __future__ import annotations

import csv
import gzip
import math
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeopt.problem import InvalidOption
from edgeopt.problem import workloads as w

LONG = 20_000


def rng(*key: int) -> np.random.Generator:
    return np.random.default_rng(key)


def deployment(models: int = 12, services: int = 24, evenness: float = 4.0) -> w.Deployment:
    return w.draw_deployment(rng(1), models, services, evenness)


def stays(on: np.ndarray) -> np.ndarray:
    """Lengths of the runs of True in a (T,) path that begin and end inside it."""
    change = np.diff(on.astype(np.int8))
    ups, downs = np.flatnonzero(change == 1), np.flatnonzero(change == -1)
    if ups.size == 0:
        return ups
    downs = downs[downs > ups[0]]
    return downs - ups[: downs.size]


def by_model(rates: np.ndarray, where: w.Deployment) -> np.ndarray:
    member = np.zeros((where.services, where.models))
    member[np.arange(where.services), where.service_model] = 1
    return rates @ member


def example_workloads(where: w.Deployment, requests: float) -> dict[str, w.Workload]:
    return {
        "stationary": w.draw_stationary(rng(2), where, requests, 0.9),
        "drift": w.Drift(where, requests, 0.9, 40.0),
        "regimes": w.draw_regimes(rng(2), where, requests, 0.9, 3, 40.0),
        "hotset": w.HotSet(where, requests, max(1, where.models // 3), 25.0, 0.15),
        "onoff": w.draw_on_off(
            rng(2),
            where,
            requests,
            0.1,
            persistent=where.models // 2,
            mean_on=80,
            duty=0.4,
            decoy_mean_on=3,
            decoy_duty=0.25,
        ),
        "pipelines": w.draw_pipelines(
            rng(2), where, requests, 0.1, pipelines=1, cycle=where.models, dwell=6, jitter=1
        ),
        "diurnal": w.draw_diurnal(rng(2), where, requests, 0.1, exponent=0.5, period=96, sharpness=2),
        "flash": w.FlashCrowds(w.draw_stationary(rng(2), where, requests, 0.9), 30.0, requests, 12.0),
        "sessions": w.Sessions(
            where, w.zipf_weights(where.models, 0.9), requests, 2.93, 123.0, 1.6, 40.0, 0.5, 60.0
        ),
    }


KINDS = tuple(example_workloads(deployment(), 40.0))


def test_zipf_weights_follow_the_power_law() -> None:
    weights = w.zipf_weights(4, 1.0)
    assert weights == pytest.approx(np.array([12, 6, 4, 3]) / 25)
    assert w.zipf_weights(5, 0.0) == pytest.approx(np.full(5, 0.2))


def test_deployment_spreads_services_evenly_and_shares_sum_to_one() -> None:
    where = w.draw_deployment(rng(3), 5, 13)
    assert np.bincount(where.service_model).tolist() == [3, 3, 3, 2, 2]
    assert np.bincount(where.service_model, weights=where.share) == pytest.approx(np.ones(5))
    even = w.draw_deployment(rng(3), 2, 20, evenness=1e6)
    assert even.share == pytest.approx(np.full(20, 0.1), abs=1e-3)


def test_rotation_hands_the_demand_of_one_model_to_the_next() -> None:
    where = w.draw_deployment(rng(3), 4, 4)
    turned = w.Deployment(where.service_model, where.share, rotation=1)
    assert turned.spread(np.array([[1.0, 2.0, 3.0, 4.0]])).tolist() == [[4.0, 1.0, 2.0, 3.0]]


def test_stationary_counts_are_poisson_with_the_zipf_popularity() -> None:
    where = deployment()
    load = w.draw_stationary(rng(2), where, 40.0, 0.9)
    counts = load.arrivals(rng(4), LONG)
    assert counts.sum(axis=1).mean() == pytest.approx(40, rel=0.01)
    assert counts.sum(axis=1).var() == pytest.approx(40, rel=0.04)
    demand = np.sort(by_model(counts, where).mean(axis=0))[::-1] / 40
    assert demand == pytest.approx(w.zipf_weights(12, 0.9), rel=0.04)


def test_drift_keeps_zipf_in_every_slot_and_forgets_the_ranking_at_the_stated_pace() -> None:
    where = deployment()
    demand = by_model(w.Drift(where, 40.0, 0.9, 40.0).rates(rng(5), 500), where) / 40
    assert -np.sort(-demand, axis=1) == pytest.approx(np.tile(w.zipf_weights(12, 0.9), (500, 1)))
    scores = w.drift.smooth_scores(rng(6), 4000, 200, 40.0)
    assert scores.var() == pytest.approx(1, abs=0.05)
    for lag, expected in ((40, math.exp(-0.5)), (80, math.exp(-2))):
        assert np.mean(scores[lag:] * scores[:-lag]) == pytest.approx(expected, abs=0.05)


def test_regimes_last_as_stated_and_always_change() -> None:
    load = w.draw_regimes(rng(2), deployment(), 40.0, 0.9, 4, 25.0)
    path = load.regime_path(rng(7), LONG)
    switches = np.flatnonzero(np.diff(path))
    assert LONG / (switches.size + 1) == pytest.approx(25, rel=0.08)
    assert np.bincount(path, minlength=4) / LONG == pytest.approx(np.full(4, 0.25), abs=0.05)
    assert len({tuple(row) for row in load.popularity}) == 4


def test_hot_set_has_its_size_its_duration_and_its_noise() -> None:
    where = deployment()
    load = w.HotSet(where, 40.0, 4, 25.0, 0.15)
    hot = load.hot_path(rng(8), LONG)
    assert (hot.sum(axis=1) == 4).all()
    lengths = np.concatenate([stays(column) for column in hot.T])
    assert lengths.mean() == pytest.approx(25, rel=0.06)
    assert lengths.std() == pytest.approx(math.sqrt(25 * 24), rel=0.08)  # geometric: no memory
    assert hot.mean(axis=0) == pytest.approx(np.full(12, 1 / 3), abs=0.06)
    rates = by_model(load.rates(rng(8), LONG), where)
    assert np.allclose(rates[~hot], 40 * 0.15 / 12)
    assert np.allclose(rates[hot], 40 * 0.15 / 12 + 40 * 0.85 / 4)


def test_on_off_durations_tell_decoys_from_persistent_models_but_amplitudes_do_not() -> None:
    where = deployment()
    load = w.draw_on_off(
        rng(2), where, 40.0, 0.1, persistent=6, mean_on=80, duty=0.4, decoy_mean_on=3, decoy_duty=0.25
    )
    assert sorted(load.mean_on.tolist()) == [3.0] * 6 + [80.0] * 6
    on = w.on_off_path(rng(9), 5 * LONG, load.mean_on, load.duty)
    persistent = load.mean_on == 80
    for group, mean_on, duty in ((persistent, 80, 0.4), (~persistent, 3, 0.25)):
        lengths = np.concatenate([stays(column) for column in on[:, group].T])
        assert lengths.mean() == pytest.approx(mean_on, rel=0.06)
        assert on[:, group].mean() == pytest.approx(duty, rel=0.06)
    rates = by_model(load.rates(rng(9), 5 * LONG), where)
    assert rates.sum(axis=1).mean() == pytest.approx(40, rel=0.03)
    peaks = rates.max(axis=0)
    assert peaks == pytest.approx(np.full(12, 40 * 0.1 / 12 + 40 * 0.9 / (6 * 0.4 + 6 * 0.25)))


def test_on_off_starts_in_its_stationary_law() -> None:
    starts = w.on_off_path(rng(10), 1, np.full(LONG, 80.0), np.full(LONG, 0.4))
    assert starts.mean() == pytest.approx(0.4, abs=0.015)


def test_pipelines_dwell_five_to_seven_slots_and_follow_their_cycle() -> None:
    load = w.draw_pipelines(rng(2), deployment(), 40.0, 0.1, pipelines=3, cycle=4, dwell=6, jitter=1)
    assert sorted(np.concatenate(load.cycles).tolist()) == list(range(12))
    path = load.model_path(rng(11), LONG)
    for cycle, models in zip(load.cycles, path.T, strict=True):
        changes = np.flatnonzero(np.diff(models)) + 1
        dwells = np.diff(changes)
        assert set(dwells.tolist()) == {5, 6, 7}
        assert np.bincount(dwells)[5:] / dwells.size == pytest.approx(np.full(3, 1 / 3), abs=0.04)
        follows = dict(zip(cycle.tolist(), np.roll(cycle, -1).tolist(), strict=True))
        assert all(follows[a] == b for a, b in zip(models[changes - 1], models[changes], strict=True))
    counts = by_model(load.arrivals(rng(11), LONG), deployment())
    assert counts.sum(axis=1).mean() == pytest.approx(40, rel=0.01)


def test_pipelines_start_at_any_stage_alike() -> None:
    load = w.draw_pipelines(rng(2), deployment(), 40.0, 0.1, pipelines=3, cycle=4, dwell=6, jitter=1)
    first = [load.stage_path(rng(12, seed), 1, 4)[0] for seed in range(2000)]
    assert np.bincount(first, minlength=4) / 2000 == pytest.approx(np.full(4, 0.25), abs=0.04)


def test_diurnal_repeats_after_a_period_and_keeps_its_mean() -> None:
    where = deployment()
    load = w.draw_diurnal(rng(2), where, 40.0, 0.0, exponent=0.5, period=96, sharpness=2.0)
    rates = load.rates(rng(13), 3 * 96)
    assert rates[:96] == pytest.approx(rates[96:192])
    assert rates[:96].sum() / 96 == pytest.approx(40)
    demand = by_model(rates, where)
    assert (demand.max(axis=0) / demand.min(axis=0)) == pytest.approx(np.full(12, math.exp(4)), rel=0.02)
    assert len(set(demand.argmax(axis=0) % 96)) == 12  # every model has its own hour


def test_flash_crowds_thin_out_exponentially_and_add_the_stated_mean() -> None:
    where = deployment()
    base = w.draw_stationary(rng(2), where, 40.0, 0.9)
    load = w.FlashCrowds(base, every=30.0, height=40.0, mean_life=12.0)
    crowds = load.crowd_path(rng(14), 10 * LONG)
    assert crowds.sum(axis=1).mean() == pytest.approx(40 * w.crowd_size(12.0) / 30, rel=0.05)
    assert w.crowd_size(12.0) == pytest.approx(sum(math.exp(-j / 12) for j in range(1000)))
    total = crowds[:, 0]
    decays = np.diff(np.log(total[total > 0.5]))
    assert np.median(decays) == pytest.approx(-1 / 12)


def test_sessions_have_the_turns_and_the_rate_they_promise() -> None:
    where = deployment()
    load = w.Sessions(where, w.zipf_weights(12, 0.9), 40.0, 2.93, 123.0, 1.6, 40.0, 1.0, 60.0)
    turns = load.draw_turns(rng(15), LONG)
    assert turns.min() == 1
    assert turns.mean() == pytest.approx(2.93, rel=0.03)
    counts = load.arrivals(rng(16), LONG)
    assert counts.sum(axis=1).mean() == pytest.approx(40, rel=0.04)
    assert counts.sum(axis=1).var() > 1.1 * counts.sum(axis=1).mean()  # turns come in bunches


def test_turns_of_a_lone_session_are_a_think_time_apart() -> None:
    where = w.draw_deployment(rng(3), 1, 1)
    load = w.Sessions(where, np.ones(1), 0.0005, 2.93, 123.0, 0.0, 40.0, 1.0, 1.0)
    arrived = np.flatnonzero(load.arrivals(rng(17), 20 * LONG)[:, 0])
    gaps = np.diff(arrived)
    same_session = gaps[gaps < 130]
    assert same_session.size > 20
    assert np.mean(np.isin(same_session, (122, 123, 124))) > 0.8


def test_agents_of_sessions_can_pause() -> None:
    where = deployment()
    load = w.Sessions(where, np.full(12, 1 / 12), 40.0, 1.0, 1.0, 0.0, 40.0, 0.5, 60.0)
    opened = by_model(load.opened(rng(18), LONG), where)
    assert opened.sum(axis=1).mean() == pytest.approx(40, rel=0.05)
    assert (opened == 0).mean() == pytest.approx(0.5 + 0.5 * math.exp(-40 / 12 / 0.5), abs=0.02)


def test_session_defaults_are_those_of_the_logs(shared_data: Path) -> None:
    sessions = defaultdict(list)
    with gzip.open(shared_data / "burstgpt" / "head400.canonical.csv.gz", "rt") as rows:
        for row in csv.DictReader(rows):
            if row["session_id"]:
                sessions[row["session_id"]].append(float(row["arrived_at"]))
    turns = np.array([len(times) for times in sessions.values()])
    gaps = np.concatenate([np.diff(sorted(times)) for times in sessions.values()])
    load = w.Sessions(deployment(), w.zipf_weights(12, 0.9), 40.0, 2.93, 123.0, 1.6, 40.0, 1.0, 60.0)
    drawn = load.draw_turns(rng(19), LONG)
    assert len(turns) == 134
    assert turns.mean() == pytest.approx(load.turns, abs=0.005)
    assert np.median(gaps) == load.think_seconds
    assert np.log(gaps[gaps > 0]).std() == pytest.approx(load.think_spread, abs=0.01)
    assert (turns == 1).mean() == pytest.approx((drawn == 1).mean(), abs=0.03)
    assert np.quantile(turns, 0.9) == pytest.approx(np.quantile(drawn, 0.9), abs=2)


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_generator_draws_the_same_bytes_and_another_does_not(kind: str) -> None:
    load = example_workloads(deployment(), 40.0)[kind]
    once, again = load.arrivals(rng(20), 60), load.arrivals(rng(20), 60)
    assert once.dtype == np.int64
    assert once.tobytes() == again.tobytes()
    assert once.tobytes() != load.arrivals(rng(21), 60).tobytes()


@given(
    kind=st.sampled_from(KINDS),
    slots=st.integers(1, 60),
    models=st.integers(1, 9),
    extra=st.integers(0, 12),
    requests=st.floats(0.01, 500),
    seed=st.integers(0, 2**70),
)
def test_any_size_gives_whole_counts_of_the_right_shape(
    kind: str, slots: int, models: int, extra: int, requests: float, seed: int
) -> None:
    load = example_workloads(deployment(models, models + extra), requests)[kind]
    counts = load.arrivals(rng(seed), slots)
    assert counts.shape == (slots, models + extra)
    assert counts.dtype == np.int64
    assert counts.min() >= 0


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda d: w.HotSet(d, 40.0, 13, 25.0, 0.1), "hot=13"),
        (lambda d: w.HotSet(d, 40.0, 4, 0.5, 0.1), "mean_hot=0.5"),
        (lambda d: w.HotSet(d, 40.0, 4, 25.0, 1.5), "noise=1.5"),
        (lambda d: w.HotSet(d, -1.0, 4, 25.0, 0.1), "requests=-1.0"),
        (lambda d: w.HotSet(d, float("inf"), 4, 25.0, 0.1), "requests=inf"),
        (lambda d: w.draw_regimes(rng(2), d, 40.0, 0.9, 1, 40.0), "regimes=1"),
        (lambda d: w.draw_stationary(rng(2), d, 40.0, -1.0), "exponent=-1.0"),
        (
            lambda d: w.draw_pipelines(rng(2), d, 40.0, 0.1, pipelines=4, cycle=4, dwell=6, jitter=1),
            "pipelines=4",
        ),
        (
            lambda d: w.draw_pipelines(rng(2), d, 40.0, 0.1, pipelines=3, cycle=4, dwell=6, jitter=6),
            "jitter=6",
        ),
        (lambda d: w.OnOff(d, 40.0, np.full(12, 2.0), np.full(12, 0.9), 0.1), "time off"),
        (lambda d: w.Sessions(d, np.full(12, 1 / 12), 40.0, 0.5, 123.0, 1.6, 40.0, 1.0, 60.0), "turns=0.5"),
        (lambda d: w.Sessions(d, np.full(12, 1 / 12), 40.0, 2.0, 123.0, 1.6, 2.0, 0.9, 60.0), "duty=0.9"),
        (lambda _: w.draw_deployment(rng(2), 5, 4), "services=4"),
    ],
)
def test_senseless_knobs_are_named(make, message: str) -> None:
    with pytest.raises(InvalidOption, match=message):
        make(deployment())
