"""How an auctioneer chooses the clocks' steps, and what that does to truthfulness.

A policy declares whether it is independent of reports. If so, it is shown nothing that a report can change,
and all its ticks are fixed before the auction opens: truthful clearing stays truthful. If it is not, it sees
acceptances as well, and the auction claims nothing: see `policy_audit`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Protocol

import numpy as np

from ...problem.errors import InvalidOption
from ..market import Market, Number, Side
from ..outcome import Outcome
from ..ranking import Ranking
from ..rule import Claims, Terms
from .auction import DoubleDutchAuction
from .protocol import Session, hold, sincere
from .ticks import MOST_TICKS, Ticks, exact, price_range
from .truthful import TruthfulDoubleDutchAuction
from .views import FullView, PublicView


class ClockPolicy(Protocol):
    """Chooses the next step of a clock."""

    @property
    def report_independent(self) -> bool:
        """Whether `step` is shown a `PublicView` only; otherwise it is shown a `FullView`."""
        ...

    def step(self, view: PublicView) -> Number | None:
        """Return how far ``view.side``'s clock moves, above 0; None: it has no further tick."""
        ...


@dataclass(frozen=True)
class StepSchedule:
    """The n-th move of a clock is the n-th step; the last step repeats. Independent of reports."""

    steps: tuple[Number, ...]
    report_independent: bool = True

    def step(self, view: PublicView) -> Number | None:
        """Return the step with that number."""
        return self.steps[min(view.moves, len(self.steps) - 1)]


@dataclass(frozen=True)
class SlowAfterFirst:
    """Long steps until a clock's side has accepted a unit, then short ones: it reacts to reports.

    What an eager auctioneer, or one that has learned to save rounds, would do. It breaks truthfulness.
    """

    fast: Number = 3
    slow: Number = 1
    report_independent: bool = False

    def step(self, view: PublicView) -> Number | None:
        """Look at the acceptances of the clock's own side."""
        return self.slow if isinstance(view, FullView) and view.accepted else self.fast


@dataclass(frozen=True)
class PolicyAuction:
    """A double Dutch auction whose steps a policy chooses.

    Parameters
    ----------
    policy
        The auctioneer's.
    auction
        Everything else: balance, who is first, price range, prices. Its own ticks must be "exact", that is
        unused.

    Raises
    ------
    InvalidOption
        When the auction has ticks of its own, or a step is no number above 0.
    """

    policy: ClockPolicy
    auction: DoubleDutchAuction | TruthfulDoubleDutchAuction

    def __post_init__(self) -> None:
        if self.auction.grid is not None:
            raise InvalidOption("the auction has ticks of its own: leave them to the policy (ticks='exact')")

    @property
    def claims(self) -> Claims:
        """What is left of the auction's claims: nothing about truthfulness where steps react to reports."""
        truthful = self.auction.claims.truthful if self.policy.report_independent else False
        return replace(self.auction.claims, truthful=truthful, efficient=False, guarantee=False)

    @property
    def balance(self) -> str:
        """Which clock moves."""
        return self.auction.balance

    @property
    def first(self) -> str:
        """Whose clock moves when both sides have accepted as many."""
        return self.auction.first

    @property
    def runs_on(self) -> bool:
        """Whether the clocks pass each other."""
        return self.auction.runs_on

    @cached_property
    def opening(self) -> tuple[Number, Number]:
        """The ends of the price range."""
        bottom, top = price_range(self.auction.low, self.auction.high)
        return top, bottom

    def terms(self, ranking: Ranking, price: Number) -> Terms:
        """Decide as the auction would."""
        return self.auction.terms(ranking, price)

    @cached_property
    def ticks(self) -> Ticks | None:
        """All ticks of a report-independent policy, fixed before the opening; None for any other."""
        if not self.policy.report_independent:
            return None
        buyers, sellers = (tuple(self._unrolled(side)) for side in ("buyer", "seller"))
        return Ticks(buyers, sellers)

    def clear(self, market: Market) -> Outcome:
        """Clear one market of sincere traders."""
        if self.ticks is not None:
            return replace(self.auction, ticks=self.ticks).clear(market)
        outcome = self.session(market).outcome
        if market.exact:
            return outcome
        payments, receipts = (np.array(x, dtype=float) for x in (outcome.payments, outcome.receipts))
        price = None if outcome.price is None else float(outcome.price)
        return replace(outcome, payments=payments, receipts=receipts, price=price)

    def session(self, market: Market) -> Session:
        """Hold the auction with the sincere traders of a market."""
        return hold(self, self, sincere(market.as_fractions()))

    def next(self, view: FullView) -> Number | None:
        """Return the next position of a clock, None where it would leave the price range."""
        if self.ticks is not None:
            positions = self.ticks.positions(view.side)
            return positions[view.moves + 1] if view.moves + 1 < len(positions) else None
        return self._after(view)

    def _after(self, view: PublicView) -> Number | None:
        step = self.policy.step(view)
        if step is None:
            return None
        size = exact(step, "a policy's step")
        if not size > 0:
            raise InvalidOption(f"a policy's step is {step!r}: a number above 0, or None, is expected")
        top, bottom = self.opening
        position = view.clock - size if view.side == "buyer" else view.clock + size
        return position if bottom <= position <= top else None

    def _unrolled(self, side: Side) -> Iterator[Number]:
        position: Number | None = self.opening[0] if side == "buyer" else self.opening[1]
        moves = 0
        while position is not None:
            yield position
            if moves == MOST_TICKS:
                raise InvalidOption(f"a policy makes more than {MOST_TICKS:,} ticks")
            position = self._after(PublicView(side, moves, position))
            moves += 1
