"""Mechanisms by name. A new mechanism is one file and one line in `_MECHANISMS`."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

from ..problem.errors import InvalidOption
from ..problem.own_code import own
from .rule import Mechanism

# name -> module of this package and class, imported when asked for.
_MECHANISMS = {
    "vcg": "rules.vcg:VCG",
    "mcafee": "rules.mcafee:McAfee",
    "trade-reduction": "rules.trade_reduction:TradeReduction",
    "sbba": "rules.strongly_balanced:StronglyBudgetBalanced",
    "k-double-auction": "rules.k_double_auction:KDoubleAuction",
    "posted-price": "rules.posted_price:PostedPrice",
    "iterative": "rules.iterative:IterativeDoubleAuction",
    "dda": "dda:DoubleDutchAuction",
    "truthful-dda": "dda:TruthfulDoubleDutchAuction",
}


def mechanism_names() -> tuple[str, ...]:
    """Return the names of the built-in mechanisms for unit traders."""
    return tuple(_MECHANISMS)


def mechanism(name: str, **options: Any) -> Mechanism:
    """Make a mechanism.

    Parameters
    ----------
    name
        One of `mechanism_names`, or ``"module:name"`` for a class, an instance or a function of your own.
    options
        Options of that mechanism, as its documentation lists them.

    Raises
    ------
    InvalidOption
        When the mechanism, an option, or an option's value does not exist.
    """
    if name in _MECHANISMS:
        module, _, member = _MECHANISMS[name].partition(":")
        return _made(name, getattr(import_module(f".{module}", __package__), member), options)
    module, colon, member = name.partition(":")
    if not colon:
        raise InvalidOption(
            f"mechanism {name!r}: choose one of {', '.join(_MECHANISMS)}, or name your own as module:function"
        )
    try:
        found = own(module, member)
    except (ImportError, AttributeError, ValueError) as error:
        raise InvalidOption(f"mechanism {name!r} cannot be imported: {error}") from error
    if isinstance(found, type):
        return _made(name, found, options)
    if options:
        raise InvalidOption(f"mechanism {name!r} is no class: it takes no option {next(iter(options))}")
    from .audits.subject import as_mechanism

    return as_mechanism(found)


def _made(name: str, made_by: Callable[..., Any], options: dict[str, Any]) -> Mechanism:
    try:
        made: Mechanism = made_by(**options)
    except TypeError as error:
        reason = str(error).partition("() ")[2] or str(error)
        raise InvalidOption(f"mechanism {name!r}: {reason}") from error
    return made
