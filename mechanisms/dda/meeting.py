"""The end of a clock auction, and how rounds and messages are counted."""

from __future__ import annotations

from dataclasses import dataclass

from ..market import Number


@dataclass(frozen=True)
class Meeting:
    """Where two clocks met and what it took.

    A **round** is one question of the auctioneer: the opening, or a move of one clock (of both, if they move
    together) to its next tick. Of continuous clocks only those positions count at which somebody accepts,
    and the one where simultaneous clocks meet. A **message** is one clock position made public, or one
    acceptance; silence is no message.

    Parameters
    ----------
    price
        The price where they met.
    buyer_moves, seller_moves
        Moves of each clock after the opening.
    buyers, sellers
        Acceptances.
    together
        Whether a round moves both clocks.
    """

    price: Number
    buyer_moves: int
    seller_moves: int
    buyers: int
    sellers: int
    together: bool

    @property
    def rounds(self) -> int:
        """Questions asked: the opening and every move."""
        if self.together:
            return 1 + max(self.buyer_moves, self.seller_moves)
        return 1 + self.buyer_moves + self.seller_moves

    @property
    def messages(self) -> int:
        """Positions made public (two in the opening, one a move) and acceptances."""
        return 2 + self.buyer_moves + self.seller_moves + self.buyers + self.sellers
