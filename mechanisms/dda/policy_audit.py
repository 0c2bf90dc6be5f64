"""Does a clock policy keep truthful clearing truthful? A search for the worst market, a proof on given types.

In every market tried, every trader's every way to behave is tried (see `replies`), so a market is settled
exactly. Which markets are tried: all of the given types; and, to make a counterexample worse, those around
the worst one found.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations_with_replacement
from typing import Literal

from ...problem.errors import InvalidOption
from ..market import Market, Number, Side
from .policy import ClockPolicy, PolicyAuction
from .protocol import SIDES
from .replies import Reply, best_reply
from .ticks import exact
from .truthful import TruthfulDoubleDutchAuction

_MOST_MARKETS = 100_000


@dataclass(frozen=True)
class PolicyAudit:
    """What is known of a policy's effect on truthfulness.

    Parameters
    ----------
    verdict
        "certified": no trader of any market of the types gains from any behaviour; "refuted": one does.
    regret
        The largest gain found; exact for each market tried.
    markets
        Markets settled.
    market, side, index, reply
        The worst case: at which position of her clock that trader accepts instead; None where nobody gains.
    """

    verdict: Literal["certified", "refuted"]
    regret: Number
    markets: int
    market: Market | None = None
    side: Side | None = None
    index: int | None = None
    reply: Reply | None = None

    @property
    def holds(self) -> bool:
        """Whether truth is a best reply in every market tried."""
        return self.verdict == "certified"

    def __str__(self) -> str:
        if self.market is None or self.reply is None:
            return f"certified: no gain in {self.markets} markets"
        market = self.market.as_json()
        how = "never accepts" if self.reply.position is None else f"accepts at {self.reply.position}"
        return (
            f"refuted: values {market['values']}, costs {market['costs']}: {self.side} {self.index} "
            f"gains {self.regret} if she {how}"
        )


def policy_audit(
    policy: ClockPolicy,
    auction: TruthfulDoubleDutchAuction | None = None,
    *,
    buyers: int = 2,
    sellers: int = 2,
    values: Sequence[Number] | None = None,
    costs: Sequence[Number] | None = None,
    climb: bool = True,
) -> PolicyAudit:
    """Try every market of given types, and every behaviour of every trader in it.

    Parameters
    ----------
    policy
        Chooses the steps.
    auction
        What it is used in; by default both clocks move every round in the price range 0 to 20.
    buyers, sellers
        Size of the markets; markets in which traders are of equal types up to order are tried once.
    values, costs
        Types of buyers and of sellers. By default five ticks of the clocks where those do not depend on
        reports (others round, which is not the policy's fault), and six numbers over the price range
        where they do.
    climb
        Whether to look for a worse market around the worst one, changing one report at a time.

    Raises
    ------
    InvalidOption
        When there are more than a hundred thousand markets.
    """
    held = PolicyAuction(policy, auction or TruthfulDoubleDutchAuction("simultaneous", high=20))
    types = (
        _types(held, "buyer", values),
        _types(held, "seller", costs),
    )
    tried = 0
    worst = PolicyAudit("certified", Fraction(0), 0)
    for market in _markets(types, buyers, sellers):
        tried += 1
        worst = _worse(worst, held, market)
    if climb and worst.market is not None:
        worst, more = _climbed(worst, held)
        tried += more
    return PolicyAudit(worst.verdict, worst.regret, tried, worst.market, worst.side, worst.index, worst.reply)


def _types(held: PolicyAuction, side: Side, given: Sequence[Number] | None) -> list[Number]:
    if given is not None:
        return sorted({exact(x, f"type of a {side}") for x in given})
    top, bottom = held.opening
    if held.ticks is not None:
        positions = sorted(held.ticks.positions(side))
        return sorted({positions[round(n * (len(positions) - 1) / 4)] for n in range(5)})
    return [bottom + (top - bottom) * Fraction(n, 5) for n in range(6)]


def _markets(types: tuple[list[Number], list[Number]], buyers: int, sellers: int) -> Iterator[Market]:
    sides = [list(combinations_with_replacement(x, n)) for x, n in zip(types, (buyers, sellers), strict=True)]
    if len(sides[0]) * len(sides[1]) > _MOST_MARKETS:
        raise InvalidOption(
            f"{len(sides[0]) * len(sides[1]):,} markets: give fewer types or smaller markets, "
            f"at most {_MOST_MARKETS:,}"
        )
    for values in sides[0]:
        for costs in sides[1]:
            yield Market(values, costs)


def _worse(worst: PolicyAudit, held: PolicyAuction, market: Market) -> PolicyAudit:
    """Return the worse one of the worst case so far and this market's."""
    for side in SIDES:
        for index in range(len(market.values if side == "buyer" else market.costs)):
            reply, gain = best_reply(held, market, side, index)
            if gain > worst.regret:
                worst = PolicyAudit("refuted", gain, 0, market, side, index, reply)
    return worst


def _climbed(worst: PolicyAudit, held: PolicyAuction) -> tuple[PolicyAudit, int]:
    """Change one report at a time as long as that makes the worst case worse."""
    top, bottom = held.opening
    tried = 0
    while (start := worst).market is not None:
        for market in _around(start.market, bottom, top):
            tried += 1
            worst = _worse(worst, held, market)
        if worst is start:
            break
    return worst, tried


def _around(market: Market, bottom: Number, top: Number) -> Iterator[Market]:
    for side in SIDES:
        for index in range(len(market.values if side == "buyer" else market.costs)):
            for size in (Fraction(top - bottom, 20), Fraction(top - bottom, 5)):
                for report in (market.report(side, index) - size, market.report(side, index) + size):
                    if bottom <= report <= top:
                        yield market.with_report(side, index, report)
