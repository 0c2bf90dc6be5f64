"""Certificates for methods that find none by themselves: ``brute`` and ``milp``.

Neither has prices, which is what a certificate holds. The decomposition finds some beside their plan; they
prove what they can. Its time comes after the method's own, and is not part of ``Solution.seconds``.
"""

from __future__ import annotations

import time
from dataclasses import replace

from ..problem.instance import Instance
from .brute import solve_brute
from .milp import solve_milp
from .solution import ROUNDING, Solution

_SECONDS, _SHARE = 1.0, 0.5
"""Time for prices where there is no limit: so much and that part of what the method itself took."""


def certified_brute(
    instance: Instance, *, time_limit: float | None = None, gap: float = 1e-6, progress: bool = False
) -> Solution:
    """As :func:`.brute.solve_brute`, with a certificate."""
    begin = time.monotonic()
    solution = solve_brute(instance, time_limit=time_limit, gap=gap, progress=progress)
    return with_prices(instance, solution, gap, _left(time_limit, time.monotonic() - begin))


def certified_milp(
    instance: Instance,
    *,
    time_limit: float | None = None,
    gap: float = 1e-6,
    progress: bool = False,
    workers: int | None = 1,
) -> Solution:
    """As :func:`.milp.solve_milp`, with a certificate if the time limit leaves time for one."""
    begin = time.monotonic()
    solution = solve_milp(instance, time_limit=time_limit, gap=gap, progress=progress, workers=workers)
    return with_prices(instance, solution, gap, _left(time_limit, time.monotonic() - begin))


def with_prices(instance: Instance, solution: Solution, gap: float, time_limit: float) -> Solution:
    """Attach prices to a solution; its plan and bound stay its own.

    Prices may prove less than the solution claims: ``details["certificate"]`` says what they prove, and
    `check_certificate` finds the same. Where no time is left there are none, and ``details`` says that.
    """
    from .lagrangian import solve_lagrangian

    if solution.plan is None or time_limit <= 0.0:
        account: dict[str, float | str] = {"from": "none: the time limit left no time for prices"}
        return replace(solution, details={**solution.details, "certificate": account})
    begin = time.monotonic()
    proof = solve_lagrangian(instance, time_limit=time_limit, gap=max(gap, ROUNDING)).certificate
    if proof is None:
        raise AssertionError("the decomposition always has prices")
    account = {
        "from": "prices of the decomposition",
        "lower_bound": proof.lower_bound,
        "seconds": time.monotonic() - begin,
    }
    certificate = proof.with_plan(solution.plan, solution.cost)
    return replace(solution, details={**solution.details, "certificate": account}, certificate=certificate)


def _left(time_limit: float | None, spent: float) -> float:
    return _SECONDS + _SHARE * spent if time_limit is None else time_limit - spent
