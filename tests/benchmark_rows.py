"""Rows of a benchmark from costs alone."""

from __future__ import annotations

import math

from edgeopt.benchmarks.results import Row


def row(instance: str, policy: str, seed: int, cost: float, best: float = 100.0) -> Row:
    return Row(
        instance=instance,
        policy=policy,
        seed=seed,
        cost=cost,
        switching=0.0,
        transmission=0.0,
        computation=0.0,
        accuracy=0.0,
        cloud=cost,
        mean_accuracy=math.nan,
        lower_bound=best,
        best_known=best,
        gap_to_bound=cost / best - 1,
        captured=0.0,
        seconds=0.0,
    )


def rows_of(costs: dict[str, dict[str, list[float]]]) -> list[Row]:
    return [
        row(case, policy, seed, cost)
        for case, of in costs.items()
        for policy, values in of.items()
        for seed, cost in enumerate(values)
    ]
