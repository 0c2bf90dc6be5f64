"""Families of clock schedules: fixed for all markets, or computed from public statistics of each.

Every family turns a vector of numbers, 0 at the start, into ticks, so that all of them are tuned by the same
search on the same markets.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from ...mechanisms.dda.rows import TickRows
from ...mechanisms.dda.ticks import Ticks
from ...mechanisms.market import Floats
from ...problem.errors import InvalidOption
from .sequences import FINENESS
from .statistics import Prior, Public

Information = Literal["nothing", "prior", "prices"]
"""What ticks may depend on: the prior alone; also numbers and time of the day; also earlier prices."""

DIMENSION = 17
"""Of the learned families: 0-2 weights of new prices; 3-9 the centre; 10-12 the step; 13-16 the shape."""
_REACH = 20
_MOST_STATIC = 512


@dataclass(frozen=True)
class Family:
    """A family of schedules.

    Parameters
    ----------
    name
        What it is called.
    information
        What its ticks may depend on.
    dimension
        Length of its vectors.
    fixed
        Of a family that is the same for all markets: ticks of a vector and the prior.
    full
        Of the others: the (R, `DIMENSION`) vectors that (R, dimension) ones stand for.
    """

    name: str
    information: Information
    dimension: int
    fixed: Callable[[Floats, Prior], Ticks] | None = None
    full: Callable[[Floats], Floats] | None = None

    def gains(self, thetas: Floats) -> Floats:
        """(3, R) weights of the newest price in a `Memory`, of (R, dimension) vectors."""
        assert self.full is not None
        weights: Floats = _squashed(self.full(thetas)[:, :3].T + _GAINS[:, None])
        return weights

    def rows(self, thetas: Floats, public: Public, prior: Prior) -> TickRows:
        """Return the ticks of R markets under (R, dimension) vectors."""
        if self.fixed is not None:
            ticks = [self.fixed(theta, prior) for theta in thetas]
            return _stacked(ticks)
        assert self.full is not None
        return _computed(self.full(thetas), public, prior, self.information == "prices")


_GAINS = np.array([0.5, -1.5, -1.0])


def _computed(theta: Floats, public: Public, prior: Prior, prices: bool) -> TickRows:
    """Ticks around a forecast of the price, dense where it is expected."""
    t = theta.T
    turn, spread = 2 * np.pi * public.phase, prior.spread
    crowd = np.log(np.maximum(public.buyers, 1) / np.maximum(public.sellers, 1))
    size = np.log(np.maximum(np.minimum(public.buyers, public.sellers), 1) / 10)
    centre = prior.price + spread * (t[5] + 5 * t[6] * np.sin(turn) + 5 * t[7] * np.cos(turn))
    centre = centre + 5 * spread * t[8] * crowd
    width = np.log(spread) - 1.2 + t[10] + t[12] * size
    if prices:
        memory = public.memory
        centre = centre + (1 + 0.5 * t[3]) * (memory.fast - prior.price)
        centre = centre + 0.5 * t[4] * (memory.slow - prior.price) + 0.5 * t[9] * (memory.last - memory.fast)
        width = width + (0.3 + 0.5 * t[11]) * np.log(np.maximum(memory.error, 1e-3 * spread) / spread)
    room = (prior.high - prior.low) / 50
    centre = np.clip(centre, prior.low + room, prior.high - room)
    scale = np.exp(np.clip(width, np.log(room / 40), np.log(prior.high - prior.low)))
    # Offsets from the centre, in steps: equal to one another at the centre, growing by a factor away from it.
    outward, inward = (_growing(1 + np.exp(np.clip(t[n] + c, -6, 2))) for n, c in ((14, -1.3), (15, -1.0)))
    offsets = np.concatenate([outward[:, ::-1], -inward[:, 1:]], axis=1)
    extent = np.exp(np.clip(t[13] + 1.6, -3, 6))[:, None]
    buyers, sellers = (np.minimum(offsets + way * 0.5 * t[16, :, None], extent) for way in (1.0, -1.0))
    return TickRows(
        _ordered(centre[:, None] + scale[:, None] * buyers, centre, prior, falling=True),
        _ordered(centre[:, None] - scale[:, None] * sellers, centre, prior, falling=False),
    )


def _growing(factor: Floats) -> Floats:
    """(R, n) distances 0, 1, 1 + f, 1 + f + f^2, ..."""
    powers = factor[:, None] ** np.arange(_REACH)
    distances: Floats = np.concatenate([np.zeros((len(factor), 1)), np.cumsum(powers, axis=1)], axis=1)
    return distances


def _ordered(positions: Floats, centre: Floats, prior: Prior, *, falling: bool) -> Floats:
    """Multiples of 1/64 of the price range's hundredth, each once, to the end of the range."""
    grain = (prior.high - prior.low) / 100 / FINENESS
    sign = 1.0 if falling else -1.0
    # The opening stays on its own side of the centre, or the clocks would open crossed.
    positions[:, 0] = sign * np.maximum(sign * positions[:, 0], sign * centre + grain)
    positions[:, -1] = prior.low if falling else prior.high
    snapped = prior.low + np.round((np.clip(positions, prior.low, prior.high) - prior.low) / grain) * grain
    snapped = -np.sort(-sign * snapped, axis=1)
    again = np.zeros(snapped.shape, dtype=bool)
    again[:, 1:] = snapped[:, 1:] == snapped[:, :-1]
    snapped[again] = -np.inf
    ordered: Floats = sign * -np.sort(-snapped, axis=1)
    return ordered[:, np.isfinite(ordered).any(axis=0)]


def _stacked(ticks: list[Ticks]) -> TickRows:
    sides = []
    for name, never in (("buyers", -np.inf), ("sellers", np.inf)):
        longest = max(len(getattr(each, name)) for each in ticks)
        side = np.full((len(ticks), longest), never)
        for row, each in enumerate(ticks):
            side[row, : len(getattr(each, name))] = [float(x) for x in getattr(each, name)]
        sides.append(side)
    return TickRows(*sides)


def _squashed(logits: Floats) -> Floats:
    weights: Floats = 1 / (1 + np.exp(-np.clip(logits, -30, 30)))
    return weights


def _everything(thetas: Floats) -> Floats:
    return thetas


def _unlearned(thetas: Floats) -> Floats:
    """Around the last price, not forecast: step, opening and growth are all that is tuned."""
    full = np.zeros((len(thetas), DIMENSION))
    full[:, 0] = 30.0
    full[:, 11] = -0.6
    full[:, 10] = thetas[:, 0]
    full[:, 13] = thetas[:, 1]
    full[:, 14] = full[:, 15] = thetas[:, 2]
    return full


def _ends(prior: Prior, rising: Floats, falling: Floats) -> Ticks:
    """Ticks of two arrays of distances from the ends of the price range, snapped, each once."""
    grain = (prior.high - prior.low) / 100 / FINENESS
    width = prior.high - prior.low
    sides = [
        np.unique(np.round(np.clip(distances, 0, width) / grain) * grain) for distances in (falling, rising)
    ]
    return Ticks(
        tuple((prior.high - sides[0]).tolist()),
        tuple((prior.low + sides[1]).tolist()),
    )


def _steps(first: float, width: float, step: float) -> Floats:
    step = max(step, width / _MOST_STATIC)
    return np.append(np.arange(first, width, step), width)


def _fixed(theta: Floats, prior: Prior) -> Ticks:
    width = prior.high - prior.low
    distances = _steps(0.0, width, width / 20 * float(np.exp(theta[0])))
    return _ends(prior, distances, distances)


def _trimmed(theta: Floats, prior: Prior) -> Ticks:
    """Equal steps, but each clock opens where it is worth while."""
    width = prior.high - prior.low
    step = width / 20 * float(np.exp(np.clip(theta[0], -5, 3)))
    openings = [0.49 * width * float(_squashed(t - 1.0)) for t in theta[1:]]
    return _ends(prior, _steps(openings[0], width, step), _steps(openings[1], width, step))


def _geometric(theta: Floats, prior: Prior) -> Ticks:
    """Steps that shrink by a ratio down to a smallest one."""
    width = prior.high - prior.low
    first = width / 8 * float(np.exp(np.clip(theta[0], -5, 1.4)))
    ratio = float(_squashed(theta[1] + 1.0))
    least = max(first * float(_squashed(theta[2] - 1.0)), width / _MOST_STATIC)
    sizes = np.maximum(first * ratio ** np.arange(_MOST_STATIC), least)
    distances = np.concatenate([[0.0], np.cumsum(sizes)])
    distances = np.append(distances[distances < width], width)
    return _ends(prior, distances, distances)


def _quantile(theta: Floats, prior: Prior) -> Ticks:
    """Quantiles of the prior: dense where traders are."""
    counts = [int(np.clip(np.round(16 * np.exp(np.clip(t, -4, 3))), 1, 200)) for t in theta]
    known = [
        np.interp(np.arange(1, n + 1) / (n + 1), np.linspace(0, 1, 101), levels)
        for n, levels in zip(counts, (prior.values, prior.costs), strict=True)
    ]
    width = prior.high - prior.low
    return _ends(
        prior,
        np.concatenate([[0.0], known[1] - prior.low, [width]]),
        np.concatenate([[0.0], prior.high - known[0], [width]]),
    )


FAMILIES = {
    family.name: family
    for family in (
        Family("fixed", "nothing", 1, _fixed),
        Family("fixed, trimmed", "nothing", 3, _trimmed),
        Family("geometric", "nothing", 3, _geometric),
        Family("quantile", "nothing", 2, _quantile),
        Family("last price", "prices", 3, full=_unlearned),
        Family("learned, prior", "prior", DIMENSION, full=_everything),
        Family("learned", "prices", DIMENSION, full=_everything),
    )
}
"""By name: four the same for all markets, a hand-made one around the last price, two learned ones."""


def family(name: str) -> Family:
    """Return a family.

    Raises
    ------
    InvalidOption
        When there is none of that name.
    """
    if name not in FAMILIES:
        raise InvalidOption(f"family {name!r}: one of {', '.join(map(repr, FAMILIES))} is expected")
    return FAMILIES[name]
