"""What the two clock auctions share: the clocks, whom they hear, where they meet, and what that takes.

Clearing does not run the clocks. Quantity-balanced clocks move one at a time and so meet at an end of the
interval of clearing prices, which sorting finds; `protocol` runs them round by round, and the tests hold the
two equal.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property
from typing import ClassVar, Literal

import numpy as np

from ...problem.errors import InvalidOption
from ..market import Floats, Market, Markets, Number, Side
from ..outcome import Outcome, Outcomes
from ..ranking import Ranking, Rankings, largest, rank, smallest, walrasian_prices
from ..rule import Claims, Terms, TermsMany, settle, settle_many, settle_ranked
from .many import heard_many, meetings
from .meeting import Meeting
from .ticks import Ticks, exact, price_range, stepped_ticks


@dataclass(frozen=True)
class ClockAuction(ABC):
    """Two clocks that run towards each other.

    Parameters
    ----------
    balance
        "quantity": the clock of the side with fewer accepted units moves; "simultaneous": both move.
    first
        Whose clock moves when both sides have accepted as many.
    ticks
        "exact": continuous clocks; a step; a sequence of steps (the last repeats); or `Ticks`.
    low, high
        The price range, where the clocks open. Quantity-balanced continuous clocks need none: they open
        beyond every report.

    Raises
    ------
    InvalidOption
        When an option is none of these.
    """

    balance: Literal["quantity", "simultaneous"] = "quantity"
    first: Literal["buyers", "sellers"] = "buyers"
    ticks: Literal["exact"] | Number | Sequence[Number] | Ticks = "exact"
    low: Number = field(default=0, kw_only=True)
    high: Number = field(default=100, kw_only=True)

    cases: ClassVar[tuple[str, ...]] = ()

    def __post_init__(self) -> None:
        if self.balance not in {"quantity", "simultaneous"}:
            raise InvalidOption(f"balance is {self.balance!r}: it must be 'quantity' or 'simultaneous'")
        if self.first not in {"buyers", "sellers"}:
            raise InvalidOption(f"first is {self.first!r}: it must be 'buyers' or 'sellers'")
        if isinstance(self.ticks, str) and self.ticks != "exact":
            raise InvalidOption(f"ticks is {self.ticks!r}: a step, a sequence of steps, Ticks or 'exact'")
        if isinstance(self.ticks, list):
            object.__setattr__(self, "ticks", tuple(self.ticks))
        price_range(self.low, self.high)
        if self.grid is not None and self.balance == "simultaneous":
            _ = self.halt

    @cached_property
    def grid(self) -> Ticks | None:
        """The ticks; None where the clocks are continuous."""
        if isinstance(self.ticks, str):
            return None
        if isinstance(self.ticks, Ticks):
            return self.ticks
        steps = self.ticks if isinstance(self.ticks, Sequence) else (self.ticks,)
        return stepped_ticks(steps, low=self.low, high=self.high)

    @cached_property
    def opening(self) -> tuple[Number, Number]:
        """Where the buyers' and the sellers' clock open."""
        if self.grid is not None:
            return self.grid.buyers[0], self.grid.sellers[0]
        if self.balance == "quantity":
            return math.inf, -math.inf
        return exact(self.high, "high"), exact(self.low, "low")

    @cached_property
    def halt(self) -> tuple[Number, Number]:
        """Where simultaneous clocks end, whatever anybody reports: the buyers' and the sellers' clock."""
        if self.grid is None:
            middle = sum(self.opening) / 2
            return middle, middle
        falling, rising = self.grid.buyers, self.grid.sellers
        last = 0
        while last + 1 < max(len(falling), len(rising)):
            buyer = falling[min(last + 1, len(falling) - 1)]
            seller = rising[min(last + 1, len(rising) - 1)]
            if buyer < seller:
                break
            last += 1
        return falling[min(last, len(falling) - 1)], rising[min(last, len(rising) - 1)]

    @property
    @abstractmethod
    def claims(self) -> Claims:
        """What the auction declares of itself."""

    @abstractmethod
    def terms(self, ranking: Ranking, price: Number) -> Terms:
        """Decide who trades at which prices, given acceptances by rank and the price where clocks met."""

    @abstractmethod
    def terms_many(self, rankings: Rankings, price: Floats) -> TermsMany:
        """Decide the same for many markets."""

    @property
    def runs_on(self) -> bool:
        """Whether the clocks pass each other, to hear one more trader of each side."""
        return False

    def clear(self, market: Market) -> Outcome:
        """Clear one market: exactly if its reports are exact, in floating point if they are arrays."""
        if not market.exact:
            return self.clear_many(Markets(np.array([market.values]), np.array([market.costs])))[0]
        ranking = self.heard(market)
        meeting = self.meeting(ranking)
        terms = replace(self.terms(ranking, meeting.price), rounds=meeting.rounds, messages=meeting.messages)
        return settle(market, ranking.buyers, ranking.sellers, terms)

    def clear_many(self, markets: Markets) -> Outcomes:
        """Clear many markets of equal size in one call, in floating point."""
        rankings = heard_many(self, markets)
        met = meetings(self, rankings)
        terms = replace(self.terms_many(rankings, met.price), rounds=met.rounds, messages=met.messages)
        if rankings.markets is markets:
            return settle_ranked(rankings, terms, self.cases)
        return settle_many(markets, rankings.buyers, rankings.sellers, terms, self.cases)

    def heard(self, market: Market) -> Ranking:
        """Rank those whom the clocks can reach, by the tick at which each accepts; ties by index."""
        sides: list[tuple[list[int], list[Number]]] = []
        for side, reports in (("buyer", market.values), ("seller", market.costs)):
            kept: tuple[list[int], list[Number]] = ([], [])
            for index, report in enumerate(reports):
                tick = self._tick(side, report)  # type: ignore[arg-type]
                if tick is not None:
                    kept[0].append(index)
                    kept[1].append(tick)
            sides.append(kept)
        (buyers, values), (sellers, costs) = sides
        ranking = rank(Market.unchecked(values, costs))
        return Ranking(
            tuple(buyers[i] for i in ranking.buyers),
            tuple(sellers[j] for j in ranking.sellers),
            ranking.values,
            ranking.costs,
            ranking.efficient,
        )

    def _tick(self, side: Side, report: Number) -> Number | None:
        if self.grid is not None:
            tick = self.grid.heard(side, report)
        elif self.balance == "quantity":
            return report
        else:
            opening = self.opening[0] if side == "buyer" else self.opening[1]
            early = report >= opening if side == "buyer" else report <= opening
            tick = opening if early else report
        if tick is None or self.balance == "quantity":
            return tick
        reached = tick >= self.halt[0] if side == "buyer" else tick <= self.halt[1]
        return tick if reached else None

    def meeting(self, ranking: Ranking) -> Meeting:
        """Say where the clocks meet, and count the moves and acceptances until then."""
        if self.balance == "simultaneous":
            moves = self._moves_together(ranking)
            return Meeting(
                sum(self.halt) / 2, *moves, len(ranking.buyers), len(ranking.sellers), together=True
            )
        lower, upper = walrasian_prices(ranking)
        price: Number = lower if self.first == "buyers" else upper
        k = ranking.efficient
        if k == 0:
            # Without a pair the limit can be missing, or lie where the other clock never is.
            top, bottom = self.opening
            price = (bottom if self.first == "buyers" else top) if price is None else price
            price = smallest(top, largest(bottom, price))
        stops: tuple[Number, Number] = (price, price)
        if self.runs_on and k:
            stops = (_beyond(price, ranking.value(k + 1), -1), _beyond(price, ranking.cost(k + 1), 1))
        buying = _reached(ranking.values, stops[0], k, -1)
        selling = _reached(ranking.costs, stops[1], k, 1)
        if self.grid is not None:
            moves = self.grid.moves("buyer", stops[0]), self.grid.moves("seller", stops[1])
        else:
            moves = distinct(ranking.values[:buying]), distinct(ranking.costs[:selling])
        return Meeting(price, *moves, buying, selling, together=False)

    def _moves_together(self, ranking: Ranking) -> tuple[int, int]:
        if self.grid is not None:
            return self.grid.moves("buyer", self.halt[0]), self.grid.moves("seller", self.halt[1])
        top, bottom = self.opening
        half = (top - bottom) / 2
        times = sorted(
            [Fraction(0), half, *(top - x for x in ranking.values), *(x - bottom for x in ranking.costs)]
        )
        moves = distinct(times) - 1
        return moves, moves


def distinct(ordered: Sequence[Number]) -> int:
    """Count different numbers among sorted ones."""
    return sum(n == 0 or bool(ordered[n] != ordered[n - 1]) for n in range(len(ordered)))


def _beyond(price: Number, following: Number | None, way: int) -> Number | None:
    """Where a clock stops that runs on until the next trader: None is the end of its ticks."""
    if following is None:
        return None
    heard_already = following >= price if way < 0 else following <= price
    return price if heard_already else following


def _reached(ordered: tuple[Number, ...], stop: Number | None, known: int, way: int) -> int:
    """Count those who accept before a clock stops; the first ``known`` are sure to."""
    if stop is None:
        return len(ordered)
    count = known
    while count < len(ordered) and (ordered[count] >= stop if way < 0 else ordered[count] <= stop):
        count += 1
    return count
