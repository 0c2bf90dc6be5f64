"""Certificates: every whole number of a server is the one that the table of its module says."""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from certificates import with_prices
from hypothesis import given, settings
from hypothesis import strategies as st

from edgeopt.problem import Instance
from edgeopt.solvers.certificate import Certificate, TooLarge, whole
from edgeopt.solvers.certificate.whole import WholeServer
from strategies import random_instance

SEEDS = st.integers(0, 2**32 - 1)


def on_edges(rng: np.random.Generator) -> Instance:
    """Two servers whose needs and limits are few round numbers: none, one, all of it, no limit."""
    instance = random_instance(rng, slots=3, servers=2, models=3, services=4)
    if rng.random() < 0.3:
        return instance
    return instance.replace(
        compute=rng.choice([0.0, 1.0, 3.0, np.inf], 2),
        energy_budget=rng.choice([0.0, 2.0, 6.0, np.inf], 2),
        work=rng.choice([0.0, 1.0, 1.5, 3.0, 7.0, 1e-300], (2, 4)),
        energy=rng.choice([0.0, 1.0, 2.0, 4.0], (2, 4)),
        memory=rng.choice([0.0, 4.0, 9.0, 1.79e308], 2),
        footprint=rng.choice([0.01, 2.0, 3.5, 7.0], 3),
        requests=rng.choice([0, 1, 2, 900], (3, 2, 4)),
        accuracy_weight=rng.choice([0.0, 0.25, 1.3], 4),
    )


def with_whole_prices(instance: Instance, rng: np.random.Generator) -> Certificate:
    """Prices of a few units on a coarse grid, many of them zero."""
    certificate = with_prices(instance, {"presence_price": np.zeros((3, 2, 3))}).certificate
    slot = instance.requests.shape[:2]
    shapes = {"presence": (*slot, 3), "compute": slot, "energy": slot, "service": (*slot, 4)}
    prices = {name: rng.integers(0, 9, shape) * (rng.random(shape) < 0.7) for name, shape in shapes.items()}
    ahead = rng.integers(0, 9, (2, instance.slots + 1))
    return replace(certificate, scale=int(rng.integers(-1, 4)), ahead=ahead, **prices)


def accepted(limit: float, terms: int) -> Fraction:
    """The largest exact load that the referee's sum of floats can let pass."""
    return Fraction(limit * (1.0 + 1e-9)) * (1 + Fraction(terms + 4, 2**52))


@given(SEEDS)
@settings(max_examples=300)
def test_every_figure_is_rounded_as_the_table_says(seed: int) -> None:
    rng = np.random.default_rng(seed)
    instance = on_edges(rng)
    certificate = with_whole_prices(instance, rng)
    scale = Fraction(2) ** certificate.scale
    for n in range(2):
        server = WholeServer.of(instance, certificate, n)
        assert (server.slots, server.models, server.scale) == (3, 3, scale)
        assert server.load.tolist() == [
            math.floor(Fraction(c) * scale) for c in instance.load_cost[n].tolist()
        ]
        assert np.array_equal(server.rent, certificate.presence[:, n].T)
        assert server.ahead == certificate.ahead[n].tolist()
        assert server.need.shape == (2, 4)
        limits = [(float(limit[n]), needs[n].tolist(), prices[:, n].tolist()) for limit, needs, prices in (
            (instance.compute, instance.work, certificate.compute),
            (instance.energy_budget, instance.energy, certificate.energy),
        )]  # fmt: skip
        assert server.resource == sum(sum(prices) for limit, _, prices in limits if 0 < limit < np.inf)
        for s in range(4):
            assert_service(instance, certificate, server, n, s, limits)


def assert_service(
    instance: Instance, certificate: Certificate, server: WholeServer, n: int, s: int, limits: list[Any]
) -> None:
    """Savings, caps, charges and needs of one service."""
    scale, window = server.scale, int(instance.window[s])
    weight = Fraction(float(instance.accuracy_weight[s]))
    costs = (instance.cloud_cost, instance.transmission_cost, instance.computation_cost)
    cloud, *local = (Fraction(float(cost[n, s])) for cost in costs)
    for k, saving in enumerate(server.saving[s].tolist()):
        error = 1 - Fraction(float(instance.accuracy[s, min(k, window)]))
        assert saving == math.ceil(scale * (cloud - sum(local) - weight * error))
    for t in range(3):
        cap, charge = int(instance.requests[t, n, s]), 0
        for r, (limit, needs, prices) in enumerate(limits):
            need = Fraction(needs[s])
            if math.isinf(limit):
                assert server.need[r, s] == 0
                continue
            most = accepted(limit, 4)
            if need:
                cap = min(cap, math.floor(most / need))
            if limit:
                charge += math.floor(prices[t] * need / most)
            share = math.floor(need / most * 2**40) if limit else 0
            assert server.need[r, s] == min(share, 2**40 + 1)
        allowance = int(certificate.service[t, n, s]) if cap else 0
        assert server.cap[s, t] == cap
        assert server.allowance[s, t] == allowance
        assert server.charge[s, t] == (charge + allowance if cap else 0)


@given(SEEDS)
@settings(max_examples=150)
def test_weights_are_rounded_down_in_units_so_small_that_sixty_bits_hold_all(seed: int) -> None:
    rng = np.random.default_rng(seed)
    instance = on_edges(rng)
    certificate = with_whole_prices(instance, rng)
    footprint = [Fraction(size) for size in instance.footprint.tolist()]
    exponent = math.frexp(float(instance.footprint.max()))[1]
    unit = Fraction(2) ** (exponent + 2 - 60)  # three models: their number has two bits
    for n in range(2):
        server = WholeServer.of(instance, certificate, n)
        weight = [math.floor(size / unit) for size in footprint]
        assert server.weight.tolist() == weight
        memory = float(instance.memory[n])
        room = sum(weight) if memory > 1e300 else math.floor(accepted(memory, 3) / unit)
        assert server.room == min(room, sum(weight)) < 2**60
        assert [each.tolist() for each in server.members] == [
            [s for s in range(4) if instance.service_model[s] == m] for m in range(3)
        ]
        asked = instance.requests[:, n].sum(axis=0).tolist()
        costs = instance.cloud_cost[n].tolist()
        assert server.cloud_only == sum(Fraction(c) * x for c, x in zip(costs, asked, strict=True))


def test_numbers_are_of_64_bits_unless_asked_for_without_bounds() -> None:
    rng = np.random.default_rng(0)
    instance = on_edges(rng)
    certificate = with_whole_prices(instance, rng)
    for exact, kind in (({}, np.int64), ({"exact": False}, np.int64), ({"exact": True}, object)):
        server = WholeServer.of(instance, certificate, 0, **exact)
        for name in ("saving", "charge", "allowance", "rent", "load"):
            assert getattr(server, name).dtype == kind


# ---------------------------------------------------------------- what does not fit


def magnitudes(rng: np.random.Generator) -> tuple[Any, ...]:
    """Caps, resource, and the arrays whose magnitudes are bounded."""
    arrays = {
        "saving": rng.integers(-9, 9, (2, 3)),
        "charge": rng.integers(0, 9, (2, 4)),
        "rent": rng.integers(0, 9, (3, 4)),
        "load": rng.integers(0, 9, 3),
    }
    return rng.integers(0, 4, (2, 4)), int(rng.integers(0, 9)), arrays


@given(SEEDS)
@settings(max_examples=100)
def test_what_is_refused_is_a_sum_of_all_magnitudes_that_reaches_the_headroom(seed: int) -> None:
    """Requests at their steepest, rents, a load in every slot, limits, and one more request."""
    cap, resource, arrays = magnitudes(np.random.default_rng(seed))
    steepest = [
        [max(abs(g) for g in savings) + pays for pays in charges]
        for savings, charges in zip(arrays["saving"].tolist(), arrays["charge"].tolist(), strict=True)
    ]
    size = sum(int(x) * each for x, each in zip(cap.ravel(), np.ravel(steepest), strict=True))
    size += int(arrays["rent"].sum()) + 4 * int(arrays["load"].sum()) + resource + int(np.max(steepest))
    for headroom, refused in ((size, True), (size + 1, False)):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(whole, "HEADROOM", headroom)
            try:
                whole._refuse_overflow(cap, resource, **arrays)
                assert not refused
            except TooLarge:
                assert refused


def test_a_server_is_refused_for_its_rents_alone_unless_numbers_are_unbounded() -> None:
    instance = random_instance(np.random.default_rng(0), slots=3, servers=2, models=3, services=4)
    certificate = with_whole_prices(instance, np.random.default_rng(0))
    dear = replace(certificate, presence=np.full((3, 2, 3), 2**60))
    with pytest.raises(TooLarge, match="exact=True"):
        WholeServer.of(instance, dear, 1)
    assert WholeServer.of(instance, dear, 1, exact=True).rent.sum() == 9 * 2**60


def test_sums_may_take_59_bits() -> None:
    def refuse(rent: int) -> None:
        nothing = {"saving": np.zeros((1, 1)), "charge": np.zeros((1, 1)), "load": np.zeros(1)}
        whole._refuse_overflow(np.zeros((1, 1), dtype=np.int64), 0, rent=np.array([[rent]]), **nothing)

    refuse(2**59 - 1)
    with pytest.raises(TooLarge):
        refuse(2**59)
