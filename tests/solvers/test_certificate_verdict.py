"""Certificates: what is made of what was proved, to the edge of every tolerance."""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from certificates import with_prices

from edgeopt.problem import Instance, InvalidOption, Plan
from edgeopt.solvers.certificate import Verdict, check, check_certificate
from edgeopt.solvers.certificate.bound import Proof
from edgeopt.solvers.solution import Solution, relative_gap

TOLERANCE = 2.0**-10
"""In place of the true one, so that every edge is a float."""

SKI = Instance(
    requests=np.ones((6, 1)), service_model=[0], memory=1, footprint=[1], load_cost=4, cloud_cost=1
)


def bought(**claims: Any) -> Solution:
    """The plan of cost 4, beside claims."""
    plan = Plan(np.ones((6, 1, 1)), np.ones((6, 1, 1)))
    solution = with_prices(SKI, {"presence_price": np.zeros((6, 1, 1))}, plan=plan)
    assert solution.cost == 4.0
    return replace(solution, certificate=replace(solution.certificate, **claims))


def judged(
    claim: Any, found: float, *, by_prices: float = 0.0, tolerance: float = TOLERANCE, **asked: Any
) -> Verdict:
    """The verdict if this is proved of the one server."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(check, "TOLERANCE", tolerance)
        patch.setattr(check, "prove", lambda *_: Proof(Fraction(found), Fraction(by_prices)))
        return check_certificate(SKI, claim, **asked)


@pytest.mark.parametrize(
    ("found", "bound"), [(3.0, 3.0), (4.0, 4.0), (4 + 2**-8, 4.0), (4 + 2**-7, 4 + 2**-7), (5.0, 5.0)]
)
def test_a_bound_above_the_cost_by_rounding_alone_is_the_cost(found: float, bound: float) -> None:
    verdict = judged(bought(), found, by_prices=found)
    assert (verdict.lower_bound, verdict.by_prices) == (bound, bound)
    assert judged(bought(), found, by_prices=1.0).by_prices == 1.0


@pytest.mark.parametrize(
    ("cost", "held"), [(4.0, True), (4 + 2**-8, True), (4 - 2**-8, True), (4 + 2**-7, False), (3.9, False)]
)
def test_a_claimed_cost_may_differ_by_the_tolerance(cost: float, held: bool) -> None:
    assert judged(bought(cost=cost), 4.0).proved is held
    assert judged(replace(bought(), cost=cost), 4.0).proved is held


@pytest.mark.parametrize(
    ("claim", "held"), [(2.0, True), (2 + 2**-9, True), (2 + 2**-8, False), (3.0, False)]
)
def test_a_claimed_bound_may_exceed_what_is_proved_by_the_tolerance(claim: float, held: bool) -> None:
    assert judged(bought(bounds=np.array([claim])), 2.0, gap=1.0).proved is held
    assert judged(bought(bounds=np.array([claim])).certificate, 2.0, gap=1.0).proved is held
    claimed = replace(bought(), lower_bound=claim, gap=relative_gap(4.0, claim))
    assert any("the solution claims" in reason for reason in judged(claimed, 2.0).reasons) is not held
    assert judged(claimed, 2.0, gap=1.0).proved  # who asks for a gap does not ask for the claim


def test_a_gap_is_reached_up_to_the_tolerance_and_its_part_of_the_gap() -> None:
    """Cost 4 and bound 1 are a gap of 3; with a tolerance of 1 a gap of 1 allows 1 + 1 (1 + 1)."""
    for gap, held in ((1.0, True), (0.999, False), (3.0, True)):
        verdict = judged(bought(), 1.0, tolerance=1.0, gap=gap)
        assert (verdict.gap, verdict.asked, verdict.proved) == (3.0, gap, held)
    assert judged(bought(), 4.0, gap=-1.0).asked == 0.0


def test_the_gap_to_be_proved_is_the_claimed_one_unless_another_is_asked_for() -> None:
    solution = replace(bought(bounds=np.array([2.0])), lower_bound=3.2, gap=relative_gap(4.0, 3.2))
    assert judged(solution, 3.0).asked == solution.gap != 1.0
    assert judged(solution.certificate, 3.0).asked == 1.0
    assert judged(solution, 3.0, gap=0.5).asked == 0.5


def test_the_sweep_aims_at_the_claim_less_half_the_tolerance(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def prove(_: Any, goal: float, width: int) -> Proof:
        asked.append((goal, width))
        return Proof(Fraction(4), Fraction(4))

    monkeypatch.setattr(check, "prove", prove)
    monkeypatch.setattr(check, "TOLERANCE", TOLERANCE)
    check_certificate(SKI, bought(bounds=np.array([4.0]), width=7))
    check_certificate(SKI, bought(bounds=np.array([-4.0]), width=0))
    assert asked == [(4.0 - 2**-9, 7), (-4.0 - 2**-9, 0)]


def test_the_tolerance_is_the_one_that_is_documented() -> None:
    assert check.TOLERANCE == 1e-9


@pytest.mark.parametrize(
    ("cost", "bound", "gap"),
    [
        (4.0, 4.0, 0.0),
        (0.0, 0.0, 0.0),
        (4.0, 0.0, math.inf),
        (4.0, 0.5, 7.0),
        (4.0, 2.0, 1.0),
        (2.0, 4.0, -0.5),
    ],
)
def test_a_gap_is_relative_to_the_bound(cost: float, bound: float, gap: float) -> None:
    assert check._gap(cost, bound) == gap


@pytest.mark.parametrize(
    "value",
    [Fraction(part, whole) for part in (1, 2, 3, 10, 10**20 + 1) for whole in (1, 3, 7, 10, 10**25)]
    + [Fraction(1) - Fraction(1, 2**80), Fraction(1) + Fraction(1, 2**80), Fraction(0)],
)  # fmt: skip
def test_a_bound_is_the_largest_float_that_is_not_above_it(value: Fraction) -> None:
    found = check._down(value)
    assert Fraction(found) <= value
    assert value == 0 or Fraction(float(np.nextafter(found, np.inf))) > value


def test_no_bound_is_below_nothing() -> None:
    assert check._down(Fraction(-1, 3)) == 0.0
    assert judged(bought(), -1.0).lower_bound == 0.0


def test_an_instance_of_another_shape_is_refused() -> None:
    solution = bought()
    for other in (
        SKI.replace(requests=np.ones((5, 1))),
        Instance(requests=np.ones((6, 1)), service_model=[0], memory=1, footprint=[1, 1], cloud_cost=1),
        Instance(requests=np.ones((6, 2)), service_model=[0, 0], memory=1, footprint=[1], cloud_cost=1),
        Instance(requests=np.ones((6, 2, 1)), service_model=[0], memory=1, footprint=[1], cloud_cost=1),
    ):
        with pytest.raises(InvalidOption, match=r"certificate: \(slots, servers, models, services\)"):
            check_certificate(other, solution)
