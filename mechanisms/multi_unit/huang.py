"""Huang, Scheller-Wolf and Sycara's multi-unit double auction: one price and one quantity a trader."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from ...problem.errors import InvalidMarket
from ..market import Number
from ..rule import Claims
from .market import MultiUnitMarket
from .outcome import MultiUnitOutcome


@dataclass(frozen=True)
class HuangMultiUnit:
    """The last efficient buyer and seller drop out with all their units; their reports are the prices.

    P. Huang, A. Scheller-Wolf and K. Sycara, Design of a multi-unit double auction e-market, Computational
    Intelligence 18 (2002). Each trader has one price for all her units. Buyers by falling, sellers by
    rising price (ties by index) give k, the efficient number of units; the k-th unit is bought by buyer K
    and sold by seller L. Buyers before K pay b_K a unit, sellers before L get s_L. On the longer side
    everybody gives up the same number of units, but nobody more than she has, so that units are divided.

    Truthful in price if quantities are true, individually rational, weakly budget balanced. Not truthful in
    quantity: a trader of the longer side is rationed less if she reports more units (`quantity_misreport`).
    """

    @property
    def claims(self) -> Claims:
        """What the rule declares of itself. Truthful: in price alone, for given quantities."""
        return Claims(truthful=True, budget="weak")

    def clear(self, market: MultiUnitMarket) -> MultiUnitOutcome:
        """Clear one market.

        Raises
        ------
        InvalidMarket
            When a trader's units have different values or costs.
        """
        values, costs = _flat("values", market.values), _flat("costs", market.costs)
        buyers = sorted(values, key=lambda i: (-values[i][0], i))
        sellers = sorted(costs, key=lambda j: (costs[j][0], j))
        bought: list[Number] = [Fraction(0)] * len(market.values)
        sold: list[Number] = [Fraction(0)] * len(market.costs)
        marginal = _last_traders([values[i] for i in buyers], [costs[j] for j in sellers])
        if marginal is None:
            return MultiUnitOutcome(tuple(bought), tuple(sold), tuple(bought), tuple(sold), (None, None))
        last_buyer, last_seller = marginal
        buyer_price, seller_price = values[buyers[last_buyer]][0], costs[sellers[last_seller]][0]
        wanted = [values[i][1] for i in buyers[:last_buyer]]
        offered = [costs[j][1] for j in sellers[:last_seller]]
        units = min(sum(wanted), sum(offered))
        for i, quantity in zip(buyers, _cut_to(units, wanted), strict=False):
            bought[i] = quantity
        for j, quantity in zip(sellers, _cut_to(units, offered), strict=False):
            sold[j] = quantity
        return MultiUnitOutcome(
            tuple(bought),
            tuple(sold),
            tuple(quantity * buyer_price for quantity in bought),
            tuple(quantity * seller_price for quantity in sold),
            (buyer_price, seller_price),
        )


def _flat(name: str, side: Sequence[Sequence[Number]]) -> dict[int, tuple[Number, int]]:
    """Price and quantity of each trader who has units."""
    found: dict[int, tuple[Number, int]] = {}
    for index, report in enumerate(side):
        if report and report[0] != report[-1]:
            raise InvalidMarket(
                f"{name}[{index}] has several prices: one price for all units is expected here"
            )
        if report:
            found[index] = (report[0], len(report))
    return found


def _last_traders(
    values: list[tuple[Number, int]], costs: list[tuple[Number, int]]
) -> tuple[int, int] | None:
    """Return the places of the buyer and the seller of the last efficient unit; None where there is none."""
    last, buyer, seller, wanted, offered = None, 0, 0, 0, 0
    while buyer < len(values) and seller < len(costs) and values[buyer][0] >= costs[seller][0]:
        last = (buyer, seller)
        # Whoever's units end first makes room for the next one; both where they end together.
        buyer_end, seller_end = wanted + values[buyer][1], offered + costs[seller][1]
        if buyer_end <= seller_end:
            buyer, wanted = buyer + 1, buyer_end
        if seller_end <= buyer_end:
            seller, offered = seller + 1, seller_end
    return last


def _cut_to(total: int, quantities: list[int]) -> list[Number]:
    """Take the same amount from each quantity, but no more than it is, so that they add up to the total."""
    excess, cut = sum(quantities) - total, Fraction(0)
    left = len(quantities)
    for quantity in sorted(quantities):
        # While an equal share of what is still to be given up exceeds the smallest, she gives all she has.
        cut = Fraction(excess, left)
        if quantity >= cut:
            break
        excess, left = excess - quantity, left - 1
    return [max(quantity - cut, Fraction(0)) for quantity in quantities]
