"""What having a model is worth over sampled continuations, when decisions may not look into them.

On a continuation all is known, and an optimum along it would look ahead. Decisions are therefore made for
groups of continuations that cannot be told apart by whether the model is hot or cold at the moment: within
a group all stay or all leave, all load or none does, whichever is better on average (least-squares Monte
Carlo of Longstaff and Schwartz 2001 with two indicator functions). Along the recursion each continuation
keeps its own value under these decisions.
"""

from __future__ import annotations

import numpy as np

from ...problem.fields import BoolArray, FloatArray, IntArray
from ..compiled import compiled


@compiled
def gather_gains(
    own: FloatArray,
    fresh: FloatArray,
    burden: FloatArray,
    charge: float,
    chosen: IntArray,
    end: IntArray,
    hot: BoolArray,
    gains: FloatArray,
    side: IntArray,
) -> None:
    """Collect what one model saves on its samples, by slot, sample and start of the interval.

    Parameters
    ----------
    own
        (K, H) saving on each continuation if the model is kept from now on.
    fresh
        (Q, H) saving j slots after a load in slot q of the bank.
    burden, charge
        (Q, H) share of the limits that goes with `fresh`, and the price of the whole limits.
    chosen
        (K,) slots of the bank whose continuations were sampled.
    end, hot
        (Q,) ends of the runs in the bank, and whether the model is hot in each slot.
    gains
        (H, K, H + 1) filled for starts u <= j + 1: 0, cached now; u + 1, loaded in slot u. What follows the
        end of a run in the bank saves nothing.
    side
        (H, K) filled: 1 where the model is hot.
    """
    slots = own.shape[1]
    for sample in range(chosen.shape[0]):
        first = chosen[sample] + 1
        left = min(slots, end[first - 1] - first)
        for ahead in range(slots):
            side[ahead, sample] = 1 if ahead < left and hot[first + ahead] else 0
            gains[ahead, sample, : ahead + 2] = 0.0
            gains[ahead, sample, 0] = own[sample, ahead]
        for start in range(left):
            for later in range(left - start):
                gain = fresh[first + start, later] - charge * burden[first + start, later]
                gains[start + later, sample, start + 1] = gain


@compiled
def decide_groups(
    gains: FloatArray,
    side: IntArray,
    samples: int,
    rent: FloatArray,
    load: float,
    stay: BoolArray,
    enter: BoolArray,
) -> float:
    """Fill the decisions of the next H slots for one model, and return what having it now adds.

    Parameters
    ----------
    gains, side
        (H, K, H + 1) and (H, K), see `gather_gains`; the first `samples` count.
    rent
        (H,) price of keeping the model.
    stay
        (H, 2, H + 1) filled: whether a model cached since a start is kept, for the cold and the hot group.
    enter
        (H, 2) filled: whether an absent model is loaded.
    """
    slots = gains.shape[0]
    present, absent = np.zeros((samples, slots + 1)), np.zeros(samples)
    size, gone = np.zeros(2), np.zeros(2)
    kept = np.zeros((2, slots + 1))
    for ahead in range(slots - 1, -1, -1):
        starts, paid = ahead + 2, rent[ahead]
        size[:], gone[:], kept[:] = 0.0, 0.0, 0.0
        for sample in range(samples):
            group = side[ahead, sample]
            size[group] += 1.0
            gone[group] += absent[sample]
            row, gained, total = present[sample], gains[ahead, sample], kept[group]
            for start in range(starts):
                row[start] += gained[start] - paid
                total[start] += row[start]
        for group in range(2):
            for start in range(starts):
                stay[ahead, group, start] = kept[group, start] >= gone[group]
            enter[ahead, group] = kept[group, ahead + 1] - load * size[group] > gone[group]
        for sample in range(samples):
            group, row, away = side[ahead, sample], present[sample], absent[sample]
            if enter[ahead, group]:
                absent[sample] = row[ahead + 1] - load
            kept_on = stay[ahead, group]
            for start in range(ahead + 1):
                row[start] = row[start] if kept_on[start] else away
    return float((present[:, 0].sum() - absent.sum()) / samples)


@compiled
def expected_presence(
    side: IntArray, samples: int, stay: BoolArray, enter: BoolArray, cached: bool, presence: FloatArray
) -> None:
    """Fill (H,) the share of the samples on which the decided groups keep the model."""
    presence[:] = 0.0
    for sample in range(samples):
        start = 0 if cached else -1
        for ahead in range(presence.shape[0]):
            group = side[ahead, sample]
            if start >= 0 and not stay[ahead, group, start]:
                start = -1
            elif start < 0 and enter[ahead, group]:
                start = ahead + 1
            presence[ahead] += start >= 0
    presence /= samples
