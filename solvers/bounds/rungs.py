"""``ladder(instance)``: every lower bound and every plan of one instance on one scale.

Each relaxation contains the next, so up to the rounding of solvers

    compact <= perspective <= extended <= hull <= decomposition <= optimum <= best plan <= other plans,

the fifth step being an equality in the limit where everything cached is rightly served (the Lagrangian dual
of the memory is the linear programme over both hulls; Geoffrion 1974) and a true step where serving is a
choice. A rung that ran out of time is still a valid bound, but has no place in the order: it says so.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from ...problem.errors import InvalidOption
from ...problem.instance import Instance
from ...problem.referee import evaluate
from ..policies import policy
from ..relaxation import KINDS, relaxation
from ..simulation import simulate, warm_up
from ..solution import ROUNDING, Solution
from ..solve import solve

PROVED = 1e-6
"""Relative gap up to which a plan counts as the optimum."""

POLICIES = ("static-hindsight", "index", "myopic", "lru-admission", "cloud-only")
"""Heuristic plans that are shown unless others are asked for; the first one knows the future."""


@dataclass(frozen=True)
class Rung:
    """One bound or plan.

    Parameters
    ----------
    name
        Relaxation, method or policy.
    kind
        ``"bound"``: no plan costs less. ``"optimum"``: cost of a plan proved to be within 1e-6 of the least.
        ``"plan"``: refereed cost of a plan.
    value
        Cost.
    seconds
        Wall-clock time; for a policy the whole run.
    below_best
        How far below the best plan: 1 - value / best. Negative for plans that cost more.
    finished
        False where time ran out: the value holds, but may be below that of weaker relaxations.
    """

    name: str
    kind: Literal["bound", "optimum", "plan"]
    value: float
    seconds: float
    below_best: float
    finished: bool = True


@dataclass(frozen=True)
class Ladder:
    """All rungs in the order of the theory: bounds from the loosest, the optimum if proved, plans.

    Parameters
    ----------
    rungs
        See :class:`Rung`.
    best
        Cost of the best plan found.
    digest
        SHA-256 of the instance.
    """

    rungs: tuple[Rung, ...]
    best: float
    digest: str

    def __getitem__(self, name: str) -> Rung:
        """Return a rung by its name; raises InvalidOption if it is not there."""
        for rung in self.rungs:
            if rung.name == name:
                return rung
        raise InvalidOption(f"the ladder has no rung {name!r}: only {', '.join(r.name for r in self.rungs)}")

    @property
    def lower_bound(self) -> float:
        """The highest of all bounds."""
        return max(rung.value for rung in self.rungs if rung.kind == "bound")

    def rows(self) -> list[dict[str, Any]]:
        """Return a table: name, kind, value, seconds, below_best_percent and finished of every rung."""
        return [
            {
                "name": rung.name,
                "kind": rung.kind,
                "value": rung.value,
                "seconds": rung.seconds,
                "below_best_percent": 100.0 * rung.below_best,
                "finished": rung.finished,
            }
            for rung in self.rungs
        ]


def ladder(
    instance: Instance,
    *,
    time_limit: float | None = 60.0,
    policies: Sequence[str] = POLICIES,
    seed: int = 0,
    progress: bool = False,
) -> Ladder:
    """Compute every rung of an instance.

    Parameters
    ----------
    instance
        The problem.
    time_limit
        Wall-clock seconds for all bounds and the optimum, None for no limit. Each gets an equal share of what
        is left when it begins. Policies come on top.
    policies
        Names of online policies whose plans are shown, untuned and untrained.
    seed
        Of policies that draw random numbers.
    progress
        Show the progress bars of the methods on stderr.

    Raises
    ------
    InvalidOption
        If a policy does not exist or cannot run untrained, or the time limit is not positive.
    """
    if time_limit is not None and not time_limit > 0:
        raise InvalidOption(f"time_limit is {time_limit!r}: it must be a positive number of seconds, or None")
    players = [policy(name) for name in policies]
    deadline = math.inf if time_limit is None else time.monotonic() + time_limit
    bounds: list[tuple[str, Solution]] = []
    for done, kind in enumerate(KINDS):
        share = _share(deadline, len(KINDS) + 2 - done)
        bounds.append((kind, relaxation(instance, kind, time_limit=share, progress=progress)))
    priced = solve(instance, "lagrangian", time_limit=_share(deadline, 2), gap=PROVED, progress=progress)
    bounds.append(("decomposition", priced))
    found = [priced]
    if not _proved(priced) and (deadline == math.inf or deadline - time.monotonic() > 0.0):
        found.append(solve(instance, "auto", time_limit=_share(deadline, 1), gap=PROVED, progress=progress))
        bounds.append(("search", found[-1]))
    plans = []
    for name, player in zip(policies, players, strict=True):
        warm_up(instance, player)
        begin = time.monotonic()
        plan = simulate(instance, player, seed)
        plans.append((name, evaluate(instance, plan).total, time.monotonic() - begin))
    return _assemble(instance, bounds, found, plans)


def _share(deadline: float, parts: int) -> float | None:
    """Return an equal share of the time left; None if time is unlimited."""
    return None if deadline == math.inf else max(0.05, (deadline - time.monotonic()) / parts)


def _proved(solution: Solution) -> bool:
    return solution.gap <= max(PROVED, ROUNDING)


def _assemble(
    instance: Instance,
    bounds: list[tuple[str, Solution]],
    found: list[Solution],
    plans: list[tuple[str, float, float]],
) -> Ladder:
    best = min([each.cost for each in found] + [cost for _, cost, _ in plans])

    def rung(
        name: str,
        kind: Literal["bound", "optimum", "plan"],
        value: float,
        seconds: float,
        finished: bool = True,
    ) -> Rung:
        below = 0.0 if value == best else 1.0 - value / best if best > 0.0 else 0.0
        return Rung(name, kind, value, seconds, below, finished)

    rungs = [
        rung(name, "bound", each.lower_bound, each.seconds, bool(each.details.get("finished", True)))
        for name, each in bounds
    ]
    last = found[-1]
    if _proved(last):
        rungs.append(rung("optimum", "optimum", last.cost, sum(each.seconds for each in found)))
    else:
        cheapest = min(found, key=lambda each: each.cost)
        rungs.append(rung("best plan found", "plan", cheapest.cost, sum(each.seconds for each in found)))
    rungs += [rung(name, "plan", cost, seconds) for name, cost, seconds in sorted(plans, key=lambda x: x[1])]
    return Ladder(tuple(rungs), best, instance.digest())
