"""Certificates: whatever the prices, the bound holds; whatever is tampered with, only the truth is proved."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from fractions import Fraction
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import edgeopt.solvers.certificate as package
from edgeopt.problem import Instance, InvalidFile, InvalidOption, Plan, scenario
from edgeopt.solvers import solve
from edgeopt.solvers.brute import MAX_TRANSITIONS, count_transitions, solve_brute
from edgeopt.solvers.certificate import (
    Certificate,
    TooLarge,
    certified,
    check_certificate,
    intervals,
    make_certificate,
    sweep,
)
from edgeopt.solvers.certificate.chains import Chain
from edgeopt.solvers.certificate.whole import WholeServer
from edgeopt.solvers.solution import Solution, refereed
from strategies import random_instance

# The Belady string of evidence in the literature: with 3 frames the optimum is 9 faults.
STRING = [7, 0, 1, 2, 0, 3, 0, 4, 2, 3, 0, 3, 2, 1, 2, 0, 1, 7, 0, 1]


def belady() -> Instance:
    pages = sorted(set(STRING))
    requests = np.array([[[int(page == asked) for page in pages]] for asked in STRING])
    return Instance(
        requests=requests,
        service_model=np.arange(len(pages)),
        memory=3,
        footprint=np.ones(len(pages)),
        load_cost=1,
        cloud_cost=100,
    )


def with_prices(
    instance: Instance, prices: dict[str, np.ndarray], *, plan: Plan | None = None, claim: float = 0.0
) -> Solution:
    """A solution that carries prices; by default its plan serves nothing and it claims no bound."""
    nothing = Plan.cloud_only(*instance.requests.shape[:2], instance.models, instance.services)
    return certified(
        instance,
        refereed(instance, plan or nothing, lower_bound=claim, method="test", seconds=0.0, details=prices),
    )


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


@pytest.fixture(scope="module")
def solved() -> tuple[Instance, Solution]:
    instance = scenario("stationary", size="small")
    return instance, solve(instance, "lagrangian", gap=1e-6)


def on_a_coarse_grid(certificate: Certificate, scale: int) -> Certificate:
    """The same prices in few bits: a rounding in the wrong direction then shows."""
    prices = {name: getattr(certificate, name) for name in ("presence", "compute", "energy", "service")}
    shift = certificate.scale - scale
    return replace(certificate, scale=scale, **{name: price >> shift for name, price in prices.items()})


@contextmanager
def blocks(length: int, stride: int) -> Iterator[None]:
    """Let the sweep look ahead in blocks as short as the instances of these tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sweep, "_BLOCK", length)
        patch.setattr(sweep, "_STRIDE", stride)
        yield


def optimum(instance: Instance) -> float:
    return solve_brute(instance).cost


# ---------------------------------------------------------------- the bound


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


# ---------------------------------------------------------------- tampering


def failing(instance: Instance, solution: Solution, reason: str) -> None:
    verdict = check_certificate(instance, solution)
    assert not verdict.proved
    assert any(reason in text for text in verdict.reasons), verdict.reasons


def tampered(solution: Solution, **changes: Any) -> Solution:
    assert solution.certificate is not None
    return replace(solution, certificate=replace(solution.certificate, **changes))


def test_the_untouched_solution_is_proved(solved: tuple[Instance, Solution]) -> None:
    instance, solution = solved
    verdict = check_certificate(instance, solution)
    assert verdict.proved
    assert verdict.plan_cost == solution.cost
    assert verdict.gap <= 1e-6


def test_changed_prices_prove_less(solved: tuple[Instance, Solution]) -> None:
    instance, solution = solved
    presence = solution.certificate.presence
    for changed in (np.zeros_like(presence), presence * 2, np.roll(presence, 1, axis=0)):
        bad = tampered(solution, presence=changed)
        failing(instance, bad, "claims a lower bound")
        assert check_certificate(instance, bad).lower_bound < solution.cost


def test_another_plan_or_cost_is_found_out(solved: tuple[Instance, Solution]) -> None:
    instance, solution = solved
    served = solution.plan.served.copy()
    served[np.unravel_index(served.argmax(), served.shape)] -= 1
    worse = Plan(solution.plan.cached, served)
    failing(instance, tampered(replace(solution, plan=worse), plan=worse), "claims a cost")
    failing(instance, tampered(solution, plan=worse), "not the certificate's")
    failing(instance, tampered(solution, cost=solution.cost * 0.999), "claims a cost")
    crowded = Plan(np.ones_like(solution.plan.cached), solution.plan.served)
    verdict = check_certificate(instance, tampered(replace(solution, plan=crowded), plan=crowded))
    assert not verdict.proved
    assert verdict.plan_cost == np.inf
    assert "infeasible" in verdict.reasons[0]


def test_a_bound_too_high_is_found_out(solved: tuple[Instance, Solution]) -> None:
    instance = solved[0].with_requests(solved[0].requests[:40])
    solution = with_prices(instance, {"presence_price": np.zeros((40, 1, instance.models))})
    failing(instance, tampered(solution, bounds=np.array([solution.cost])), "claims a lower bound")
    claimed = replace(solution, lower_bound=solution.cost, gap=0.0, status="optimal")
    failing(instance, claimed, "the solution claims a lower bound")


def test_a_gap_can_be_asked_for_and_is_the_true_one(solved: tuple[Instance, Solution]) -> None:
    """A solution may know more than its certificate proves; a wider gap is then proved by asking for it."""
    instance, solution = solved
    loose = tampered(solution, presence=solution.certificate.presence // 2, bounds=np.zeros(1))
    true = check_certificate(instance, loose).gap
    assert true > 1e-4
    assert not check_certificate(instance, loose, gap=0.9 * true).proved
    assert check_certificate(instance, loose, gap=1.1 * true).proved


def test_a_claim_of_nothing_is_not_proved() -> None:
    """Prices so high that the bound is 0: every claim holds, and says nothing."""
    instance = belady()
    solution = with_prices(instance, {"presence_price": np.full((20, 1, 6), 1e4)})
    verdict = check_certificate(instance, solution)
    assert (verdict.lower_bound, verdict.gap, verdict.proved) == (0.0, np.inf, False)


def test_another_instance_is_refused_or_named(solved: tuple[Instance, Solution]) -> None:
    instance, solution = solved
    failing(instance.replace(load_cost=instance.load_cost * 1.5), solution, "another instance")
    failing(instance, tampered(solution, instance="0" * 64), "another instance")
    with pytest.raises(InvalidOption, match="the instance has"):
        check_certificate(instance.window_slots(0, 10), solution)


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"instance": "abc"}, "digest"),
        ({"scale": 5000}, "scale is 5000"),
        ({"scale": 1.5}, "scale is 1.5"),
        ({"scale": True}, "scale is True"),
        ({"width": -1}, "width is -1"),
        ({"version": 4}, "version is 4"),
        ({"ahead": np.full((1, 41), -1)}, "never negative"),
        ({"ahead": np.zeros((1, 40), dtype=np.int64)}, "ahead must be whole"),
        ({"service": np.zeros((2, 1, 1), dtype=np.int64)}, "service must be whole"),
        ({"compute": np.zeros((2, 1), dtype=np.int64)}, "compute must be whole"),
        ({"energy": np.zeros((40, 1))}, "energy must be whole"),
        ({"bounds": np.array([np.inf])}, "bounds must be finite"),
        ({"bounds": np.zeros(3)}, "for each of 1 servers"),
        ({"cost": np.nan}, "cost is nan"),
    ],
)
def test_a_malformed_certificate_is_refused(
    solved: tuple[Instance, Solution], changes: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(InvalidOption, match=complaint):
        tampered(solved[1], **changes)


def test_negative_prices_are_refused(solved: tuple[Instance, Solution]) -> None:
    presence = solved[1].certificate.presence.copy()
    presence[3, 0, 1] = -1
    with pytest.raises(InvalidOption, match=r"presence\[3, 0, 1\] = -1: a price is never negative"):
        tampered(solved[1], presence=presence)


def test_what_does_not_fit_64_bits_is_refused_not_wrapped(solved: tuple[Instance, Solution]) -> None:
    instance, solution = solved
    for changes in ({"presence": np.full_like(solution.certificate.presence, 2**62)}, {"scale": 60}):
        bad = tampered(solution, **changes)
        with pytest.raises(TooLarge, match="exact"):
            check_certificate(instance, bad)
        assert check_certificate(instance, bad, exact=True).lower_bound <= solution.cost


# ---------------------------------------------------------------- making, keeping


@pytest.mark.parametrize("suffix", [".npz", ".json"])
def test_files_keep_every_bit(solved: tuple[Instance, Solution], tmp_path: Path, suffix: str) -> None:
    solution = solved[1]
    solution.save(tmp_path / f"solution{suffix}")
    again = Solution.load(tmp_path / f"solution{suffix}").certificate
    assert again is not None
    for name, value in solution.certificate.record().items():
        other = getattr(again, name)
        if isinstance(value, np.ndarray):
            assert (value.dtype, value.shape, value.tobytes()) == (other.dtype, other.shape, other.tobytes())
        else:
            assert value == other
    assert (again.plan, again.cost) == (solution.plan, solution.cost)


def test_a_file_with_a_malformed_certificate_is_refused(
    solved: tuple[Instance, Solution], tmp_path: Path
) -> None:
    path = tmp_path / "solution.json"
    solved[1].save(path)
    whole = path.read_text()
    path.write_text(whole.replace('"width": 0', '"width": "all"'))
    with pytest.raises(InvalidFile, match="width is all"):
        Solution.load(path)
    path.write_text(whole.replace('"width": 0', '"depth": 0'))
    with pytest.raises(InvalidFile, match="exactly the entries"):
        Solution.load(path)


def test_there_is_no_certificate_without_prices_or_plan() -> None:
    instance = belady()
    brute = refereed(instance, Plan.cloud_only(20, 1, 6, 6), lower_bound=0.0, method="test", seconds=0.0)
    with pytest.raises(InvalidOption, match="needs prices"):
        make_certificate(instance, brute)
    with pytest.raises(InvalidOption, match="no certificate"):
        check_certificate(instance, brute)
    for wrong in (np.zeros((2, 1, 6)), np.full((20, 1, 6), -1.0), np.full((20, 1, 6), np.nan)):
        with pytest.raises(InvalidOption, match="presence_price"):
            with_prices(instance, {"presence_price": wrong})


@pytest.fixture(scope="module")
def swept() -> tuple[Instance, Solution]:
    """A solution whose proof needs what its certificate claims to lie ahead."""
    instance = scenario("workflow", slots=120)
    solution = solve(instance, "lagrangian", gap=1e-6)
    assert solution.certificate is not None
    assert solution.certificate.ahead.any()
    return instance, solution


def test_what_is_claimed_to_lie_ahead_is_proved_and_needed(swept: tuple[Instance, Solution]) -> None:
    """Claims that are true pass with a handful of states; without them so few prove less."""
    instance, solution = swept
    certificate = replace(solution.certificate, width=200)
    verdict = check_certificate(instance, certificate)
    assert verdict.proved
    assert verdict.by_prices < verdict.lower_bound
    assert not check_certificate(instance, replace(certificate, ahead=None)).proved


def test_claims_that_are_too_high_forge_nothing(swept: tuple[Instance, Solution]) -> None:
    """Every claim too high by a tenth, or one by a lot: the verifier proves what is true, and says so."""
    instance, solution = swept
    certificate = solution.certificate
    higher = certificate.ahead + certificate.ahead // 10
    jump = certificate.ahead.copy()
    jump[0, :60] += jump.max()
    for ahead in (higher, jump):
        claim = replace(certificate, ahead=ahead, bounds=1.01 * certificate.bounds)
        verdict = check_certificate(instance, claim)
        assert verdict.lower_bound <= solution.cost
        assert not verdict.proved


def test_files_of_the_second_version_are_read(swept: tuple[Instance, Solution]) -> None:
    """They have no claims: what is ahead is found in blocks."""
    instance, solution = swept
    record = solution.certificate.record()
    del record["ahead"]
    old = Certificate.of_record(record | {"version": 2}, solution.plan, solution.cost)
    verdict = check_certificate(instance, old)
    assert verdict.by_prices < verdict.lower_bound <= solution.cost
    with pytest.raises(InvalidOption, match="version is 1"):
        Certificate.of_record(record | {"version": 1}, solution.plan, solution.cost)


def test_files_of_the_first_version_are_read(solved: tuple[Instance, Solution]) -> None:
    instance, solution = solved
    record = {
        name: value
        for name, value in solution.certificate.record().items()
        if name not in ("service", "version", "ahead")
    }
    old = Certificate.of_record(record, solution.plan, solution.cost)
    assert check_certificate(instance, old) == check_certificate(instance, solution.certificate)


def test_whole_requests_are_packed_not_poured() -> None:
    """Two requests of 0.6 in a slot of 1: the limit's price proves 1/3, packing the optimum, 1."""
    instance = Instance(
        requests=[[2]], service_model=[0], memory=1, footprint=[1], compute=1, work=0.6, cloud_cost=1
    )
    assert optimum(instance) == 1.0
    for price, proved in (({"compute_price": np.full((1, 1), 1 / 0.6)}, 1 / 3), ({}, 1.0)):
        allowed = {} if price else {"service_price": np.ones((1, 1, 1))}
        prices = {"presence_price": np.zeros((1, 1, 1)), **price, **allowed}
        claim = with_prices(instance, prices)
        assert check_certificate(instance, claim).lower_bound == pytest.approx(proved, abs=1e-6)


def test_prices_are_rounded_down_to_the_grid(solved: tuple[Instance, Solution]) -> None:
    solution = solved[1]
    certificate = solution.certificate
    grid = Fraction(1, 2**certificate.scale)
    for whole, price in zip(
        certificate.presence.ravel().tolist(),
        solution.details["presence_price"].ravel().tolist(),
        strict=True,
    ):
        assert whole * grid <= Fraction(price) < (whole + 1) * grid


def test_auto_keeps_the_proof_beside_the_best_plan() -> None:
    instance = belady()
    solution = solve(instance, "auto")
    assert solution.details["chosen"] == "milp"
    assert check_certificate(instance, solution).proved
    larger = scenario("stationary", size="small", slots=60)
    found = solve(larger, "auto")
    assert found.details["chosen"] == "lagrangian"
    assert check_certificate(larger, found).proved


@pytest.mark.parametrize("method", ["brute", "milp", "exact", "intervals"])
def test_every_method_with_a_plan_has_a_certificate(method: str) -> None:
    """Prices prove it where serving everything pays; if they prove less, the check says how much."""
    instance = scenario("workflow", slots=5, models=3, services=3)
    solution = solve(instance, method)
    assert check_certificate(instance, solution).proved
    hard = scenario("realistic", slots=4, models=3, services=4)
    found = solve(hard, method)
    verdict = check_certificate(hard, found)
    assert verdict.plan_cost == found.cost
    assert 0 < verdict.lower_bound <= found.cost
    assert verdict.proved or any("claims a lower bound" in reason for reason in verdict.reasons)


def test_a_compact_model_out_of_time_says_why_there_is_no_certificate() -> None:
    instance = scenario("realistic", slots=40)
    solution = solve(instance, "milp", time_limit=0.2)
    assert solution.certificate is None
    assert "no time" in solution.details["certificate"]["from"]
    with pytest.raises(InvalidOption, match="no certificate"):
        check_certificate(instance, solution)


def test_a_certificate_can_go_with_another_plan(solved: tuple[Instance, Solution]) -> None:
    instance, solution = solved
    nothing = with_prices(instance, dict(solution.details)).plan
    cloud = check_certificate(instance, solution).plan_cost * 2
    other: Certificate = solution.certificate.with_plan(nothing, cloud)
    assert other.plan is nothing
    assert other.lower_bound == solution.certificate.lower_bound
    assert any("claims a cost" in reason for reason in check_certificate(instance, other).reasons)


def test_the_verifier_knows_numpy_and_the_problem_only() -> None:
    """A second opinion: no import of a solver, nor of anything compiled."""
    folder = Path(package.__file__).parent
    for file in folder.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.level == 0:
                names = [str(node.module)]
            if isinstance(node, ast.ImportFrom) and node.level > 0:
                local = node.level == 1 and (folder / f"{node.module}.py").is_file()
                assert local or (node.level == 3 and str(node.module).startswith("problem.")), file.name
            standard = {"__future__", "math", "dataclasses", "fractions", "functools", "typing"}
            standard |= {"collections.abc"}
            assert set(names) <= standard | {"numpy"}, file.name
