"""One market under one mechanism: every trader's best misreport and critical price, and what truth gives."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from ...market import Market, Number
from ...outcome import Outcome
from ...ranking import optimal_welfare, rank
from ...rule import Mechanism
from ..best_response import ROUNDING, BestResponse, best_of, largest_report, response_of
from ..responses.critical import CriticalPrice, critical_price
from ..responses.symbol import NotCertified
from ..subject import clear, weighted_coins
from ..trials.measures import utilities
from ..trials.trial import Trader, traders_of


@dataclass(frozen=True)
class AtTruth:
    """What truthful reports lead to, with one coin.

    Parameters
    ----------
    coin
        The coin; None where nothing is left to chance.
    loser, loss
        The trader who is worst off, and by how much she loses; 0 or less if nobody does.
    surplus
        Payments less receipts.
    welfare
        Gain from trade.
    """

    coin: Any
    loser: Trader | None
    loss: Fraction
    surplus: Fraction
    welfare: Fraction


@dataclass(frozen=True)
class Examined:
    """All that is found in one market.

    Parameters
    ----------
    market
        True values and costs.
    responses
        The best misreport of every trader, for every coin.
    certificates
        The critical price of every trader, for every coin; None where the code could not be followed.
    truth
        What truthful reports lead to, for every coin.
    welfare, optimal_welfare
        On average over the coins, and the first best.
    efficient_trades
        k.
    """

    market: Market
    responses: tuple[BestResponse, ...]
    certificates: tuple[CriticalPrice | None, ...]
    truth: tuple[AtTruth, ...]
    welfare: Fraction
    optimal_welfare: Fraction
    efficient_trades: int


def examine(mechanism: Mechanism, market: Market) -> Examined:
    """Find out all about one market.

    Parameters
    ----------
    mechanism
        Not a function: see `subject.as_mechanism`.
    market
        Exact.
    """
    weighted = weighted_coins(mechanism, market)
    truth = tuple(_at_truth(clear(mechanism, market, coin), market, coin) for _, coin in weighted)
    pairs = [pair for _, coin in weighted for pair in _each_trader(mechanism, market, coin)]
    return Examined(
        market,
        tuple(best for best, _ in pairs),
        tuple(certificate for _, certificate in pairs),
        truth,
        sum(
            (weight * found.welfare for (weight, _), found in zip(weighted, truth, strict=True)), Fraction(0)
        ),
        Fraction(optimal_welfare(market)),
        rank(market).efficient,
    )


def _each_trader(
    mechanism: Mechanism, market: Market, coin: Any
) -> Iterator[tuple[BestResponse, CriticalPrice | None]]:
    for trader in traders_of(market):
        response = response_of(mechanism, market, trader.side, trader.index, coin)
        best = best_of(mechanism, market, trader.side, trader.index, coin, response)
        if isinstance(response, NotCertified) or not best.exact:
            yield best, None
        else:
            rounding = ROUNDING * largest_report(market) if response.rounded else Fraction(0)
            yield best, critical_price(response, rounding)


def _at_truth(outcome: Outcome, market: Market, coin: Any) -> AtTruth:
    gains = utilities(outcome, market)
    loser = min(gains, key=lambda trader: gains[trader], default=None)
    loss = Fraction(0) if loser is None else -_exact(gains[loser], market)
    surplus = _exact(outcome.budget_surplus, market)
    return AtTruth(coin, loser, loss, surplus, Fraction(outcome.welfare(market)))


def _exact(number: Number, market: Market) -> Fraction:
    """Return a number as a fraction; a floating-point one that is 0 up to rounding becomes 0."""
    exact = Fraction(number)
    if isinstance(number, float) and abs(exact) <= ROUNDING * largest_report(market):
        return Fraction(0)
    return exact
