"""What the network is to foretell, against plain enumeration; and that it sees no future itself."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgeopt.problem import Instance, scenario
from edgeopt.problem.errors import InvalidOption
from strategies import random_instance

torch = pytest.importorskip("torch")
pytest.importorskip("gymnasium")

from edgeopt.learning import WithHistory, as_source, scenario_source  # noqa: E402
from edgeopt.learning.foresight.regression import Examples, batches, foretold, loss, spread  # noqa: E402
from edgeopt.learning.foresight.traces import (  # noqa: E402
    constant_rent,
    demand_ahead,
    prices,
    read_traces,
    rent_of,
    targets,
)
from edgeopt.learning.foresight.worth import fair_rent, worth  # noqa: E402
from edgeopt.learning.networks.network import FORESIGHT, SPANS, Network  # noqa: E402


def best(instance: Instance, saving: Any, rent: Any, first: int, *, present: bool, full: bool) -> float:
    """Best value from slot `first` + 1 on of one model, over all presences, by enumeration."""
    slots, window = instance.slots, instance.window
    found = -np.inf
    for rest in itertools.product((False, True), repeat=slots - first - 1):
        chosen = [present, *rest]
        context = window.copy() if full else np.zeros_like(window)
        value = 0.0
        for step, cached in enumerate(chosen):
            slot = first + step
            if not cached:
                context = np.zeros_like(window)
                continue
            if step and not chosen[step - 1]:
                value -= float(instance.load_cost[0, 0])
            each = saving[slot, np.arange(window.size), context]
            served = np.where(each > 0, instance.requests[slot, 0], 0)
            if step:
                value += float((served * each).sum()) - float(rent[slot, 0])
            context = np.clip(context + instance.gain * served - instance.vanish, 0, window)
        found = max(found, value)
    return found


@settings(max_examples=15)
@given(st.integers(0, 10**6))
def test_worth_is_what_enumeration_finds(seed: int) -> None:
    rng = np.random.default_rng(seed)
    one = random_instance(rng, slots=6, servers=1, models=1, services=2)
    saving = constant_rent(one, 0.0)[0] - 0.1 * rng.random((6, 1, 1))
    rent = rng.random((6, 1))
    empty, full = np.zeros((2, 6, 1))
    worth(
        one.requests[:, 0].copy(), saving, one.service_model, one.window, one.gain, one.vanish,
        one.load_cost[0], rent, empty, full,
    )  # fmt: skip
    for first in range(6):
        absent = best(one, saving, rent, first, present=False, full=False)
        for found, with_context in ((empty, False), (full, True)):
            present = best(one, saving, rent, first, present=True, full=with_context)
            assert found[first, 0] == pytest.approx(present - absent, abs=1e-9)


def test_demand_ahead_by_hand() -> None:
    total = np.array([[1.0], [2.0], [4.0], [8.0], [16.0]])
    ahead, known = np.zeros((5, 1, 2)), np.zeros((5, 2))
    demand_ahead(total, np.array([1, 2, 4]), ahead, known)
    assert ahead[:, 0, 0].tolist() == [2, 4, 8, 16, 0]
    assert ahead[:, 0, 1].tolist() == [6, 12, 16, 0, 0]
    assert known[:, 0].tolist() == [1, 1, 1, 1, 0]
    assert known[:, 1].tolist() == [1, 1, 1, 0, 0]


def test_the_fair_rent_fills_the_memory() -> None:
    """At a rent a little lower the models' own plans together want more than there is, at it they do not."""
    one = scenario("decoy", size="small", slots=60)
    world = (one.requests[:, 0].copy(), one.saving[0], one.service_model, one.window, one.gain, one.vanish)

    def found(memory: float) -> float:
        return fair_rent(*world, one.load_cost[0], one.footprint, memory, 40)

    memory = float(one.memory[0])
    rent = found(memory)
    assert rent > 0.0
    assert found(0.5 * memory) > rent > found(1.5 * memory)
    assert found(float(one.footprint.sum())) == pytest.approx(0.0, abs=1e-9)


def test_prices_are_those_of_the_limits() -> None:
    """Where GPU time binds it is charged; where nothing binds it is not."""
    limited = scenario("realistic", size="small", slots=40)
    saving, rent = prices(limited)
    assert (saving <= limited.saving[0] + 1e-12).all()
    assert (rent >= 0.0).all()
    assert (saving < limited.saving[0] - 1e-6).any()
    free = limited.replace(memory=float(limited.footprint.sum()), compute=np.inf)
    unpaid, less = prices(free)
    assert unpaid == pytest.approx(np.repeat(free.saving[:1], free.slots, axis=0))
    assert (less >= 0.0).all()


def small_traces(slots: int = 40, count: int = 4) -> Any:
    source = scenario_source("decoy", seeds=range(count), size="small", slots=slots)
    return source, read_traces(WithHistory(source, 1), range(count))


def test_nothing_foretold_depends_on_what_comes_later() -> None:
    one = scenario("decoy", size="small", slots=40)
    requests = one.requests.copy()
    requests[25:] = np.random.default_rng(0).integers(0, 30, requests[25:].shape)
    torch.manual_seed(0)
    network = Network("ttt", width=8, inner_batch=4)
    first, other = (
        foretold(network, read_traces(as_source(trace), [0])) for trace in (one, one.with_requests(requests))
    )
    assert np.array_equal(first[:, :25], other[:, :25])
    assert not np.allclose(first[:, 25:], other[:, 25:])


def test_targets_are_known_where_the_trace_reaches() -> None:
    source, traces = small_traces()
    values, known = targets(traces, rent_of(source, [0, 1]), priced=2)
    assert values.shape == (4, 40, traces.episodes[0].models, len(FORESIGHT))
    assert known[:, -1, : len(SPANS)].sum() == 0
    assert known[:2, :, -2:].all()
    assert not known[2:, :, -2:].any()
    assert np.isfinite(values).all()


def test_the_regression_learns() -> None:
    """A model that is asked for in every second slot is foretold after some passes."""
    turns = np.zeros((60, 2), np.int64)
    turns[::2, 0], turns[1::2, 1] = 9, 9
    one = Instance(
        requests=turns, service_model=[0, 1], memory=1.0, footprint=[1.0, 1.0], cloud_cost=1.0, load_cost=2.0
    )
    traces = read_traces(as_source([one, one]), [0, 1])
    part = Examples.of(traces, *targets(traces, 0.0, priced=0))
    torch.manual_seed(0)
    network = Network("none", width=16)
    adam = torch.optim.Adam(network.parameters(), lr=1e-2)
    spreads = torch.from_numpy(spread([part]).astype(np.float32))
    rng = np.random.default_rng(0)
    for _ in range(150):
        for _, rows in batches([part], 1, rng):
            adam.zero_grad()
            loss(network, part, rows, spreads).backward()
            adam.step()
    said = foretold(network, traces)[0, 20:50, :, 0]
    truth = part.values[0, 20:50, :, 0]
    assert np.abs(said - truth).mean() < 0.25 * truth.std()


def test_episodes_of_two_lengths_are_refused() -> None:
    short, long = (scenario("decoy", size="small", slots=slots) for slots in (20, 30))
    with pytest.raises(InvalidOption, match="differ in length"):
        read_traces(as_source([short, long]), [0, 1])
