r"""The hull of the memory constraint: per slot a mixture of model sets that fit.

A row sum f_m y_m <= G lets a slot hold nine tenths of a model. Instead, with lambda >= 0 on the sets that
fit and sum lambda = 1,

.. math:: y_{tm} \le \sum_{\sigma \ni m} \lambda_{t\sigma},

which is the convex hull of the whole choices of the slot. Few models: all *maximal* sets at once. Many: sets
are generated, a 0/1 knapsack over the prices p of those rows naming the best one to add in each slot. No
generated set is ever trusted to be the last: for any p >= 0

.. math:: \text{optimum} \ge \min_v \,(c v + p y) - \sum_t \max\{p_t \cdot \sigma : \sigma \text{ fits}\},

so each round proves a bound, with the knapsacks solved exactly.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from ...problem.fields import BoolArray, FloatArray, IntArray
from ..lagrangian.sets import ROUNDING, best_sets, shelf
from .cells import Cells
from .linear import Answer, LinearModel, matrix, solve_linear
from .safe import EPS, safe_minimum

MOST_MODELS = 14
MOST_SETS = 1200
"""Up to so many models and maximal sets, all sets are given at once."""
MOST_ROUNDS = 60
_STEADY = 0.6
_WIDTHS = (0, 1, 2, 4, 8)
_WORTH = 1e-7
"""Relative difference that is not worth another round, or another set."""


@dataclass(frozen=True, eq=False)
class Hull:
    """The result of a hull relaxation.

    Parameters
    ----------
    answer
        A linear programme's answer.
    duals
        Prices of every block of rows that prove the bound.
    least
        What it proves the objective to be at least.
    price : float (T, M)
        Price of presence, cost per slot.
    rent : float (T,)
        Value of the best set at those prices: what the slot's memory as a whole is worth, cost.
    sets : bool (T, M)
        Those best sets.
    rounds
        Linear programmes solved.
    converged
        Whether no further set could raise the bound (but for rounding); False where time ran out first.
    """

    answer: Answer
    duals: Mapping[str, FloatArray]
    least: float
    price: FloatArray
    rent: FloatArray
    sets: BoolArray
    rounds: int
    converged: bool = False


def maximal_sets(cells: Cells) -> BoolArray | None:
    """Return all maximal sets of useful models that fit (sets, M); None where they are too many."""
    useful = np.flatnonzero(cells.useful)
    if useful.size > MOST_MODELS:
        return None
    kit = shelf(cells.instance.footprint, float(cells.instance.memory[0]), outward=True)
    bits = (np.arange(2**useful.size)[:, None] >> np.arange(useful.size)) & 1
    weight = kit.weight[useful]
    room = kit.capacity - bits @ weight
    fits = (room >= 0.0) & ~((bits == 0) & (weight <= room[:, None])).any(axis=1)
    sets = np.zeros((int(fits.sum()), cells.instance.models), dtype=bool)
    sets[:, useful] = bits[fits].astype(bool)
    return sets if len(sets) <= MOST_SETS else None


def solve_hull(cells: Cells, model: LinearModel, solver: str, deadline: float | None) -> Hull:
    """Solve a network relaxation together with the hull of the memory constraint.

    Parameters
    ----------
    model
        The relaxation without memory; blocks of set variables and rows are added to it.
    deadline
        ``time.monotonic()`` at which to stop, None for never: the result is a valid bound at any time.
    """
    slots = cells.instance.slots
    complete = maximal_sets(cells)
    if complete is None:
        slot, sets = _first_sets(cells)
    else:
        slot, sets = np.repeat(np.arange(slots), len(complete)), np.tile(complete, (slots, 1))
    best: Hull | None = None
    converged = False
    for rounds in range(1, MOST_ROUNDS + 1):
        _put_sets(cells, model, slot, sets)
        left = None if deadline is None else max(0.0, deadline - time.monotonic())
        answer = solve_linear(model, solver, left)
        last = _prove(cells, model, answer, answer.duals, rounds)
        tried = [last] if best is None else [last, _between(cells, model, answer, best, rounds)]
        best = max((each for each in (best, *tried) if each is not None), key=lambda each: each.least)
        late = deadline is not None and time.monotonic() > deadline
        if complete is not None or not answer.finished or late:
            converged = complete is not None and answer.finished
            break
        paid = np.abs(answer.duals["one set"])
        converged = answer.objective - best.least <= _WORTH * (1.0 + abs(best.least))
        if converged:
            break
        slot, sets = _more_sets(cells, slot, sets, [each.price for each in tried], last.price, paid)
    if best is None:
        raise AssertionError("at least one round is made")
    return replace(best, converged=converged)


def _prove(
    cells: Cells, model: LinearModel, answer: Answer, duals: Mapping[str, FloatArray], rounds: int
) -> Hull:
    price = np.maximum(duals["sets"], 0.0).reshape(cells.instance.slots, -1)
    rent, sets = best_of(cells, price)
    return Hull(answer, duals, _least(model, duals, price, rent), price, rent, sets, rounds)


def _between(cells: Cells, model: LinearModel, answer: Answer, best: Hull, rounds: int) -> Hull:
    """Try prices between the best ones so far and the last ones, whose sets are steadier (Wentges 1997)."""
    duals = {name: _STEADY * best.duals[name] + (1.0 - _STEADY) * last for name, last in answer.duals.items()}
    return _prove(cells, model, answer, duals, rounds)


def best_of(cells: Cells, price: FloatArray) -> tuple[FloatArray, BoolArray]:
    """Return the value (T,), rounded up, and the models (T, M) of the best set of each slot that fits."""
    kit = shelf(cells.instance.footprint, float(cells.instance.memory[0]), outward=True)
    values, chosen = np.zeros(len(price)), np.zeros(price.T.shape, dtype=np.bool_)
    best_sets(np.ascontiguousarray(price.T), kit, values, chosen)
    return values * (1.0 + 4.0 * ROUNDING + EPS * (price.shape[1] + 8)), np.ascontiguousarray(chosen.T)


def _first_sets(cells: Cells) -> tuple[IntArray, BoolArray]:
    """Begin with good sets for what the requests of the slots near each slot could save."""
    instance, reduced = cells.instance, cells.reduced
    best = np.take_along_axis(cells.saving.T, reduced.reach, axis=0)
    worth = np.zeros((instance.slots, instance.models))
    np.add.at(worth.T, instance.service_model, (reduced.most * np.maximum(best, 0.0)).T)
    found = []
    for width in _WIDTHS:
        total = np.cumsum(np.pad(worth, ((width + 1, width), (0, 0))), axis=0)
        found += _variants(cells, total[2 * width + 1 :] - total[: -2 * width - 1])
    return _distinct(np.tile(np.arange(instance.slots), len(found)), np.concatenate(found))


def _more_sets(
    cells: Cells,
    slot: IntArray,
    sets: BoolArray,
    prices: list[FloatArray],
    last: FloatArray,
    paid: FloatArray,
) -> tuple[IntArray, BoolArray]:
    """Add sets near the best ones at some prices, where they are worth more, at the last, than is paid."""
    slots, added = [slot], [sets]
    for chosen in (each for price in prices for each in _variants(cells, price)):
        worth = np.flatnonzero((last * chosen).sum(axis=1) > paid + _WORTH * (1.0 + paid))
        slots.append(worth)
        added.append(chosen[worth])
    return _distinct(np.concatenate(slots), np.concatenate(added))


def _variants(cells: Cells, price: FloatArray) -> list[BoolArray]:
    """Return the best sets of all slots, and the best ones with, and without, each useful model (T, M)."""
    found = [best_of(cells, price)[1]]
    for model in np.flatnonzero(cells.useful).tolist():
        for forced in (0.0, price.sum(axis=1) + 1.0):
            changed = price.copy()
            changed[:, model] = forced
            found.append(best_of(cells, changed)[1])
    return found


def _distinct(slot: IntArray, sets: BoolArray) -> tuple[IntArray, BoolArray]:
    keys = np.unique(np.column_stack([slot, sets]), axis=0)
    return keys[:, 0].astype(np.int64), keys[:, 1:].astype(bool)


def _put_sets(cells: Cells, model: LinearModel, slot: IntArray, sets: BoolArray) -> None:
    """Write the set variables (one for each entry of ``slot``) and their rows into the model."""
    slots, models = cells.instance.slots, cells.instance.models
    count, every = slots * models, np.arange(slots * models)
    model.add_variables("chosen", np.ones(len(slot)))
    column, inside = np.nonzero(sets)
    inside_of = matrix(slot[column] * models + inside, column, -1.0, (count, len(slot)))
    model.add_rows("sets", {"present": matrix(every, every, 1.0, (count, count)), "chosen": inside_of})
    one = matrix(slot, np.arange(len(slot)), 1.0, (slots, len(slot)))
    model.add_rows("one set", {"chosen": one}, 1.0, equal=True)


def _least(model: LinearModel, duals: Mapping[str, FloatArray], price: FloatArray, rent: FloatArray) -> float:
    """Prove the bound without the set variables: prices on presence, knapsacks at those prices."""
    priced = LinearModel(
        {name: cost for name, cost in model.cost.items() if name != "chosen"},
        {name: upper for name, upper in model.upper.items() if name != "chosen"},
        {name: rows for name, rows in model.rows.items() if name not in ("sets", "one set")},
    )
    priced.cost["present"] = model.cost["present"] + price.ravel()
    collected = float(np.sum(rent)) * (1.0 + EPS * (rent.size + 4))
    lowest = safe_minimum(priced, duals) - collected
    return lowest - 4.0 * EPS * (abs(lowest) + collected)
