"""``solve(instance, method="relaxation")``: lower bounds and prices from linear programmes, through cvxpy.

Servers do not couple: each has a linear programme of its own. No plan is sought; what comes back is a bound
that rests on no solver's tolerance (:mod:`.safe`), the prices of memory, compute and energy, and the
fractional plan.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, replace
from typing import Literal, get_args

import numpy as np
from rich.console import Console
from rich.progress import Progress

from ...problem.errors import InvalidOption
from ...problem.fields import FloatArray
from ...problem.instance import Instance
from ..solution import Solution, bound_only
from .cells import Cells
from .compact import Compact, add_memory, compact_model
from .extended import extended_model
from .linear import SOLVERS, Answer, solve_linear
from .safe import safe_minimum
from .sets import maximal_sets, solve_hull

Kind = Literal["compact", "perspective", "extended", "hull"]

KINDS: tuple[Kind, ...] = get_args(Kind)
"""The relaxations, each at least as tight as the one before."""

_RESERVE = 0.1
"""Share of the time limit kept for what no solver counts: presolving its last steps, proving the bound."""

AFFORDABLE = 300_000
"""Coefficients (of all servers) up to which the hull is chosen by itself: some ten seconds."""

GENERATED = 200
"""What generated sets count like, for each slot: fewer are made, but in many rounds."""


def relaxation(
    instance: Instance,
    kind: Literal["auto"] | Kind = "auto",
    *,
    solver: str = "HIGHS",
    time_limit: float | None = None,
    progress: bool = False,
) -> Solution:
    """Bound the cost of every plan from below by a convex relaxation, and price the capacities.

    Parameters
    ----------
    instance
        The problem; each server is relaxed by itself.
    kind
        ``"compact"``: the linear relaxation of the compact model. ``"perspective"``: the same with the
        concave envelope of served requests times accuracy. ``"extended"``: the convex hull of each model's
        plans (where everything cached is rightly served). ``"hull"``: that, and the convex hull of the sets
        of models that fit. ``"auto"``: the hull where it is affordable, else the extended relaxation, which
        is also faster than the first two.
    solver
        ``"HIGHS"`` or ``"CLARABEL"``; any answer of either yields a valid bound, a precise one a good bound.
    time_limit
        Wall-clock seconds, None for no limit. With one, ``"auto"`` begins with the extended relaxation; what
        is not solved in time counts with what its last prices, or none, prove. So does what Ctrl-C stops.
    progress
        Show a progress bar on stderr.

    Returns
    -------
    Solution
        Status ``"bound"``. ``details``: ``kind`` (chosen), ``finished`` (whether every programme was solved),
        ``memory_price`` (T, N) cost per byte, ``compute_price`` (T, N) cost per GPU-second, ``energy_price``
        (T, N) cost per joule, all >= 0; ``presence_price`` (T, N, M) cost per slot of presence;
        ``cached`` (T, N, M) and ``served`` (T, N, S) the fractional plan; ``solver_objective`` the solver's
        claim. ``memory_price_is`` is ``"marginal"`` (derivative of the bound) except for ``"hull"``, where
        memory is worth a step function and the price is ``"average"``: what the best set of the slot pays at
        ``presence_price``, per byte of memory.

    Raises
    ------
    InvalidOption
        If there is no such kind or solver.
    """
    if kind != "auto" and kind not in KINDS:
        raise InvalidOption(f"relaxation {kind!r} is unknown: choose from auto, {', '.join(KINDS)}")
    if solver not in SOLVERS:
        raise InvalidOption(f"solver {solver!r} is unknown: choose from {', '.join(SOLVERS)}")
    import cvxpy  # noqa: F401 - loading it takes a second or two, which is no part of the method

    begin = time.monotonic()
    deadline = None if time_limit is None else begin + (1.0 - _RESERVE) * time_limit
    sites = [Cells.of(instance, index) for index in range(instance.servers)]
    kinds = _kinds(sites, kind, hurried=time_limit is not None)
    best: list[Relaxed] = []
    interrupted = False
    with Progress(transient=True, console=Console(stderr=True), disable=not progress) as bar:
        task = bar.add_task("relaxation", total=len(kinds) * len(sites))
        for step in kinds:
            found = []
            for cells in sites:
                bar.update(task, description=f"relaxation: {step}")
                try:
                    found.append(_relax(cells, step, solver, deadline))
                except KeyboardInterrupt:
                    interrupted, deadline = True, time.monotonic()
                    found.append(_relax(cells, step, solver, deadline))
                bar.advance(task)
            if not best or _total(found) > _total(best):
                best = found
            if interrupted or (deadline is not None and time.monotonic() > deadline):
                break
    return _solution(instance, best, solver, time.monotonic() - begin, interrupted)


def solve_relaxation(
    instance: Instance,
    *,
    time_limit: float | None = None,
    gap: float = 1e-6,  # noqa: ARG001 - a bound alone has none
    progress: bool = False,
) -> Solution:
    """Return the bound of the tightest affordable relaxation; ``details["kind"]`` says which it is."""
    return relaxation(instance, "auto", time_limit=time_limit, progress=progress)


@dataclass(frozen=True, eq=False)
class Relaxed:
    """The relaxation of one server: bound (cost), claim (cost), prices and fractional plan."""

    kind: Kind
    bound: float
    claim: float
    finished: bool
    memory: FloatArray
    compute: FloatArray
    energy: FloatArray
    presence: FloatArray
    cached: FloatArray
    served: FloatArray


def _kinds(sites: list[Cells], kind: Literal["auto"] | Kind, *, hurried: bool) -> tuple[Kind, ...]:
    """The relaxations to solve in turn: with a time limit, a quick one comes before the hull."""
    if kind != "auto":
        return (kind,)
    if not _affordable(sites):
        return ("extended",)
    return ("extended", "hull") if hurried else ("hull",)


def _affordable(sites: list[Cells]) -> bool:
    """Whether the hull of all servers is small enough to be chosen by itself."""
    total = 0
    for cells in sites:
        sets = maximal_sets(cells)
        members = GENERATED * cells.instance.models if sets is None else int(sets.sum())
        total += cells.instance.slots * members
        if total <= AFFORDABLE:
            total += extended_model(cells).model.nonzeros
    return total <= AFFORDABLE


def _relax(cells: Cells, kind: Kind, solver: str, deadline: float | None) -> Relaxed:
    slots, models = cells.instance.slots, cells.instance.models
    compact = _model(cells, kind)
    if kind == "hull" and cells.memory_binds:
        solved = _by_sets(cells, compact, solver, deadline)
    else:
        solved = _at_once(cells, compact, solver, deadline)
    answer = solved.answer
    compute, energy = (
        _slot_price(compact, answer, name, float(capacity), slots)
        for name, capacity in (
            ("compute", cells.instance.compute[0]),
            ("energy", cells.instance.energy_budget[0]),
        )
    )
    cached = answer.values["present"].reshape(slots, models)
    return Relaxed(
        kind=kind,
        bound=cells.lower_bound(solved.least),
        claim=cells.cloud_only + answer.objective,
        finished=solved.finished,
        memory=solved.memory,
        compute=compute,
        energy=energy,
        presence=solved.presence,
        cached=cached,
        served=_served(cells, compact, answer, cached),
    )


def _model(cells: Cells, kind: Kind) -> Compact:
    """The linear programme of a relaxation; that of the hull, without what limits memory."""
    if kind in ("compact", "perspective"):
        return compact_model(cells, perspective=kind == "perspective")
    extended = extended_model(cells)
    if kind == "extended":
        add_memory(cells, extended.model)
    return extended


@dataclass(frozen=True, eq=False)
class _Solved:
    """An answer, the least objective it proves, and prices of memory (T,) and presence (T, M)."""

    answer: Answer
    least: float
    finished: bool
    memory: FloatArray
    presence: FloatArray


def _by_sets(cells: Cells, compact: Compact, solver: str, deadline: float | None) -> _Solved:
    """Solve over the sets of models that fit."""
    hull = solve_hull(cells, compact.model, solver, deadline)
    return _Solved(hull.answer, hull.least, hull.converged, hull.rent / cells.instance.memory[0], hull.price)


def _at_once(cells: Cells, compact: Compact, solver: str, deadline: float | None) -> _Solved:
    """Solve the programme as it is."""
    left = None if deadline is None else max(0.0, deadline - time.monotonic())
    answer = solve_linear(compact.model, solver, left)
    finished = answer.finished
    answer, least = _proved(compact, answer)
    rent = np.maximum(answer.duals.get("memory", np.zeros(cells.instance.slots)), 0.0)
    presence = rent[:, None] * cells.memory_share[None, :]
    return _Solved(answer, least, finished, rent / cells.instance.memory[0], presence)


def _proved(compact: Compact, answer: Answer) -> tuple[Answer, float]:
    """Prove the bound; an interrupted solver's prices may be worse than none at all."""
    least = safe_minimum(compact.model, answer.duals)
    if answer.finished or least >= safe_minimum(compact.model, {}):
        return answer, least
    free = {name: np.zeros_like(price) for name, price in answer.duals.items()}
    return replace(answer, duals=free), safe_minimum(compact.model, free)


def _slot_price(compact: Compact, answer: Answer, name: str, capacity: float, slots: int) -> FloatArray:
    price = np.zeros(slots)
    if name in answer.duals:
        price[compact.limited[name]] = np.maximum(answer.duals[name], 0.0) / capacity
    return price


def _served(cells: Cells, compact: Compact, answer: Answer, cached: FloatArray) -> FloatArray:
    served = cells.reduced.most * cached[:, cells.instance.service_model]
    places = compact.served
    served[places.slot, places.service] = answer.values["served"]
    return np.asarray(served)


def _total(found: list[Relaxed]) -> float:
    return math.fsum(each.bound for each in found) * (1.0 - 1e-15)


def _solution(
    instance: Instance, found: list[Relaxed], solver: str, seconds: float, interrupted: bool
) -> Solution:
    def stacked(name: str) -> FloatArray:
        return np.stack([getattr(each, name) for each in found], axis=1)

    kind = found[0].kind
    details = {
        "kind": kind,
        "solver": solver,
        "finished": all(each.finished for each in found),
        "interrupted": interrupted,
        "bound": "Neumaier-Shcherbina from the prices",
        "solver_objective": math.fsum(each.claim for each in found),
        "memory_price": stacked("memory"),
        "memory_price_is": "average" if kind == "hull" else "marginal",
        "compute_price": stacked("compute"),
        "energy_price": stacked("energy"),
        "presence_price": stacked("presence"),
        "cached": stacked("cached"),
        "served": stacked("served"),
        "servers": instance.servers,
    }
    return bound_only(_total(found), method="relaxation", seconds=seconds, details=details)
