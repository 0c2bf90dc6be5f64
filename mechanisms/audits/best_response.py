"""The most that one trader can gain by misreporting, exactly, over all reports of 0 or more.

Her gain is piecewise affine in her own report, so that its supremum stands at a report where some comparison
ties, or just beside one. All those places are found by running the mechanism's own code on a symbol; see
`responses`. Where the code cannot be followed, reports at, between and beside the others' are tried, and the
result says that it is a sample.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Literal, TypeAlias

from ...problem.errors import EdgeoptError, InvalidMarket, InvalidOption
from ..market import Market, Side
from ..rule import Mechanism
from .forking.deviations import candidates
from .responses.points import simplest_in
from .responses.ranked import insert, ranks_only
from .responses.response import Piece, Response, Treatment, follow, treatment
from .responses.symbol import NotCertified
from .subject import as_mechanism, clear, coins

Gain: TypeAlias = "Fraction | float"
"""Exact; the only float is infinity."""
ROUNDING = Fraction(1, 10**9)
"""Share of the largest report that passes for rounding where a mechanism computes in floating point."""


@dataclass(frozen=True)
class BestResponse:
    """The best that one trader can do by misreporting.

    Parameters
    ----------
    gain
        Supremum of her gain over all her reports of 0 or more, in the unit of reports; infinite if nothing
        bounds it, 0 if the truth is best.
    report
        A report that gives it, or, where none does, one that gives at least 15/16 of it (a gain of at least
        1 where it is infinite); the truth where nothing is to be gained.
    attained
        Whether ``report`` gives ``gain``, and not only nearly.
    side, index, coin
        Who, and the coin of a lottery.
    path
        How it was found: "followed" ran the mechanism's code on symbols, "ranked" its ``terms``; "sampled"
        tried some reports, and ``gain`` is then a lower bound.
    rounded
        Whether the mechanism gave floating-point numbers, so that the result is exact up to its rounding.
    reason
        Why the code could not be followed, where ``path`` is "sampled".
    """

    gain: Gain
    report: Fraction
    attained: bool
    side: Side
    index: int
    coin: Any = None
    path: Literal["followed", "ranked", "sampled"] = "followed"
    rounded: bool = False
    reason: str | None = None

    @property
    def exact(self) -> bool:
        """Whether all reports of 0 or more are covered."""
        return self.path != "sampled"


def best_response(
    mechanism: Mechanism | Callable[..., Any],
    market: Market,
    side: Side,
    index: int,
    *,
    coin: Any = None,
    accelerate: bool = True,
) -> BestResponse:
    """Return the largest gain of one trader over all her reports of 0 or more, the others being truthful.

    Parameters
    ----------
    mechanism
        A mechanism, or a function of a market or of values and costs; its code need not know of the audit.
    market
        True values and costs; floats stand for the binary fractions they are.
    side, index
        Whose misreports.
    coin
        The coin of a rule with a lottery; None: the one that lets her gain most.
    accelerate
        Whether rules that only rank traders are followed through their ``terms``; the result is the same.

    Raises
    ------
    InvalidMarket
        When there is no such trader.
    """
    subject, exact = as_mechanism(mechanism), market.as_fractions()
    check_trader(exact, side, index)
    chances = (coin,) if coin is not None else coins(subject, exact)
    found = [
        best_of(subject, exact, side, index, chance, response)
        for chance in chances
        for response in (response_of(subject, exact, side, index, chance, accelerate=accelerate),)
    ]
    return max(found, key=lambda x: (x.gain, x.attained))


def check_trader(market: Market, side: Side, index: int) -> None:
    """Complain about a trader who is not in a market."""
    if side not in {"buyer", "seller"}:
        raise InvalidOption(f"side is {side!r}: 'buyer' or 'seller' is expected")
    traders = len(market.values if side == "buyer" else market.costs)
    if not 0 <= index < traders:
        raise InvalidMarket(f"there is no {side} {index}: the market has {traders} {side}s, from 0 on")


def response_of(
    mechanism: Mechanism, market: Market, side: Side, index: int, coin: Any, *, accelerate: bool = True
) -> Response | NotCertified:
    """Return how a trader is treated for each report, or why that cannot be known exactly."""
    try:
        if accelerate and coin is None and ranks_only(mechanism):
            response = insert(mechanism, market, side, index)  # type: ignore[arg-type]
        else:
            response = follow(mechanism, market, side, index, coin)
        _check_truth(mechanism, response)
    except NotCertified as refusal:
        return refusal
    return response


def best_of(
    mechanism: Mechanism, market: Market, side: Side, index: int, coin: Any, response: Response | NotCertified
) -> BestResponse:
    """Return the best response, given how the trader is treated."""
    if not isinstance(response, NotCertified):
        try:
            return _exact(mechanism, response)
        except NotCertified as refusal:
            response = refusal
    return _sampled(mechanism, market, side, index, coin, str(response))


def _exact(mechanism: Mechanism, response: Response) -> BestResponse:
    side, index, coin = response.side, response.index, response.coin
    truth = response.market.report(side, index)
    before = utility(side, truth, _treated(mechanism, response, truth))
    best: tuple[Gain, bool, Fraction, Piece | None] = (Fraction(0), True, truth, None)
    for piece in response.pieces:
        gain, attained, report = _best_in(piece, side, truth, before)
        if gain > best[0] or (gain == best[0] and attained and not best[1]):
            best = (gain, attained, report, piece)
    gain, attained, report, where = best
    if where is not None:
        _check_gain(mechanism, response, where, report, truth)
    if response.rounded and gain <= ROUNDING * largest_report(response.market):
        gain, attained, report = Fraction(0), True, truth
    return BestResponse(gain, report, attained, side, index, coin, response.path, response.rounded)


def utility(side: Side, truth: Fraction, treated: Treatment) -> Fraction:
    """Return what a treatment is worth to a trader."""
    trades, transfer = treated
    gross = truth if trades else Fraction(0)
    return gross - Fraction(transfer) if side == "buyer" else Fraction(transfer) - gross


def _best_in(piece: Piece, side: Side, truth: Fraction, before: Fraction) -> tuple[Gain, bool, Fraction]:
    """Return the supremum of the gain on a piece, whether it is attained, and a report for it."""

    def gain(report: Fraction) -> Fraction:
        return utility(side, truth, (piece.trades, piece.transfer(report))) - before

    if not piece.slope:
        report = truth if truth in piece else simplest_in(piece)
        return gain(report), True, report
    rising = (piece.slope < 0) == (side == "buyer")
    end = piece.high if rising else piece.low
    if end is None:
        return math.inf, False, _far_enough(piece, gain)
    if end in piece:
        return gain(end), True, end
    report = simplest_in(piece)
    bound = gain(end)
    while gain(report) < bound * Fraction(15, 16) and bound > 0:
        report = (report + end) / 2
    return bound, False, report


def _far_enough(piece: Piece, gain: Callable[[Fraction], Fraction]) -> Fraction:
    report = piece.low + 1
    while gain(report) < 1:
        report *= 2
    return report


def largest_report(market: Market) -> Fraction:
    """Return the largest report, in size."""
    return max((abs(x) for x in (*market.values, *market.costs)), default=Fraction(0))


def _treated(mechanism: Mechanism, response: Response, report: Fraction) -> Treatment:
    market = response.market.with_report(response.side, response.index, report)
    return treatment(clear(mechanism, market, response.coin), response.side, response.index)


def _check_truth(mechanism: Mechanism, response: Response) -> None:
    """Clear the market with plain numbers: what the symbols said of the truth must come out."""
    truth = response.market.report(response.side, response.index)
    if truth >= 0:
        piece = next((x for x in response.pieces if truth in x), None)
        _same(mechanism, response, piece, truth)


def _check_gain(
    mechanism: Mechanism, response: Response, piece: Piece, report: Fraction, truth: Fraction
) -> None:
    if report != truth:
        _same(mechanism, response, piece, report)


def _same(mechanism: Mechanism, response: Response, piece: Piece | None, report: Fraction) -> None:
    trades, transfer = _treated(mechanism, response, report)
    off = None if piece is None else abs(piece.transfer(report) - Fraction(transfer))
    allowed = ROUNDING * largest_report(response.market) if isinstance(transfer, float) else 0
    if piece is None or off is None or trades != piece.trades or off > allowed:
        raise NotCertified(
            "the code treats a plain number otherwise than a symbol, or not twice in the same way"
        )


def _sampled(
    mechanism: Mechanism, market: Market, side: Side, index: int, coin: Any, reason: str
) -> BestResponse:
    truth = market.report(side, index)
    before = utility(side, truth, treatment(clear(mechanism, market, coin), side, index))
    best, gain = truth, ROUNDING * largest_report(market)
    for report in candidates(market):
        try:
            outcome = clear(mechanism, market.with_report(side, index, report), coin)
        except EdgeoptError:
            continue  # not a report the mechanism accepts
        more = utility(side, truth, treatment(outcome, side, index)) - before
        if more > gain:
            best, gain = report, more
    found = gain if best != truth else Fraction(0)
    return BestResponse(found, best, False, side, index, coin, "sampled", reason=reason)
