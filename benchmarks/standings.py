"""Policies across all cases of a run: interquartile mean, and how often a policy is the cheaper one.

Every run counts by its cost over the best cost known for the same arrivals. The interquartile mean leaves out
the best and the worst quarter of the runs (Agarwal et al., "Deep reinforcement learning at the edge of the
statistical precipice", arXiv 2108.13264). Its interval draws seeds with replacement within each case, the
same seeds for every policy. The probability of improvement is theirs too, but paired: policies see the same
arrivals, so a run is compared with the other policy's run on them, and cases count alike.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from ..problem.errors import InvalidOption
from ..problem.fields import FloatArray
from .aggregate import REFERENCE, RESAMPLES, Interval
from .results import Row
from .study import finite


@dataclass(frozen=True)
class Standing:
    """One policy over all runs.

    Parameters
    ----------
    policy, clairvoyant, runs
        Its name, whether it sees the future, and how many runs it has.
    ratio
        Interquartile mean of cost / best known cost.
    against
        The policy it is compared with, by default the cheapest that does not see the future; never itself.
    difference
        Interquartile mean of the differences of the two ratios, run by run; below 0 it is the cheaper one.
    improvement
        Share of the runs in which it is cheaper than `against`, half of the ties added.
    """

    policy: str
    clairvoyant: bool
    runs: int
    ratio: Interval
    against: str | None
    difference: Interval
    improvement: Interval


def standings(rows: Sequence[Row], clairvoyant: set[str], against: str | None = None) -> tuple[Standing, ...]:
    """Rank the policies that have a row for every instance and seed, from cheap to dear.

    Parameters
    ----------
    clairvoyant
        Names of the policies that see the future; the reference always does.
    against
        The policy that all are compared with; None: the cheapest that does not see the future.

    Raises
    ------
    InvalidOption
        If `against` has not all runs.
    """
    ratios = _ratios(rows)
    if not ratios:
        return ()
    if against is not None and against not in ratios:
        raise InvalidOption(f"against = {against!r}: has no row for every instance and seed")
    cases = np.array([instance for instance, _ in _places(rows)])
    drawn = _resampled(cases)
    sees = clairvoyant | {REFERENCE}
    means = {name: interquartile_mean(found) for name, found in ratios.items()}
    online = sorted((name for name in ratios if name not in sees), key=lambda name: means[name])
    found = []
    for name in sorted(ratios, key=lambda name: (means[name], name != REFERENCE)):
        other = next((one for one in ([against] if against else online) if one != name), None)
        found.append(_standing(name, other, ratios, cases, drawn, clairvoyant=name in sees))
    return tuple(found)


def standings_as_records(found: Sequence[Standing]) -> list[dict[str, Any]]:
    """Return the standings as JSON objects; null stands for what one seed does not give."""
    plain: list[dict[str, Any]] = finite([asdict(one) for one in found])
    return plain


def interquartile_mean(values: FloatArray) -> Any:
    """Return the mean (along the last axis) of what lies between the quartiles.

    As `scipy.stats.trim_mean` with a quarter at each end: of n values the floor of n / 4 are left out there.
    """
    count = values.shape[-1]
    cut = count // 4
    ordered = np.sort(values, axis=-1)
    return ordered[..., cut : count - cut].mean(axis=-1)


def _places(rows: Sequence[Row]) -> list[tuple[str, int]]:
    return list(dict.fromkeys((row.instance, row.seed) for row in rows))


def _ratios(rows: Sequence[Row]) -> dict[str, FloatArray]:
    """Cost / best known cost of each policy in the order of `_places`; policies with all runs only."""
    places = _places(rows)
    found: dict[str, dict[tuple[str, int], float]] = {}
    for row in rows:
        ratio = row.cost / row.best_known if row.best_known > 0 else np.nan
        found.setdefault(row.policy, {})[row.instance, row.seed] = ratio
    whole = {name: np.array([own.get(place, np.nan) for place in places]) for name, own in found.items()}
    return {name: values for name, values in whole.items() if not np.isnan(values).any()}


def _resampled(cases: Any) -> Any:
    """Places (RESAMPLES, n) of runs, each case's from its own; None where a case has one run only."""
    rng = np.random.default_rng(np.random.SeedSequence([len(cases)]))
    parts = []
    for case in dict.fromkeys(cases.tolist()):
        own = np.flatnonzero(cases == case)
        if own.size < 2:
            return None
        parts.append(own[rng.integers(own.size, size=(RESAMPLES, own.size))])
    return np.concatenate(parts, axis=1)


def _standing(
    name: str,
    other: str | None,
    ratios: Mapping[str, FloatArray],
    cases: Any,
    drawn: Any,
    *,
    clairvoyant: bool,
) -> Standing:
    own, nothing = ratios[name], Interval(np.nan, np.nan, np.nan)
    difference = improvement = nothing
    if other is not None:
        apart = own - ratios[other]
        difference = _interval(apart, drawn, interquartile_mean)
        cheaper = np.where(apart < 0, 1.0, np.where(apart == 0, 0.5, 0.0))
        # cases count alike: a run counts by one over the runs of its case
        share = np.array([1.0 / np.count_nonzero(cases == case) for case in cases])
        share /= share.sum()
        weighted = cheaper * share * len(share)
        improvement = _interval(weighted, drawn, lambda values: values.mean(axis=-1))
    return Standing(
        policy=name,
        clairvoyant=clairvoyant,
        runs=len(own),
        ratio=_interval(own, drawn, interquartile_mean),
        against=other,
        difference=difference,
        improvement=improvement,
    )


def _interval(values: FloatArray, drawn: Any, statistic: Any) -> Interval:
    value = float(statistic(values))
    if drawn is None:
        return Interval(value, float("nan"), float("nan"))
    return Interval.of(value, statistic(values[drawn]))
