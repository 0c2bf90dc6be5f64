"""Anything that clears markets, as one kind of thing: mechanisms, and functions of your own.

A function takes a `Market`, or values and costs, and returns an `Outcome`, or buyers, sellers and a common
price, or buyers, sellers, payments and receipts.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from ...problem.errors import InvalidOption
from ..lottery import Lottery
from ..market import Market, Number
from ..outcome import Outcome
from ..rule import Mechanism

_EXPECTED = (
    "an Outcome, (buyers, sellers, price) or (buyers, sellers, payments, receipts) is expected, with "
    "indices of traders and one payment or receipt a trader"
)


@dataclass(frozen=True)
class FunctionMechanism:
    """A function from reports to an outcome, as a mechanism.

    Parameters
    ----------
    function
        Takes a `Market`, or values and costs.
    separate
        Whether it takes values and costs rather than a market.
    """

    function: Callable[..., Any]
    separate: bool

    @property
    def name(self) -> str:
        """The function's own name."""
        return str(getattr(self.function, "__name__", type(self.function).__name__))

    def clear(self, market: Market) -> Outcome:
        """Call the function and check what it returned.

        Raises
        ------
        InvalidOption
            When the function does not return an outcome.
        """
        arguments = (market.values, market.costs) if self.separate else (market,)
        return _outcome(self.name, self.function(*arguments), market)


def as_mechanism(subject: Mechanism | Callable[..., Any]) -> Mechanism:
    """Return a mechanism as it is, and a function as a mechanism.

    Raises
    ------
    InvalidOption
        When it is neither, or the function takes neither a market nor values and costs.
    """
    if isinstance(subject, type):
        raise InvalidOption(
            f"{subject.__name__} is a class: {subject.__name__}(...), an instance, is expected"
        )
    if hasattr(subject, "clear"):
        return subject
    if not callable(subject):
        raise InvalidOption(f"{subject!r} clears nothing: a mechanism or a function of a market is expected")
    needed = _needed(subject)
    if needed not in {1, 2}:
        name = getattr(subject, "__name__", subject)
        raise InvalidOption(f"{name} takes {needed} arguments: a market, or values and costs, are expected")
    return FunctionMechanism(subject, separate=needed == 2)


def clear(mechanism: Mechanism, market: Market, coin: Any = None) -> Outcome:
    """Clear a market, with a given coin where the rule draws lots."""
    if coin is None:
        return mechanism.clear(market)
    outcome: Outcome = mechanism.clear(market, coin=coin)  # type: ignore[call-arg]
    return outcome


def weighted_coins(mechanism: Mechanism, market: Market) -> tuple[tuple[Fraction, Any], ...]:
    """Return every coin a rule may draw in a market, with its probability.

    One None, for certain, where nothing is left to chance.
    """
    if isinstance(mechanism, Lottery):
        return tuple(mechanism.coins(len(market.values), len(market.costs)))
    return ((Fraction(1), None),)


def coins(mechanism: Mechanism, market: Market) -> tuple[Any, ...]:
    """Return every coin a rule may draw in a market; one None where nothing is left to chance."""
    return tuple(coin for _, coin in weighted_coins(mechanism, market))


def mechanism_name(mechanism: Mechanism) -> str:
    """Return what to call a mechanism in tables and files."""
    return mechanism.name if isinstance(mechanism, FunctionMechanism) else type(mechanism).__name__


def _needed(function: Callable[..., Any]) -> int:
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return 0
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return sum(p.default is p.empty and p.kind in positional for p in parameters)


def _outcome(name: str, returned: Any, market: Market) -> Outcome:
    if isinstance(returned, Outcome):
        outcome = returned
    elif isinstance(returned, tuple) and len(returned) == 3:
        buyers, sellers, price = returned
        outcome = _at_price(tuple(buyers), tuple(sellers), price, market)
    elif isinstance(returned, tuple) and len(returned) == 4:
        buyers, sellers, payments, receipts = returned
        outcome = Outcome(tuple(buyers), tuple(sellers), tuple(payments), tuple(receipts))
    else:
        raise InvalidOption(f"{name} returned {_short(returned)}: {_EXPECTED}")
    for indices, amounts, traders in (
        (outcome.buyers, outcome.payments, len(market.values)),
        (outcome.sellers, outcome.receipts, len(market.costs)),
    ):
        if (
            len(amounts) != traders
            or len(set(indices)) != len(indices)
            or not set(indices) <= set(range(traders))
        ):
            raise InvalidOption(f"{name} returned {_short(returned)}: {_EXPECTED}")
    return outcome


def _at_price(buyers: tuple[int, ...], sellers: tuple[int, ...], price: Number, market: Market) -> Outcome:
    zero = Fraction(0)
    return Outcome(
        buyers,
        sellers,
        tuple(price if i in buyers else zero for i in range(len(market.values))),
        tuple(price if j in sellers else zero for j in range(len(market.costs))),
        price=price if buyers else None,
        messages=len(market.values) + len(market.costs),
    )


def _short(returned: Any) -> str:
    text = repr(returned)
    return text if len(text) <= 60 else text[:57] + "..."
