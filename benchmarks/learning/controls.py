"""T2DRL beside its controls and the tuned policies: what the inner loop and the core contribute.

All are trained on the same episodes with the same budget, from several training seeds, and play the same test
instances; the policies of `solvers` are tuned on validation instances. A figure is a mean over training seeds
and test instances, its interval a bootstrap over both.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from ...problem.fields import FloatArray
from ..aggregate import REFERENCE, RESAMPLES, Interval
from ..results import Row
from ..settings import Settings
from ..standings import interquartile_mean
from ..study import Report
from ..suite import run_benchmark
from .options import Options
from .variants import QUICK_TRAINING, Training, require_learners, train_all, variants_of

HEURISTICS = ("index", "index-ar", "dual-index", "mpc", "analog", "lru-admission", "look-ahead")
"""What is tuned and run beside the learners; look-ahead sees the future and shows what a forecast can win."""

TRAINED = (
    "t2drl",
    "frozen",
    "reset",
    "placebo",
    "slow",
    "twin",
    "reconstruct",
    "deltanet",
    "gru",
    "gru-small",
    "stack",
    "none",
)


@dataclass(frozen=True)
class Study:
    """How much is trained and tested.

    Parameters
    ----------
    families, variants
        Scenarios, and the learners of `variants.VARIANTS`.
    training_seeds, test_seeds
        How many of each.
    training
        What all are trained on.
    time_limit
        Seconds to search for each best plan.
    """

    families: tuple[str, ...] = ("decoy", "workflow")
    variants: tuple[str, ...] = TRAINED
    heuristics: tuple[str, ...] = HEURISTICS
    training_seeds: int = 3
    test_seeds: int = 20
    training: Training = field(default_factory=Training)
    time_limit: float = 60.0


QUICK = Study(
    families=("decoy",),
    variants=("t2drl", "frozen", "none"),
    heuristics=("index",),
    training_seeds=1,
    test_seeds=2,
    training=QUICK_TRAINING,
    time_limit=10.0,
)


def run(options: Options) -> Report:
    """Train, test, compare."""
    return controls(replace(QUICK if options.quick else Study(), **options.given()), options)


def controls(study: Study, options: Options) -> Report:
    """Train what is not yet trained, test everything, and compare."""
    require_learners()
    chosen, seeds, folder = variants_of(study.variants), range(study.training_seeds), options.out / "learners"
    workers = options.workers
    train_all(folder, study.families, chosen, seeds, study.training, workers=workers)
    rows: list[tuple[str, ...]] = []
    findings: list[dict[str, Any]] = []
    for family in study.families:
        names = {one.name: [one.policy(folder, family, seed) for seed in seeds] for one in chosen}
        settings = Settings(
            scenarios=(family,),
            policies=(*study.heuristics, *(name for of in names.values() for name in of)),
            sizes=(study.training.size,),  # type: ignore[arg-type]
            slots=study.training.slots,
            seeds=study.test_seeds,
            time_limit=study.time_limit,
        )
        found = run_benchmark(settings, options.out / f"controls-{family}", workers=workers)
        for one in compare(found.rows, names | {name: [name] for name in (REFERENCE, *study.heuristics)}):
            rows.append((family, *one.cells()))
            findings.append({"family": family} | one.as_dict())
    return Report(
        "controls",
        f"Cost over the best plan; {study.training_seeds} training seeds, {study.test_seeds} test instances",
        (
            "family",
            "contestant",
            "cost / best",
            "95 %",
            "IQM",
            "t2drl / this - 1",
            "95 %",
            "t2drl cheaper in",
        ),
        rows,
        [f"{one.name}: {one.meaning}." for one in chosen],
        findings,
    )


@dataclass(frozen=True)
class Compared:
    """One contestant: cost over best known cost, interquartile mean, and how T2DRL compares with it."""

    name: str
    ratio: Interval
    middle: float
    against: Interval
    wins: float

    def cells(self) -> tuple[str, ...]:
        """The row of a table."""
        itself = self.name == "t2drl"
        return (
            self.name,
            f"{self.ratio.value:.4f}",
            f"[{self.ratio.low:.4f}, {self.ratio.high:.4f}]",
            f"{self.middle:.4f}",
            "" if itself else f"{100 * self.against.value:+.2f} %",
            "" if itself else f"[{100 * self.against.low:+.2f}, {100 * self.against.high:+.2f}]",
            "" if itself else f"{100 * self.wins:.0f} %",
        )

    def as_dict(self) -> dict[str, Any]:
        """The same as numbers."""
        return {
            "contestant": self.name,
            "ratio": [self.ratio.value, self.ratio.low, self.ratio.high],
            "interquartile_mean": self.middle,
            "t2drl_over_this": [self.against.value, self.against.low, self.against.high],
            "t2drl_cheaper_in": self.wins,
        }


def compare(rows: Sequence[Row], names: Mapping[str, Sequence[str]]) -> list[Compared]:
    """Compare contestants, each a list of policies (one a training seed), on the same instances; cheap first.

    Training seeds and instances are drawn with replacement, independently of each other; all learners are
    drawn with the same training seeds, as those that differ at test only share a network.
    """
    seeds = sorted({row.seed for row in rows})
    best = np.array([next(row.best_known for row in rows if row.seed == seed) for seed in seeds])
    by = {(row.policy, row.seed): row.cost for row in rows}
    costs = {
        name: np.array([[by[policy, seed] for seed in seeds] for policy in of])
        for name, of in names.items()
        if all((policy, seed) in by for policy in of for seed in seeds)
    }
    rng = np.random.default_rng(np.random.SeedSequence([len(seeds)]))
    tests = rng.integers(len(seeds), size=(RESAMPLES, len(seeds)))
    own = costs["t2drl"]
    trained = rng.integers(len(own), size=(RESAMPLES, len(own)))

    def sums(cost: FloatArray) -> FloatArray:
        if len(cost) == 1:
            alone: FloatArray = cost[0][tests].sum(axis=1)
            return alone
        counts = np.stack([(tests == place).sum(axis=1) for place in range(len(seeds))], axis=1)
        mean = np.stack([cost[draw].mean(axis=0) for draw in trained])
        total: FloatArray = (mean * counts).sum(axis=1)
        return total

    own_sums, best_sums = sums(own), best[tests].sum(axis=1)
    found = [
        Compared(
            name,
            Interval.of(cost.mean(axis=0).sum() / best.sum(), sums(cost) / best_sums),
            float(interquartile_mean((cost / best).ravel())),
            Interval.of(own.mean(axis=0).sum() / cost.mean(axis=0).sum() - 1, own_sums / sums(cost) - 1),
            float(np.mean(own.mean(axis=0) < cost.mean(axis=0))),
        )
        for name, cost in costs.items()
    ]
    return sorted(found, key=lambda one: one.ratio.value)
