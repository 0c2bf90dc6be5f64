"""The 0/1 knapsack, exactly, for real values and real weights.

Which models fit into the GPU memory is the only coupling between models, so every policy and every
decomposition asks this question once per slot and server, some of them a million times: hence compiled
code. The method is the depth-first branch and bound of Horowitz and Sahni (1974) with Dantzig's bound; when
a search grows past `NODE_LIMIT` nodes it is abandoned for the list of undominated (weight, value) states of
Nemhauser and Ullmann (1969), which stays small exactly where branch and bound suffers (equal or few
distinct weights).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..problem.capacity import usable
from ..problem.errors import EdgeoptError, InvalidOption
from ..problem.fields import FloatArray
from .compiled import compiled

NODE_LIMIT = 20_000
STATE_LIMIT = 20_000_000
INSERTION_LIMIT = 48
"""Items up to which moving them one by one is quicker than sorting by merging; both keep equals in order."""


def best_subset(values: ArrayLike, weights: ArrayLike, capacity: float) -> tuple[NDArray[np.bool_], float]:
    """Choose items of greatest total value whose total weight `fits` the capacity.

    Parameters
    ----------
    values
        (M,) worth of each item; items worth zero or less are never chosen.
    weights
        (M,) weight of each item, >= 0, in the unit of `capacity`.
    capacity
        What the chosen items may weigh together (`problem.capacity.fits` says when they do).

    Returns
    -------
    chosen, value
        (M,) bool and the total value; the same input always gives the same choice among equals.

    Raises
    ------
    InvalidOption
        When shapes differ or a number is NaN or a weight is negative.
    EdgeoptError
        When the instance needs more than `STATE_LIMIT` states (not met in practice below a hundred items).
    """
    rows, totals = best_subsets(np.asarray(values, dtype=np.float64)[None], weights, capacity)
    return rows[0], float(totals[0])


def best_subsets(
    values: ArrayLike, weights: ArrayLike, capacity: float
) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """Solve one knapsack for each row of values (R, M), all with the same weights (M,) and capacity.

    Returns
    -------
    chosen, value
        (R, M) bool and (R,); errors as in `best_subset`.
    """
    worth = np.ascontiguousarray(values, dtype=np.float64)
    weight = np.ascontiguousarray(weights, dtype=np.float64)
    if worth.ndim != 2 or weight.shape != worth.shape[1:]:
        raise InvalidOption(
            f"knapsack: values {worth.shape} and weights {weight.shape} must name the same items"
        )
    if np.isnan(worth).any() or not (weight >= 0).all() or np.isnan(capacity):
        raise InvalidOption("knapsack: values must be numbers, weights >= 0 and the capacity not NaN")
    chosen = np.zeros(worth.shape, dtype=np.bool_)
    totals = np.empty(worth.shape[0])
    if not knapsack_rows(worth, weight, knapsack_limit(capacity), chosen, totals):
        raise EdgeoptError(
            f"knapsack: more than {STATE_LIMIT} states for {weight.size} items; scale the weights"
        )
    return chosen, totals


def knapsack_limit(capacity: float) -> float:
    """The greatest weight that still fits a capacity: the tolerance of `problem.capacity.fits`."""
    return float(usable(float(capacity)))


@compiled
def knapsack_rows(values: Any, weights: Any, limit: float, chosen: Any, totals: Any) -> bool:
    """Compiled loop over rows; fills `chosen` (R, M) and `totals` (R,); False when one row was not proven."""
    proven = True
    for row in range(values.shape[0]):
        totals[row], exact = knapsack(values[row], weights, limit, chosen[row])
        proven = proven and exact
    return proven


@compiled
def knapsack(values: Any, weights: Any, limit: float, chosen: Any) -> tuple[float, bool]:
    """Fill `chosen` (M,) with a best subset of weight <= limit; return its value and whether it is proven.

    For callers inside compiled code; `limit` comes from `knapsack_limit`.
    """
    items = values.shape[0]
    chosen[:] = False
    candidates = np.empty(items, dtype=np.int64)
    count = 0
    free, load, all_fit = 0.0, 0.0, True
    for item in range(items):
        if values[item] <= 0.0 or weights[item] > limit:
            continue
        if weights[item] == 0.0:
            chosen[item] = True
            free += values[item]
            continue
        candidates[count] = item
        count += 1
        load += weights[item]
    all_fit = load <= limit
    if all_fit:
        total = free
        for position in range(count):
            chosen[candidates[position]] = True
            total += values[candidates[position]]
        return total, True
    candidates = candidates[:count]
    _densest_first(values, weights, candidates)
    sorted_items = np.empty((2, count))
    value, weight = sorted_items[0], sorted_items[1]
    for position in range(count):
        value[position] = values[candidates[position]]
        weight[position] = weights[candidates[position]]
    takes = np.zeros((2, count), dtype=np.bool_)
    best_take = takes[0]
    best, proven = _branch_and_bound(value, weight, limit, best_take, takes[1])
    if not proven:
        best, proven = _undominated_states(value, weight, limit, best, best_take)
    for position in range(count):
        if best_take[position]:
            chosen[candidates[position]] = True
    return free + best, proven


@compiled
def _densest_first(values: Any, weights: Any, candidates: Any) -> None:
    """Sort items by value per weight, greatest first; among equals the order stays."""
    count = candidates.shape[0]
    density = np.empty(count)
    for position in range(count):
        density[position] = -values[candidates[position]] / weights[candidates[position]]
    if count > INSERTION_LIMIT:
        candidates[:] = candidates[np.argsort(density, kind="mergesort")]
        return
    for position in range(1, count):
        item, key, place = candidates[position], density[position], position
        while place > 0 and density[place - 1] > key:
            candidates[place], density[place] = candidates[place - 1], density[place - 1]
            place -= 1
        candidates[place], density[place] = item, key


@compiled
def _linear_bound(value: FloatArray, weight: FloatArray, first: int, room: float) -> float:
    """Dantzig's bound: value of the items from `first` on (densest first) when the last one may be cut."""
    bound: float = 0.0
    for item in range(first, value.shape[0]):
        if weight[item] > room:
            return bound + float(value[item] * (room / weight[item]))
        room -= weight[item]
        bound += value[item]
    return bound


@compiled
def _branch_and_bound(value: Any, weight: Any, limit: float, best_take: Any, take: Any) -> tuple[float, bool]:
    """Depth first, take before leave, items in order of density; stops unproven after `NODE_LIMIT` nodes."""
    items = value.shape[0]
    # The load and value before each item are kept, not subtracted back, so that rounding cannot pile up.
    sums = np.zeros((2, items + 1))
    load, worth = sums[0], sums[1]
    best = -1.0
    position, nodes = 0, 0
    while True:
        while position < items:
            fits = load[position] + weight[position] <= limit
            take[position] = fits
            load[position + 1] = load[position] + weight[position] if fits else load[position]
            worth[position + 1] = worth[position] + value[position] if fits else worth[position]
            position += 1
        if worth[items] > best:
            best = worth[items]
            best_take[:] = take
        while True:
            position -= 1
            while position >= 0 and not take[position]:
                position -= 1
            if position < 0:
                return best, True
            nodes += 1
            if nodes > NODE_LIMIT:
                return best, False
            take[position] = False
            load[position + 1], worth[position + 1] = load[position], worth[position]
            bound = _linear_bound(value, weight, position + 1, limit - load[position])
            if worth[position] + bound > best:
                position += 1
                break


@compiled
def _grown(array: Any) -> Any:
    larger = np.empty(2 * array.shape[0], dtype=array.dtype)
    larger[: array.shape[0]] = array
    return larger


@compiled
def _undominated_states(
    value: Any, weight: Any, limit: float, best: float, best_take: Any
) -> tuple[float, bool]:
    """Merge the undominated states item by item; a state whose linear bound is no gain is dropped too.

    `best` and `best_take` hold a feasible solution and are only replaced by better ones.
    """
    load, worth = np.zeros(1024), np.zeros(1024)
    parent, added = np.full(1024, -1), np.full(1024, -1)
    states, winner = 1, -1
    frontier = np.zeros(1, dtype=np.int64)  # state numbers, by load; worth then increases too
    for item in range(value.shape[0]):
        old = frontier.shape[0]
        if states + old > STATE_LIMIT:
            return best, False
        while states + old > load.shape[0]:
            load, worth, parent, added = _grown(load), _grown(worth), _grown(parent), _grown(added)
        merged = np.empty(2 * old, dtype=np.int64)
        size, plain, top = 0, 0, -1.0
        # Old states and old ones plus the item, by load; the last round lets the remaining old ones through.
        for grown in range(old + 1):
            heavier = load[frontier[grown]] + weight[item] if grown < old else np.inf
            while plain < old and load[frontier[plain]] <= min(heavier, limit):
                state = frontier[plain]
                bound = worth[state] + _linear_bound(value, weight, item + 1, limit - load[state])
                if worth[state] > top and bound > best:
                    merged[size] = state
                    size += 1
                top = max(top, worth[state])
                plain += 1
            if heavier > limit:
                break
            gained = worth[frontier[grown]] + value[item]
            bound = gained + _linear_bound(value, weight, item + 1, limit - heavier)
            if gained > top and (gained > best or bound > best):
                load[states], worth[states] = heavier, gained
                parent[states], added[states] = frontier[grown], item
                merged[size] = states
                size += 1
                winner = states if gained > best else winner
                states += 1
            best, top = max(best, gained), max(top, gained)
        frontier = merged[:size].copy()
    if winner >= 0:
        best_take[:] = False
        while added[winner] >= 0:
            best_take[added[winner]] = True
            winner = parent[winner]
    return best, True
