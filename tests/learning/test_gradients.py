"""A step's gradient is that of the mean error, bit for bit the same however many processes find it."""

from __future__ import annotations

import os
import signal
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("gymnasium")

from edgeopt.learning import WithHistory, scenario_source  # noqa: E402
from edgeopt.learning.foresight.gradients import Gradients  # noqa: E402
from edgeopt.learning.foresight.regression import Examples, loss, spread  # noqa: E402
from edgeopt.learning.foresight.traces import read_traces, targets  # noqa: E402
from edgeopt.learning.networks.network import Network  # noqa: E402


@pytest.fixture(scope="module")
def examples() -> list[Examples]:
    source = scenario_source("decoy", seeds=range(6), size="small", slots=24)
    parts = [read_traces(WithHistory(source, 1), range(4)), read_traces(source, range(5))]
    return [Examples.of(part, *targets(part, 0.01, priced=2)) for part in parts]


def network() -> Network:
    torch.manual_seed(0)
    return Network("ttt", width=8, inner_batch=4)


def gradient(of: Network) -> list[Any]:
    return [None if one.grad is None else one.grad.numpy().copy() for one in of.parameters()]


def same(first: list[Any], other: list[Any]) -> bool:
    return all((a is None and b is None) or np.array_equal(a, b) for a, b in zip(first, other, strict=True))


@pytest.mark.parametrize("rows", [[0], [1, 3], [0, 1, 2], [4, 1, 0, 2, 3]])
def test_parts_add_up_to_the_gradient_of_the_whole(examples: list[Examples], rows: list[int]) -> None:
    own, whole = network(), network()
    error = Gradients(own, examples, adapt=True, workers=1).step(own, 1, np.array(rows))
    expected = loss(whole, examples[1], rows, torch.from_numpy(spread(examples).astype(np.float32)))
    expected.backward()
    assert error == pytest.approx(expected.item(), rel=1e-5)
    assert any(one is not None and np.abs(one).max() > 0 for one in gradient(own))
    for found, right in zip(gradient(own), gradient(whole), strict=True):
        assert (found is None) == (right is None)
        assert found is None or found == pytest.approx(right, rel=1e-3, abs=1e-5)


def test_helpers_change_no_bit_and_a_killed_one_costs_nothing(examples: list[Examples]) -> None:
    before = set(Path(tempfile.gettempdir()).glob("edgeopt-examples-*"))
    alone, helped = network(), network()
    own = Gradients(alone, examples, adapt=False, workers=1)
    with_help = Gradients(helped, examples, adapt=False, workers=2)
    assert set(Path(tempfile.gettempdir()).glob("edgeopt-examples-*")) == before
    try:
        for rows in ([0, 1, 2, 3], [4, 2, 1]):
            assert own.step(alone, 1, np.array(rows)) == with_help.step(helped, 1, np.array(rows))
            assert same(gradient(alone), gradient(helped))
        (helper,) = with_help._helpers
        os.kill(helper.process.pid, signal.SIGKILL)
        for _ in range(2):
            assert own.step(alone, 0, np.arange(4)) == with_help.step(helped, 0, np.arange(4))
            assert same(gradient(alone), gradient(helped))
        assert not with_help._helpers
    finally:
        with_help.close()
