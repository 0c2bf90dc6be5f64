"""Hot or cold, for how long, and at what level: the state in which demand is compared with its past.

Total arrivals of a model are smoothed and their square root taken, which gives counts a variance that does
not depend on their mean. The best split of the training values into two groups (one-dimensional 2-means)
tells hot from cold; a model changes sides only when it is well past the split.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...problem.fields import BoolArray, FloatArray, IntArray
from ..compiled import compiled

# Share of the distance between the two groups by which a value must pass the split.
MARGIN = 0.15
# What the level keeps of itself a slot.
LEVEL_MEMORY = 0.8


@dataclass(frozen=True, eq=False)
class Split:
    """Values (M,) below which a hot model turns cold, and above which a cold one turns hot."""

    low: FloatArray
    high: FloatArray

    @classmethod
    def of(cls, stretches: list[FloatArray], smoothing: float) -> Split:
        """Find the split in the totals (T, M) of one or more runs."""
        values = np.sort(np.concatenate([np.sqrt(smoothed(run, smoothing)) for run in stretches]), axis=0)
        count = values.shape[0]
        if count < 2:
            return cls(values[0].copy(), values[0].copy())
        sums = np.cumsum(values, axis=0)
        left = np.arange(1, count)[:, None]
        below, above = sums[:-1] / left, (sums[-1] - sums[:-1]) / (count - left)
        # The split that leaves least variance within the groups leaves most between them.
        best = (left * (count - left) * (above - below) ** 2).argmax(axis=0)
        models = np.arange(values.shape[1])
        middle = 0.5 * (below[best, models] + above[best, models])
        margin = MARGIN * (above[best, models] - below[best, models])
        return cls(middle - margin, middle + margin)


def smoothed(totals: FloatArray, smoothing: float) -> FloatArray:
    """Return the exponentially weighted mean (T, M) that keeps `smoothing` of itself a slot."""
    mean = np.empty(totals.shape)
    for slot in range(totals.shape[0]):
        before = mean[slot - 1] if slot else totals[0]
        mean[slot] = smoothing * before + (1.0 - smoothing) * totals[slot]
    return mean


class Follower:
    """The states of a run in progress, slot by slot.

    `hot`, `age` and `level` (M,) are those after the last slot taken in; the arrays are reused.
    """

    def __init__(self, split: Split, smoothing: float) -> None:
        models = split.low.size
        self._split, self._smoothing = split, smoothing
        self._means: FloatArray = np.zeros((2, models))
        self.hot: BoolArray = np.zeros(models, dtype=np.bool_)
        self.age: IntArray = np.zeros(models, dtype=np.int64)
        self.level: FloatArray = np.zeros(models)

    def observe(self, totals: FloatArray) -> None:
        """Take in the totals (M,) of a slot."""
        split = self._split
        follow_states(
            totals[None], split.low, split.high, self._smoothing, self._means,
            self.hot, self.age, self.level, self.hot[None], self.age[None], self.level[None],
        )  # fmt: skip


@dataclass(frozen=True, eq=False)
class States:
    """States of the models in each slot of a run, all (T, M): hot, slots since it changed, and level."""

    hot: BoolArray
    age: IntArray
    level: FloatArray

    @classmethod
    def of(cls, totals: FloatArray, split: Split, smoothing: float) -> States:
        """Follow a run of totals (T, M) from its first slot; no state looks ahead."""
        models = totals.shape[1]
        states = cls(
            np.zeros(totals.shape, dtype=np.bool_),
            np.zeros(totals.shape, dtype=np.int64),
            np.zeros(totals.shape),
        )
        follow_states(
            totals, split.low, split.high, smoothing, np.zeros((2, models)),
            np.zeros(models, dtype=np.bool_), np.zeros(models, dtype=np.int64), np.zeros(models),
            states.hot, states.age, states.level,
        )  # fmt: skip
        return states


@compiled
def follow_states(
    totals: FloatArray,
    low: FloatArray,
    high: FloatArray,
    smoothing: float,
    means: FloatArray,
    hot: BoolArray,
    age: IntArray,
    level: FloatArray,
    hot_path: BoolArray,
    age_path: IntArray,
    level_path: FloatArray,
) -> None:
    """Carry states (M,) and `means` (2, M) through totals (T, M), and write the paths; age 0: not begun."""
    for slot in range(totals.shape[0]):
        for model in range(totals.shape[1]):
            first = age[model] == 0
            for row, memory in enumerate((smoothing, LEVEL_MEMORY)):
                kept = 0.0 if first else memory
                means[row, model] = kept * means[row, model] + (1.0 - kept) * totals[slot, model]
            value = np.sqrt(means[0, model])
            side = hot[model]
            if first:
                side = value > 0.5 * (low[model] + high[model])
            elif value < low[model]:
                side = False
            elif value > high[model]:
                side = True
            age[model] = age[model] + 1 if side == hot[model] else 1
            hot[model] = side
            level[model] = np.sqrt(means[1, model])
            hot_path[slot, model], age_path[slot, model] = side, age[model]
            level_path[slot, model] = level[model]
