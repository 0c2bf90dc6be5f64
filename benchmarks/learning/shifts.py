"""What test-time learning is worth when the world changes: cost after named shifts, slot by slot.

Everything that is compared was trained on the family before the shift and plays the same arrivals. The loss
of a policy is its cost after the shift less that of the best known plan of the whole instance in the same
slots. What test-time learning recovers is the share of the frozen twin's loss that the learner does not have.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from ...problem import evaluate, scenario
from ...problem.fields import FloatArray
from ...solvers import OnlinePolicy, simulate, solve, tune
from ..aggregate import paired_interval
from ..contestants import contestant
from ..study import Report
from .changes import CHANGES, TRACE, change, changed
from .options import Options
from .variants import QUICK_TRAINING, Training, require_learners, train_all, variants_of

LEARNERS = ("t2drl", "frozen", "slow", "reset", "twin", "deltanet", "gru", "gru-small", "none")
BLOCKS = 12
"""Points of a curve, from the shift to the end."""


@dataclass(frozen=True)
class Study:
    """How much is trained and tested; learners that `controls` has trained in the same folder are used.

    With a `trace` there is one shift more: to its arrivals.
    """

    family: str = "decoy"
    variants: tuple[str, ...] = LEARNERS
    heuristics: tuple[str, ...] = ("index", "index-ar")
    changes: tuple[str, ...] = tuple(CHANGES)
    test_seeds: int = 12
    training_seeds: int = 1
    training: Training = field(default_factory=Training)
    time_limit: float = 20.0
    budget: int = 160
    trace: Path | None = None

    def __post_init__(self) -> None:
        if self.trace is not None and TRACE not in self.changes:
            object.__setattr__(self, "changes", (*self.changes, TRACE))


QUICK = Study(
    variants=("t2drl", "frozen"),
    heuristics=("index",),
    changes=("swapped", "capacity"),
    test_seeds=2,
    training=QUICK_TRAINING,
    time_limit=5.0,
    budget=8,
)


def run(options: Options) -> Report:
    """Train, shift, compare; of several families the first."""
    given = dict(options.given())
    families = given.pop("families", ())
    study = replace(QUICK if options.quick else Study(), trace=options.trace, **given)
    return shifts(replace(study, family=families[0]) if families else study, options)


def shifts(study: Study, options: Options) -> Report:
    """Train what is not yet trained, play every shift, and compare."""
    from joblib import Parallel, delayed

    require_learners()
    folder = options.out / "learners"
    chosen, seeds = variants_of(study.variants), range(study.training_seeds)
    train_all(folder, [study.family], chosen, seeds, study.training, workers=options.workers)
    jobs = [(study, folder, name, seed) for name in study.changes for seed in range(study.test_seeds)]
    done = Parallel(n_jobs=options.workers)(delayed(_play)(*job) for job in jobs)
    rows, findings = [], []
    for number, shift in enumerate(study.changes):
        found = _compared(done[number * study.test_seeds : (number + 1) * study.test_seeds])
        rows += [(shift, *_cells(name, one)) for name, one in found.items()]
        findings += [{"shift": shift, "policy": name} | one for name, one in found.items()]
    return Report(
        "shifts",
        f"{study.family}, then a shift: cost over that of the best plan in the same slots, "
        f"{study.test_seeds} test instances",
        ("shift", "policy", "before", "after", "95 %", "first third after", "last third", "of frozen's loss"),
        rows,
        [
            *(f"{name}: {change(name, study.trace).meaning}." for name in study.changes),
            "Of frozen's loss: 1 - (loss after the shift) / (that of frozen); 95 % paired bootstrap over "
            "test instances.",
        ],
        findings,
    )


@lru_cache(maxsize=1)
def _contestants(study: Study, folder: Path) -> dict[str, list[OnlinePolicy]]:
    """By name, one for each training seed; all have seen the family's past, heuristics are tuned on it."""
    knobs = study.training.knobs
    past = [scenario(study.family, seed=seed, split="train", **knobs) for seed in range(4)]
    unseen = [scenario(study.family, seed=seed, split="validation", **knobs) for seed in range(8)]
    found: dict[str, list[OnlinePolicy]] = {
        one.name: [
            contestant(one.policy(folder, study.family, seed)).fit(past)
            for seed in range(study.training_seeds)
        ]
        for one in variants_of(study.variants)
    }
    for name in study.heuristics:
        found[name] = [tune(contestant(name).fit(past), unseen, study.budget, seed=0)]
    return found


def _play(study: Study, folder: Path, shift: str, seed: int) -> dict[str, FloatArray]:
    """Costs (2T,) of every slot: the best plan's, and each contestant's, a mean over training seeds."""
    instance = changed(shift, study.family, seed, "test", trace=study.trace, **study.training.knobs)
    best = solve(instance, time_limit=study.time_limit, workers=1)
    found: dict[str, FloatArray] = {}
    if best.plan is not None:
        found["best"] = evaluate(instance, best.plan).by_slot.sum(axis=1)
    for name, policies in _contestants(study, folder).items():
        costs = [evaluate(instance, simulate(instance, one, seed)).by_slot.sum(axis=1) for one in policies]
        found[name] = np.mean(costs, axis=0)
    return found


def _compared(done: Sequence[dict[str, FloatArray]]) -> dict[str, dict[str, Any]]:
    """What every policy paid before and after the shift over what the best plan paid, cheap first."""
    costs = {name: np.stack([one[name] for one in done]) for name in done[0]}
    best = costs.pop("best")
    half = best.shape[1] // 2
    third = half // 3

    def ratio(name: str, begin: int, end: int) -> Any:
        return paired_interval(costs[name][:, begin:end].sum(axis=1), best[:, begin:end].sum(axis=1))

    frozen = (costs["frozen"] - best)[:, half:].sum(axis=1)
    found = {}
    for name, cost in costs.items():
        loss = (cost - best)[:, half:].sum(axis=1)
        recovered, after = paired_interval(frozen - loss, frozen), ratio(name, half, 2 * half)
        blocks = np.array_split(np.arange(half, 2 * half), BLOCKS)
        found[name] = {
            "before": ratio(name, 0, half).value,
            "after": [after.value, after.low, after.high],
            "early": ratio(name, half, half + third).value,
            "late": ratio(name, 2 * half - third, 2 * half).value,
            "recovered": [recovered.value, recovered.low, recovered.high],
            "curve": [float(cost[:, block].sum() / best[:, block].sum()) for block in blocks],
        }
    return dict(sorted(found.items(), key=lambda item: item[1]["after"][0]))


def _cells(name: str, one: dict[str, Any]) -> tuple[str, ...]:
    value, low, high = one["recovered"]
    return (
        name,
        f"{one['before']:.4f}",
        f"{one['after'][0]:.4f}",
        f"[{one['after'][1]:.4f}, {one['after'][2]:.4f}]",
        f"{one['early']:.4f}",
        f"{one['late']:.4f}",
        "" if name == "frozen" else f"{100 * value:+.1f} % [{100 * low:+.1f}, {100 * high:+.1f}]",
    )
