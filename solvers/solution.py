"""What a solver hands back: a plan, its refereed cost and a lower bound that proves how good it is.

No solver's own arithmetic is believed. :func:`refereed` re-computes the cost of the plan with the referee and
refuses a claim that differs, so a :class:`Solution` with a plan always carries the true cost of that plan.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np

from ..problem.errors import EdgeoptError, InvalidOption
from ..problem.instance import Instance
from ..problem.plan import Plan
from ..problem.referee import CostReport, evaluate
from .certificate.certificate import Certificate
from .solution_files import load_solution, save_solution

Status = Literal["optimal", "feasible", "bound"]

CLAIM_TOLERANCE = 1e-6
"""Largest relative difference between a solver's claim and the referee's figure."""

ROUNDING = 1e-9
"""Relative gap that is rounding noise in a sum of floats: an asked gap below it is met by it."""


class RefusedClaim(EdgeoptError):
    """A claimed cost or bound contradicts the referee."""


def relative_gap(cost: float, lower_bound: float) -> float:
    """Return ``cost / lower_bound - 1``: 0 where both are equal, inf where the bound is not positive."""
    if cost == lower_bound:
        return 0.0
    if not lower_bound > 0.0:
        return math.inf
    return cost / lower_bound - 1.0


def plain(value: Any, where: str = "details") -> Any:
    """Return a value as files can hold it: numpy scalars as Python's, tuples as lists, arrays read-only.

    Raises
    ------
    InvalidOption
        If something in it is no number, text, None, array, or a list or dict (with text keys) of those.
    """
    if isinstance(value, np.generic):
        return plain(value.item(), where)
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, np.ndarray) and value.dtype.kind in "biuf":
        copy = value.copy()
        copy.flags.writeable = False
        return copy
    if isinstance(value, list | tuple):
        return [plain(part, f"{where}[{place}]") for place, part in enumerate(value)]
    if isinstance(value, Mapping) and all(isinstance(key, str) for key in value):
        return {key: plain(part, f"{where}[{key!r}]") for key, part in value.items()}
    raise InvalidOption(
        f"{where} is a {type(value).__name__}: it must be a number, text, None, a numeric array, "
        "or a list or dict (with text keys) of those"
    )


@dataclass(frozen=True, eq=False)
class Solution:
    """The result of a solver, with its proof.

    Parameters
    ----------
    plan
        The best plan found; None where only a bound was asked for.
    cost
        Refereed cost of the plan (unit of the instance's costs); inf without a plan.
    lower_bound
        No plan of the instance costs less (up to relative rounding of 1e-9); -inf if nothing is known.
    gap
        ``relative_gap(cost, lower_bound)``.
    status
        ``"optimal"``: the gap is not larger than the one asked for. ``"feasible"``: a plan and a valid
        bound, the gap is open. ``"bound"``: a bound only.
    method
        The method that found it.
    seconds
        Wall-clock time of the solver.
    details
        How the bound was obtained: numbers, text, numeric arrays, lists and dicts of those.
    certificate
        Prices from which :func:`edgeopt.solvers.certificate.check_certificate` proves the bound without any
        solver; None where the method has none.

    Raises
    ------
    InvalidOption
        If the fields contradict each other.
    """

    plan: Plan | None
    cost: float
    lower_bound: float
    gap: float
    status: Status
    method: str
    seconds: float
    details: Mapping[str, Any] = field(default_factory=dict)
    certificate: Certificate | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "details", plain(self.details))
        for name in ("cost", "lower_bound", "gap", "seconds"):
            value = float(getattr(self, name))
            object.__setattr__(self, name, value)
            if math.isnan(value):
                raise InvalidOption(f"{name} of a solution is NaN: it must be a number")
        if self.status not in get_args(Status):
            raise InvalidOption(f"status is {self.status!r}: it must be one of {', '.join(get_args(Status))}")
        if (self.plan is None) != (self.status == "bound"):
            raise InvalidOption(
                f"status is {self.status!r}: it must be 'bound' exactly where there is no plan"
            )
        if (self.plan is None) != math.isinf(self.cost):
            raise InvalidOption(f"cost is {self.cost}: it must be finite with a plan and inf without one")
        if self.lower_bound > self.cost:
            raise InvalidOption(
                f"lower_bound {self.lower_bound!r} lies above the cost {self.cost!r} of a plan"
            )
        if self.gap != relative_gap(self.cost, self.lower_bound):
            raise InvalidOption(
                f"gap is {self.gap!r}: cost {self.cost!r} and lower_bound {self.lower_bound!r} "
                f"make it {relative_gap(self.cost, self.lower_bound)!r}"
            )

    def check(self, instance: Instance) -> CostReport:
        """Referee the plan again and compare with the cost the solution states.

        Raises
        ------
        InfeasiblePlan, InvalidPlan
            If the plan is none of this instance.
        RefusedClaim
            If the plan costs something else, or there is no plan.
        """
        if self.plan is None:
            raise RefusedClaim("the solution is a bound only: there is no plan to evaluate")
        report = evaluate(instance, self.plan)
        _compare("cost of the solution", self.cost, report.total)
        return report

    def save(self, path: str | Path) -> None:
        """Write the solution to ``.npz`` (no pickle) or ``.json``, bit-exactly and atomically."""
        save_solution(self, path)

    @classmethod
    def load(cls, path: str | Path) -> Solution:
        """Read a solution written by :meth:`save`; raises InvalidFile for anything else."""
        return load_solution(path, cls)


def refereed(
    instance: Instance,
    plan: Plan,
    *,
    lower_bound: float,
    method: str,
    seconds: float,
    gap: float = 1e-6,
    claimed: float | None = None,
    details: Mapping[str, Any] | None = None,
) -> Solution:
    """Referee a plan and make the solution that states its true cost.

    Parameters
    ----------
    instance, plan
        What was solved, and the plan found.
    lower_bound
        A valid lower bound on the cost of every plan; -inf if nothing is known.
    method, seconds, details
        As in :class:`Solution`.
    gap
        Relative gap that was asked for: it decides between ``"optimal"`` and ``"feasible"``.
    claimed
        The cost the solver believes the plan to have; None if it makes no claim.

    Raises
    ------
    InfeasiblePlan, InvalidPlan
        If the plan breaks a constraint.
    RefusedClaim
        If the claim differs from the refereed cost, or the bound lies above it, by more than 1e-6 relative.
    """
    cost = evaluate(instance, plan).total
    if claimed is not None:
        _compare(f"cost claimed by method {method!r}", claimed, cost)
    if lower_bound > cost:
        _compare(f"lower bound of method {method!r}, above a plan's cost,", lower_bound, cost)
    bound = min(float(lower_bound), cost)
    reached = relative_gap(cost, bound)
    return Solution(
        plan=plan,
        cost=cost,
        lower_bound=bound,
        gap=reached,
        status="optimal" if reached <= max(gap, ROUNDING) else "feasible",
        method=method,
        seconds=seconds,
        details=details or {},
    )


def bound_only(
    lower_bound: float, *, method: str, seconds: float, details: Mapping[str, Any] | None = None
) -> Solution:
    """Make the solution of a method that finds a bound and no plan."""
    return Solution(
        plan=None,
        cost=math.inf,
        lower_bound=lower_bound,
        gap=math.inf,
        status="bound",
        method=method,
        seconds=seconds,
        details=details or {},
    )


def _compare(what: str, claim: float, cost: float) -> None:
    if not (math.isfinite(claim) and abs(claim - cost) <= CLAIM_TOLERANCE * max(abs(cost), abs(claim))):
        raise RefusedClaim(f"{what} is {claim!r}: the referee finds {cost!r}")
