"""Smaller counterexamples: fewer traders first, then whole, small and few different numbers.

Deterministic: the same counterexample always shrinks to the same one. What is reached is a market from which
no single step of those listed here leads to a smaller one that still refutes; not always the smallest of all.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from itertools import product
from typing import Any, TypeAlias

from ...problem.errors import InvalidOption
from ..market import Market
from ..rule import Mechanism
from .subject import as_mechanism
from .trials.naming import build
from .trials.trial import Trader, Trial, traders_of
from .witness import Witness, witness_of

Refute: TypeAlias = Callable[[Market], Witness | None]
_MOST_STEPS = 10_000


def shrink(witness: Witness, mechanism: Mechanism | Callable[..., Any] | None = None) -> Witness:
    """Return a smaller counterexample to the same property, by the same deviators.

    Parameters
    ----------
    witness
        A counterexample that replays.
    mechanism
        The mechanism or function; None builds it from its name and options.

    Raises
    ------
    InvalidOption
        When the witness does not replay.
    """
    subject = build(witness.mechanism) if mechanism is None else as_mechanism(mechanism)
    if not witness.replay(subject).confirmed:
        raise InvalidOption(f"the counterexample does not replay: {witness}")
    for _ in range(_MOST_STEPS):
        smaller = _first_smaller(witness, subject)
        if smaller is None:
            break
        witness = smaller
    return witness


def shrink_market(market: Market, refute: Refute) -> Witness:
    """Return the counterexample of a smallest market that ``refute`` still finds one in.

    Parameters
    ----------
    market
        A market that ``refute`` finds a counterexample in.
    refute
        Looks for a counterexample, such as a search for the best misreport in a market.

    Raises
    ------
    InvalidOption
        When there is none in ``market``.
    """
    best = refute(market)
    if best is None:
        raise InvalidOption(
            f"no counterexample in the market of buyers {market.values}, sellers {market.costs}"
        )
    for _ in range(_MOST_STEPS):
        candidates = (trial.market for trial in _smaller(Trial(best.market)))
        found = next((x for x in map(refute, candidates) if x is not None), None)
        if found is None:
            break
        best = found
    return best


def size(trial: Trial) -> tuple[Any, ...]:
    """Return what shrinking makes smaller: traders, then denominators, then numbers, in this order."""
    numbers = [Fraction(x) for x in (*trial.market.values, *trial.market.costs, *trial.reports)]
    numbers += [x for x in (trial.factor, trial.offset) if x is not None]
    return (
        len(trial.market.values) + len(trial.market.costs),
        sum(x.denominator.bit_length() - 1 for x in numbers) + sum(x.denominator > 1 for x in numbers),
        len({abs(x) for x in numbers}),
        sum(map(abs, numbers)),
        tuple(numbers),
    )


def _first_smaller(witness: Witness, mechanism: Mechanism) -> Witness | None:
    for trial in _smaller(witness.trial):
        found = witness_of(witness.claim, mechanism, trial)
        if found is not None:
            return found
    return None


def _smaller(trial: Trial) -> Iterator[Trial]:
    """Yield the trials one step away that are smaller."""
    current = size(trial)
    for candidate in (*_without_one(trial), *_compressed(trial), *_one_rounder(trial)):
        if size(candidate) < current:
            yield candidate


def _without_one(trial: Trial) -> Iterator[Trial]:
    """Yield trials without one trader, then without one of each side."""
    idle = [x for x in reversed(traders_of(trial.market)) if x not in trial.traders]
    for trader in idle:
        yield _dropped(trial, trader)
    for seller, buyer in product(idle, idle):
        if (seller.side, buyer.side) == ("seller", "buyer"):
            yield _dropped(_dropped(trial, seller), buyer)


def _dropped(trial: Trial, gone: Trader) -> Trial:
    side, index = gone.side, gone.index

    def kept(numbers: Any, here: str) -> list[Any]:
        return [x for i, x in enumerate(numbers) if (here, i) != (side, index)]

    def place(i: int, here: str) -> int:
        return i - (here == side and i > index)

    order = trial.order
    if order is not None:
        buyers, sellers = (
            tuple(place(i, here) for i in places if (here, i) != (side, index))
            for here, places in zip(("buyer", "seller"), order, strict=True)
        )
        order = (buyers, sellers)
    return replace(
        trial,
        market=Market(kept(trial.market.values, "buyer"), kept(trial.market.costs, "seller")),
        traders=tuple(Trader(x.side, place(x.index, x.side)) for x in trial.traders),
        order=order,
    )


def _numbers(trial: Trial) -> list[Fraction]:
    return [Fraction(x) for x in (*trial.market.values, *trial.market.costs, *trial.reports)]


def _with_numbers(trial: Trial, numbers: list[Fraction]) -> Trial:
    buyers, traders = len(trial.market.values), len(trial.market.values) + len(trial.market.costs)
    market = Market(numbers[:buyers], numbers[buyers:traders])
    return replace(trial, market=market, reports=tuple(numbers[traders:]))


def _compressed(trial: Trial) -> Iterator[Trial]:
    """Yield the same order of numbers with gaps of 1, 2 or 4; then all numbers halved, and one less."""
    numbers = _numbers(trial)
    ranks = {x: rank for rank, x in enumerate(sorted(set(numbers)))}
    for gap in (1, 2, 4):
        for start in (0, 1):
            yield _with_numbers(trial, [Fraction(start + gap * ranks[x]) for x in numbers])
    lowest = min(numbers, default=Fraction(0))
    for change in (
        lambda x: x - lowest,
        lambda x: Fraction(math.floor(x)),
        lambda x: Fraction(math.ceil(x)),
        lambda x: Fraction(math.floor(x / 2)),
        lambda x: max(x - 1, Fraction(0)),
    ):
        yield _with_numbers(trial, [change(x) for x in numbers])


def _one_rounder(trial: Trial) -> Iterator[Trial]:
    """Yield trials with one number changed, to a rounder one or to that of somebody else."""
    numbers = _numbers(trial)
    for i, x in enumerate(numbers):
        rounder = {Fraction(0), Fraction(1), Fraction(math.floor(x)), Fraction(math.ceil(x)), x - 1}
        rounder |= {Fraction(math.floor(x / 2)), x.limit_denominator(2), x.limit_denominator(4), *numbers}
        for y in sorted(y for y in rounder if 0 <= y != x):
            yield _with_numbers(trial, [*numbers[:i], y, *numbers[i + 1 :]])
    for name in ("factor", "offset"):
        x = getattr(trial, name)
        if x is not None:
            for y in (Fraction(2), Fraction(1), Fraction(math.ceil(x)), Fraction(1, 2)):
                yield replace(trial, factor=y) if name == "factor" else replace(trial, offset=y)
