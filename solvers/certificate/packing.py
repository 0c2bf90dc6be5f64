"""The most that a slot collects in rents and allowances: a set of models, and whole requests within it.

All sets that fit the memory and whose relaxed value beats the best packing found are enumerated: one limit is
priced (any price is valid), so a set is worth its rents and what its requests pay above that price. Within a
set the undominated (load, value) pairs are listed service by service; a pair whose continuation cannot beat
the best packing, the last request cut to fit, is dropped. Where a list grows too long its worst pairs are
dropped too, and what they could have become counts as reached: the result is never too small.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from functools import partial

import numpy as np

from ...problem.fields import IntArray
from .knapsack import Frontier, dearest, frontiers
from .whole import HEADROOM, NEED_UNITS, Whole, WholeServer

_LONGEST = 50_000
_FINE = 10


def dearest_packing(server: WholeServer, t: int) -> int:
    """Return the most that the requests and models of slot t can pay: an upper bound, nearly always exact."""
    rent, pay, cap = server.rent[:, t], server.allowance[:, t], server.cap[:, t]
    asked = np.flatnonzero((cap > 0) & (pay > 0))
    if asked.size == 0:
        return int(frontiers(server.weight, rent, server.room)[0][1][-1])
    limit, price, worth = _best_price(server, rent, pay, cap, asked)
    tails = frontiers(server.weight, worth, server.room)
    best, lost = 0, 0
    relaxed = int(tails[0][1][-1]) + price * NEED_UNITS
    useful = np.flatnonzero((worth > 0) | (rent > 0) | np.isin(np.arange(len(rent)), _models(server, asked)))
    for lowest in _floors(relaxed):
        floor = max(lowest, best)
        for bound, members in _sets(server, worth, tails, useful, price * NEED_UNITS, floor):
            if bound <= best:
                break
            base = sum(int(rent[m]) for m in members)
            inside = asked[np.isin(_models(server, asked), members)]
            best, dropped = _fill(server.need, pay, cap, inside, limit, base, best)
            lost = max(lost, dropped)
        if best >= floor:
            break
    return min(relaxed, max(best, lost))


def _models(server: WholeServer, services: IntArray) -> IntArray:
    return np.asarray(server.service_model[services])


def _floors(relaxed: int) -> list[int]:
    """Values that a packing may have to beat, ever lower: sets below a floor are not looked at."""
    return [*(relaxed - (relaxed >> shift) for shift in (10, 8, 6, 4, 2)), 0]


def _best_price(
    server: WholeServer, rent: Whole, pay: Whole, cap: IntArray, asked: IntArray
) -> tuple[int, int, Whole]:
    """Limit, its price for a unit, and the models' worth at it: the least relaxed value among the prices."""

    def worth(limit: int, price: int) -> Whole:
        total = rent.copy()
        for s in asked.tolist():
            net = int(pay[s]) - price * int(server.need[limit, s])
            if net > 0:
                total[server.service_model[s]] += int(cap[s]) * net
        return total

    def relaxed(limit: int, price: int) -> int:
        return int(frontiers(server.weight, worth(limit, price), server.room)[0][1][-1]) + price * NEED_UNITS

    options = [(relaxed(0, 0), 0, 0)]
    for limit in range(2):
        needy = [s for s in asked.tolist() if server.need[limit, s] > 0]
        prices = sorted({int(pay[s]) // int(server.need[limit, s]) for s in needy})
        prices = [price for price in prices if price * NEED_UNITS < HEADROOM]
        if prices:
            price = _least(prices, partial(relaxed, limit))
            options.append((relaxed(limit, price), limit, price))
    _, limit, price = min(options)
    return limit, price, worth(limit, price)


def _least(prices: list[int], value: Callable[[int], int]) -> int:
    """Price of least value, which is convex in the price (a poor choice would cost time only)."""
    low, high = 0, len(prices) - 1
    while low < high:
        middle = (low + high) // 2
        if value(prices[middle]) <= value(prices[middle + 1]):
            high = middle
        else:
            low = middle + 1
    return prices[low]


def _sets(
    server: WholeServer, worth: Whole, tails: list[Frontier], useful: IntArray, extra: int, floor: int
) -> list[tuple[int, list[int]]]:
    """Sets whose relaxed value beats the floor, best first: that value and the models."""
    sets: list[tuple[int, ...]] = [()]
    room, value = np.array([server.room], dtype=np.int64), np.zeros(1, dtype=worth.dtype) + extra
    for m in range(len(worth)):
        if m in useful:
            fits = room >= server.weight[m]
            sets += [(*chosen, m) for chosen, fit in zip(sets, fits.tolist(), strict=True) if fit]
            room = np.concatenate([room, room[fits] - server.weight[m]])
            value = np.concatenate([value, value[fits] + worth[m]])
        kept = np.flatnonzero(value + dearest(tails[m + 1], room) > floor)
        sets, room, value = [sets[i] for i in kept.tolist()], room[kept], value[kept]
    order = np.argsort(-value, kind="stable").tolist()
    return [(int(value[i]), list(sets[i])) for i in order]


def _fill(
    need: IntArray, pay: Whole, cap: IntArray, inside: IntArray, limit: int, base: int, best: int
) -> tuple[int, int]:
    """Best packing of one set, at least ``best``, and the cap on what was dropped for length."""
    density = sorted(inside.tolist(), key=lambda s: _per_unit(int(pay[s]), int(need[limit, s])))
    used, value = np.zeros((1, 2), dtype=np.int64), np.zeros(1, dtype=pay.dtype) + base
    best, lost = max(best, _greedy(need, pay, cap, density, base)), 0
    for position, s in enumerate(density):
        counts = np.arange(int(cap[s]) + 1)
        used = (used[None] + counts[:, None, None] * need[:, s]).reshape(-1, 2)
        value = (value[None] + counts[:, None] * pay[s]).reshape(-1)
        bound = value + _rest(need, pay, cap, density[position + 1 :], limit, NEED_UNITS - used[:, limit])
        kept = np.flatnonzero(np.all(used <= NEED_UNITS, axis=1) & (bound > best))
        order = kept[np.argsort(-value[kept], kind="stable")]
        order = order[np.argsort(used[order, limit], kind="stable")]
        if not need[1 - limit].any():
            higher = np.maximum.accumulate(value[order])
            order = order[np.concatenate([[True], value[order][1:] > higher[:-1]])] if order.size else order
        if order.size > _LONGEST:
            order = order[np.argsort(-bound[order], kind="stable")]
            lost = max(lost, int(bound[order[_LONGEST]]))
            order = order[:_LONGEST]
        used, value = used[order], value[order]
    return max(best, int(value.max())) if value.size else best, lost


def _per_unit(pay: int, need: int) -> tuple[bool, Fraction]:
    """Orders services by what they pay for a unit, those that need nothing first."""
    return need > 0, Fraction(-pay, max(need, 1))


def _greedy(need: IntArray, pay: Whole, cap: IntArray, services: list[int], base: int) -> int:
    """Value of taking as many as fit, in order."""
    left = [NEED_UNITS, NEED_UNITS]
    for s in services:
        each = (int(need[0, s]), int(need[1, s]))
        count = min([int(cap[s]), *(room // one for room, one in zip(left, each, strict=True) if one)])
        left = [room - count * one for room, one in zip(left, each, strict=True)]
        base += count * int(pay[s])
    return base


def _rest(
    need: IntArray, pay: Whole, cap: IntArray, services: list[int], limit: int, room: IntArray
) -> Whole:
    """Cap on what the services, by falling pay per need, can still pay in each room."""
    needs, pays, dear = [0], [0], []
    for s in services:
        each, whole = int(need[limit, s]), int(cap[s]) * int(pay[s])
        needs.append(needs[-1] + int(cap[s]) * each)
        pays.append(pays[-1] + whole)
        dear.append(min(whole, -(-(int(pay[s]) << _FINE) // each)) if each else 0)
    whole_pays = np.array([*pays], dtype=pay.dtype)
    at = np.clip(np.searchsorted(np.array(needs, dtype=np.int64), room, side="right") - 1, 0, None)
    inner = np.minimum(at, len(services) - 1)
    if not services:
        return np.zeros(len(room), dtype=pay.dtype)
    left = np.where(at < len(services), np.maximum(room - np.array(needs, dtype=np.int64)[at], 0), 0)
    part = np.array(dear, dtype=pay.dtype)[inner] * ((left >> _FINE) + 1)
    part = np.minimum(part, whole_pays[inner + 1] - whole_pays[inner])
    return whole_pays[at] + np.where(at < len(services), part, 0)
