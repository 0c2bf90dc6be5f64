"""The forecasts and the worth of keeping a model, against hand-worked numbers and textbook recursions."""

from __future__ import annotations

import numpy as np
import pytest

from edgeopt.problem import Instance, evaluate
from edgeopt.solvers.policies import policy
from edgeopt.solvers.policies.autocovariance import (
    autocovariance,
    kalman_gain,
    linear_predictor,
    returning_level,
)
from edgeopt.solvers.policies.demand import Averages, returning
from edgeopt.solvers.policies.fluid import future_saving
from edgeopt.solvers.simulation import simulate


def worth_of_keeping(
    context: int, requests: int, forecast: list[float], saving: list[float], **rest: int
) -> tuple[float, float]:
    keeping, bonus = np.zeros(1), np.zeros(1)
    whole = {"gain": 1, "vanish": 1, "window": len(saving) - 1} | rest
    future_saving(
        np.array([context]),
        np.array([requests]),
        np.array(forecast)[:, None],
        np.zeros(1),
        np.zeros(1, dtype=np.int64),
        np.array([whole["gain"]]),
        np.array([whole["vanish"]]),
        np.array([whole["window"]]),
        np.array([saving]),
        keeping,
        bonus,
    )
    return float(keeping[0]), float(bonus[0])


def test_context_flows_between_the_columns_of_the_table() -> None:
    """Context 0, two requests, vanish 1 -> 1; then 1.5 a slot: 1, 1.5, 2 (full): 1.5 (10 + 15 + 20)."""
    assert worth_of_keeping(0, 2, [1.5, 1.5, 1.5], [5.0, 10.0, 20.0]) == (67.5, 0.0)


def test_a_stream_that_loses_is_not_served() -> None:
    assert worth_of_keeping(0, 0, [1.0, 1.0], [-5.0, -1.0]) == (0.0, 0.0)


def test_a_request_that_loses_now_is_worth_what_it_does_for_later_ones() -> None:
    """Served, the context is 2 and the next two save 4 each; not served, they lose 1 and then save 1."""
    keeping, bonus = worth_of_keeping(0, 2, [1.0, 1.0], [-1.0, 1.0, 4.0], vanish=0)
    assert keeping == 0.0  # -1 + 1, without this slot's requests
    assert bonus == (8.0 - 0.0) / 2


def test_averages_follow_and_return() -> None:
    averages = Averages(1, 0.5, np.array([2.0]))
    averages.observe(np.array([6]))
    assert averages.fast.tolist() == [4.0]
    assert averages.slow == pytest.approx([2.04])
    forecast = returning(averages.slow, averages.fast - averages.slow, np.array([0.5]), 2)
    assert forecast[:, 0] == pytest.approx([2.04 + 0.98, 2.04 + 0.49])
    untrained = Averages(1, 0.5, None)
    for value in (6, 2):
        untrained.observe(np.array([value]))
    assert (untrained.fast[0], untrained.slow[0]) == (4.0, 4.0)


def test_autocovariance_by_hand() -> None:
    """1, -1, 1, -1, ...: 1 at even lags, -1 at odd ones; two runs are not joined."""
    run = np.array([[1.0], [-1.0]] * 8)
    assert autocovariance([run, run])[:4, 0].tolist() == [1.0, -1.0, 1.0, -1.0]


def test_persistence_and_noise_are_told_apart() -> None:
    """A level with phi .9 and variance 4 under noise of variance 4, which the lags above 0 do not see."""
    rng = np.random.default_rng(0)
    level = np.zeros(60_000)
    for t in range(1, level.size):
        level[t] = 0.9 * level[t - 1] + rng.normal(0, np.sqrt(4 * (1 - 0.81)))
    phi, gain = returning_level(autocovariance([(level + rng.normal(0, 2, level.size))[:, None]]))
    assert phi[0] == pytest.approx(0.9, abs=0.021)
    right = kalman_gain(np.array([0.9]), np.array([4.0]), np.array([4.0]))
    assert gain[0] == pytest.approx(right[0], abs=0.04)


@pytest.mark.parametrize(("phi", "signal", "noise"), [(0.9, 4.0, 4.0), (0.5, 1.0, 9.0), (0.99, 2.0, 0.5)])
def test_the_gain_is_where_the_filter_settles(phi: float, signal: float, noise: float) -> None:
    predicted = signal
    for _ in range(2000):
        predicted = phi**2 * predicted * noise / (predicted + noise) + signal * (1 - phi**2)
    closed = kalman_gain(np.array([phi]), np.array([signal]), np.array([noise]))[0]
    assert closed == pytest.approx(predicted / (predicted + noise), rel=1e-9)
    assert kalman_gain(np.array([phi]), np.array([signal]), np.array([0.0]))[0] == 1.0
    assert kalman_gain(np.array([phi]), np.array([0.0]), np.array([0.0]))[0] == 0.0


def test_the_linear_predictor_of_an_ar1_uses_the_last_value_only() -> None:
    table = 0.8 ** np.arange(40.0)[:, None]
    weights = linear_predictor(table, 3, 4)
    np.testing.assert_allclose(weights[:, 0, 0], 0.8 ** np.arange(1, 5), atol=0.05)
    np.testing.assert_allclose(weights[:, 0, 1:], 0.0, atol=0.05)


def test_the_linear_predictor_sees_a_cycle() -> None:
    """A cosine of period 8: half a period ahead comes the opposite of now."""
    table = np.cos(2 * np.pi * np.arange(41.0) / 8)[:, None]
    weights = linear_predictor(table, 6, 8)
    past = np.cos(2 * np.pi * (0 - np.arange(6)) / 8)
    np.testing.assert_allclose(weights[:, 0] @ past, np.cos(2 * np.pi * np.arange(1, 9) / 8), atol=0.05)


def decoys(seed: int) -> Instance:
    """Model 0 is hot for 40 slots at a time, models 1 and 2 for two: same demand, one place, dear to fill."""
    rng = np.random.default_rng(seed)
    lengths = [40, 2, 2]
    hot = np.zeros((400, 3), dtype=int)
    for model, length in enumerate(lengths):
        state, left = bool(rng.random() < 0.4), 0
        for slot in range(400):
            if left <= 0:
                state, left = not state, int(rng.geometric(1 / length))
            hot[slot, model], left = 10 * state, left - 1
    return Instance(
        requests=hot, service_model=[0, 1, 2], memory=1, footprint=np.ones(3), load_cost=30.0, cloud_cost=1.0
    )


def test_index_ar_tells_decoys_from_lasting_demand() -> None:
    """The same rule with one persistence for all models pays more, at its best horizon too."""
    training, test = [decoys(seed) for seed in range(3)], decoys(9)
    measured = policy("index-ar", horizon=40).fit(training)
    total = evaluate(test, simulate(test, measured)).total
    for horizon in (2, 5, 10, 20, 40):
        plain = policy("index", memory=0.0, persistence=0.9, horizon=horizon).fit(training)
        assert total <= evaluate(test, simulate(test, plain)).total * 1.001
