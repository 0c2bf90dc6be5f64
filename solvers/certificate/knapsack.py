"""Which sets of models a slot's memory admits, and the dearest of them: exact, on whole numbers.

Nemhauser and Ullmann (1969): keep the (weight, price) pairs of all sets of the first items that no other set
dominates. The lists of every suffix of the models are kept, because the sweep asks them what the models to
come can still add to a set begun.
"""

from __future__ import annotations

import numpy as np

from ...problem.fields import IntArray
from .whole import Whole

Frontier = tuple[IntArray, Whole]
"""Weights in nondecreasing order, and prices that increase along them; the first pair is the empty set."""


def frontiers(weight: IntArray, price: Whole, room: int) -> list[Frontier]:
    """Undominated sets of the models m, m + 1, ... for every m from 0 to M (then none is left).

    Parameters
    ----------
    weight
        (M,) whole weights.
    price
        (M,) whole, nonnegative.
    room
        Largest weight of a set.
    """
    lists: list[Frontier] = [(np.zeros(1, dtype=np.int64), np.zeros(1, dtype=price.dtype))]
    for m in range(len(weight) - 1, -1, -1):
        weights, prices = lists[-1]
        if price[m] > 0:
            fits = weights <= room - weight[m]
            weights = np.concatenate([weights, weights[fits] + weight[m]])
            prices = np.concatenate([prices, prices[fits] + price[m]])
            order = np.argsort(weights, kind="stable")
            weights, prices = weights[order], prices[order]
            dearest = np.maximum.accumulate(prices)
            better = np.concatenate([[True], prices[1:] > dearest[:-1]])
            weights, prices = weights[better], prices[better]
        lists.append((weights, prices))
    return lists[::-1]


def dearest(frontier: Frontier, room: IntArray) -> Whole:
    """Highest price of a set of the frontier that weighs at most ``room`` (any shape, >= 0)."""
    weights, prices = frontier
    return prices[np.searchsorted(weights, room, side="right") - 1]
