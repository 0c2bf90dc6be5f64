"""Instances: broadcasting, validation that names what is wrong, immutability, identity."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest
from hypothesis import given

from edgeopt.problem import Instance, InvalidInstance, InvalidPlan, Plan
from strategies import instances, instances_with_plans

BASE: dict[str, Any] = {
    "requests": np.ones((3, 2, 4), int),
    "service_model": [0, 0, 1, 1],
    "memory": 10.0,
    "footprint": [4.0, 5.0],
    "cloud_cost": [1.0, 2.0, 3.0, 4.0],
}


def make(**changes: Any) -> Instance:
    return Instance(**(BASE | changes))


def test_a_paging_problem_is_one_line() -> None:
    """Two pages, one frame: everything but the five required arrays has a default."""
    paging = Instance(
        requests=np.eye(2, dtype=int),
        service_model=[0, 1],
        memory=1,
        footprint=[1, 1],
        cloud_cost=9,
        load_cost=1,
    )
    assert (paging.slots, paging.servers, paging.models, paging.services) == (2, 1, 2, 2)
    assert np.isinf(paging.compute).all()
    assert (paging.accuracy == 1).all()
    assert paging.gain.tolist() == [1, 1]


def test_scalars_and_missing_leading_axes_broadcast() -> None:
    instance = make(load_cost=2.0, work=[[1.0], [2.0]], window=[0, 1, 2, 3], accuracy=0.5)
    assert instance.cloud_cost.tolist() == [[1, 2, 3, 4]] * 2
    assert instance.load_cost.tolist() == [[2, 2]] * 2
    assert instance.work.tolist() == [[1] * 4, [2] * 4]
    assert instance.accuracy.shape == (4, 4)


def test_curves_fill_the_table_and_the_tail_repeats_the_window() -> None:
    instance = make(window=[0, 1, 2, 3], accuracy=lambda k: k / 4)
    assert instance.accuracy.tolist() == [
        [0, 0, 0, 0],
        [0, 0.25, 0.25, 0.25],
        [0, 0.25, 0.5, 0.5],
        [0, 0.25, 0.5, 0.75],
    ]
    table = make(
        window=[1, 1, 1, 1],
        accuracy=[lambda k: 0 * k, lambda k: k / 2, lambda k: k / 1, lambda k: 0.5 + 0 * k],
    )
    assert table.accuracy[:, 1].tolist() == [0, 0.5, 1, 0.5]


def test_saving_by_hand() -> None:
    instance = make(
        window=1, accuracy=[0.25, 0.75], accuracy_weight=0.5, transmission_cost=0.125, computation_cost=0.25
    )
    assert instance.saving[1, 2].tolist() == [3 - 0.375 - 0.5 * 0.75, 3 - 0.375 - 0.5 * 0.25]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"requests": [[[1, 2, -3, 4]]]}, r"requests\[0, 0, 2\] = -3: must be at least 0"),
        ({"requests": [[[1, 2, 3.5, 4]]]}, r"requests\[0, 0, 2\] = 3.5: must be a whole number"),
        ({"requests": [[[1, 2, 3, 10**12]]]}, "must be at most"),
        ({"requests": 5}, "is not \\(slots, servers, services\\)"),
        ({"requests": np.ones((0, 2, 4), int)}, "each at least 1"),
        ({"requests": [[["a", "b", "c", "d"]]]}, "requests: expected numbers"),
        ({"requests": [[1, 2], [3]]}, "requests: not a regular array"),
        ({"service_model": [0, 1, 2, 0]}, r"service_model\[2\] = 2: there are only models 0 to 1"),
        ({"service_model": [0, 1]}, r"service_model: shape \(2,\) does not fit \(S\) = \(4,\)"),
        ({"memory": [1.0, np.nan]}, r"memory\[1\] = nan: must be a number"),
        ({"memory": np.inf}, "memory = inf: must be finite"),
        ({"footprint": [1.0, 0.0]}, r"footprint\[1\] = 0: must be greater than 0"),
        ({"footprint": []}, "footprint: shape"),
        ({"compute": -1.0}, "compute = -1: must be at least 0"),
        ({"cloud_cost": [1, 2, -1, 3]}, r"cloud_cost\[2\] = -1"),
        ({"window": 10**7}, "window = 1e\\+07: must be at most 1e\\+06"),
        ({"accuracy": 1.5}, "accuracy = 1.5: must be at most 1"),
        (
            {"window": 2, "accuracy": [0.1, 0.5, 0.4]},
            r"accuracy\[0, 2\] = 0.4: must not be below accuracy\[0, 1\] = 0.5",
        ),
        ({"window": 2, "accuracy": [0.1, 0.5]}, "accuracy: shape \\(2,\\) does not fit"),
        ({"accuracy": [lambda k: 0 * k]}, "1 curves for 4 services"),
        ({"slot_seconds": 0}, "slot_seconds = 0"),
        ({"model_names": ["a", "a"]}, "model_names: got 1 different names; 2 are needed"),
        ({"model_names": "ab"}, "model_names: expected 2 strings"),
        ({"footprint": np.ones(3, complex)}, "expected numbers"),
    ],
)
def test_validation_names_array_index_and_rule(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidInstance, match=message) as caught:
        make(**changes)
    assert "\n" not in str(caught.value)


def test_absurd_sizes_are_refused_before_memory_is_taken() -> None:
    with pytest.raises(InvalidInstance, match="at most 200,000,000"):
        make(requests=np.broadcast_to(np.int64(0), (10**6, 2, 4)), footprint=np.ones(1000))
    with pytest.raises(InvalidInstance, match="accuracy: 400,000,400"):
        Instance(
            requests=np.zeros((1, 1, 400), int),
            service_model=0,
            memory=1,
            footprint=[1],
            cloud_cost=1,
            window=10**6,
        )


def test_arrays_cannot_be_changed_and_do_not_follow_the_callers() -> None:
    requests = np.ones((1, 1, 4), int)
    instance = make(requests=requests)
    requests[0] = 7
    assert instance.requests.max() == 1
    with pytest.raises(ValueError, match="read-only"):
        instance.requests[0, 0, 0] = 5
    with pytest.raises(ValueError, match="read-only"):
        instance.saving[0, 0, 0] = 5
    with pytest.raises(AttributeError):
        instance.memory = np.ones(2)  # type: ignore[misc]


@given(instances())
def test_equality_digest_and_pickle_see_every_bit(instance: Instance) -> None:
    assert pickle.loads(pickle.dumps(instance)) == instance
    other = instance.replace(memory=np.nextafter(instance.memory, np.inf))
    assert other != instance
    assert other.digest() != instance.digest()
    assert instance.replace(model_names=[f"m{i}" for i in range(instance.models)]) != instance


@given(instances())
def test_servers_and_stretches_are_cut_out_whole(instance: Instance) -> None:
    for n in range(instance.servers):
        alone = instance.server(n)
        assert np.array_equal(alone.requests[:, 0], instance.requests[:, n])
        assert np.array_equal(alone.saving[0], instance.saving[n])
        assert alone.memory[0] == instance.memory[n]
    if instance.slots > 1:
        assert np.array_equal(instance.window_slots(1, instance.slots).requests, instance.requests[1:])
    with pytest.raises(InvalidInstance, match="there are only servers"):
        instance.server(instance.servers)
    with pytest.raises(InvalidInstance, match="must lie within"):
        instance.window_slots(0, instance.slots + 1)


@pytest.mark.parametrize(
    ("cached", "served", "message"),
    [
        (
            np.ones((1, 1, 2)) * 2,
            np.ones((1, 1, 2), int),
            r"cached\[0, 0, 0\] = 2.0: must be a whole number from 0 to 1",
        ),
        (np.ones((1, 1, 2)), [[[0.5, 1]]], r"served\[0, 0, 0\] = 0.5"),
        (np.ones((1, 1, 2)), [[[-1, 1]]], r"served\[0, 0, 0\] = -1"),
        (np.ones((1, 1, 2)), [[[np.nan, 1]]], r"served\[0, 0, 0\] = nan"),
        (np.ones((2, 1, 2)), [[[1, 1]]], "slots and servers"),
        (np.ones((2, 2)), [[[1, 1]]], "cached: shape"),
        ([["x"]], [[[1, 1]]], "cached"),
    ],
)
def test_plans_hold_whole_numbers_of_matching_shape(cached: Any, served: Any, message: str) -> None:
    with pytest.raises(InvalidPlan, match=message):
        Plan(cached, served)


@given(instances_with_plans(max_servers=3))
def test_plans_of_single_servers_join(pair: tuple[Instance, Plan]) -> None:
    instance, plan = pair
    pieces = [Plan(plan.cached[:, [n]], plan.served[:, [n]]) for n in range(instance.servers)]
    assert Plan.join(pieces) == plan
    assert hash(Plan.join(pieces)) == hash(plan)
