"""Policies by name. A new policy is one file and one line in `_POLICIES`."""

from __future__ import annotations

from importlib import import_module
from typing import Any, cast

from ...problem.errors import InvalidOption
from ...problem.own_code import own
from .protocol import OnlinePolicy

# name -> module of this package, class, and an option that the name fixes; imported when asked for.
_POLICIES = {
    "cloud-only": "reference:CloudOnly",
    "random": "reference:Random",
    "static": "static:Static",
    "static-hindsight": "static:StaticHindsight",
    "fifo": "caches:LoadOnMiss order=fifo",
    "lru": "caches:LoadOnMiss order=lru",
    "lfu": "caches:LoadOnMiss order=lfu",
    "gdsf": "caches:LoadOnMiss order=gdsf",
    "least-context": "caches:LoadOnMiss order=least-context",
    "fifo-admission": "admission:Admission order=fifo",
    "lru-admission": "admission:Admission order=lru",
    "lfu-admission": "admission:Admission order=lfu",
    "gdsf-admission": "admission:Admission order=gdsf",
    "least-context-admission": "admission:Admission order=least-context",
    "myopic": "myopic:Myopic",
    "forecast": "forecast:Forecast",
    "index": "index:Index",
    "index-ar": "index_ar:IndexAr",
    "mpc": "mpc:Mpc prices=rolling",
    "dual-index": "mpc:Mpc prices=learnt",
    "analog": "analog:Analog",
    "belady": "clairvoyant:Belady",
    "look-ahead": "clairvoyant:LookAhead",
}
_MEMBERS = ("name", "clairvoyant", "grid", "with_options", "fit", "start")


def policy_names() -> tuple[str, ...]:
    """Return the names of the built-in policies."""
    return tuple(_POLICIES)


def policy(name: str, **options: Any) -> OnlinePolicy:
    """Make a policy.

    Parameters
    ----------
    name
        One of `policy_names`, or ``"module:Class"`` for a policy of your own (see `OnlinePolicy` for what
        it must have).
    options
        Options of that policy, as its documentation and `grid` list them.

    Raises
    ------
    InvalidOption
        When the policy, an option, or an option's value does not exist.
    """
    if name in _POLICIES:
        place, _, fixed = _POLICIES[name].partition(" ")
        module, _, member = place.partition(":")
        made = getattr(import_module(f".{module}", __package__), member)()
        if fixed:
            option, _, value = fixed.partition("=")
            if option in options:
                raise InvalidOption(
                    f"policy {name!r}: {option} is {value}; another {option} has another name"
                )
            made = made.with_options(**{option: value})
    else:
        made = _own_policy(name)
    return cast(OnlinePolicy, made.with_options(**options) if options else made)


def _own_policy(name: str) -> Any:
    module, colon, member = name.partition(":")
    if not colon:
        raise InvalidOption(
            f"policy {name!r}: choose one of {', '.join(_POLICIES)}, or name your own as module:Class"
        )
    try:
        made = own(module, member)()
    except (ImportError, AttributeError, TypeError, ValueError) as error:
        raise InvalidOption(f"policy {name!r} cannot be made: {error}") from error
    missing = [part for part in _MEMBERS if not hasattr(made, part)]
    if missing:
        raise InvalidOption(f"policy {name!r} is no OnlinePolicy: it has no {', '.join(missing)}")
    return made
