"""The best a trader can do against a clock auction: every way to behave, tried.

All that a trader can do is to choose the position of her clock at which she accepts. What she has seen before
she accepts is what she sees if she never does, so running the auction once without her yes lists every
choice: the search is complete, with no grid of reports and no sampling.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ...problem.errors import InvalidOption
from ..market import Market, Number, Side
from .bidders import Bidder, Never, Sincere
from .clocks import ClockAuction
from .policy import PolicyAuction
from .protocol import Clockwork, Rules, Session, hold, sincere
from .sessions import OnTicks


@dataclass(frozen=True)
class Reply:
    """One way to behave: accept at this position of one's clock (None: never), and what that gains."""

    position: Number | None
    utility: Number
    session: Session


def replies(
    auction: ClockAuction | PolicyAuction,
    market: Market,
    side: Side,
    index: int,
    others: Mapping[tuple[Side, int], Bidder] | None = None,
) -> list[Reply]:
    """Return every way to behave of one trader, valued at the market's values and costs.

    Parameters
    ----------
    auction
        With ticks or with a policy.
    market
        True values and costs.
    others
        The other traders' bidders; sincere by default. They must be deterministic and without memory.

    Raises
    ------
    InvalidOption
        For continuous clocks: they have no list of positions.
    """
    rules, clockwork = _held(auction)
    true = market.as_fractions()
    present = sincere(true) | dict(others or {})
    watching = hold(rules, clockwork, present | {(side, index): Never()})
    found = [Reply(None, watching.outcome.utility(true, side, index), watching)]
    for position in _offers(watching, side):
        held = hold(rules, clockwork, present | {(side, index): Sincere(side, position)})
        found.append(Reply(position, held.outcome.utility(true, side, index), held))
    return found


def best_reply(
    auction: ClockAuction | PolicyAuction, market: Market, side: Side, index: int
) -> tuple[Reply, Number]:
    """Return a best reply to sincere others, and what it gains over sincerity (0 or more)."""
    rules, clockwork = _held(auction)
    true = market.as_fractions()
    truth = hold(rules, clockwork, sincere(true)).outcome.utility(true, side, index)
    best = max(replies(auction, market, side, index), key=lambda reply: reply.utility)
    return best, best.utility - truth


@dataclass
class BestResponding:
    """A bidder who knows the auction and everybody's report, and takes her best reply to sincere others.

    Parameters
    ----------
    auction
        With ticks or with a policy.
    market
        True values and costs of all.
    side, index
        Which trader she is.
    """

    auction: ClockAuction | PolicyAuction
    market: Market
    side: Side
    index: int
    position: Number | None = field(init=False)

    def __post_init__(self) -> None:
        self.position = best_reply(self.auction, self.market, self.side, self.index)[0].position

    def accepts(self, clock: Number) -> bool:
        """Accept at the position chosen beforehand, or at one beyond it."""
        return self.position is not None and Sincere(self.side, self.position).accepts(clock)


def _held(auction: ClockAuction | PolicyAuction) -> tuple[Rules, Clockwork]:
    if isinstance(auction, PolicyAuction):
        return auction, auction
    if auction.grid is None:
        raise InvalidOption(
            "a best reply needs ticks or a policy: a continuous clock has no list of positions"
        )
    return auction, OnTicks(auction.grid)


def _offers(held: Session, side: Side) -> list[Number]:
    clocks = [each.buyer_clock if side == "buyer" else each.seller_clock for each in held.rounds]
    return list(dict.fromkeys(clocks))
