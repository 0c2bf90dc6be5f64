"""``solve(instance, method="auto")``: whatever suits the size of the instance.

Tiny instances are enumerated, small ones go to the compact model. Bigger ones are decomposed; if a gap is
left and there is time, the compact model starts from that plan. Small instances can be hard too, so without a
time limit the compact model gets a minute for each server, and the answer says how large the gap still is.
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

from ..problem.instance import Instance
from .brute import count_transitions
from .milp import solve_milp
from .proofs import certified_brute, certified_milp
from .solution import ROUNDING, Solution, refereed

BRUTE_TRANSITIONS = 20_000
"""Brute force takes about a fifth of a second for so many transitions."""

MILP_CELLS = 300
"""Slots times (models + services) of a server up to which the compact model takes about a second."""

BUILD_CELLS = 60_000
"""The same, up to which the compact model is built at all."""

MILP_SECONDS = 60.0
"""Time of the compact model for each server where no time limit is given."""


def solve_auto(
    instance: Instance,
    *,
    time_limit: float | None = None,
    gap: float = 1e-6,
    progress: bool = False,
    workers: int | None = None,
) -> Solution:
    """Choose methods by size; ``details["chosen"]`` says which, ``details["steps"]`` what each did."""
    begin = time.monotonic()
    cells = instance.slots * (instance.models + instance.services)
    options: dict[str, Any] = {"gap": gap, "progress": progress}
    enough = MILP_SECONDS * instance.servers
    if count_transitions(instance) <= BRUTE_TRANSITIONS:
        return _combined(instance, [certified_brute(instance, time_limit=time_limit, **options)], begin, gap)
    if cells <= MILP_CELLS:
        only = certified_milp(instance, time_limit=time_limit or enough, workers=workers, **options)
        return _combined(instance, [only], begin, gap)
    from .lagrangian import solve_lagrangian

    first = solve_lagrangian(instance, time_limit=time_limit, workers=workers, **options)
    left = enough if time_limit is None else time_limit - (time.monotonic() - begin)
    if first.gap <= max(gap, ROUNDING) or cells > BUILD_CELLS or left <= 0:
        return _combined(instance, [first], begin, gap)
    second = solve_milp(instance, time_limit=left, start=first.plan, workers=workers, **options)
    return _combined(instance, [first, second], begin, gap)


def _combined(instance: Instance, steps: list[Solution], begin: float, gap: float) -> Solution:
    """Take the best plan and the best bound of all steps, and the proof of a bound if a step has one."""
    best = min((step for step in steps if step.plan is not None), key=lambda step: step.cost)
    if best.plan is None:
        raise AssertionError("every method that auto chooses finds a plan")
    solution = refereed(
        instance,
        best.plan,
        lower_bound=max(step.lower_bound for step in steps),
        method="auto",
        seconds=time.monotonic() - begin,
        gap=gap,
        claimed=best.cost,
        details={
            "chosen": " + ".join(step.method for step in steps),
            "steps": [
                {
                    "method": step.method,
                    "cost": step.cost,
                    "lower_bound": step.lower_bound,
                    "seconds": step.seconds,
                    "details": step.details,
                }
                for step in steps
            ],
        },
    )
    proofs = [step.certificate for step in steps if step.certificate is not None]
    strongest = max(proofs, key=lambda proof: proof.lower_bound, default=None)
    certificate = None if strongest is None else strongest.with_plan(best.plan, solution.cost)
    return replace(solution, certificate=certificate)
