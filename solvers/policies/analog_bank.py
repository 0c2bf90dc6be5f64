"""The past of a server as a bank of continuations: what followed when a model was in such a state."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...problem.fields import BoolArray, FloatArray, IntArray
from ..compiled import compiled
from .analog_states import Split, States
from .protocol import Site

# Distance of a continuation that history cuts off before the horizon, per missing share of it.
CUT_OFF = 4.0
# Distance of a continuation of the other side (hot or cold): taken only when its own side has too few.
OTHER_SIDE = 1e3


@dataclass(frozen=True, eq=False)
class Bank:
    """Runs of arrivals, one after another, Q slots in all, with the states of their models.

    Attributes
    ----------
    requests
        (Q, S) arrivals.
    end
        (Q,) where the run of a slot ends.
    hot, logage, level
        (M, Q) states; the age as its binary logarithm.
    """

    requests: IntArray
    end: IntArray
    hot: BoolArray
    logage: FloatArray
    level: FloatArray

    @classmethod
    def of(cls, stretches: Sequence[IntArray], grouping: FloatArray, split: Split, smoothing: float) -> Bank:
        """Fill a bank with runs (T, S); `grouping` (S, M) says which service runs on which model."""
        states = [States.of(run @ grouping, split, smoothing) for run in stretches]
        ends = np.cumsum([run.shape[0] for run in stretches])
        return cls(
            np.ascontiguousarray(np.concatenate(stretches)),
            np.repeat(ends, [run.shape[0] for run in stretches]),
            np.concatenate([one.hot for one in states]).T.copy(),
            np.log2(np.concatenate([one.age for one in states])).T.copy(),
            np.concatenate([one.level for one in states]).T.copy(),
        )

    def joined(self, other: Bank) -> Bank:
        """Return this bank followed by another."""
        return Bank(
            np.concatenate([self.requests, other.requests]),
            np.concatenate([self.end, other.end + self.end.size]),
            np.concatenate([self.hot, other.hot], axis=1),
            np.concatenate([self.logage, other.logage], axis=1),
            np.concatenate([self.level, other.level], axis=1),
        )

    def fresh_savings(self, site: Site, horizon: int, each: FloatArray) -> FloatArray:
        """Return (M, Q, H): what a model saves j slots after it was loaded in slot q of the bank.

        `each` (S, max window + 1) is counted for every request, by context: its saving, or its share of the
        limits. Services that would lose over the horizon are not served.
        """
        savings = np.zeros((site.models, self.end.size, horizon))
        _fresh(
            self.requests, self.end, site.service_model, site.gain, site.vanish, site.window, site.saving,
            each, savings,
        )  # fmt: skip
        return savings


@compiled
def _fresh(
    requests: IntArray,
    end: IntArray,
    service_model: IntArray,
    gain: IntArray,
    vanish: IntArray,
    window: IntArray,
    saving: FloatArray,
    each: FloatArray,
    savings: FloatArray,
) -> None:
    for service in range(requests.shape[1]):
        model = service_model[service]
        for slot in range(end.shape[0]):
            last = min(savings.shape[2], end[slot] - slot)
            add_stream(
                requests[slot : slot + last, service], 0, gain[service], vanish[service], window[service],
                saving[service], each[service], savings[model, slot],
            )  # fmt: skip


@compiled
def add_stream(
    requests: IntArray,
    context: int,
    gain: int,
    vanish: int,
    window: int,
    saving: FloatArray,
    each: FloatArray,
    total: FloatArray,
) -> None:
    """Add to `total` what a service's arrivals count when all are served, unless serving them loses."""
    units, gained = context, 0.0
    for ahead in range(requests.shape[0]):
        gained += requests[ahead] * saving[units]
        units = min(window, max(0, units + gain * requests[ahead] - vanish))
    if gained <= 0.0:
        return
    units = context
    for ahead in range(requests.shape[0]):
        total[ahead] += requests[ahead] * each[units]
        units = min(window, max(0, units + gain * requests[ahead] - vanish))


@compiled
def nearest(
    hot: BoolArray,
    logage: FloatArray,
    level: FloatArray,
    end: IntArray,
    is_hot: bool,
    age: float,
    height: float,
    level_weight: float,
    horizon: int,
    chosen: IntArray,
) -> int:
    """Fill `chosen` (K,) with the slots of the bank most like a state, and return how many there are.

    The distance is that of the logarithms of the ages plus `level_weight` times that of the levels.
    """
    count, most = 0, chosen.shape[0]
    distance = np.empty(most)
    for slot in range(end.shape[0]):
        left = end[slot] - slot - 1
        if left == 0:
            continue
        apart = abs(logage[slot] - age) + level_weight * abs(level[slot] - height)
        if hot[slot] != is_hot:
            apart += OTHER_SIDE
        if left < horizon:
            apart += CUT_OFF * (horizon - left) / horizon
        if count == most and apart >= distance[count - 1]:
            continue
        place = count if count < most else most - 1
        while place > 0 and distance[place - 1] > apart:
            distance[place], chosen[place] = distance[place - 1], chosen[place - 1]
            place -= 1
        distance[place], chosen[place] = apart, slot
        count = min(most, count + 1)
    return count
