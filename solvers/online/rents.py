"""Rents for the value functions: what a slot of memory is worth on average.

It is one price a byte, the one at which the models' long-run savings and the rent of the whole
memory together promise least: the Lagrangian bound of weakly coupled programmes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from ...problem.fields import FloatArray
from .values import Part, savings_rate

_DEPTH = 48
_COARSE = 8
_FINE = 8
_GOLDEN = 0.5 * (5.0**0.5 - 1.0)


def even_rents(parts: Sequence[Part], footprint: FloatArray, memory: float) -> list[FloatArray]:
    """Rents (Z,) of each model at the best single price a byte.

    Parameters
    ----------
    parts
        The models' own problems.
    footprint, memory
        (M,) and total, bytes.
    """

    def promised(price: float, depth: int) -> float:
        return price * memory + sum(
            savings_rate(part, np.full(part.chain.states, price * footprint[m]), depth)
            for m, part in enumerate(parts)
        )

    ladder = _dearest(parts, footprint) * np.geomspace(1e-3, 1.0, _COARSE)
    least = int(np.argmin([promised(price, _DEPTH // 2) for price in ladder]))
    low, high = ladder[max(0, least - 1)], ladder[min(_COARSE - 1, least + 1)]
    price = _golden(lambda exponent: promised(np.exp(exponent), _DEPTH), np.log(low), np.log(high))
    return [np.full(part.chain.states, np.exp(price) * footprint[m]) for m, part in enumerate(parts)]


def _golden(function: Callable[[float], float], low: float, high: float) -> float:
    """Minimise a unimodal function by golden-section search."""
    left, right = high - _GOLDEN * (high - low), low + _GOLDEN * (high - low)
    at_left, at_right = function(left), function(right)
    for _ in range(_FINE):
        if at_left <= at_right:
            high, right, at_right = right, left, at_left
            left = high - _GOLDEN * (high - low)
            at_left = function(left)
        else:
            low, left, at_left = left, right, at_right
            right = low + _GOLDEN * (high - low)
            at_right = function(right)
    return left if at_left <= at_right else right


def _dearest(parts: Sequence[Part], footprint: FloatArray) -> float:
    """Return a price a byte at which no model pays its rent."""
    dearest = max(float(part.reward.max(initial=0.0)) / footprint[m] for m, part in enumerate(parts))
    return float(max(dearest, 1e-12))
