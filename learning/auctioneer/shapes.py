"""Ticks from a forecast: dense where the price is expected, wide apart elsewhere, none where it is not."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ...mechanisms.dda.rows import TickRows
from ...mechanisms.market import Floats
from .sequences import FINENESS

DENSITY_DIMENSION = 5
"""Of `of_density`: step, how it follows the density, tails, openings, size of the market."""
POINT_DIMENSION = 3
"""Of `of_point`: step, openings, growth."""
_REACH = 20
_CELLS = 2


def of_density(thetas: Floats, density: Floats, size: Floats, low: float, high: float) -> TickRows:
    """Lay ticks, the same on both clocks, so that their number per unit is a power of the density.

    That is how a quantiser is laid that has few levels (Panter and Dite 1951). The clocks open where hardly
    any price is expected beyond.

    Parameters
    ----------
    thetas
        (R, `DENSITY_DIMENSION`) numbers, 0 at the start.
    density
        (R,101) of the price, on an even grid from ``low`` to ``high``.
    size
        (R,) mean number of traders a side.
    low, high
        The price range.
    """
    t = np.clip(thetas, -6, 6).T[:, :, None]
    fine = _refined(density)
    below = np.cumsum(fine, axis=1) / _CELLS
    middle = (below >= 0.5 * below[:, -1:]).argmax(axis=1)
    scale = np.exp(np.clip(-0.2 - t[0] - t[4] * np.log(size / 10)[:, None], -4, 2))
    growth = (10 * fine + np.exp(-6 + 2 * t[2])) ** (0.35 * np.exp(np.clip(t[1], -4, 1.5))) * scale / _CELLS
    counted = np.cumsum(growth, axis=1)
    # Half a step to either side of the middle there is a tick.
    counted = counted - np.take_along_axis(counted, middle[:, None], axis=1) + 0.5
    before = counted - growth
    ticked = np.floor(counted) > np.floor(before)
    share = (np.floor(counted) - before) / np.maximum(growth, 1e-12)
    places = np.clip((np.arange(fine.shape[1]) - 1 + share) / _CELLS, 0, 100)
    tail = np.minimum(0.001 * np.exp(2 * t[3]), 0.4)
    centre = low + middle / _CELLS * (high - low) / 100
    sides = []
    for falling, kept in ((True, 1 - below > tail), (False, below > tail)):
        positions = _gathered(ticked & kept, low + places * (high - low) / 100)
        sides.append(_ordered(positions, centre, low, high, falling=falling))
    return TickRows(*sides)


def of_point(thetas: Floats, centre: Floats, spread: float, low: float, high: float) -> TickRows:
    """Lay ticks around (R,) points by (R, `POINT_DIMENSION`) numbers: growing steps to an opening."""
    t = thetas.T
    room = (high - low) / 50
    centre = np.clip(centre, low + room, high - room)
    scale = np.exp(np.clip(np.log(spread) - 1.2 + t[0], np.log(room / 40), np.log(high - low)))
    outward, inward = (_growing(1 + np.exp(np.clip(t[2] + c, -6, 2))) for c in (-1.3, -1.0))
    offsets = np.concatenate([outward[:, ::-1], -inward[:, 1:]], axis=1)
    distances = scale[:, None] * np.minimum(offsets, np.exp(np.clip(t[1] + 1.6, -3, 6))[:, None])
    sides = []
    for falling, way in ((True, 1.0), (False, -1.0)):
        positions = centre[:, None] + way * distances
        positions[:, -1] = low if falling else high
        sides.append(_ordered(positions, centre, low, high, falling=falling))
    return TickRows(*sides)


def _refined(density: Floats) -> Floats:
    """(R,201) density per hundredth of the range, at half steps too."""
    fine = np.empty((len(density), _CELLS * (density.shape[1] - 1) + 1))
    fine[:, ::2] = density
    fine[:, 1::2] = (density[:, 1:] + density[:, :-1]) / 2
    refined: Floats = fine / (fine.sum(axis=1, keepdims=True) / _CELLS)
    return refined


def _gathered(ticked: npt.NDArray[np.bool_], places: Floats) -> Floats:
    """(R,n) the places that are ticked, in rows that NaN fills up."""
    rows, columns = np.nonzero(ticked)
    number = np.cumsum(ticked, axis=1)[rows, columns] - 1
    gathered = np.full((len(places), max(int(ticked.sum(axis=1).max()), 1)), np.nan)
    gathered[rows, number] = places[rows, columns]
    return gathered


def _growing(factor: Floats) -> Floats:
    """(R, n) distances 0, 1, 1 + f, 1 + f + f^2, ..."""
    powers = factor[:, None] ** np.arange(_REACH)
    distances: Floats = np.concatenate([np.zeros((len(factor), 1)), np.cumsum(powers, axis=1)], axis=1)
    return distances


def _ordered(positions: Floats, centre: Floats, low: float, high: float, *, falling: bool) -> Floats:
    """Multiples of 1/64 of the price range's hundredth, each once, to the end of the range; NaN is dropped.

    The opening stays on its own side of the centre, or the clocks would open crossed.
    """
    grain = (high - low) / 100 / FINENESS
    sign = 1.0 if falling else -1.0
    end = low if falling else high
    rising = np.where(np.isnan(positions), end, np.clip(positions, low, high)) * sign
    opening = np.maximum(rising.max(axis=1), sign * centre + grain)
    whole = np.concatenate([opening[:, None], rising, np.full((len(rising), 1), sign * end)], axis=1) * sign
    snapped = sign * (low + np.round((whole - low) / grain) * grain)
    snapped = -np.sort(-snapped, axis=1)
    again = np.zeros(snapped.shape, dtype=bool)
    again[:, 1:] = snapped[:, 1:] == snapped[:, :-1]
    snapped[again] = -np.inf
    snapped = -np.sort(-snapped, axis=1)
    ordered: Floats = sign * snapped[:, np.isfinite(snapped).any(axis=0)]
    return ordered
