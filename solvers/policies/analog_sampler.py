"""Continuations for a run in progress: the bank, the state of every model, and the nearest past to it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ...problem.fields import BoolArray, FloatArray, IntArray
from ..compiled import compiled
from .analog_bank import Bank, add_stream, nearest
from .analog_states import Follower, Split
from .protocol import Observation, Site

# The run's own past joins the bank after this many slots, and whenever it has doubled.
FIRST_OWN = 128
# No more than this part of the bank is drawn, so that a small bank still tells states apart.
LARGEST_PART, FEWEST = 16, 4
# Slots of training, and of the run's own past, that are kept; both time and memory grow with them.
MOST_SLOTS = 8192


class Continuations:
    """The bank of one server and the samples drawn from it for the present state.

    Parameters
    ----------
    site
        The server.
    training
        Runs (T, S) of training; empty when the policy was never fitted.
    horizon
        Slots a continuation has.
    samples
        Continuations for each model; fewer while the bank is small.
    smoothing
        What the mean that tells hot from cold keeps of itself a slot.
    level_weight
        Weight of the level against the age when states are compared.

    Attributes
    ----------
    chosen, count
        (M, K) slots of the bank and (M,) how many of them there are, for the slot last taken in.
    """

    def __init__(
        self,
        site: Site,
        training: Sequence[IntArray],
        horizon: int,
        samples: int,
        smoothing: float,
        level_weight: float,
    ) -> None:
        self.site, self.horizon = site, horizon
        self._smoothing, self._level_weight = smoothing, level_weight
        self._grouping: FloatArray = np.zeros((site.services, site.models))
        self._grouping[np.arange(site.services), site.service_model] = 1.0
        self._past: list[IntArray] = []
        self._trained: Bank | None = None
        self._split: Split | None = None
        self._samples = samples
        self._places: IntArray = np.zeros((site.models, samples), dtype=np.int64)
        self.chosen = self._places
        self.count: IntArray = np.zeros(site.models, dtype=np.int64)
        self.bank: Bank | None = None
        if training:
            runs = latest(training, MOST_SLOTS)
            self._split = Split.of([run @ self._grouping for run in runs], smoothing)
            self._trained = Bank.of(runs, self._grouping, self._split, smoothing)
            self.bank = self._trained
            self._follower = Follower(self._split, smoothing)

    def observe(self, observation: Observation) -> bool:
        """Take in the arrivals of a slot and draw samples for what follows; True when the bank has grown."""
        self._past.append(observation.requests)
        seen = len(self._past)
        if self._split is not None:
            self._follower.observe(observation.requests @ self._grouping)
        grown = seen >= FIRST_OWN and seen & (seen - 1) == 0
        if grown:
            self._learn(np.array(self._past[-MOST_SLOTS:]))
        if self.bank is not None:
            bank, now = self.bank, self._follower
            drawn = min(self._samples, max(FEWEST, bank.end.size // LARGEST_PART))
            self.chosen = self._places[:, :drawn]
            draw_nearest(
                bank.hot, bank.logage, bank.level, bank.end, now.hot, np.log2(now.age), now.level,
                self._level_weight, self.horizon, self.chosen, self.count,
            )  # fmt: skip
        return grown

    def _learn(self, past: IntArray) -> None:
        """Put the run's own past into the bank; without training it also tells hot from cold anew."""
        totals = past @ self._grouping
        if self._trained is None or self._split is None:
            self._split = Split.of([totals], self._smoothing)
            self._follower = Follower(self._split, self._smoothing)
            for row in totals:
                self._follower.observe(row)
        own = Bank.of([past], self._grouping, self._split, self._smoothing)
        self.bank = own if self._trained is None else self._trained.joined(own)

    def forecast(self, horizon: int) -> FloatArray:
        """Return the mean arrivals (H, S) of the samples."""
        mean = np.zeros((horizon, self.site.services))
        if self.bank is not None:
            mean_arrivals(
                self.bank.requests, self.bank.end, self.site.service_model, self.chosen, self.count, mean
            )
        return mean

    def own_savings(self, context: IntArray, each: FloatArray, horizon: int) -> FloatArray:
        """Return (M, K, H): what each model saves on its samples if it is kept from now on.

        `context` (S,) is that of the next slot, `each` (S, max window + 1) what a request counts by context.
        """
        site, savings = self.site, np.zeros((*self.chosen.shape, horizon))
        if self.bank is not None:
            add_own(
                self.bank.requests, self.bank.end, site.service_model, self.chosen, self.count, context,
                site.gain, site.vanish, site.window, each, savings,
            )  # fmt: skip
        return savings


def latest(runs: Sequence[IntArray], slots: int) -> list[IntArray]:
    """Return the last runs (T, S), the first cut at its beginning, with at most that many slots in all."""
    kept: list[IntArray] = []
    for run in reversed(runs):
        if slots > 0:
            kept.insert(0, run[-slots:])
            slots -= kept[0].shape[0]
    return kept


@compiled
def draw_nearest(
    hot: BoolArray,
    logage: FloatArray,
    level: FloatArray,
    end: IntArray,
    is_hot: BoolArray,
    age: FloatArray,
    height: FloatArray,
    level_weight: float,
    horizon: int,
    chosen: IntArray,
    count: IntArray,
) -> None:
    """Fill `chosen` (M, K) and `count` (M,) with the nearest slots of the bank for every model."""
    for model in range(count.shape[0]):
        count[model] = nearest(
            hot[model], logage[model], level[model], end, is_hot[model], age[model], height[model],
            level_weight, horizon, chosen[model],
        )  # fmt: skip


@compiled
def mean_arrivals(
    requests: IntArray,
    end: IntArray,
    service_model: IntArray,
    chosen: IntArray,
    count: IntArray,
    mean: FloatArray,
) -> None:
    """Fill (H, S) with the mean of the sampled continuations that reach so far."""
    for service in range(mean.shape[1]):
        model = service_model[service]
        for ahead in range(mean.shape[0]):
            reached = 0
            for sample in range(count[model]):
                slot = chosen[model, sample] + 1 + ahead
                if slot < end[chosen[model, sample]]:
                    mean[ahead, service] += requests[slot, service]
                    reached += 1
            if reached > 0:
                mean[ahead, service] /= reached


@compiled
def add_own(
    requests: IntArray,
    end: IntArray,
    service_model: IntArray,
    chosen: IntArray,
    count: IntArray,
    context: IntArray,
    gain: IntArray,
    vanish: IntArray,
    window: IntArray,
    each: FloatArray,
    savings: FloatArray,
) -> None:
    """Fill (M, K, H) with what the models save on their samples, from given contexts (S,)."""
    for service in range(context.shape[0]):
        model = service_model[service]
        begin = min(window[service], max(0, context[service]))
        for sample in range(count[model]):
            first = chosen[model, sample] + 1
            last = min(end[first - 1], first + savings.shape[2])
            add_stream(
                requests[first:last, service], begin, gain[service], vanish[service], window[service],
                each[service], each[service], savings[model, sample],
            )  # fmt: skip
