"""Prices of memory, compute and energy: signs, units, complementary slackness, derivatives."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pytest

from edgeopt.problem import Instance
from edgeopt.solvers.relaxation import KINDS, relaxation
from strategies import random_instance

LIMITS = {"memory_price": "memory", "compute_price": "compute", "energy_price": "energy_budget"}


def crowded(seed: int) -> Instance:
    """Two servers where memory, compute and energy are all scarce."""
    rng = np.random.default_rng(seed)
    instance = random_instance(rng, slots=6, servers=2, models=4, services=6)
    return instance.replace(
        memory=rng.uniform(6, 12, 2), compute=rng.uniform(2, 4, 2), energy_budget=rng.uniform(6, 12, 2),
        requests=rng.integers(0, 6, instance.requests.shape),
    )  # fmt: skip


def loads(instance: Instance, details: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Memory, compute and energy that the fractional plan takes: (T, N) each."""
    served = details["served"]
    return {
        "memory_price": details["cached"] @ instance.footprint,
        "compute_price": (served * instance.work).sum(axis=2),
        "energy_price": (served * instance.energy).sum(axis=2),
    }


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("kind", KINDS)
def test_a_price_is_paid_only_for_what_is_used_up(
    kind: Literal["compact", "perspective", "extended", "hull"], seed: int
) -> None:
    instance = crowded(seed)
    details = dict(relaxation(instance, kind).details)
    used = loads(instance, details)
    for name, limit in LIMITS.items():
        price, capacity = details[name], getattr(instance, limit)
        assert price.shape == (instance.slots, instance.servers)
        assert (price >= 0).all()
        assert (used[name] <= capacity * (1 + 1e-6)).all()
        if not (kind == "hull" and name == "memory_price"):  # there, sets of models are rarely full
            slack = 1 - used[name] / capacity
            value = price * capacity
            assert (value * slack <= 1e-6 * (1 + value)).all(), name


@pytest.mark.parametrize("kind", ["compact", "perspective", "extended"])
def test_prices_are_derivatives_of_the_bound(kind: Literal["compact", "perspective", "extended"]) -> None:
    """A little more of a capacity in all slots lowers the bound by the sum of its prices."""
    positive = dict.fromkeys(LIMITS, 0)
    for seed in range(5):
        instance = crowded(seed)
        prices = relaxation(instance, kind).details
        for name, limit in LIMITS.items():
            capacity, step = getattr(instance, limit)[0], 1e-5
            ends = []
            for factor in (1 - step, 1 + step):
                changed = getattr(instance, limit).copy()
                changed[0] *= factor
                ends.append(relaxation(instance.replace(**{limit: changed}), kind).lower_bound)
            slope = (ends[1] - ends[0]) / (2 * step * capacity)
            total = float(prices[name][:, 0].sum())
            assert -slope == pytest.approx(total, rel=1e-4, abs=1e-5), (seed, name)
            positive[name] += total > 1e-3
    assert all(positive.values()), positive


@pytest.mark.parametrize("kind", ["hull", "compact"])
def test_abundant_capacities_are_free(kind: Literal["hull", "compact"]) -> None:
    instance = crowded(1).replace(memory=1e3, compute=1e3, energy_budget=np.inf)
    details = relaxation(instance, kind).details
    for name in (*LIMITS, "presence_price"):
        assert not details[name].any()


def test_price_of_memory_in_the_hull_is_what_the_best_set_pays() -> None:
    instance = crowded(2)
    details = relaxation(instance, "hull").details
    assert details["memory_price_is"] == "average"
    pays = details["memory_price"] * instance.memory
    presence = details["presence_price"]
    fits = [np.array([i >> m & 1 for m in range(4)]) for i in range(16)]
    for n in range(instance.servers):
        sets = np.array([s for s in fits if s @ instance.footprint <= instance.memory[n]])
        assert np.allclose((presence[:, n] @ sets.T).max(axis=1), pays[:, n], rtol=1e-9, atol=1e-9)
