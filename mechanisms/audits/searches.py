"""The search for a counterexample in one market, by claim: what shrinking and property tests repeat."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Final

from ...problem.errors import InvalidOption
from ..market import Market, Side
from ..rule import Mechanism
from .axioms import anonymity, equivariance, non_bossiness
from .best_response import best_response
from .collusion import collusion_finding
from .finding import Finding
from .shrink import Refute
from .subject import as_mechanism, coins, mechanism_name
from .trials.trial import Trial, traders_of
from .witness import Witness, witness_of


class SampledOnly(UserWarning):
    """Misreports were tried at a few points only, because the code cannot be followed exactly."""


def refuter(claim: str, mechanism: Mechanism | Callable[..., Any], *, side: Side | None = None) -> Refute:
    """Return a function that looks for a counterexample to a claim in a market.

    Parameters
    ----------
    claim
        One of `CLAIMS`.
    mechanism
        A mechanism or a function.
    side
        For "truthful": whose misreports to try; None: everybody's.

    Raises
    ------
    InvalidOption
        When the claim is unknown.
    """
    subject = as_mechanism(mechanism)
    if claim == "truthful":
        return partial(_misreport, subject, side)
    if claim in _AT_TRUTH:
        return lambda market: next(_at_truth(claim, subject, market), None)
    if claim not in _FINDINGS:
        raise InvalidOption(f"{claim!r} is no claim; claims are {', '.join(CLAIMS)}")
    return lambda market: _FINDINGS[claim](subject, [market]).witness


_AT_TRUTH: Final = ("individually rational", "no deficit", "strong budget balance", "efficient")
_FINDINGS: Final[dict[str, Callable[[Mechanism, list[Market]], Finding]]] = {
    "anonymity": anonymity,
    "non-bossiness": non_bossiness,
    "scale equivariance": partial(equivariance, kind="scale"),
    "shift equivariance": partial(equivariance, kind="shift"),
    "collusion-proof": partial(collusion_finding, side_payments=False),
    "collusion-proof with side payments": partial(collusion_finding, side_payments=True),
}
CLAIMS: Final = ("truthful", *_AT_TRUTH, *_FINDINGS)
"""Every property that can be looked for."""


def _misreport(subject: Mechanism, side: Side | None, market: Market) -> Witness | None:
    """Return the most profitable misreport of one trader."""
    best: Witness | None = None
    for trader in traders_of(market):
        if side not in {None, trader.side}:
            continue
        found = best_response(subject, market, trader.side, trader.index)
        if not found.exact:
            _warn(subject)
        witness = None
        if found.gain > 0:
            trial = Trial(market, (trader,), (found.report,), coin=found.coin)
            witness = witness_of("truthful", subject, trial)
        if witness is not None and (best is None or witness.gain > best.gain):
            best = witness
    return best


def _warn(subject: Mechanism) -> None:
    warnings.warn(
        f"{mechanism_name(subject)}: the code does more with reports than sort, compare, add and multiply by "
        "numbers, so misreports were only tried at and around the other reports",
        SampledOnly,
        stacklevel=2,
    )


def _at_truth(claim: str, subject: Mechanism, market: Market) -> Iterator[Witness]:
    for coin in coins(subject, market):
        suspects = [(x,) for x in traders_of(market)] if claim == "individually rational" else [()]
        for traders in suspects:
            witness = witness_of(claim, subject, Trial(market, traders, coin=coin))
            if witness is not None:
                yield witness
