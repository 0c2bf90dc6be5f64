"""Certificates: whatever the prices, the bound holds, to the last bit, and reaches the optimum."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
import pytest
from certificates import belady, blocks, optimum, with_prices
from hypothesis import given, settings
from hypothesis import strategies as st

from edgeopt.problem import Instance, Plan, scenario
from edgeopt.solvers import solve
from edgeopt.solvers.brute import MAX_TRANSITIONS, count_transitions, solve_brute
from edgeopt.solvers.certificate import (
    Certificate,
    check_certificate,
    intervals,
    packing,
)
from edgeopt.solvers.certificate.chains import Chain
from edgeopt.solvers.certificate.whole import WholeServer
from strategies import random_instance


def drawn_prices(instance: Instance, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Prices from nothing to far too much, many of them zero."""
    slot = instance.requests.shape[:2]
    height = 10.0 ** rng.uniform(-2, 1.5)
    shapes = {
        "presence_price": (*slot, instance.models),
        "compute_price": slot,
        "energy_price": slot,
        "service_price": (*slot, instance.services),
    }
    return {
        name: height * rng.exponential(size=shape) * (rng.random(shape) < rng.random())
        for name, shape in shapes.items()
    }


@st.composite
def tiny(draw: Any) -> tuple[Instance, np.random.Generator]:
    """Instances that brute force solves, with their own source of randomness."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    while True:
        sizes = {
            name: int(rng.integers(1, top)) for name, top in (("slots", 9), ("models", 4), ("services", 4))
        }
        instance = random_instance(rng, servers=1, **sizes)
        if count_transitions(instance) <= min(MAX_TRANSITIONS, 5000):
            return instance, rng


def on_a_coarse_grid(certificate: Certificate, scale: int) -> Certificate:
    """The same prices in few bits: a rounding in the wrong direction then shows."""
    prices = {name: getattr(certificate, name) for name in ("presence", "compute", "energy", "service")}
    shift = certificate.scale - scale
    return replace(certificate, scale=scale, **{name: price >> shift for name, price in prices.items()})


@given(tiny())
@settings(max_examples=100)
def test_any_prices_give_a_valid_bound(case: tuple[Instance, np.random.Generator]) -> None:
    """Limits, losing requests and vanishing contexts included; with and without a sweep."""
    instance, rng = case
    best = optimum(instance)
    fine = with_prices(instance, drawn_prices(instance, rng)).certificate
    fine = replace(fine, bounds=np.array([best * rng.uniform(0.5, 2.0)]))  # a sweep aims too high, too
    coarse = on_a_coarse_grid(fine, int(rng.integers(0, 6)))
    for width, length, stride in ((0, 1, 1), (1, 1, 1), (4, 3, 2), (10_000, 2, 1), (10_000, 25, 5)):
        certificate = replace(coarse if stride == 1 else fine, width=width)
        with blocks(length, stride):
            verdicts = [check_certificate(instance, certificate)]
        for size in (1e-3, 0.1, 10.0):
            unit = size * best * 2.0**certificate.scale
            claims = rng.exponential(unit, (1, instance.slots + 1)).astype(np.int64)
            verdicts.append(check_certificate(instance, replace(certificate, ahead=claims)))
        for verdict in verdicts:
            assert verdict.lower_bound <= best * (1 + 1e-12)
            assert verdict.by_prices <= verdict.lower_bound


@given(tiny())
@settings(max_examples=60)
def test_unbounded_integers_agree_to_the_last_bit(case: tuple[Instance, np.random.Generator]) -> None:
    instance, rng = case
    solution = with_prices(instance, drawn_prices(instance, rng), claim=0.9 * optimum(instance))
    certificate = replace(solution.certificate, width=64)
    unit = 0.1 * optimum(instance) * 2.0**certificate.scale
    claims = np.cumsum(rng.exponential(unit, (1, instance.slots + 1)), axis=1)[:, ::-1].astype(np.int64)
    for ahead in (None, claims):
        same = replace(certificate, ahead=ahead)
        assert check_certificate(instance, same) == check_certificate(instance, same, exact=True)


@given(tiny())
@settings(max_examples=60)
def test_a_wide_sweep_proves_the_optimum_where_serving_all_is_right(
    case: tuple[Instance, np.random.Generator],
) -> None:
    """Without losing requests and limits a sweep that drops no state is an exact dynamic programme."""
    instance, rng = case
    instance = instance.replace(
        compute=np.inf, energy_budget=np.inf, cloud_cost=instance.cloud_cost + instance.accuracy_weight + 0.5
    )
    solution = solve_brute(instance)
    prices = drawn_prices(instance, rng)
    del prices["service_price"]  # with allowances there is no sweep
    priced = with_prices(instance, prices, plan=solution.plan, claim=solution.cost)
    with blocks(int(rng.integers(1, 4)), int(rng.integers(1, 4))):
        verdict = check_certificate(instance, replace(priced.certificate, width=10_000))
    assert verdict.proved
    assert verdict.lower_bound == pytest.approx(solution.cost, rel=2e-9)


def test_the_bound_is_exact_on_a_problem_done_by_hand() -> None:
    """Ski rental, one request a slot, load 4, cloud 1, six slots: buying at once is optimal, cost 4."""
    ski = Instance(
        requests=np.ones((6, 1)), service_model=[0], memory=1, footprint=[1], load_cost=4, cloud_cost=1
    )
    free = {"presence_price": np.zeros((6, 1, 1))}
    plan = Plan(np.ones((6, 1, 1)), np.ones((6, 1, 1)))
    verdict = check_certificate(ski, with_prices(ski, free, plan=plan, claim=4.0))
    assert (verdict.plan_cost, verdict.lower_bound, verdict.gap, verdict.proved) == (4.0, 4.0, 0.0, True)
    priced = {"presence_price": np.full((6, 1, 1), 0.25)}
    # The chain saves 6 - 4 - 6/4, so that staying away is as good; the knapsack collects 6/4.
    assert check_certificate(ski, with_prices(ski, priced, plan=plan)).by_prices == 4.0
    dear = {"presence_price": np.full((6, 1, 1), 0.5)}
    assert check_certificate(ski, with_prices(ski, dear, plan=plan)).by_prices == 6 - 0 - 3


def test_what_a_request_loses_early_can_be_earned_later() -> None:
    """Serving at a loss for context: the programme over all x finds what the relaxation only bounds."""
    instance = Instance(
        requests=[[1], [1], [2]],
        service_model=[0],
        memory=1,
        footprint=[1],
        window=2,
        accuracy=[[0.0, 0.5, 1.0]],
        accuracy_weight=4,
        cloud_cost=2,
    )
    # Savings -2, 0, 2 at contexts 0, 1, 2: serve all, -2 + 0 + 4 = 2 of the 8 that the cloud costs.
    free = {"presence_price": np.zeros((3, 1, 1))}
    verdict = check_certificate(instance, with_prices(instance, free))
    assert optimum(instance) == pytest.approx(6.0)
    assert verdict.lower_bound == pytest.approx(6.0)


def test_belady_is_proved() -> None:
    instance = belady()
    solution = solve(instance, "lagrangian")
    verdict = check_certificate(instance, solution, gap=1e-6)
    assert verdict.proved, verdict.reasons
    assert verdict.plan_cost == pytest.approx(9.0)


@pytest.mark.parametrize("name", ["workflow", "context-rich", "realistic"])
def test_what_the_solver_proves_can_be_proved_again(name: str) -> None:
    """Sweeps (workflow), long contexts, and priced compute limits (realistic)."""
    instance = scenario(name, slots=80)
    solution = solve(instance, "lagrangian", time_limit=3.0)
    verdict = check_certificate(instance, solution)
    assert verdict.lower_bound >= solution.lower_bound * (1 - 1e-9)
    assert verdict.proved, verdict.reasons


def test_every_server_is_proved_and_added() -> None:
    instance = scenario("stationary", size="small", servers=3)
    solution = solve(instance, "lagrangian")
    verdict = check_certificate(instance, solution)
    assert verdict.proved, verdict.reasons
    single = [
        check_certificate(instance.server(n), solve(instance.server(n), "lagrangian")) for n in range(3)
    ]
    assert verdict.lower_bound == pytest.approx(sum(each.lower_bound for each in single), rel=1e-5)


def test_models_that_take_turns_are_priced_exactly() -> None:
    """A, B, A in memory for one: 3 loads. At rents of 5 chains save 12 and knapsacks collect 15 of 30."""
    turns = Instance(
        requests=[[1, 0], [0, 1], [1, 0]],
        service_model=[0, 1],
        memory=1,
        footprint=[1, 1],
        load_cost=1,
        cloud_cost=10,
    )
    rents = {"presence_price": np.full((3, 1, 2), 5.0)}
    assert optimum(turns) == 3.0
    assert check_certificate(turns, with_prices(turns, rents)).by_prices == 3.0


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=60)
def test_both_programmes_of_a_model_agree(seed: int) -> None:
    """Where nothing loses, serving everything is the best service; where it does, it is an upper bound."""
    rng = np.random.default_rng(seed)
    instance = random_instance(rng, slots=14, servers=1, models=2, services=3)
    if rng.random() < 0.5:
        instance = instance.replace(cloud_cost=instance.cloud_cost + 2, compute=np.inf, energy_budget=np.inf)
    whole = WholeServer.of(instance, with_prices(instance, drawn_prices(instance, rng)).certificate, 0)
    for m in range(2):
        chain, best = Chain.of(whole, m).absent[0], intervals.best_intervals(whole, m)
        assert best <= chain if intervals.loses(whole, m) else best == chain
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(intervals, "_useful", lambda most, *_: range(most + 1))
            assert intervals.best_intervals(whole, m) == best


def test_every_context_is_reached_with_as_few_requests_as_possible() -> None:
    """What is left out of the programme is never better: more requests, at a loss, for the same context."""
    for most, window, gain, vanish in product(range(6), range(5), range(4), range(7)):
        useful = set(intervals._useful(most, window, gain, vanish))
        for context in range(window + 1):
            after = [min(window, max(0, context + gain * x - vanish)) for x in range(most + 1)]
            assert {after.index(units) for units in after} <= useful


def test_every_rounding_favours_the_plan() -> None:
    """Whole costs on a grid of 1: a third of a price of 1 is paid as 0, a load of 1.5 costs 1, and so on."""
    instance = Instance(
        requests=[[3]],
        service_model=[0],
        memory=1,
        footprint=[1],
        compute=3,
        work=1,
        load_cost=1.5,
        transmission_cost=2.5,
        cloud_cost=5,
    )
    free = with_prices(instance, {"presence_price": np.zeros((1, 1, 1))}).certificate
    coarse = replace(free, scale=0, compute=np.ones((1, 1), dtype=np.int64))
    # Cloud only 15, saved 3 (5 - 2.5) - 1.5 = 6; the certificate says at most 3 (3 - 0) - 1 + 1 = 9.
    assert optimum(instance) == 9.0
    assert check_certificate(instance, coarse).lower_bound == 6.0


def test_a_plan_at_the_edge_of_a_limit_is_not_cut_off() -> None:
    """Three tenths add up to more than 0.3 in floats; the referee forgives it, and so must the bound."""
    instance = Instance(
        requests=[[1, 1, 1]],
        service_model=[0, 1, 2],
        memory=0.3,
        footprint=[0.1, 0.1, 0.1],
        compute=0.3,
        work=0.1,
        cloud_cost=[1.0, 1.0, 1.0],
    )
    prices = {"presence_price": np.full((1, 1, 3), 0.4), "compute_price": np.full((1, 1), 1.8)}
    all_three = Plan(np.ones((1, 1, 3)), np.ones((1, 1, 3)))
    assert check_certificate(instance, with_prices(instance, prices, plan=all_three)).lower_bound <= 0.0


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=200)
def test_requests_of_a_set_are_packed_as_well_as_trying_all_finds(seed: int) -> None:
    """Pays and needs of odd sizes, so that taking the densest first is often not the best."""
    rng = np.random.default_rng(seed)
    services = int(rng.integers(1, 5))
    cap = rng.integers(0, 4, services)
    need = rng.integers(packing.NEED_UNITS // 9, packing.NEED_UNITS // 2, (2, services))
    need[1] *= rng.random() < 0.5
    pay = rng.integers(1, 2**40, services)
    base, floor = int(rng.integers(0, 100)), int(rng.integers(0, 100))
    best = max(
        base + int(np.dot(counts, pay))
        for counts in product(*(range(one + 1) for one in cap.tolist()))
        if (need @ np.array(counts) <= packing.NEED_UNITS).all()
    )
    found, lost = packing._fill(need, pay, cap, np.arange(services), 0, base, floor)
    assert lost == 0
    assert found == max(floor, best)
