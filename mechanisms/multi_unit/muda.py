"""MUDA: the market is halved by coin tosses, and each half trades at the price of the other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import permutations, product
from typing import Literal

import numpy as np

from ...problem.errors import InvalidOption
from ..market import Number
from ..rule import Claims
from .market import MultiUnitMarket
from .outcome import MultiUnitOutcome


@dataclass(frozen=True)
class Split:
    """The coin of `MUDA`: drawn before, and independently of, all reports.

    Parameters
    ----------
    left_buyers, left_sellers
        (B,) and (K,) whether each *trader*, with all her units, falls into the left half.
    buyer_queue, seller_queue
        Orders of the indices in which the longer side is served.
    """

    left_buyers: tuple[bool, ...]
    left_sellers: tuple[bool, ...]
    buyer_queue: tuple[int, ...]
    seller_queue: tuple[int, ...]


@dataclass(frozen=True)
class MUDA:
    """Truthful multi-unit double auction by random halving.

    E. Segal-Halevi, A. Hassidim and Y. Aumann, MUDA: a truthful multi-unit double-auction mechanism (AAAI
    2018). Every trader, not every bid, is sent to the left or right half by a fair coin. The price of a
    half is the middle of its interval of clearing prices (its one end, where the interval has only one),
    and is the price at which the *other* half trades: there, each buyer wants the units worth at least the
    price to her, each seller offers those that cost her at most the price. The shorter side trades all of
    them. A half without units names no price, and the other half then does not trade.

    Parameters
    ----------
    rationing
        How the longer side shares: "lottery" serves its traders in random order, and the budget is balanced
        strongly; "vickrey" serves the units with the largest gain, and whoever displaces units of others
        also pays the gain that these lose, which is the auctioneer's: balanced weakly, and more welfare.
    seed
        Of the coin when none is given: a whole number gives the same coin in every call, a generator goes on.

    Raises
    ------
    InvalidOption
        When the rationing or the seed is not one of these.
    """

    rationing: Literal["lottery", "vickrey"] = "lottery"
    seed: int | np.random.Generator = 0

    def __post_init__(self) -> None:
        if self.rationing not in {"lottery", "vickrey"}:
            raise InvalidOption(f"rationing is {self.rationing!r}: it must be 'lottery' or 'vickrey'")
        if not isinstance(self.seed, np.random.Generator) and (
            not isinstance(self.seed, int) or self.seed < 0
        ):
            raise InvalidOption(f"seed is {self.seed!r}: a whole number of 0 or more is expected")

    @property
    def claims(self) -> Claims:
        """What the rule declares of itself, for every coin."""
        return Claims(truthful=True, budget="strong" if self.rationing == "lottery" else "weak")

    def draw(self, buyers: int, sellers: int) -> Split:
        """Draw a coin from the seed for a market of this size."""
        rng = np.random.default_rng(self.seed)
        return Split(
            tuple((rng.random(buyers) < 0.5).tolist()),
            tuple((rng.random(sellers) < 0.5).tolist()),
            tuple(rng.permutation(buyers).tolist()),
            tuple(rng.permutation(sellers).tolist()),
        )

    def coins(self, buyers: int, sellers: int) -> Iterator[tuple[Fraction, Split]]:
        """Every coin up to equivalence for markets of this size, with its probability: for few traders."""
        halving = Fraction(1, 2 ** (buyers + sellers))
        for left_buyers in product((True, False), repeat=buyers):
            for left_sellers in product((True, False), repeat=sellers):
                buyer_queues, seller_queues = self._queues(left_buyers), self._queues(left_sellers)
                weight = halving / (len(buyer_queues) * len(seller_queues))
                for queues in product(buyer_queues, seller_queues):
                    yield weight, Split(left_buyers, left_sellers, *queues)

    def clear(self, market: MultiUnitMarket, coin: Split | None = None) -> MultiUnitOutcome:
        """Clear one market with this coin, or with one drawn from the seed."""
        B, K = len(market.values), len(market.costs)
        split = self.draw(B, K) if coin is None else coin
        if len(split.left_buyers) != B or len(split.left_sellers) != K:
            raise InvalidOption(f"the coin is not for {B} buyers and {K} sellers")
        books = {left: _Book.of_half(market, split, left) for left in (True, False)}
        prices = {left: books[left].price() for left in books}
        bought, sold = [0] * B, [0] * K
        payments: list[Number] = [Fraction(0)] * B
        receipts: list[Number] = [Fraction(0)] * K
        for left, book in books.items():
            price = prices[not left]
            if price is None:
                continue
            buying, selling = book.trade(price, self.rationing)
            for i, (units, fee) in buying.items():
                bought[i], payments[i] = units, units * price + fee
            for j, (units, fee) in selling.items():
                sold[j], receipts[j] = units, units * price - fee
        return MultiUnitOutcome(
            tuple(bought), tuple(sold), tuple(payments), tuple(receipts), (prices[True], prices[False])
        )

    def _queues(self, left: tuple[bool, ...]) -> list[tuple[int, ...]]:
        """Orders within either half; orders between halves do not matter, nor does any under "vickrey"."""
        halves = [[i for i, here in enumerate(left) if here], [i for i, here in enumerate(left) if not here]]
        if self.rationing == "vickrey":
            return [(*halves[0], *halves[1])]
        return [(*first, *second) for first, second in product(*(permutations(half) for half in halves))]


@dataclass(frozen=True)
class _Book:
    """Reports of one half, traders in order of the queue."""

    values: dict[int, Sequence[Number]]
    costs: dict[int, Sequence[Number]]

    @classmethod
    def of_half(cls, market: MultiUnitMarket, split: Split, left: bool) -> _Book:
        return cls(
            {i: market.values[i] for i in split.buyer_queue if split.left_buyers[i] == left},
            {j: market.costs[j] for j in split.seller_queue if split.left_sellers[j] == left},
        )

    def price(self) -> Number | None:
        """Return the middle of the clearing prices: of n wanted units, the n-th and next smallest report."""
        wanted = [x for report in self.values.values() for x in report]
        pooled = sorted([*wanted, *(x for report in self.costs.values() for x in report)])
        ends = pooled[max(len(wanted) - 1, 0) : len(wanted) + 1]
        return sum(ends) / len(ends) if ends else None

    def trade(
        self, price: Number, rationing: str
    ) -> tuple[dict[int, tuple[int, Number]], dict[int, tuple[int, Number]]]:
        """Return (units, fee) for each buyer and each seller at a price from outside."""
        buying = {i: [x - price for x in report if x >= price] for i, report in self.values.items()}
        selling = {j: [price - x for x in report if x <= price] for j, report in self.costs.items()}
        units = min(sum(map(len, buying.values())), sum(map(len, selling.values())))
        share = _serve_queue if rationing == "lottery" else _serve_best
        return share(buying, units), share(selling, units)


def _serve_queue(gains: dict[int, list[Number]], units: int) -> dict[int, tuple[int, Number]]:
    """Serve traders in order, each with all she wants, while units last."""
    served: dict[int, tuple[int, Number]] = {}
    for trader, wanted in gains.items():
        taken = min(len(wanted), units)
        served[trader] = (taken, 0)
        units -= taken
    return served


def _serve_best(gains: dict[int, list[Number]], units: int) -> dict[int, tuple[int, Number]]:
    """Serve the largest gains, ties by index; a trader's fee is the gain that the others lose through her."""
    ranked = sorted(
        ((gain, i) for i, wanted in gains.items() for gain in wanted), key=lambda x: (-x[0], x[1])
    )
    winners, losers = ranked[:units], ranked[units:]
    won = dict.fromkeys(gains, 0)
    for _, i in winners:
        won[i] += 1
    return {i: (taken, _displaced(losers, i, taken)) for i, taken in won.items()}


def _displaced(losers: list[tuple[Number, int]], trader: int, units: int) -> Number:
    """Sum of the best gains of other traders that lost."""
    fee: Number = 0
    for gain, i in losers:
        if units == 0:
            break
        if i != trader:
            fee += gain
            units -= 1
    return fee
