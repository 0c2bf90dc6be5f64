"""The auction as it is held: an auctioneer who moves two clocks, and traders who accept or stay silent.

Nothing here ranks or sorts reports; it is what the fast clearing is held against.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from ..market import Market, Number, Side
from ..outcome import Outcome
from ..ranking import Ranking
from ..rule import Terms, settle
from .bidders import Bidder, Sincere
from .views import FullView

SIDES: tuple[Side, Side] = ("buyer", "seller")


class Rules(Protocol):
    """The part of an auction that the auctioneer needs to know."""

    @property
    def balance(self) -> str: ...  # noqa: D102

    @property
    def first(self) -> str: ...  # noqa: D102

    @property
    def opening(self) -> tuple[Number, Number]: ...  # noqa: D102

    @property
    def runs_on(self) -> bool: ...  # noqa: D102

    def terms(self, ranking: Ranking, price: Number) -> Terms: ...  # noqa: D102


class Clockwork(Protocol):
    """Where a clock goes next."""

    def next(self, view: FullView) -> Number | None:
        """Return the next position of ``view.side``'s clock, None where it has no further one."""
        ...


@dataclass(frozen=True)
class Round:
    """One question of the auctioneer and its answers.

    Parameters
    ----------
    moved
        Sides whose clock moved; none in the opening.
    buyer_clock, seller_clock
        Positions after the move.
    buyers, sellers
        Indices of those who accepted now, in order of index.
    beyond
        Whether the clocks have met before and run on only to hear one more trader.
    """

    moved: tuple[Side, ...]
    buyer_clock: Number
    seller_clock: Number
    buyers: tuple[int, ...]
    sellers: tuple[int, ...]
    beyond: bool = False


@dataclass(frozen=True)
class Session:
    """An auction that was held: its rounds, where the clocks met, and the outcome."""

    rounds: tuple[Round, ...]
    price: Number
    outcome: Outcome


def sincere(market: Market) -> dict[tuple[Side, int], Bidder]:
    """Return a sincere bidder for every trader of a market."""
    return {
        (side, index): Sincere(side, report)
        for side in SIDES
        for index, report in enumerate(market.values if side == "buyer" else market.costs)
    }


def hold(rules: Rules, clockwork: Clockwork, bidders: Mapping[tuple[Side, int], Bidder]) -> Session:
    """Hold an auction, round by round."""
    hall = _Hall(rules, clockwork, bidders)
    hall.ask((), SIDES)
    price = hall.run()
    traded = min(len(hall.accepted["buyer"]), len(hall.accepted["seller"]))
    if rules.runs_on and traded:
        hall.run_on(traded)
    return Session(tuple(hall.rounds), price, _outcome(rules, hall, traded, price))


class _Hall:
    """The clocks, and who has accepted so far."""

    def __init__(
        self, rules: Rules, clockwork: Clockwork, bidders: Mapping[tuple[Side, int], Bidder]
    ) -> None:
        self.rules = rules
        self.clockwork = clockwork
        self.clock: dict[Side, Number] = dict(zip(SIDES, rules.opening, strict=True))
        self.moves: dict[Side, int] = dict.fromkeys(SIDES, 0)
        self.accepted: dict[Side, list[tuple[int, Number]]] = {side: [] for side in SIDES}
        self.bidders = {side: {i: x for (s, i), x in sorted(bidders.items()) if s == side} for side in SIDES}
        self.traders = {side: len(self.bidders[side]) for side in SIDES}
        self.rounds: list[Round] = []

    def run(self) -> Number:
        """Move the clocks until they meet or a move would carry one past the other; return the price."""
        while self.clock["buyer"] != self.clock["seller"]:
            movers = self._movers()
            moved = {side: to for side in movers if (to := self._next(side)) is not None}
            after = self.clock | moved
            if not moved or after["buyer"] < after["seller"]:
                if len(movers) == 2:
                    return (self.clock["buyer"] + self.clock["seller"]) / 2
                return self.clock[_other(movers[0])]
            self._move(moved)
        return self.clock["buyer"]

    def run_on(self, traded: int) -> None:
        """Let each clock run past the other until its side has accepted one unit more than is traded."""
        first: Side = "buyer" if self.rules.first == "buyers" else "seller"
        for side in (first, _other(first)):
            while len(self.accepted[side]) == traded and (to := self._next(side)) is not None:
                self._move({side: to}, beyond=True)

    def _movers(self) -> tuple[Side, ...]:
        if self.rules.balance == "simultaneous":
            return SIDES
        bought, sold = len(self.accepted["buyer"]), len(self.accepted["seller"])
        if bought == sold:
            return ("buyer",) if self.rules.first == "buyers" else ("seller",)
        return ("buyer",) if bought < sold else ("seller",)

    def _next(self, side: Side) -> Number | None:
        other = _other(side)
        return self.clockwork.next(
            FullView(
                side=side,
                moves=self.moves[side],
                clock=self.clock[side],
                other_clock=self.clock[other],
                accepted=len(self.accepted[side]),
                other_accepted=len(self.accepted[other]),
            )
        )

    def _move(self, moved: Mapping[Side, Number], *, beyond: bool = False) -> None:
        for side, position in moved.items():
            self.clock[side] = position
            self.moves[side] += 1
        sides = tuple(moved)
        self.ask(sides, sides, beyond=beyond)

    def ask(self, moved: Sequence[Side], asked: Sequence[Side], *, beyond: bool = False) -> None:
        """Ask everybody on some sides who has not accepted yet, and note the round."""
        answers: dict[Side, tuple[int, ...]] = dict.fromkeys(SIDES, ())
        for side in asked:
            position = self.clock[side]
            answers[side] = tuple(i for i, x in self.bidders[side].items() if x.accepts(position))
            for index in answers[side]:
                self.accepted[side].append((index, position))
                del self.bidders[side][index]
        clocks = self.clock["buyer"], self.clock["seller"]
        self.rounds.append(Round(tuple(moved), *clocks, answers["buyer"], answers["seller"], beyond=beyond))


def _outcome(rules: Rules, hall: _Hall, traded: int, price: Number) -> Outcome:
    bought, sold = hall.accepted["buyer"], hall.accepted["seller"]
    ranking = Ranking(
        tuple(i for i, _ in bought),
        tuple(j for j, _ in sold),
        tuple(tick for _, tick in bought),
        tuple(tick for _, tick in sold),
        efficient=traded,
    )
    posted = 2 + sum(len(each.moved) for each in hall.rounds)
    terms = replace(
        rules.terms(ranking, price), rounds=len(hall.rounds), messages=posted + len(bought) + len(sold)
    )
    nobody = Market.unchecked([None] * hall.traders["buyer"], [None] * hall.traders["seller"])
    return settle(nobody, ranking.buyers, ranking.sellers, terms)


def _other(side: Side) -> Side:
    return "seller" if side == "buyer" else "buyer"
