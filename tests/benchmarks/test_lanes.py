"""The journal's lines say which model was cached when, with how much context, and what it served."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeopt.benchmarks.lanes import cache_lanes, demand_lanes, price_lanes, read_line, room, write_line
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


def test_lines_by_hand(instance: Instance) -> None:
    cached = np.array([[1, 0], [1, 1], [0, 1], [1, 1]], dtype=bool)[:, None, :]
    served = np.array([[1, 0, 0], [3, 0, 2], [0, 0, 0], [0, 1, 4]])[:, None, :]
    plan = Plan(cached, served)
    # context of model 0 in slots 0 and 1: 0, then 1; evicted in slot 2, so 0 again in slot 3
    assert cache_lanes(instance, plan, evaluate(instance, plan).context) == {
        "context": [["0 1 - 0", "- 0*3"]],
        "served": [["1 3 0 1", "0 2 0 4"]],
    }
    assert demand_lanes(instance) == [["1 3 0 2", "2*2 0 4"]]
    assert room(instance) == [10, 0]


def test_prices_have_four_digits_and_one_line_a_model() -> None:
    price = np.array([[[0.0, 1.23456]], [[0.0, 1234.56]]])
    assert price_lanes(price) == [["0*2", "1.235 1235"]]


@given(st.lists(st.sampled_from(["-", "0", "7", "12", "0.5"])))
def test_a_line_reads_back(values: list[str]) -> None:
    assert read_line(write_line(values)) == values
