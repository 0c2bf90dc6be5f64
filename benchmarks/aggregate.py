"""From rows to what is said about a policy: ratios over seeds, with paired bootstrap intervals.

All ratios are ratios of sums over the seeds (the mean of ratios is ruled by seeds with tiny optima), and an
interval draws seeds with replacement, the same seeds for the policy and for what it is compared with (Efron
and Tibshirani, "An Introduction to the Bootstrap", 1993, ch. 13: percentile intervals).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from ..problem.dynamics import TERMS
from ..problem.fields import FloatArray
from .gaps import OnlineSummary
from .ladders import LadderSummary
from .results import Row
from .study import finite

REFERENCE = "reference"
"""The rows of the solver's own plans carry this name in the column `policy`."""

PERFECT_FORECAST = "look-ahead"
"""The policy that plans with the arrivals to come, as far as its horizon reaches."""

RESAMPLES = 10_000
COVERAGE = 0.95

TELLING_STATIC, TELLING_CLOUD = 1.03, 1.3
"""Below these ratios to the best known cost a setting does not tell policies apart: a fixed set of models,
or the cloud alone, is already as good as can be."""


@dataclass(frozen=True)
class Interval:
    """An estimate with its bootstrap interval; the ends are nan where one seed gives none."""

    value: float
    low: float
    high: float

    @classmethod
    def of(cls, value: float, drawn: FloatArray) -> Interval:
        """The interval between percentiles of what was resampled."""
        tail = 50 * (1 - COVERAGE)
        low, high = np.percentile(drawn, [tail, 100 - tail])
        return cls(float(value), float(low), float(high))


@dataclass(frozen=True)
class ReferenceRecord:
    """What the reference task found out about one test instance, beside its plan's costs."""

    instance: str
    seed: int
    cloud_only: float
    static_hindsight: float
    status: str
    method: str
    digest: str


@dataclass(frozen=True)
class PolicySummary:
    """One policy on one case, over all seeds.

    Parameters
    ----------
    cost
        Mean cost of a test instance.
    terms
        Mean of each of the five terms, by name.
    ratio
        Sum of costs / sum of best known costs.
    captured
        Sum of savings / sum of best known savings.
    gap_to_bound
        Mean over seeds.
    mean_accuracy
        Mean over the seeds in which something was served at the edge.
    """

    policy: str
    clairvoyant: bool
    cost: float
    terms: dict[str, float]
    ratio: Interval
    captured: Interval
    gap_to_bound: float
    mean_accuracy: float


@dataclass(frozen=True)
class CaseSummary:
    """One case: how telling it is, and its policies from cheap to dear.

    Parameters
    ----------
    proven
        On how many of the seeds the reference plan is proven optimal.
    cloud_ratio, static_ratio
        Cost of the cloud alone, and of the best fixed set of models in hindsight, over the best known cost.
    online
        What any online policy can reach, on sampled futures; None where that was not asked for.
    ladder
        Bounds of the first test instance; None where they were not asked for.
    """

    instance: str
    seeds: int
    proven: int
    cloud_only: float
    best_known: float
    lower_bound: float
    cloud_ratio: float
    static_ratio: float
    policies: tuple[PolicySummary, ...]
    online: OnlineSummary | None = None
    ladder: LadderSummary | None = None

    @property
    def warning(self) -> str | None:
        """Why the case says nothing about a learner, where it does not."""
        reasons = []
        if self.static_ratio < TELLING_STATIC:
            reasons.append(
                f"the best fixed set costs only {self.static_ratio:.3f} x the best plan (< {TELLING_STATIC})"
            )
        if self.cloud_ratio < TELLING_CLOUD:
            reasons.append(
                f"the cloud alone costs only {self.cloud_ratio:.3f} x the best plan (< {TELLING_CLOUD})"
            )
        return f"{' and '.join(reasons)}: this setting says nothing about a learner" if reasons else None

    @property
    def headroom(self) -> float | None:
        """What a perfect forecast over a limited horizon would still win, in best known costs.

        The ratio of the cheapest policy that does not see the future, less that of `look-ahead`; None where
        either was not run.
        """
        online = [one for one in self.policies if not one.clairvoyant]
        seeing = [one for one in self.policies if one.policy == PERFECT_FORECAST]
        return online[0].ratio.value - seeing[0].ratio.value if online and seeing else None


def summarise(
    rows: Sequence[Row], records: Sequence[ReferenceRecord], clairvoyant: set[str]
) -> list[CaseSummary]:
    """Aggregate rows case by case, in the order of the records.

    Parameters
    ----------
    clairvoyant
        Names of the policies that see the future; the reference always does.
    """
    found = []
    for instance in dict.fromkeys(record.instance for record in records):
        mine = [record for record in records if record.instance == instance]
        found.append(
            _summarise_case(instance, [row for row in rows if row.instance == instance], mine, clairvoyant)
        )
    return found


def _summarise_case(
    instance: str, rows: Sequence[Row], records: Sequence[ReferenceRecord], clairvoyant: set[str]
) -> CaseSummary:
    best = {row.seed: row.best_known for row in rows}
    bound = {row.seed: row.lower_bound for row in rows}
    cloud = np.array([record.cloud_only for record in records])
    best_known = np.array([best[record.seed] for record in records])
    policies = []
    for name in dict.fromkeys(row.policy for row in rows):
        own = {row.seed: row for row in rows if row.policy == name}
        own_rows = [own[record.seed] for record in records if record.seed in own]
        if len(own_rows) == len(records):
            policies.append(_summarise_policy(own_rows, best_known, cloud, name in clairvoyant | {REFERENCE}))
    return CaseSummary(
        instance=instance,
        seeds=len(records),
        proven=sum(record.status == "optimal" for record in records),
        cloud_only=float(cloud.mean()),
        best_known=float(best_known.mean()),
        lower_bound=float(np.mean([bound[record.seed] for record in records])),
        cloud_ratio=ratio_of_sums(cloud, best_known),
        static_ratio=ratio_of_sums(np.array([record.static_hindsight for record in records]), best_known),
        policies=tuple(sorted(policies, key=lambda policy: (policy.cost, policy.policy != REFERENCE))),
    )


def _summarise_policy(
    rows: Sequence[Row], best_known: FloatArray, cloud: FloatArray, clairvoyant: bool
) -> PolicySummary:
    cost = np.array([row.cost for row in rows])
    accuracies = [row.mean_accuracy for row in rows if not math.isnan(row.mean_accuracy)]
    return PolicySummary(
        policy=rows[0].policy,
        clairvoyant=clairvoyant,
        cost=float(cost.mean()),
        terms={term: float(np.mean([getattr(row, term) for row in rows])) for term in TERMS},
        ratio=paired_interval(cost, best_known),
        captured=paired_interval(cloud - cost, cloud - best_known),
        gap_to_bound=float(np.mean([row.gap_to_bound for row in rows])),
        mean_accuracy=float(np.mean(accuracies)) if accuracies else math.nan,
    )


def ratio_of_sums(top: FloatArray, bottom: FloatArray) -> float:
    """Return sum / sum; nan where the bottom is not positive."""
    total = float(bottom.sum())
    return float(top.sum()) / total if total > 0 else math.nan


def paired_interval(top: FloatArray, bottom: FloatArray) -> Interval:
    """Return the ratio of sums over seeds with its paired percentile bootstrap interval.

    The resampled seeds depend on the number of seeds alone, so every policy is resampled alike.
    """
    value, seeds = ratio_of_sums(top, bottom), len(top)
    if seeds < 2 or math.isnan(value):
        return Interval(value, math.nan, math.nan)
    drawn = np.random.default_rng(np.random.SeedSequence([seeds])).integers(seeds, size=(RESAMPLES, seeds))
    tops, bottoms = top[drawn].sum(axis=1), bottom[drawn].sum(axis=1)
    usable = bottoms > 0
    return Interval.of(value, tops[usable] / bottoms[usable])


def summaries_as_records(summaries: Sequence[CaseSummary]) -> list[dict[str, Any]]:
    """Return the summaries as JSON objects; null stands for nan."""
    records = [
        asdict(summary) | {"warning": summary.warning, "headroom": summary.headroom} for summary in summaries
    ]
    plain: list[dict[str, Any]] = finite(records)
    return plain
