"""What a mechanism's outcome may depend on: names, irrelevant reports, units and the zero of the scale.

- *Anonymity*: permuting traders permutes payoffs. Up to ties: traders with equal reports may swap payoffs,
  because somebody's index has to break the tie. Of a lottery, on average over its coins; all other
  properties are checked coin by coin.
- *Non-bossiness*: a trader whose report leaves her own trade and payment as they are leaves all payoffs as
  they are.
- *Scale equivariance*: all reports times a factor give all payoffs times that factor.
- *Shift equivariance*: all reports plus an offset give the same payoffs.

Reports, factors and offsets range over all real numbers that leave reports at 0 or more, followed exactly
through the mechanism's code; where code cannot be followed, a few are tried and the verdict is "sampled".
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import chain, islice, permutations, product
from math import factorial
from typing import Any

from ..market import Market, Number
from ..rule import Mechanism
from .collusion import collusion_finding
from .finding import Finding
from .forking.cells import Cell, half_line, reports
from .forking.deviations import candidates
from .forking.forms import Form, NotSymbolic, explore
from .subject import as_mechanism, clear, coins
from .trials.measures import own_outcome, utilities
from .trials.trial import Trial, traders_of
from .witness import witness_of

_ALL_ORDERS = 720
_SAMPLED_ORDERS = 60


def axiom_verdicts(mechanism: Mechanism | Callable[..., Any], markets: Iterable[Market]) -> list[Finding]:
    """Return one finding each for anonymity, non-bossiness, both equivariances, and collusion of pairs.

    Parameters
    ----------
    mechanism
        A mechanism or a function.
    markets
        Profiles; floats stand for the binary fractions they are.

    Notes
    -----
    "certified" speaks of the given profiles only, with all orders, reports, factors and offsets.
    """
    subject, profiles = as_mechanism(mechanism), [market.as_fractions() for market in markets]
    return [
        anonymity(subject, profiles),
        non_bossiness(subject, profiles),
        equivariance(subject, profiles, "scale"),
        equivariance(subject, profiles, "shift"),
        collusion_finding(subject, profiles, side_payments=False),
        collusion_finding(subject, profiles, side_payments=True),
    ]


def anonymity(mechanism: Mechanism, markets: Sequence[Market]) -> Finding:
    """Permute traders: every order where there are at most 720, else 60 drawn ones."""
    every = True
    for market in markets:
        complete = factorial(len(market.values)) * factorial(len(market.costs)) <= _ALL_ORDERS
        every &= complete
        orders = _all_orders(market) if complete else _drawn_orders(market)
        for order in orders:
            witness = witness_of("anonymity", mechanism, Trial(market, order=order))
            if witness is not None:
                return Finding("anonymity", "refuted", "orders of traders", witness.gain, witness)
    scope = f"{'all' if every else 'drawn'} orders of traders, {len(markets)} profiles, up to ties"
    return Finding("anonymity", "certified" if every else "sampled", scope)


def non_bossiness(mechanism: Mechanism, markets: Sequence[Market]) -> Finding:
    """Let every trader report every number of 0 or more."""

    def trials(market: Market) -> Iterator[tuple[Trial, bool]]:
        for trader, coin in product(traders_of(market), coins(mechanism, market)):
            start = Trial(market, (trader,), coin=coin)
            try:
                found = [replace(start, reports=(x,)) for x in _bossy_reports(mechanism, start)]
                yield from ((trial, True) for trial in found)
            except NotSymbolic:
                yield from ((replace(start, reports=(x,)), False) for x in candidates(market))

    return _first_failure("non-bossiness", mechanism, markets, trials, "reports of 0 or more")


def equivariance(mechanism: Mechanism, markets: Sequence[Market], kind: str) -> Finding:
    """Multiply all reports by every factor, or add every offset that leaves them at 0 or more."""
    name = {"scale": "factor", "shift": "offset"}[kind]

    def moved(start: Trial, x: Fraction) -> Trial:
        return replace(start, factor=x) if kind == "scale" else replace(start, offset=x)

    def trials(market: Market) -> Iterator[tuple[Trial, bool]]:
        for coin in coins(mechanism, market):
            start = Trial(market, coin=coin)
            try:
                found = [moved(start, x) for x in _breaking(mechanism, start, name)]
                yield from ((trial, True) for trial in found)
            except NotSymbolic:
                # Powers of two, which floating point multiplies and adds without rounding.
                yield from ((moved(start, x), False) for x in (Fraction(1, 2), Fraction(2), Fraction(16)))

    return _first_failure(f"{kind} equivariance", mechanism, markets, trials, f"{name}s")


def _first_failure(
    claim: str,
    mechanism: Mechanism,
    markets: Sequence[Market],
    trials: Callable[[Market], Iterator[tuple[Trial, bool]]],
    what: str,
) -> Finding:
    exact = True
    for trial, followed in chain.from_iterable(trials(market) for market in markets):
        exact &= followed
        if (witness := witness_of(claim, mechanism, trial)) is not None:
            return Finding(claim, "refuted", what, witness.gain, witness)
    scope = f"{'all' if exact else 'some'} {what}, {len(markets)} profiles"
    return Finding(claim, "certified" if exact else "sampled", scope)


def _bossy_reports(mechanism: Mechanism, start: Trial) -> Iterator[Fraction]:
    """Yield reports that leave one trader's own outcome as it is and change somebody's payoff."""
    (trader,) = start.traders
    market = start.market
    truth = clear(mechanism, market, start.coin)
    before, mine = utilities(truth, market), own_outcome(truth, trader)

    def run(report: Form) -> tuple[bool, Form, list[Form]]:
        outcome = clear(mechanism, market.with_report(trader.side, trader.index, report), start.coin)
        trades, paid = own_outcome(outcome, trader)
        after = utilities(outcome, market)
        others = [report * 0 + after[x] - before[x] for x in before if x != trader]
        return trades == mine[0], report * 0 + paid - mine[1], others

    for cell, (same, paid, others) in _all_cells(run, reports(1)):
        for unchanged in _where_zero(cell, paid) if same else []:
            yield from _where_not_zero(unchanged, others)


def _breaking(mechanism: Mechanism, start: Trial, name: str) -> Iterator[Fraction]:
    """Yield factors or offsets at which payoffs do not follow."""
    market = start.market
    before = utilities(clear(mechanism, market, start.coin), market)
    reported = (*market.values, *market.costs)

    def run(x: Form) -> list[Form]:
        def moved(report: Number) -> Number:
            return x * report if name == "factor" else x + report

        changed = Market.unchecked(map(moved, market.values), map(moved, market.costs))
        after = utilities(clear(mechanism, changed, start.coin), changed)
        return [after[t] - (x * before[t] if name == "factor" else x * 0 + before[t]) for t in before]

    lowest = Fraction(0) if name == "factor" else -min(reported, default=Fraction(0))
    for cell, differences in _all_cells(run, [half_line(lowest)]):
        yield from _where_not_zero(cell, differences)


def _all_cells(run: Callable[[Form], Any], starts: list[Cell]) -> Iterator[tuple[Cell, Any]]:
    return chain.from_iterable(explore(run, start, 1) for start in starts)


def _where_zero(cell: Cell, form: Form) -> list[Cell]:
    return [piece for sign, piece in cell.pieces(form) if sign == 0]


def _where_not_zero(cell: Cell, forms: list[Form]) -> Iterator[Fraction]:
    for form in forms:
        for sign, piece in cell.pieces(form):
            if sign != 0:
                yield piece.point()[0]


def _all_orders(market: Market) -> Iterator[tuple[tuple[int, ...], tuple[int, ...]]]:
    return product(permutations(range(len(market.values))), permutations(range(len(market.costs))))


def _drawn_orders(market: Market) -> Iterator[tuple[tuple[int, ...], tuple[int, ...]]]:
    draw = random.Random(0)
    buyers, sellers = range(len(market.values)), range(len(market.costs))

    def one() -> tuple[tuple[int, ...], tuple[int, ...]]:
        return tuple(draw.sample(buyers, len(buyers))), tuple(draw.sample(sellers, len(sellers)))

    return islice(iter(one, None), _SAMPLED_ORDERS)
