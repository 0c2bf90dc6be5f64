"""Ticks chosen beforehand, so that an auction takes few rounds and loses little welfare.

The ticks are chosen on samples of the prior (past markets, say) and never on the market to be cleared: they
stay independent of reports, so that the truthful auction keeps its incentives.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Literal, TypeAlias

import numpy as np

from ...problem.errors import InvalidOption
from ..market import Markets, Number
from ..ranking import optimal_welfare_many
from .clocks import ClockAuction
from .protocol import SIDES
from .replies import best_reply
from .ticks import Ticks, fixed_ticks, geometric_ticks, price_range, quantile_ticks

Family: TypeAlias = Literal["fixed", "geometric", "quantile"]
FAMILIES: tuple[Family, ...] = ("fixed", "geometric", "quantile")
_FINEST = 256


@dataclass(frozen=True)
class Schedule:
    """What an auction comes to with given ticks, on average over markets.

    Parameters
    ----------
    family
        "continuous", "ticks of 1", or the family that the ticks were chosen from.
    ticks
        The ticks; None for continuous clocks.
    rounds, messages
        Means, counted as `Meeting` says.
    welfare
        Gain from trade as a share of the first best, of the sums over all markets.
    regret
        The most that one trader gains by misreporting, in the markets searched; None where none was.
    """

    family: str
    ticks: Ticks | None
    rounds: float
    messages: float
    welfare: float
    regret: Number | None = None


def schedules(family: Family, prior: Markets, *, low: Number = 0, high: Number = 100) -> Iterator[Ticks]:
    """Yield the ticks of a family, coarse ones first.

    Parameters
    ----------
    family
        "fixed" steps, "geometric" steps that shrink to an eighth by halves or by quarters, or "quantile"s of
        the prior's values and costs.
    prior
        Samples of markets.
    low, high
        The price range.

    Raises
    ------
    InvalidOption
        When the family is unknown or the range is empty.
    """
    bottom, top = price_range(low, high)
    counts = [2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, _FINEST]
    if family == "fixed":
        yield from (fixed_ticks((top - bottom) / n, low=low, high=high) for n in counts)
    elif family == "geometric":
        for n in counts:
            for ratio in (Fraction(1, 2), Fraction(3, 4)):
                first = (top - bottom) / n
                yield geometric_ticks(first, ratio, smallest=first / 8, low=low, high=high)
    elif family == "quantile":
        values, costs = prior.values.ravel().tolist(), prior.costs.ravel().tolist()
        yield from (quantile_ticks(values, costs, n, low=low, high=high) for n in counts)
    else:
        raise InvalidOption(f"family is {family!r}: one of {', '.join(FAMILIES)} is expected")


def fewest_rounds(auction: ClockAuction, family: Family, prior: Markets, loss: float) -> Schedule:
    """Return the schedule of a family that takes fewest rounds on the prior's markets at a stated loss.

    Parameters
    ----------
    auction
        The auction whose ticks are to be chosen; its own are ignored.
    family
        See `schedules`.
    prior
        Samples of markets. The figures of the result are means over these.
    loss
        The share of the continuous auction's welfare that may be lost, from 0 to 1.

    Raises
    ------
    InvalidOption
        When no schedule of the family loses as little, or ``loss`` is out of range.
    """
    if not 0 <= loss <= 1:
        raise InvalidOption(f"loss is {loss}: a share from 0 to 1 is expected")
    floor = (1 - loss) * measured(replace(auction, ticks="exact"), prior).welfare
    found = [
        measured(replace(auction, ticks=ticks), prior, family)
        for ticks in schedules(family, prior, low=auction.low, high=auction.high)
    ]
    kept = [schedule for schedule in found if schedule.welfare >= floor - 1e-12]
    if not kept:
        best = max(schedule.welfare for schedule in found)
        raise InvalidOption(
            f"no {family} schedule loses {loss:.4g} or less: the best keeps {best:.4%} of the first best, "
            f"and {floor:.4%} is needed"
        )
    return min(kept, key=lambda schedule: (schedule.rounds, -schedule.welfare))


def measured(
    auction: ClockAuction, markets: Markets, family: str = "continuous", *, searched: int = 0
) -> Schedule:
    """Return what an auction comes to in markets, and the regret in the first ``searched`` of them."""
    outcomes = auction.clear_many(markets)
    best = float(optimal_welfare_many(markets).sum())
    regret: Number | None = None
    if searched and auction.grid is not None:
        regret = max(
            best_reply(auction, market, side, index)[1]
            for market in (markets[g].as_fractions() for g in range(min(searched, len(markets))))
            for side in SIDES
            for index in range(len(market.values if side == "buyer" else market.costs))
        )
    return Schedule(
        family,
        auction.grid,
        float(np.mean(outcomes.rounds)),
        float(np.mean(outcomes.messages)),
        float(outcomes.welfare().sum()) / best if best > 0 else 1.0,
        regret,
    )


def schedule_table(
    auction: ClockAuction, prior: Markets, markets: Markets, *, loss: float = 0.01, searched: int = 3
) -> list[Schedule]:
    """Return the auction with continuous clocks, with ticks of 1, and with each family's best schedule.

    Parameters
    ----------
    auction
        The auction; its ticks are ignored.
    prior
        Markets on which the schedules are chosen, see `fewest_rounds`.
    markets
        Markets on which they are measured.
    loss
        The share of welfare that may be lost on ``prior``.
    searched
        In how many of the markets the regret is looked for; every position of a clock is tried.
    """
    table = [
        measured(replace(auction, ticks="exact"), markets),
        measured(replace(auction, ticks=1), markets, "ticks of 1"),
    ]
    for family in FAMILIES:
        chosen = fewest_rounds(auction, family, prior, loss)
        assert chosen.ticks is not None
        table.append(measured(replace(auction, ticks=chosen.ticks), markets, family, searched=searched))
    return table
