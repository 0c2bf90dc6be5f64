"""The forecast of the coming price: a density that follows what it sees, and parameters found again."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgeopt.learning.auctioneer import Model, draw_sequences
from edgeopt.learning.auctioneer.fitting import fitted, likelihood
from edgeopt.learning.auctioneer.play import continuous
from edgeopt.learning.auctioneer.sequences import Sequences
from edgeopt.learning.auctioneer.shapes import of_density
from edgeopt.mechanisms.dda import TruthfulDoubleDutchAuction
from edgeopt.mechanisms.market import Floats

MODEL = Model(
    np.array([8.0, np.log(3), np.log(2.5), np.log(0.05), 20.0, 0.0, np.log(15), np.log(3), 50.0, 0.0, 100.0])
)
EVEN, TEN = np.zeros(1), np.full(1, 10.0)


@cache
def past() -> tuple[Sequences, Floats]:
    drawn = draw_sequences(8, 24, seed=2)
    return drawn, continuous(drawn, TruthfulDoubleDutchAuction())[1]


def after(prices: list[float], phase: float = 0.0) -> Floats:
    belief = MODEL.start(1)
    for price in prices:
        belief, _ = MODEL.seen(MODEL.passed(belief), np.array([price]), EVEN, TEN, np.full(1, phase))
    return belief


def mean(density: Floats) -> float:
    return float(density[0] @ np.arange(101))


@settings(max_examples=40)
@given(
    st.lists(st.floats(0, 100) | st.just(float("nan")), max_size=6),
    st.floats(0, 0.99),
    st.floats(-2, 2),
)
def test_beliefs_and_forecasts_stay_distributions(prices: list[float], phase: float, crowd: float) -> None:
    belief = after(prices, phase)
    density = MODEL.prices(MODEL.passed(belief), np.array([crowd]), np.full(1, phase))
    for each in (belief, density):
        assert each.min() >= 0
        assert each.sum() == pytest.approx(1)


def test_the_forecast_follows_a_level_and_a_jump_and_the_crowd() -> None:
    calm, jumped = after([30.0] * 6), after([30.0] * 6 + [70.0] * 2)
    forecast = MODEL.prices(MODEL.passed(calm), EVEN, EVEN)
    assert mean(forecast) == pytest.approx(30, abs=1)
    assert mean(MODEL.prices(MODEL.passed(jumped), EVEN, EVEN)) == pytest.approx(70, abs=3)
    crowded = MODEL.prices(MODEL.passed(calm), np.array([0.5]), EVEN)
    assert mean(crowded) - mean(forecast) == pytest.approx(0.5 * 8, abs=0.2)
    assert after([30.0, float("nan")]).sum(axis=2) == pytest.approx(after([30.0]).sum(axis=2))


def test_a_price_on_the_swing_speaks_for_it() -> None:
    """50 at midnight and 70 a quarter of a day later: a level that swings by 20 foresaw both."""
    belief = after([50.0])
    belief, _ = MODEL.seen(MODEL.passed(belief), np.array([70.0]), EVEN, TEN, np.full(1, 0.25))
    assert belief[0].sum(axis=1).argmax() == 3
    belief, _ = MODEL.seen(MODEL.passed(belief), np.array([50.0]), EVEN, TEN, np.full(1, 0.5))
    assert mean(MODEL.prices(MODEL.passed(belief), EVEN, np.full(1, 0.75))) == pytest.approx(30, abs=2)


def test_fitting_finds_the_swing_and_explains_prices_better() -> None:
    sequences, prices = past()
    found = fitted(sequences, prices, evaluations=300)
    assert found.numbers[4] == pytest.approx(20, abs=3)  # `draw_sequences` says 20
    assert likelihood(found, sequences, prices) > likelihood(MODEL, sequences, prices)
    nothing = fitted(sequences, np.full_like(prices, np.nan), evaluations=20)
    assert np.isfinite(nothing.numbers).all()


def test_ticks_are_as_dense_as_a_power_of_the_density() -> None:
    """By hand, where all prices are as likely: exp(-0.2) (10 / 100 + exp(-6))^0.35 ticks a unit of price."""
    rows = of_density(np.zeros((1, 5)), np.full((1, 101), 1 / 101), TEN, 0.0, 100.0)
    step = np.exp(0.2) / (0.1 + np.exp(-6)) ** 0.35
    for side in (-np.diff(rows.buyers[0])[1:-2], np.diff(rows.sellers[0])[1:-2]):
        assert side == pytest.approx(step, rel=0.03)
    shared = set(rows.buyers[0][1:-1].tolist()) & set(rows.sellers[0][1:-1].tolist())
    assert len(shared) >= len(rows.buyers[0]) - 4
    peaked = np.exp(-0.5 * ((np.arange(101) - 30) / 4) ** 2)[None]
    around = of_density(np.zeros((1, 5)), peaked / peaked.sum(), TEN, 0.0, 100.0)
    gaps = -np.diff(around.buyers[0])
    assert around.buyers[0, 0] < 50
    assert around.sellers[0, 0] > 10
    assert abs(around.buyers[0][gaps[:-1].argmin()] - 30) < 6
