"""A second proof of truthfulness: who trades is monotone in the report, and a winner's price is critical.

If what a trader pays does not depend on her report beyond whether she trades, and she trades exactly on the
side of one critical report where trading at that price is worth it, then no misreport helps her, whatever her
true value is. If not, some true value and some report refute it; both are found here.

R. Myerson, Optimal auction design, Mathematics of Operations Research 6 (1981).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise
from typing import Any

from ...market import Side
from .points import simplest_in
from .response import Piece, Response


@dataclass(frozen=True)
class Misreport:
    """A true value (or cost) with which a report gains, the others' reports being given."""

    truth: Fraction
    report: Fraction
    gain: Fraction


@dataclass(frozen=True)
class CriticalPrice:
    """Whether one trader's price is critical, which proves that she is best off with the truth at any value.

    Parameters
    ----------
    side, index, coin
        Who, and the coin of a lottery.
    price
        The report at which she starts (buyers) or stops (sellers) to trade, if it is also the price of
        trading; None where it is not, or she trades always or never.
    monotone
        Whether raising a trading buyer's report, or lowering a trading seller's, never ends her trade.
    misreport
        The counterexample; None: certified for every true value of 0 or more.
    """

    side: Side
    index: int
    coin: Any
    price: Fraction | None
    monotone: bool
    misreport: Misreport | None

    @property
    def holds(self) -> bool:
        """Whether no true value and no misreport of this trader refutes truthfulness."""
        return self.misreport is None


def critical_price(response: Response, tolerance: Fraction = Fraction(0)) -> CriticalPrice:
    """Return the certificate of one trader, or what refutes it.

    Parameters
    ----------
    response
        How she is treated for each report.
    tolerance
        Differences of prices that pass for rounding.
    """
    sign = 1 if response.side == "buyer" else -1
    flags = [piece.trades for piece in response.pieces]
    monotone = all((after - before) * sign >= 0 for before, after in pairwise(flags))
    price = None
    found = [*_unequal(response.pieces, sign, tolerance)]
    if not found and any(flags) and not all(flags):
        price = _transfer(response.pieces, trades=True) - _transfer(response.pieces, trades=False)
        found = [*_on_the_wrong_side(response.pieces, sign, price, tolerance)]
    largest = max(found, key=lambda x: x.gain, default=None)
    return CriticalPrice(
        response.side,
        response.index,
        response.coin,
        None if largest is not None else price,
        monotone,
        largest,
    )


def _transfer(pieces: Iterable[Piece], *, trades: bool) -> Fraction:
    return next(piece.constant for piece in pieces if piece.trades == trades)


def _unequal(pieces: tuple[Piece, ...], sign: int, tolerance: Fraction) -> Iterator[Misreport]:
    """Yield misreports that change the price and not the trade."""
    for trades in (True, False):
        priced = [
            (sign * piece.transfer(report), report)
            for piece in pieces
            if piece.trades == trades
            for report in _reports(piece)
        ]
        if priced and (gain := max(priced)[0] - min(priced)[0]) > tolerance:
            yield Misreport(truth=max(priced)[1], report=min(priced)[1], gain=gain)


def _reports(piece: Piece) -> Iterator[Fraction]:
    report = simplest_in(piece)
    yield report
    if piece.slope:
        rest = replace(piece, low=report, has_low=False)
        yield simplest_in(
            rest if piece.high is None or report < piece.high else replace(piece, has_high=False)
        )


def _on_the_wrong_side(
    pieces: tuple[Piece, ...], sign: int, price: Fraction, tolerance: Fraction
) -> Iterator[Misreport]:
    """Yield true values that trade though the price is too bad for them, or do not though it is good."""
    reports = {trades: simplest_in(next(x for x in pieces if x.trades == trades)) for trades in (True, False)}
    for piece in pieces:
        # A buyer should trade above the price, a seller below it.
        part = _below(piece, price) if piece.trades == (sign > 0) else _above(piece, price)
        if part is not None:
            truth = simplest_in(part)
            if abs(truth - price) > tolerance:
                yield Misreport(truth, reports[not piece.trades], abs(truth - price))


def _below(piece: Piece, price: Fraction) -> Piece | None:
    if piece.low >= price:
        return None
    beyond = piece.high is None or piece.high >= price
    return replace(piece, high=price, has_high=False) if beyond else piece


def _above(piece: Piece, price: Fraction) -> Piece | None:
    if piece.high is not None and piece.high <= price:
        return None
    return replace(piece, low=price, has_low=False) if piece.low <= price else piece
