"""Do one task of a benchmark run: a task in, a JSON-able result out, nothing else touched."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from time import perf_counter
from typing import Any

from ..problem import CostReport, Instance, Plan, cloud_only_cost, evaluate
from ..problem.dynamics import TERMS
from ..problem.fields import FloatArray
from ..solvers import OnlinePolicy, Solution, policy, simulate, solve, tune
from .auction_task import auction
from .cases import Case
from .contestants import contestant
from .future_tasks import Task
from .future_work import future_plan, future_runs, ladder_rungs, online_reference
from .lanes import cache_lanes, demand_lanes, price_lanes, room
from .settings import Split
from .tasks import Parameters, Reference, Run, Tuning

DRAWN_SEED = 0
"""The test seed whose caches are kept for the report."""

SLOT_DIGITS = 9
"""Significant digits of a slot's cost: for pictures, where no sum has to come out to the last bit."""


def work(task: Task) -> dict[str, Any]:
    """Do the task. Equal tasks give equal results, except `seconds` and what a time limit cuts short."""
    start = perf_counter()
    if task.kind == "reference":
        result = _reference(task)
    elif task.kind == "tuning":
        result = _tuning(task)
    elif task.kind == "run":
        result = _run(task)
    elif task.kind == "online":
        result = online_reference(task)
    elif task.kind == "future plan":
        result = future_plan(task)
    elif task.kind == "future runs":
        fitted = _fitted(task.case, task.policy, task.parameters, task.training_seeds)
        result = future_runs(task, fitted)
    elif task.kind == "auction":
        result = auction(task)
    else:
        result = ladder_rungs(task)
    return {**result, "seconds": perf_counter() - start}


def _reference(task: Reference) -> dict[str, Any]:
    instance = task.case.instance(task.seed, "test")
    solution = solve(instance, task.method, time_limit=task.time_limit, gap=task.gap, workers=1)
    result = {
        "digest": instance.digest(),
        "method": solution.details.get("chosen", solution.method),
        "status": solution.status,
        "lower_bound": finite(solution.lower_bound),
        "cloud_only": cloud_only_cost(instance),
        "static_hindsight": _static_hindsight(instance, task.seed),
        **costs(None),
    }
    if solution.plan is not None:
        result.update(_played(instance, solution.plan, task.seed))
    if task.seed == DRAWN_SEED:
        result["drawn"] = _world(instance, _prices(solution))
    return result


def _played(instance: Instance, plan: Plan, seed: int) -> dict[str, Any]:
    """Return what a plan costs, in total and by slot, and for the drawn seed what it holds and serves."""
    report = evaluate(instance, plan)
    result = costs(report) | {
        "by_slot": [float(f"{cost:.{SLOT_DIGITS}g}") for cost in report.by_slot.sum(axis=1)]
    }
    if seed == DRAWN_SEED:
        result["cache"] = cache_lanes(instance, plan, report.context)
    return result


def _prices(solution: Solution) -> FloatArray | None:
    """Return the prices of presence (T, N, M) of the step that proved the most; None where none has any."""
    found = [
        (step["lower_bound"], step["details"]["presence_price"])
        for step in solution.details.get("steps", [vars(solution)])
        if "presence_price" in step["details"]
    ]
    return max(found, key=lambda pair: pair[0])[1] if found else None


def _world(instance: Instance, price: FloatArray | None) -> dict[str, Any]:
    """Return what the report says of the drawn instance itself: names, sizes, demand, prices."""
    return {
        "servers": list(instance.server_names),
        "models": list(instance.model_names),
        "memory": instance.memory.tolist(),
        "footprint": instance.footprint.tolist(),
        "room": room(instance),
        "demand": demand_lanes(instance),
        "prices": None if price is None else price_lanes(price),
    }


def _static_hindsight(instance: Instance, seed: int) -> float:
    """Return the cost of the fixed set of models that is best for the test arrivals themselves."""
    plan = simulate(instance, policy("static-hindsight"), seed=seed)
    return evaluate(instance, plan).total


def _tuning(task: Tuning) -> dict[str, Any]:
    untuned = contestant(task.policy)
    if task.budget > 0 and untuned.grid:
        tuned = tune(*_tuning_material(task, untuned), task.budget, seed=0)
    else:
        tuned = untuned
    return {
        "parameters": {name: getattr(tuned, name) for name in untuned.grid},
        "clairvoyant": untuned.clairvoyant,
    }


def _tuning_material(task: Tuning, untuned: OnlinePolicy) -> tuple[OnlinePolicy, Sequence[Instance]]:
    """Return the fitted policy and what to tune it on: validation instances.

    A short trace has fewer of them than were asked for, and a single window chooses parameters by chance. A
    policy that has learnt nothing from the training stretch has not seen it, so it is tuned on that as well.
    """
    training = _split(task.case, "train", task.training_seeds)
    fitted = untuned.fit(training)
    wanted = min(task.validation_seeds, task.budget)
    unseen = _split(task.case, "validation", wanted)
    if fitted is untuned and len(unseen) < wanted:
        unseen = [*unseen, *training]
    return fitted, unseen[: task.budget]


def _run(task: Run) -> dict[str, Any]:
    instance = task.case.instance(task.seed, "test")
    fitted = _fitted(task.case, task.policy, task.parameters, task.training_seeds)
    plan = simulate(instance, fitted, seed=task.seed)
    return _played(instance, plan, task.seed)


@lru_cache(maxsize=4)
def _fitted(case: Case, name: str, parameters: Parameters, training_seeds: int) -> OnlinePolicy:
    return contestant(name, **dict(parameters)).fit(_split(case, "train", training_seeds))


def _split(case: Case, split: Split, wanted: int) -> Sequence[Instance]:
    return [case.instance(seed, split) for seed in case.seeds(wanted, split)]


def costs(report: CostReport | None) -> dict[str, Any]:
    """Return the refereed figures of a plan under the columns' names; None for what there is not."""
    if report is None:
        return dict.fromkeys(("cost", *TERMS, "mean_accuracy"))
    return {
        "cost": report.total,
        **{term: getattr(report, term) for term in TERMS},
        "mean_accuracy": finite(report.mean_accuracy),
    }


def finite(value: float) -> float | None:
    """Return the number, or None where JSON has none for it."""
    return float(value) if math.isfinite(value) else None
