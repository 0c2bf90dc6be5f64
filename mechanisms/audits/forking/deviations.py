"""The best joint misreport of one trader or of two, over all reports of 0 or more, exactly.

What the deviating traders gain is affine on each cell of the mechanism's decision tree over their reports,
so that its supremum stands at a corner. It is an independent way to the exact regret, and the only one for
pairs.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise, product
from typing import Any

from ...market import Market
from ...rule import Mechanism
from ..subject import clear
from ..trials.measures import utilities
from ..trials.trial import Trader, Trial
from .cells import Cell, reports
from .forms import Form, NotSymbolic, explore


@dataclass(frozen=True)
class Deviation:
    """The best that traders can do by misreporting together.

    Parameters
    ----------
    gain
        Supremum of the sum of their gains, 0 or more; None: there is no bound.
    attained
        Whether some reports give that much.
    trial
        Reports that attain or approach it; None where nothing is to be gained.
    exact
        Whether all reports of 0 or more were covered; otherwise a finite list was tried.
    """

    gain: Fraction | None
    attained: bool
    trial: Trial | None
    exact: bool


def best_deviation(
    mechanism: Mechanism,
    market: Market,
    traders: tuple[Trader, ...],
    *,
    coin: Any = None,
    nobody_loses: bool = False,
) -> Deviation:
    """Return the largest joint gain of one or two traders.

    Parameters
    ----------
    mechanism, market, coin
        The market must be exact.
    traders
        One or two.
    nobody_loses
        Whether each must gain 0 or more (no side payments), or only their sum counts.
    """
    try:
        return _exact(mechanism, market, traders, coin, nobody_loses)
    except NotSymbolic:
        return _sampled(mechanism, market, traders, coin, nobody_loses)


def _exact(
    mechanism: Mechanism, market: Market, traders: tuple[Trader, ...], coin: Any, nobody_loses: bool
) -> Deviation:
    best = Deviation(Fraction(0), True, None, True)
    for start in reports(len(traders)):
        for cell, gains in explore(_run(mechanism, market, traders, coin), start, len(traders)):
            for part in _without_losers(cell, gains) if nobody_loses else [cell]:
                best = _better(best, part, sum(gains[1:], gains[0]), market, traders, coin)
                if best.gain is None:
                    return best
    return best


def _run(mechanism: Mechanism, market: Market, traders: tuple[Trader, ...], coin: Any) -> Any:
    truth = clear(mechanism, market, coin)
    before = [truth.utility(market, x.side, x.index) for x in traders]

    def gains(*unknowns: Form) -> list[Form]:
        changed = market
        for trader, unknown in zip(traders, unknowns, strict=True):
            changed = changed.with_report(trader.side, trader.index, unknown)
        outcome = clear(mechanism, changed, coin)
        nothing = unknowns[0] * 0
        pairs = zip(traders, before, strict=True)
        return [nothing + outcome.utility(market, x.side, x.index) - was for x, was in pairs]

    return gains


def _without_losers(cell: Cell, gains: list[Form]) -> list[Cell]:
    parts = [cell]
    for gain in gains:
        parts = [piece for part in parts for sign, piece in part.pieces(gain) if sign >= 0]
    return parts


def _better(
    best: Deviation, cell: Cell, gain: Form, market: Market, traders: tuple[Trader, ...], coin: Any
) -> Deviation:
    bound = cell.supremum(gain)
    attained = bound is not None and cell.constant(gain)
    if bound is not None:
        known = best.gain or Fraction(0)
        if bound < known or bound <= 0 or (bound == known and (best.attained or not attained)):
            return best
    trial = Trial(market, traders, cell.maximiser(gain), coin=coin)
    return Deviation(bound, attained, trial, True)


def _sampled(
    mechanism: Mechanism, market: Market, traders: tuple[Trader, ...], coin: Any, nobody_loses: bool
) -> Deviation:
    truth = utilities(clear(mechanism, market, coin), market)
    best = Deviation(Fraction(0), True, None, False)
    for candidate in product(candidates(market), repeat=len(traders)):
        trial = Trial(market, traders, candidate, coin=coin)
        after = utilities(clear(mechanism, trial.changed, coin), market)
        gains = [Fraction(after[x] - truth[x]) for x in traders]
        if (not nobody_loses or min(gains) >= 0) and sum(gains) > (best.gain or 0):
            best = Deviation(sum(gains, Fraction(0)), False, trial, False)
    return best


def candidates(market: Market) -> list[Fraction]:
    """Return the reports to try where code cannot be followed: all in the market, beside and between them."""
    known = sorted({Fraction(x) for x in (*market.values, *market.costs)} | {Fraction(0)})
    gaps = [b - a for a, b in pairwise(known)]
    step = min(gaps, default=Fraction(1)) / 16
    between = [(a + b) / 2 for a, b in pairwise(known)]
    beside = [x + sign * step for x in known for sign in (-1, 1)]
    return sorted({x for x in (*known, *between, *beside, 2 * known[-1] + 1) if x >= 0})
