"""What an auctioneer may look at when choosing the next step of a clock."""

from __future__ import annotations

from dataclasses import dataclass

from ..market import Number, Side


@dataclass(frozen=True)
class PublicView:
    """What no report can change: the clock that is to move, and how often it has moved.

    Not even the round's number is here: with quantity-balanced clocks, how many rounds went to the other
    clock depends on reports.

    Parameters
    ----------
    side
        Whose clock is to move.
    moves
        Its moves so far.
    clock
        Its position.
    """

    side: Side
    moves: int
    clock: Number


@dataclass(frozen=True)
class FullView(PublicView):
    """The public view, and what reports have made of the auction so far.

    Parameters
    ----------
    other_clock
        Position of the other side's clock.
    accepted, other_accepted
        Acceptances so far, of the clock's own side and of the other.
    """

    other_clock: Number
    accepted: int
    other_accepted: int
