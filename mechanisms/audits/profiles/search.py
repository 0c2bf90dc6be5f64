"""The largest failure of a property in tables of all profiles of a grid."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ...market import Side
from ..trials.trial import Trader, Trial
from .tables import Integers, Tables, side_profiles

_SIDES: tuple[Side, Side] = ("buyer", "seller")


@dataclass(frozen=True, eq=False)
class _Seats:
    """Where one trader's outcomes stand in the tables, for every report and all others' reports.

    Parameters
    ----------
    trader
        Her index; None where profiles are sorted and she may be anybody.
    others
        (O) her side's other reports.
    profile
        (O,G) the profile of her side that her report makes.
    seat
        (O,G,M) her places in that profile: one, or all ranks among equals (the last one repeated).
    """

    trader: int | None
    others: list[tuple[int, ...]]
    profile: npt.NDArray[np.intp]
    seat: npt.NDArray[np.intp]


def largest_gain(tables: Tables) -> Trial | None:
    """Return the misreport of one trader that gains the most; None where none gains."""
    best: tuple[int, Trial | None] = (0, None)
    for side in _SIDES:
        for seats in _all_seats(tables, side):
            best = _best_of_seats(tables, side, seats, best)
    return best[1]


def largest_loss(tables: Tables) -> Trial | None:
    """Return the profile in which a truthful trader loses the most; None where none loses."""
    best: tuple[int, Trial | None] = (0, None)
    for side in _SIDES:
        own = tables.types[np.array(_own(tables, side), dtype=np.intp)]
        own = own[:, None, :] if side == "buyer" else own[None, :, :]
        payoffs = _payoffs(side, own, tables.trades[side], tables.amounts[side])
        if payoffs.size and -payoffs.min() > best[0]:
            b, s, trader = np.unravel_index(int(payoffs.argmin()), payoffs.shape)
            market = tables.market(tables.buyers[b], tables.sellers[s])
            best = (int(-payoffs.min()), Trial(market, (Trader(side, int(trader)),)))
    return best[1]


def largest_deficit(tables: Tables) -> Trial | None:
    """Return the profile with the largest deficit; None where there is none."""
    surplus = tables.amounts["buyer"].sum(axis=2) - tables.amounts["seller"].sum(axis=2)
    if surplus.min() >= 0:
        return None
    b, s = np.unravel_index(int(surplus.argmin()), surplus.shape)
    return Trial(tables.market(tables.buyers[b], tables.sellers[s]))


def _payoffs(side: Side, own: Any, trades: npt.NDArray[np.bool_], amounts: Integers) -> Integers:
    payoffs: Integers = own * trades - amounts if side == "buyer" else amounts - own * trades
    return payoffs


def _own(tables: Tables, side: Side) -> list[tuple[int, ...]]:
    return tables.buyers if side == "buyer" else tables.sellers


def _all_seats(tables: Tables, side: Side) -> Iterator[_Seats]:
    own, grid = _own(tables, side), len(tables.types)
    traders = len(own[0])
    if traders == 0:
        return
    where = {profile: i for i, profile in enumerate(own)}
    others = side_profiles(grid, traders - 1, side, tables.symmetric)
    eager = -1 if side == "buyer" else 1
    for trader in [None] if tables.symmetric else range(traders):
        profile = np.empty((len(others), grid), dtype=np.intp)
        seat = np.empty((len(others), grid, traders if trader is None else 1), dtype=np.intp)
        for o, reports in enumerate(others):
            for report in range(grid):
                if trader is None:
                    full = tuple(sorted((*reports, report), key=lambda x: eager * x))
                    ranks = [rank for rank, x in enumerate(full) if x == report]
                    seat[o, report] = [*ranks, *[ranks[-1]] * (traders - len(ranks))]
                else:
                    full = (*reports[:trader], report, *reports[trader:])
                    seat[o, report] = trader
                profile[o, report] = where[full]
        yield _Seats(trader, others, profile, seat)


def _best_of_seats(
    tables: Tables, side: Side, seats: _Seats, best: tuple[int, Trial | None]
) -> tuple[int, Trial | None]:
    axes = (0, 1, 2) if side == "buyer" else (1, 0, 2)
    place = (seats.profile[:, :, None], slice(None), seats.seat)
    trades = tables.trades[side].transpose(axes)[place]  # (O, report, M, opposite profiles)
    amounts = tables.amounts[side].transpose(axes)[place]
    for truth, own in enumerate(tables.types):
        payoffs = _payoffs(side, own, trades, amounts)
        gains = payoffs.max(axis=2) - payoffs[:, truth].min(axis=1)[:, None, :]
        gains[:, truth] = 0
        if gains.size and gains.max() > best[0]:
            o, report, opposite = np.unravel_index(int(gains.argmax()), gains.shape)
            ranks = (payoffs[o, truth, :, opposite].argmin(), payoffs[o, report, :, opposite].argmax())
            trial = _trial(tables, side, seats, truth, int(o), int(report), int(opposite), ranks)
            best = (int(gains.max()), trial)
    return best


def _trial(
    tables: Tables,
    side: Side,
    seats: _Seats,
    truth: int,
    o: int,
    report: int,
    opposite: int,
    ranks: tuple[Any, Any],
) -> Trial:
    """Return the market in which a trader has the given ranks among equals, before and after."""
    others = seats.others[o]
    if seats.trader is None:
        before = [truth] * _rank(seats, o, truth, int(ranks[0])) + [report] * _rank(
            seats, o, report, int(ranks[1])
        )
        after = list(others)
        for x in before:
            after.remove(x)
        index, full = len(before), (*before, truth, *after)
    else:
        index, full = seats.trader, (*others[: seats.trader], truth, *others[seats.trader :])
    sides = (full, tables.sellers[opposite]) if side == "buyer" else (tables.buyers[opposite], full)
    misreport = tables.market([report], []).values[0]
    return Trial(tables.market(*sides), (Trader(side, index),), (misreport,))


def _rank(seats: _Seats, o: int, report: int, place: int) -> int:
    """Return how many equals stand before the trader in one of her seats."""
    return int(seats.seat[o, report, place] - seats.seat[o, report, 0])
