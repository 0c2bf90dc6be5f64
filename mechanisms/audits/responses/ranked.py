"""A faster way for rules that rank traders: the report is inserted into the others' ranking.

`Rule.terms` runs as it is, on symbols. What is left out is sorting everybody again for each piece, which
takes most of the time; tests hold the pieces equal to those of `follow`.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator
from fractions import Fraction
from itertools import pairwise

from ...market import Market, Number, Side
from ...ranking import Ranking
from ...rule import Mechanism, Rule
from .response import Cut, Response, Treatment, cut, merged


class Inserter:
    """One market's traders in order, without one of them, and rankings with her report put in.

    Parameters
    ----------
    market, side, index
        Whose report is inserted.
    """

    def __init__(self, market: Market, side: Side, index: int) -> None:
        self.side = side
        self.index = index
        buyers = sorted(range(len(market.values)), key=lambda i: market.values[i], reverse=True)
        sellers = sorted(range(len(market.costs)), key=lambda j: market.costs[j])
        (buyers if side == "buyer" else sellers).remove(index)
        self.buyers, self.sellers = tuple(buyers), tuple(sellers)
        self.values = tuple(market.values[i] for i in buyers)
        self.costs = tuple(market.costs[j] for j in sellers)
        self.rivals = self.values[::-1] if side == "buyer" else self.costs

    def places(self, report: Fraction) -> tuple[int, int, int]:
        """Return how many of her side rank before her if she reports a little less, just this, a little more.

        Of those who report the same, the lower indices rank before her.
        """
        eager = self.side == "buyer"
        names = self.buyers if eager else self.sellers
        first, last = bisect_left(self.rivals, report), bisect_right(self.rivals, report)
        if eager:
            first, last = len(names) - last, len(names) - first
        here = first + sum(name < self.index for name in names[first:last])
        return (last, here, first) if eager else (first, here, last)

    def ranking(self, report: Number, place: int) -> Ranking:
        """Return the ranking of everybody."""
        buyers, sellers, values, costs = self.buyers, self.sellers, self.values, self.costs
        if self.side == "buyer":
            buyers = (*buyers[:place], self.index, *buyers[place:])
            values = (*values[:place], report, *values[place:])
        else:
            sellers = (*sellers[:place], self.index, *sellers[place:])
            costs = (*costs[:place], report, *costs[place:])
        return Ranking(buyers, sellers, values, costs, _efficient(values, costs))


def insert(rule: Rule, market: Market, side: Side, index: int) -> Response:
    """Return how a rule treats one trader, as `follow` does.

    Raises
    ------
    NotCertified
        When the rule's ``terms`` do something with reports that cannot be followed exactly.
    """
    inserter = Inserter(market, side, index)
    pieces, rounded = merged(_cuts(rule, inserter))
    return Response(market, side, index, None, pieces, "ranked", rounded)


def ranks_only(mechanism: Mechanism) -> bool:
    """Return whether a mechanism clears by its ``terms`` alone, which look at reports and not at names.

    Nothing keeps a rule of somebody else from looking at the indices in a ranking, so only the rules of this
    package are taken at their word; others are followed as they are.
    """
    own = type(mechanism).__module__.startswith(Rule.__module__.rpartition(".")[0] + ".")
    return own and isinstance(mechanism, Rule) and type(mechanism).clear is Rule.clear


def _cuts(rule: Rule, inserter: Inserter) -> Iterator[Cut]:
    ends = sorted({end for end in inserter.rivals if end > 0} | {Fraction(0)})
    for low, high in pairwise([*ends, None]):
        assert low is not None
        _, at, beyond = inserter.places(low)
        yield from cut(_treat(rule, inserter, at), low, low)
        yield from cut(_treat(rule, inserter, beyond), low, high)


def _treat(rule: Rule, inserter: Inserter, place: int) -> Callable[[Number], Treatment]:
    def treat(report: Number) -> Treatment:
        terms = rule.terms(inserter.ranking(report, place))
        if inserter.side == "buyer":
            trades, price = place + 1 in terms.buyers, terms.buyer_price
        else:
            trades, price = place + 1 in terms.sellers, terms.seller_price
        return trades, price if trades else Fraction(0)

    return treat


def _efficient(values: tuple[Number, ...], costs: tuple[Number, ...]) -> int:
    """Return k: willing pairs come first, so their number is found by halving."""
    low, high = 0, min(len(values), len(costs))
    while low < high:
        middle = (low + high) // 2
        if values[middle] < costs[middle]:
            high = middle
        else:
            low = middle + 1
    return low
