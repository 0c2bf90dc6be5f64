"""A cache timeline says which model was cached when, and how full its context was."""

from __future__ import annotations

import numpy as np
import pytest

from edgeopt.benchmarks.strips import cache_strips, demand_strips, level
from edgeopt.problem import Instance, Plan, evaluate


@pytest.fixture
def instance() -> Instance:
    """Two models on one server; services 0 and 1 share model 0 with windows of 4 and 6 units."""
    return Instance(
        requests=[[1, 0, 2], [3, 0, 2], [0, 0, 0], [1, 1, 4]],
        service_model=[0, 0, 1],
        memory=[2.0],
        footprint=[1.0, 1.0],
        cloud_cost=[1.0, 1.0, 1.0],
        window=[4, 6, 0],
    )


def test_letters_by_hand(instance: Instance) -> None:
    cached = np.array([[1, 0], [1, 1], [0, 1], [1, 1]], dtype=bool)[:, None, :]
    served = np.array([[1, 0, 0], [3, 0, 2], [0, 0, 0], [0, 0, 0]])[:, None, :]
    plan = Plan(cached, served)
    context = evaluate(instance, plan).context
    # context of model 0 in slots 0 and 1: 0, then 1 of 10 units -> letter round(2.5) = 2; evicted in slot 2
    assert cache_strips(instance, plan, context) == [["ac.a", ".aaa"]]


def test_demand_is_relative_to_the_busiest_model_and_slot(instance: Instance) -> None:
    # requests by model: (1, 3, 0, 2) and (2, 2, 0, 4) of at most 4
    assert demand_strips(instance) == [["gt.m", "mm.z"]]


def test_levels_span_zero_to_one() -> None:
    assert (level("a"), level("z"), level(".")) == (0.0, 1.0, None)
