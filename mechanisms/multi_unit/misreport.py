"""Misreports of quantity: what a trader gains by reporting more or fewer units than she has."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from ...problem.errors import InvalidOption
from ..market import Number, Side
from .market import Marginals, MultiUnitMarket
from .outcome import MultiUnitOutcome


class MultiUnitMechanism(Protocol):
    """Anything that clears multi-unit markets; with a method ``coins`` if it draws lots."""

    def clear(self, market: MultiUnitMarket) -> MultiUnitOutcome:
        """Decide who trades how many units, and for how much."""
        ...


@dataclass(frozen=True)
class QuantityMisreport:
    """The best misreport of quantity in a market.

    Parameters
    ----------
    side, index
        Who misreports.
    quantity
        Units she reports.
    gain
        What she gains over the truth, above 0.
    coin
        For which coin, where the mechanism draws lots.
    """

    side: Side
    index: int
    quantity: int
    gain: Number
    coin: Any = None


def quantity_misreport(
    mechanism: MultiUnitMechanism, market: MultiUnitMarket, *, more: int = 3
) -> QuantityMisreport | None:
    """Search every trader's every quantity, coin by coin, for the largest gain.

    Fewer units are the first ones of the true report; units that a trader does not have are reported at her
    last unit's value or cost. They are worth nothing to a buyer; a report that makes a seller sell more than
    she has is left out, because she cannot deliver.

    Parameters
    ----------
    mechanism
        The mechanism; one that draws lots must be small enough to list its coins.
    market
        The true values and costs.
    more
        Up to how many units above the truth are tried.

    Returns
    -------
    misreport
        The best one, None where no quantity gains. With exact reports the gain is exact.
    """
    if more < 0:
        raise InvalidOption(f"more is {more}: 0 or more units are expected")
    best: QuantityMisreport | None = None
    for coin in _coins(mechanism, market):
        truth = _clear(mechanism, market, coin)
        for side, index, report in _reports(market, more):
            outcome = _clear(mechanism, market.with_report(side, index, report), coin)
            if side == "seller" and outcome.sold[index] > len(market.costs[index]):
                continue
            gain = outcome.utility(market, side, index) - truth.utility(market, side, index)
            if gain > (0 if best is None else best.gain):
                best = QuantityMisreport(side, index, len(report), gain, coin)
    return best


def _reports(market: MultiUnitMarket, more: int) -> Iterator[tuple[Side, int, Marginals]]:
    sides: tuple[tuple[Side, Any], ...] = (("buyer", market.values), ("seller", market.costs))
    for side, traders in sides:
        for index, true in enumerate(traders):
            padded = (*true, *([true[-1]] * more if true else ()))
            for quantity in range(len(padded) + 1):
                if quantity != len(true):
                    yield side, index, padded[:quantity]


def _coins(mechanism: Any, market: MultiUnitMarket) -> Iterator[Any]:
    if not hasattr(mechanism, "coins"):
        yield None
        return
    for _, coin in mechanism.coins(len(market.values), len(market.costs)):
        yield coin


def _clear(mechanism: Any, market: MultiUnitMarket, coin: Any) -> MultiUnitOutcome:
    outcome: MultiUnitOutcome = mechanism.clear(market) if coin is None else mechanism.clear(market, coin)
    return outcome
