"""The same clocks for many markets at once, in floating point."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from ..market import Floats, Markets, Number
from ..ranking import Rankings, rank_many, walrasian_prices_many
from .ticks import Ticks

Counts = npt.NDArray[np.int64]


class Clocks(Protocol):
    """What has to be known of a clock auction."""

    @property
    def balance(self) -> str: ...  # noqa: D102

    @property
    def first(self) -> str: ...  # noqa: D102

    @property
    def grid(self) -> Ticks | None: ...  # noqa: D102

    @property
    def opening(self) -> tuple[Number, Number]: ...  # noqa: D102

    @property
    def halt(self) -> tuple[Number, Number]: ...  # noqa: D102

    @property
    def runs_on(self) -> bool: ...  # noqa: D102


@dataclass(frozen=True, eq=False)
class Meetings:
    """(G,) each: prices where the clocks met, rounds and messages, counted as in `Meeting`."""

    price: Floats
    rounds: Counts
    messages: Counts


def heard_many(clocks: Clocks, markets: Markets) -> Rankings:
    """Rank those whom the clocks reach by the tick of acceptance; the others stand last, as missing."""
    values, costs = markets.values, markets.costs
    if clocks.grid is not None:
        values, costs = clocks.grid.heard_many("buyer", values), clocks.grid.heard_many("seller", costs)
    elif clocks.balance == "simultaneous":
        values = np.minimum(values, float(clocks.opening[0]))
        costs = np.maximum(costs, float(clocks.opening[1]))
    if clocks.balance == "simultaneous":
        values = np.where(values >= float(clocks.halt[0]), values, -np.inf)
        costs = np.where(costs <= float(clocks.halt[1]), costs, np.inf)
    return rank_many(markets if values is markets.values else _unchecked(values, costs))


def meetings(clocks: Clocks, rankings: Rankings) -> Meetings:
    """Say where the clocks meet in each market, and count rounds and messages."""
    if clocks.balance == "simultaneous":
        return _together(clocks, rankings)
    lower, upper = walrasian_prices_many(rankings)
    top, bottom = (np.asarray(x, dtype=float) for x in clocks.opening)
    price = np.clip(lower if clocks.first == "buyers" else upper, bottom, top)
    k = rankings.efficient
    down, up = price, price
    if clocks.runs_on:
        down = np.where(k > 0, np.minimum(price, rankings.value(k + 1)), price)
        up = np.where(k > 0, np.maximum(price, rankings.cost(k + 1)), price)
    values, costs = rankings.values[:, 1:-1], rankings.costs[:, 1:-1]
    buying = (values >= down[:, None]) & (values > -np.inf)
    selling = (costs <= up[:, None]) & (costs < np.inf)
    if clocks.grid is not None:
        falls, rises = clocks.grid.moves_many("buyer", down), clocks.grid.moves_many("seller", up)
    else:
        falls, rises = _distinct(values, buying), _distinct(costs, selling)
    messages = 2 + falls + rises + buying.sum(axis=1) + selling.sum(axis=1)
    return Meetings(price, 1 + falls + rises, messages)


def _together(clocks: Clocks, rankings: Rankings) -> Meetings:
    values, costs = rankings.values[:, 1:-1], rankings.costs[:, 1:-1]
    G = len(values)
    accepted = (values > -np.inf).sum(axis=1) + (costs < np.inf).sum(axis=1)
    if clocks.grid is not None:
        falls = np.full(G, clocks.grid.moves("buyer", clocks.halt[0]))
        rises = np.full(G, clocks.grid.moves("seller", clocks.halt[1]))
    else:
        top, bottom = (float(x) for x in clocks.opening)
        half = (top - bottom) / 2
        times = np.concatenate([top - values, costs - bottom, np.full((G, 1), half)], axis=1)
        times = np.sort(times, axis=1)
        falls = rises = _distinct(times, (times > 0) & (times < np.inf))
    price = np.full(G, float(sum(clocks.halt) / 2))
    return Meetings(price, 1 + np.maximum(falls, rises), 2 + falls + rises + accepted)


def _distinct(ordered: Floats, counted: npt.NDArray[np.bool_]) -> Counts:
    """(G,) different numbers among those counted, in rows that are sorted."""
    fresh = counted.copy()
    fresh[:, 1:] &= (ordered[:, 1:] != ordered[:, :-1]) | ~counted[:, :-1]
    total: Counts = fresh.sum(axis=1)
    return total


def _unchecked(values: Floats, costs: Floats) -> Markets:
    """Make markets of acceptances, which are infinite where a trader never accepts."""
    markets = object.__new__(Markets)
    object.__setattr__(markets, "values", values)
    object.__setattr__(markets, "costs", costs)
    return markets
