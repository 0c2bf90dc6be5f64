"""Adaptation curves: what each policy pays over time, relative to the best plans over the same slots."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ..problem.fields import FloatArray

MOST_WINDOWS = 30
"""Points of a curve: fewer, longer windows are smoother, as loads fall into single slots."""

DIGITS = 6
"""Significant digits of a ratio."""

Ratios = tuple[float | None, ...]
"""One for each window; None where the best plans pay nothing."""


@dataclass(frozen=True)
class Curves:
    """Costs summed over test seeds, window by window.

    Parameters
    ----------
    edges
        First slot of every window, and the number of slots at the end.
    best
        Mean cost per slot and seed of the solver's plans in every window.
    ratios
        For each policy its cost over the plans' cost in the same window.
    so_far
        The same from slot 0 to the end of the window.
    marks
        Slots at which demand is known to shift, with a word for each; drawn as lines.
    """

    edges: tuple[int, ...]
    best: tuple[float, ...]
    ratios: Mapping[str, Ratios]
    so_far: Mapping[str, Ratios]
    marks: tuple[tuple[int, str], ...] = ()


def curves(
    best: Sequence[Sequence[float]],
    policies: Mapping[str, Sequence[Sequence[float]]],
    marks: Sequence[tuple[int, str]] = (),
) -> Curves:
    """Relate costs by slot.

    Parameters
    ----------
    best
        For each seed the cost of the solver's plan in every slot; all seeds have the same number of slots.
    policies
        The same for each policy.
    marks
        As in `Curves`; those beyond the last slot are left out.
    """
    slots = len(best[0])
    windows = min(slots, MOST_WINDOWS)
    edges = tuple(round(slots * part / windows) for part in range(windows + 1))
    below = _windows(best, edges)
    above = {name: _windows(costs, edges) for name, costs in policies.items()}
    length = np.diff(edges) * len(best)
    return Curves(
        edges=edges,
        best=tuple(_short(value) for value in below / length),
        ratios={name: _ratios(cost, below) for name, cost in above.items()},
        so_far={name: _ratios(cost.cumsum(), below.cumsum()) for name, cost in above.items()},
        marks=tuple((slot, word) for slot, word in marks if slot < slots),
    )


def _windows(costs: Sequence[Sequence[float]], edges: tuple[int, ...]) -> FloatArray:
    """Sum over seeds and over the slots of each window."""
    sums: FloatArray = np.add.reduceat(np.asarray(costs, dtype=np.float64).sum(axis=0), edges[:-1])
    return sums


def _ratios(top: FloatArray, bottom: FloatArray) -> Ratios:
    return tuple(_short(a / b) if b > 0 else None for a, b in zip(top, bottom, strict=True))


def _short(value: float) -> float:
    return float(f"{value:.{DIGITS}g}")
