"""Multi-round sessions of agents: turns, and the time a user takes between two of them.

The law of the turns and of the time between them follows two public logs. The first 400 rows of
BurstGPT v3 (Wang et al., KDD 2025; CC-BY-4.0) hold 134 sessions with 2.93 turns on average, 43 % of
them with one turn, and a median of 123 s between the arrivals of two turns of a session (standard
deviation of its logarithm 1.6). The hour of conversations of Mooncake (Qin et al., FAST 2025;
Apache-2.0), whose sessions are inferred, has the same median of 123 s and a deviation of 1.0.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ..fields import FloatArray, IntArray
from ._checks import require, require_mean_slots, require_positive, require_requests
from .onoff import on_off_path
from .popularity import Deployment

# Turns beyond the first are negative binomial. With 2.93 turns on average this dispersion gives
# 44 % sessions of one turn (BurstGPT slice: 43 %); a geometric law would give 34 %.
TURN_DISPERSION = 0.55

# Sessions that began up to this long before the stretch still send turns into it.
LEAD_SECONDS = 6 * 3600.0


@dataclass(frozen=True, eq=False)
class Sessions:
    """Sessions of several turns, opened while their model's agent is on.

    Attributes
    ----------
    deployment
        Services and their shares.
    popularity
        (M,) share of each model over a long time; sums to one.
    requests
        Mean requests (turns) per slot over a long time, all services together.
    turns
        Mean turns per session.
    think_seconds
        Median seconds between two turns of a session; log-normal.
    think_spread
        Standard deviation of the logarithm of that time.
    mean_on, duty
        Mean slots that an agent keeps opening sessions, and share of the time it does; a duty of
        one means always: independent sessions.
    slot_seconds
        Length of a slot.
    """

    deployment: Deployment
    popularity: FloatArray
    requests: float
    turns: float
    think_seconds: float
    think_spread: float
    mean_on: float
    duty: float
    slot_seconds: float

    def __post_init__(self) -> None:
        require_requests(self.requests)
        require_positive("think_seconds", self.think_seconds)
        require(1 <= self.slot_seconds <= 1e6, "slot_seconds", self.slot_seconds, "between 1 and 1e6")
        require(np.isfinite(self.turns) and self.turns >= 1, "turns", self.turns, "at least one")
        require(0 <= self.think_spread <= 5, "think_spread", self.think_spread, "between 0 and 5")
        require_mean_slots("mean_on", self.mean_on)
        require(0 < self.duty <= 1, "duty", self.duty, "above 0 and at most 1")
        mean_off = self.mean_on * (1 - self.duty) / self.duty
        require(
            self.duty == 1 or mean_off >= 1, "duty", self.duty, "1, or low enough for a slot off on average"
        )

    def opened(self, rng: np.random.Generator, slots: int) -> IntArray:
        """Draw how many sessions open: (slots, S)."""
        path, counts = rng.spawn(2)
        models = self.deployment.models
        on = np.ones((slots, models))
        if self.duty < 1:
            on = (
                on_off_path(path, slots, np.full(models, self.mean_on), np.full(models, self.duty))
                / self.duty
            )
        rate = self.requests / self.turns * self.popularity * on
        return np.asarray(counts.poisson(self.deployment.spread(rate)), dtype=np.int64)

    def draw_turns(self, rng: np.random.Generator, sessions: int) -> IntArray:
        """Draw the number of turns of each session: (sessions,), at least one."""
        if self.turns == 1:
            return np.ones(sessions, dtype=np.int64)
        success = TURN_DISPERSION / (TURN_DISPERSION + self.turns - 1)
        return np.asarray(1 + rng.negative_binomial(TURN_DISPERSION, success, sessions), dtype=np.int64)

    def arrivals(self, rng: np.random.Generator, slots: int) -> IntArray:
        """Draw a stretch: (slots, S) turns of all sessions."""
        opening, turning, thinking = rng.spawn(3)
        lead = math.ceil(LEAD_SECONDS / self.slot_seconds)
        opened = self.opened(opening, lead + slots)
        slot, service = np.nonzero(opened)
        times = opened[slot, service]
        slot, service = np.repeat(slot, times), np.repeat(service, times)
        turns = self.draw_turns(turning, slot.size)
        first = np.cumsum(turns) - turns  # index of each session's first turn among all turns
        wait = thinking.lognormal(math.log(self.think_seconds), self.think_spread, int(turns.sum()))
        offset = thinking.uniform(0, self.slot_seconds, slot.size)
        wait[first] = slot * self.slot_seconds + offset
        elapsed = np.cumsum(wait)
        before = np.repeat(elapsed[first] - wait[first], turns)  # everything that other sessions summed up
        arrived = np.floor((elapsed - before) / self.slot_seconds) - lead
        inside = (arrived >= 0) & (arrived < slots)
        counts = np.zeros((slots, self.deployment.services), dtype=np.int64)
        np.add.at(counts, (arrived[inside].astype(np.int64), np.repeat(service, turns)[inside]), 1)
        return counts
