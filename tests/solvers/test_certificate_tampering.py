"""Certificates: whatever is tampered with, only the truth is proved, and files keep every bit of it."""

from __future__ import annotations

import ast
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from certificates import belady, optimum, with_prices

import edgeopt.solvers.certificate as package
from edgeopt.problem import Instance, InvalidFile, InvalidOption, Plan, scenario
from edgeopt.solvers import solve
from edgeopt.solvers.certificate import (
    Certificate,
    TooLarge,
    check_certificate,
    make_certificate,
)
from edgeopt.solvers.solution import Solution, refereed


@pytest.fixture(scope="module")
def solved() -> tuple[Instance, Solution]:
    instance = scenario("stationary", size="small")
    return instance, solve(instance, "lagrangian", gap=1e-6)


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
