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
from .fitting import crowding
from .sequences import FINENESS
from .shapes import DENSITY_DIMENSION, POINT_DIMENSION, of_density, of_point
from .statistics import Prior, Public

Information = Literal["nothing", "prior", "prices", "level", "price"]
"""What ticks may depend on: what is known beforehand; also numbers and time of the day; also earlier prices;
what no auctioneer knows, the level of the market, or the price of continuous clocks in it."""

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
    computed
        Of the others: ticks of (R, dimension) vectors and what is known of R markets.
    """

    name: str
    information: Information
    dimension: int
    fixed: Callable[[Floats, Prior], Ticks] | None = None
    computed: Callable[[Floats, Public, Prior], TickRows] | None = None

    def rows(self, thetas: Floats, public: Public, prior: Prior) -> TickRows:
        """Return the ticks of R markets under (R, dimension) vectors."""
        if self.fixed is not None:
            return _stacked([self.fixed(theta, prior) for theta in thetas])
        assert self.computed is not None
        return self.computed(thetas, public, prior)


def _forecast(thetas: Floats, public: Public, prior: Prior) -> TickRows:
    _, size = crowding(public.buyers, public.sellers)
    return of_density(thetas, public.density, size, prior.low, prior.high)


def _last(thetas: Floats, public: Public, prior: Prior) -> TickRows:
    return of_point(thetas, public.last, prior.spread, prior.low, prior.high)


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
        Family("last price", "prices", POINT_DIMENSION, computed=_last),
        Family("learned, prior", "prior", DENSITY_DIMENSION, computed=_forecast),
        Family("learned", "prices", DENSITY_DIMENSION, computed=_forecast),
    )
}
"""By name: four the same for all markets, a hand-made one around the last price, two learned ones."""

ORACLES = {
    family.name: family
    for family in (
        Family("told the level", "level", DENSITY_DIMENSION, computed=_forecast),
        Family("told the price", "price", POINT_DIMENSION, computed=_last),
    )
}
"""What cannot be held: the learned shape around the level, and the hand-made one around the coming price."""


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
