"""What a trader gets for each of her reports, the others' being given: pieces on which it is affine.

The mechanism's own code is run once for every piece, on a `Symbol`; the points between pieces, where reports
tie, are pieces of their own and are cleared with plain numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Literal, TypeAlias

from ....problem.errors import EdgeoptError
from ...market import Market, Number, Side
from ...outcome import Outcome
from ...rule import Mechanism
from ..subject import clear
from .symbol import NotCertified, Run, Symbol

Treatment: TypeAlias = tuple[bool, Number]
"""Whether a trader trades, and what she pays or gets."""
Path: TypeAlias = Literal["followed", "ranked"]
_MOST_RUNS = 20_000


@dataclass(frozen=True, slots=True)
class Piece:
    """Reports that are treated alike.

    Parameters
    ----------
    low, high
        The ends; no ``high``: all reports above ``low``.
    has_low, has_high
        Whether the ends belong to the piece.
    trades
        Whether the trader trades.
    constant, slope
        Payment of a buyer, or receipt of a seller: ``constant + slope * report``.
    """

    low: Fraction
    high: Fraction | None
    has_low: bool
    has_high: bool
    trades: bool
    constant: Fraction
    slope: Fraction

    def transfer(self, report: Fraction) -> Fraction:
        """Return what a report of this piece pays or gets."""
        return self.constant + self.slope * report

    def __contains__(self, report: Fraction) -> bool:
        above = report > self.low or (self.has_low and report == self.low)
        return above and (self.high is None or report < self.high or (self.has_high and report == self.high))


@dataclass(frozen=True)
class Response:
    """How one trader is treated for every report of 0 or more.

    Parameters
    ----------
    market, side, index, coin
        The others' reports and who it is about.
    pieces
        In order; together they are all reports that the mechanism does not refuse.
    path
        "followed": the mechanism's whole code was run on symbols; "ranked": its ``terms`` were, on rankings
        into which the report was inserted.
    rounded
        Whether the code gave floating-point numbers: the pieces are then exact up to its rounding.
    """

    market: Market
    side: Side
    index: int
    coin: Any
    pieces: tuple[Piece, ...]
    path: Path
    rounded: bool

    def at(self, report: Fraction) -> Piece:
        """Return the piece of a report."""
        return next(piece for piece in self.pieces if report in piece)


def follow(mechanism: Mechanism, market: Market, side: Side, index: int, coin: Any = None) -> Response:
    """Run a mechanism's own code on every report of one trader.

    Raises
    ------
    NotCertified
        When the code does something with reports that cannot be followed exactly.
    """

    def treat(report: Number) -> Treatment:
        return treatment(clear(mechanism, market.with_report(side, index, report), coin), side, index)

    pieces, rounded = merged(cut(treat, Fraction(0), None, with_low=True))
    return Response(market, side, index, coin, pieces, "followed", rounded)


def treatment(outcome: Outcome, side: Side, index: int) -> Treatment:
    """Return what an outcome means to one trader."""
    if side == "buyer":
        return index in outcome.buyers, outcome.payments[index]
    return index in outcome.sellers, outcome.receipts[index]


Cut: TypeAlias = tuple[Fraction, Fraction | None, Treatment]


def cut(
    treat: Callable[[Number], Treatment], low: Fraction, high: Fraction | None, *, with_low: bool = False
) -> Iterator[Cut]:
    """Yield (low, high, treatment) of open intervals and of points, where both are the same, in order.

    Raises
    ------
    NotCertified
        When the code cannot be followed, or there are more than 20,000 pieces.
    """
    waiting: list[tuple[Fraction, Fraction | None]] = [(low, high)]
    if with_low:
        waiting.append((low, low))
    runs = 0
    while waiting:
        start, end = waiting.pop()
        runs += 1
        if runs > _MOST_RUNS:
            raise NotCertified(f"one trader's reports are treated in more than {_MOST_RUNS} ways")
        run = Run(start, end)
        try:
            treated = treat(start if start == end else Symbol(run))
        except EdgeoptError:
            treated = None  # the mechanism does not accept these reports
        except (TypeError, ValueError, ArithmeticError, AttributeError) as error:
            raise NotCertified(run.refused or f"the code fails on a symbol: {error}") from None
        if run.refused is not None:
            raise NotCertified(run.refused)
        waiting += run.later
        if treated is not None:
            yield start, run.high if start != end else end, treated


def merged(cuts: Iterator[Cut]) -> tuple[tuple[Piece, ...], bool]:
    """Return pieces with equal neighbours joined, and whether any number was a floating-point one."""
    pieces: list[Piece] = []
    rounded = False
    last: Cut | None = None
    for low, high, (trades, transfer) in cuts:
        constant, slope = _affine(transfer)
        rounded |= isinstance(transfer, float)
        point = low == high
        if last is not None and last[1] == low and _like(pieces[-1], trades, constant, slope):
            before = pieces[-1]
            pieces[-1] = Piece(before.low, high, before.has_low, point, trades, constant, slope)
        else:
            pieces.append(Piece(low, high, point, point, trades, constant, slope))
        last = (low, high, (trades, transfer))
    return tuple(pieces), rounded


def _like(piece: Piece, trades: bool, constant: Fraction, slope: Fraction) -> bool:
    return piece.trades == trades and piece.constant == constant and piece.slope == slope


def _affine(transfer: Number) -> tuple[Fraction, Fraction]:
    if isinstance(transfer, Symbol):
        return Fraction(transfer.constant), Fraction(transfer.slope)
    try:
        return Fraction(transfer), Fraction(0)
    except (TypeError, ValueError, OverflowError):
        raise NotCertified(f"a price is a {type(transfer).__name__}, not a finite number") from None
