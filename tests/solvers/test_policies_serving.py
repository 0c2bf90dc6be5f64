"""Filling compute and energy: exact on small slots, by brute force, and never beyond a limit."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeopt.problem.capacity import fits
from edgeopt.problem.errors import InvalidOption
from edgeopt.solvers.serving import fill

AMOUNT = st.one_of(st.sampled_from([0.0, 0.1, 0.2, 1.0, 2.0]), st.floats(0.01, 3))
SERVICE = st.tuples(
    st.one_of(st.sampled_from([-1.0, 0.0, 1.0]), st.floats(-1, 5)), st.integers(0, 4), AMOUNT, AMOUNT
)
LIMIT = st.one_of(st.sampled_from([0.0, 0.3, 1.0, np.inf]), st.floats(0, 12))


@given(services=st.lists(SERVICE, max_size=4), compute=LIMIT, budget=LIMIT)
def test_it_is_exact_on_small_slots(
    services: list[tuple[float, int, float, float]], compute: float, budget: float
) -> None:
    worth, available, work, energy = np.array(services, dtype=np.float64).reshape(-1, 4).T
    served, value = fill(worth, available, work, compute, energy, budget)
    assert fits(served @ work, compute)
    assert fits(served @ energy, budget)
    assert (served >= 0).all()
    assert (served <= available).all()
    assert not served[worth <= 0].any()
    best = 0.0
    for counts in itertools.product(*(range(int(most) + 1) for most in available)):
        trial = np.array(counts, dtype=np.float64)
        if fits(trial @ work, compute) and fits(trial @ energy, budget):
            best = max(best, float(trial @ worth))
    assert value == pytest.approx(best, rel=1e-9, abs=1e-12)
    assert value == pytest.approx(float(served @ worth), abs=1e-12)


def test_a_large_slot_is_close_to_the_relaxation() -> None:
    """36 services, 40 requests: the priced relaxation bounds what any filling is worth."""
    rng = np.random.default_rng(0)
    worth, work = rng.uniform(0.2, 0.8, 36), rng.uniform(0.3, 1.2, 36)
    available = rng.poisson(2, 36)
    compute = 0.5 * float(available @ work)
    served, value = fill(worth, available, work, compute, np.zeros(36), np.inf)
    bound, room = 0.0, compute
    for service in np.argsort(-worth / work):
        taken = min(float(available[service]), room / work[service])
        bound, room = bound + taken * worth[service], room - taken * work[service]
    assert 0.995 * bound <= value <= bound * (1 + 1e-9)
    assert fits(served @ work, compute)


def test_without_limits_everything_that_pays_is_served() -> None:
    served, value = fill([1.0, -1.0, 2.0], [3, 4, 5], [9.0] * 3, np.inf, [9.0] * 3, np.inf)
    assert served.tolist() == [3, 0, 5]
    assert value == 13


def test_mismatched_arrays_are_refused() -> None:
    with pytest.raises(InvalidOption, match="fill"):
        fill([1.0, 2.0], [1], [1.0], 1.0, [1.0], 1.0)
