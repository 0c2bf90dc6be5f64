"""Two traders who misreport together, with and without paying each other.

No double auction here is proof against it: the excluded trader whose report sets a price gives it in exchange
for nothing she loses. Without side payments nobody may lose and somebody must gain; with them the sum counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import combinations

from ..market import Market, Number
from ..rule import Mechanism
from .finding import Finding
from .forking.deviations import Deviation, best_deviation
from .subject import coins
from .trials.trial import Trader, traders_of
from .witness import Witness, witness_of

_MOST_TRADERS = 12
ALONE, PAID = "collusion-proof", "collusion-proof with side payments"


def deviations_of_pairs(
    mechanism: Mechanism, market: Market, *, side_payments: bool
) -> Iterator[tuple[tuple[Trader, ...], Deviation]]:
    """Yield every pair of traders with their largest joint gain, for each coin."""
    for coin in coins(mechanism, market):
        for pair in combinations(traders_of(market), 2):
            found = best_deviation(mechanism, market, pair, coin=coin, nobody_loses=not side_payments)
            yield pair, found


def largest_collusion(mechanism: Mechanism, market: Market, *, side_payments: bool) -> Deviation | None:
    """Return the pair's misreport with the largest joint gain; None where there are no two traders."""
    found = [x for _, x in deviations_of_pairs(mechanism, market, side_payments=side_payments)]
    if not found:
        return None
    unbounded = [x for x in found if x.gain is None]
    return unbounded[0] if unbounded else max(found, key=lambda x: (x.gain or 0, x.attained))


def collusion_finding(mechanism: Mechanism, markets: Iterable[Market], *, side_payments: bool) -> Finding:
    """Search profile by profile for two traders who gain together; stop at the first market with a pair.

    The figure is the largest joint gain of any pair in that market. Markets of more than 12 traders are left
    out, and not counted.
    """
    claim, exact, seen = PAID if side_payments else ALONE, True, 0
    for market in markets:
        if len(traders_of(market)) > _MOST_TRADERS:
            continue
        seen += 1
        best = largest_collusion(mechanism, market.as_fractions(), side_payments=side_payments)
        if best is None:
            continue
        exact &= best.exact
        if best.trial is not None and (witness := witness_of(claim, mechanism, best.trial)) is not None:
            return Finding(claim, "refuted", "pairs of traders", _figure(best, witness), witness)
    if exact and seen:
        return Finding(claim, "certified", f"all pairs, all reports of 0 or more, {seen} profiles")
    return Finding(claim, "sampled", f"all pairs, reports at and between others', {seen} profiles")


def _figure(best: Deviation, witness: Witness) -> Number:
    return witness.gain if best.gain is None else best.gain
