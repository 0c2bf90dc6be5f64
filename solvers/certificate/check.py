"""Checks a certificate: the bound is computed anew from its prices, the cost anew by the referee."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from ...problem.errors import InfeasiblePlan, InvalidOption
from ...problem.instance import Instance
from ...problem.plan import Plan
from ...problem.referee import evaluate
from .bound import Proof, prove
from .certificate import Certificate
from .whole import WholeServer

TOLERANCE = 1e-9
"""Relative difference up to which a claimed cost or bound is the one that was found: rounding in its sums."""


@dataclass(frozen=True)
class Verdict:
    """What was found, whatever had been claimed.

    Attributes
    ----------
    plan_cost
        Cost of the plan by the referee; inf if the plan is infeasible.
    lower_bound
        No plan of the instance costs less: proved from the certificate's prices.
    gap
        ``plan_cost / lower_bound - 1``.
    asked
        The gap that had to be proved.
    proved
        The plan is feasible, every claim holds, and the gap is at most ``asked``.
    reasons
        Why not, one sentence each; empty where it is proved.
    by_prices
        The part of ``lower_bound`` that needs no sweep over joint states.
    """

    plan_cost: float
    lower_bound: float
    gap: float
    asked: float
    proved: bool
    reasons: tuple[str, ...]
    by_prices: float


def check_certificate(
    instance: Instance, claim: Any, *, gap: float | None = None, exact: bool = False
) -> Verdict:
    """Prove a certificate's claims anew, or find what holds in their place.

    Parameters
    ----------
    instance
        The problem the claim is about.
    claim
        A certificate, or a solution that carries one: then what the solution says is checked as well.
    gap
        Relative gap that must be proved; None for the one claimed.
    exact
        Compute with Python's unbounded integers in place of guarded 64-bit ones: the same result, slower.

    Raises
    ------
    InvalidOption
        If there is no certificate, or its arrays do not have the instance's shape.
    TooLarge
        If a sum could leave 64-bit integers.
    """
    certificate = claim if isinstance(claim, Certificate) else claim.certificate
    if certificate is None:
        raise InvalidOption(
            "the solution carries no certificate ('relaxation' makes none, nor does 'milp' that runs out of "
            "time): solve with method 'lagrangian'"
        )
    _refuse_other_shape(instance, certificate)
    cost, reasons = _referee(instance, certificate.plan)
    if certificate.instance != instance.digest():
        reasons.append("the certificate was made for another instance: its digest differs")
    proofs = [
        _prove(WholeServer.of(instance, certificate, n, exact=exact), certificate, n)
        for n in range(instance.servers)
    ]
    bound = _down(sum((proof.bound for proof in proofs), Fraction(0)))
    by_prices = _down(sum((proof.by_prices for proof in proofs), Fraction(0)))
    if bound > cost and bound - cost <= TOLERANCE * abs(cost):
        bound = cost  # the referee's own sum is rounded
    reasons += _broken_claims(certificate, cost, bound, "certificate")
    claimed_gap = _gap(certificate.cost, certificate.lower_bound)
    if claim is not certificate:
        reasons += [] if claim.plan == certificate.plan else ["the solution's plan is not the certificate's"]
        reasons += _broken_claims(claim, cost, bound if gap is None else math.inf, "solution")
        claimed_gap = float(claim.gap)
    asked = max(claimed_gap if gap is None else gap, 0.0)
    reached = _gap(cost, bound)
    if math.isinf(reached) or not reached <= asked + TOLERANCE * (1.0 + asked):
        reasons.append(f"the gap is {reached:.6g}; {asked:.6g} was to be proved")
    reasons = list(dict.fromkeys(reasons))
    return Verdict(cost, bound, reached, asked, not reasons, tuple(reasons), min(by_prices, bound))


def _refuse_other_shape(instance: Instance, certificate: Certificate) -> None:
    expected = (instance.slots, instance.servers, instance.models, instance.services)
    have = (*certificate.presence.shape, certificate.plan.served.shape[2])
    if have != expected:
        raise InvalidOption(
            f"certificate: (slots, servers, models, services) = {have}; the instance has {expected}"
        )


def _referee(instance: Instance, plan: Plan) -> tuple[float, list[str]]:
    try:
        return evaluate(instance, plan).total, []
    except InfeasiblePlan as error:
        return math.inf, [f"the plan is infeasible: {' '.join(str(error).split())}"]


def _prove(server: WholeServer, certificate: Certificate, n: int) -> Proof:
    goal = float(certificate.bounds[n])
    return prove(server, goal - TOLERANCE / 2 * abs(goal), certificate.width)


def _broken_claims(claim: Any, cost: float, bound: float, who: str) -> list[str]:
    reasons = []
    if math.isfinite(cost) and not abs(claim.cost - cost) <= TOLERANCE * abs(cost):
        reasons.append(f"the {who} claims a cost of {claim.cost!r}; the plan costs {cost!r}")
    if not claim.lower_bound <= bound + TOLERANCE * abs(bound):
        reasons.append(f"the {who} claims a lower bound of {claim.lower_bound!r}; {bound!r} is proved")
    return reasons


def _gap(cost: float, bound: float) -> float:
    if cost == bound:
        return 0.0
    return cost / bound - 1.0 if bound > 0 else math.inf


def _down(value: Fraction) -> float:
    """Return the largest float that is not above the exact value, and at least 0: no cost is negative."""
    nearest = max(0.0, float(value))
    return float(np.nextafter(nearest, 0.0)) if Fraction(nearest) > value > 0 else nearest
