"""Tune a policy's options on validation instances, with a budget that can be given to a learner as well.

Successive halving (Jamieson and Talwalkar 2016): many settings are tried on few instances, the better third
goes on to three times as many, until all instances are used. The settings are drawn without replacement
from the product of the policy's `grid`, the setting the policy came with always among them. Where the budget
pays for all settings on more instances at once, none is judged on fewer.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..problem import Instance, evaluate
from ..problem.errors import InvalidOption
from .policies.protocol import OnlinePolicy
from .simulation import simulate

KEEP = 3


@dataclass(frozen=True)
class Trial:
    """One setting on one or more instances: options, how many instances, and their total cost."""

    options: Mapping[str, Any]
    instances: int
    cost: float


@dataclass(frozen=True, eq=False)
class Tuning:
    """The tuned policy, all trials in the order they were made, and the simulations spent on them."""

    policy: OnlinePolicy
    trials: tuple[Trial, ...]
    simulations: int


def tune(
    policy: OnlinePolicy,
    validation_instances: Sequence[Instance],
    budget: int,
    seed: int = 0,
    workers: int = 1,
) -> OnlinePolicy:
    """Return a copy of a policy with the best options found on validation instances; see `tuning`."""
    return tuning(policy, validation_instances, budget, seed=seed, workers=workers).policy


def tuning(
    policy: OnlinePolicy,
    validation_instances: Sequence[Instance],
    budget: int,
    *,
    seed: int = 0,
    workers: int = 1,
) -> Tuning:
    """Search the policy's grid by successive halving.

    Parameters
    ----------
    policy
        A policy, fitted already when it learns from training instances.
    validation_instances
        Instances to tune on; never those the policy is reported on.
    budget
        Simulations (one policy on one instance) to spend at most, >= the number of instances.
    seed
        Decides which settings are drawn, the order of the instances, and the policy's own randomness.
    workers
        Processes; the result does not depend on their number.

    Raises
    ------
    InvalidOption
        When there is no instance, or the budget does not pay for one setting on all instances.
    """
    count = len(validation_instances)
    if count == 0:
        raise InvalidOption("tune: needs at least one validation instance")
    if budget < count:
        raise InvalidOption(f"tune: budget = {budget} does not pay for one setting on {count} instances")
    rng = np.random.default_rng(np.random.SeedSequence([seed, count]))
    ordered = [validation_instances[index] for index in rng.permutation(count)]
    rungs = _first_rungs(_rungs(count), _different(policy), budget)
    alive = _draw(policy, _affordable(rungs, budget), rng)
    trials: list[Trial] = []
    totals = dict.fromkeys(range(len(alive)), 0.0)
    standing, done = list(totals), 0
    for rung in rungs:
        jobs = [(policy.with_options(**alive[number]), ordered[done:rung], seed) for number in standing]
        for number, cost in zip(standing, _run(jobs, workers), strict=True):
            totals[number] += cost
            trials.append(Trial(alive[number], rung, totals[number]))
        standing.sort(key=lambda number: (totals[number], number))
        done = rung
        if rung < count:
            standing = standing[: max(1, math.ceil(len(standing) / KEEP))]
    spent = sum(trial.instances for trial in trials) - _repeated(trials, rungs)
    return Tuning(policy.with_options(**alive[standing[0]]), tuple(trials), spent)


def _repeated(trials: Sequence[Trial], rungs: Sequence[int]) -> int:
    """Count the simulations that a trial took over from the rung before."""
    before = dict(zip(rungs, [0, *rungs[:-1]], strict=True))
    return sum(before[trial.instances] for trial in trials)


def _rungs(count: int) -> list[int]:
    """Return the numbers of instances of the rungs: the last uses all, each before it a third."""
    rungs = [count]
    while rungs[0] > 1:
        rungs.insert(0, math.ceil(rungs[0] / KEEP))
    return rungs


def _simulations(rungs: Sequence[int], settings: int) -> int:
    spent, done = 0, 0
    for rung in rungs:
        spent += settings * (rung - done)
        settings, done = math.ceil(settings / KEEP), rung
    return spent


def _affordable(rungs: Sequence[int], budget: int) -> int:
    """Return with how many settings the first rung may begin."""
    settings = 1
    while settings < budget and _simulations(rungs, settings + 1) <= budget:
        settings += 1
    return settings


def _first_rungs(rungs: list[int], settings: int, budget: int) -> list[int]:
    """Leave out the first rungs, of few instances, as long as all settings can be afforded."""
    while len(rungs) > 1 and _simulations(rungs[1:], settings) <= budget:
        rungs = rungs[1:]
    return rungs


def _own(policy: OnlinePolicy) -> dict[str, Any]:
    """The setting a policy came with, as a setting of its grid would be written."""
    return {name: getattr(policy, name) for name in policy.grid}


def _different(policy: OnlinePolicy) -> int:
    """Settings of the grid, and the policy's own if it is none of them."""
    among = all(value in policy.grid[name] for name, value in _own(policy).items())
    return math.prod(len(values) for values in policy.grid.values()) + (not among)


def _draw(policy: OnlinePolicy, settings: int, rng: np.random.Generator) -> list[dict[str, Any]]:
    """Draw settings from the product of the grid, or take all; the first leaves the policy as it is."""
    grid, own = policy.grid, _own(policy)
    sizes = [len(values) for values in grid.values()]
    total = math.prod(sizes) if grid else 0
    every = _different(policy) <= settings
    chosen: list[dict[str, Any]] = [{}]
    for flat in range(total) if every else rng.choice(total, size=min(settings - 1, total), replace=False):
        places = np.unravel_index(int(flat), sizes)
        drawn = {name: grid[name][int(place)] for name, place in zip(grid, places, strict=True)}
        if not every or drawn != own:
            chosen.append(drawn)
    return chosen


def _run(jobs: Sequence[tuple[OnlinePolicy, Sequence[Instance], int]], workers: int) -> list[float]:
    """Cost of each job, in order, in this process or in several."""
    if workers <= 1 or len(jobs) <= 1:
        return [_cost(*job) for job in jobs]
    from joblib import Parallel, delayed

    costs: list[float] = Parallel(n_jobs=workers)(delayed(_cost)(*job) for job in jobs)
    return costs


def _cost(policy: OnlinePolicy, instances: Sequence[Instance], seed: int) -> float:
    return sum(evaluate(instance, simulate(instance, policy, seed)).total for instance in instances)
