"""Proof on a grid: every profile of finitely many types, and every deviation to another of them.

All profiles are cleared once; what a trader would get for another report is then another entry of the same
tables. A grid says nothing about reports between its points: the mid-price auction passes one (see the docs).
With ``deviations="reals"`` types lie on the grid and misreports anywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import product
from typing import Any, Final, Literal, TypeAlias

from ...problem.errors import InvalidOption
from ..lottery import Lottery
from ..market import Market, Number
from ..rule import Mechanism
from .best_response import best_response
from .finding import Finding
from .profiles.search import largest_deficit, largest_gain, largest_loss
from .profiles.symmetry import sees_ranks_only
from .profiles.tables import Tables, check_size, exact_tables, floating_tables, side_profiles
from .subject import as_mechanism, coins
from .trials.trial import Trial, traders_of
from .witness import witness_of

Arithmetic: TypeAlias = Literal["exact", "floating"]
Deviations: TypeAlias = Literal["grid", "reals"]
_SEARCHES: Final = {
    "truthful": largest_gain,
    "individually rational": largest_loss,
    "no deficit": largest_deficit,
}


@dataclass(frozen=True)
class GridProof:
    """What is known of a mechanism on a grid of types.

    Parameters
    ----------
    types
        The possible values and costs.
    buyers, sellers
        Size of the market.
    findings
        "truthful", "individually rational" and "no deficit", in this order, each with the largest failure.
    profiles
        Profiles cleared.
    symmetric
        Whether each stands for all its reorderings.
    """

    types: tuple[Fraction, ...]
    buyers: int
    sellers: int
    findings: tuple[Finding, ...]
    profiles: int
    symmetric: bool

    @property
    def proved(self) -> bool:
        """Whether all three properties are certified."""
        return all(finding.verdict == "certified" for finding in self.findings)

    def __getitem__(self, claim: str) -> Finding:
        return next(finding for finding in self.findings if finding.claim == claim)


def prove_on_grid(
    mechanism: Mechanism | Callable[..., Any],
    types: Sequence[Number],
    *,
    buyers: int,
    sellers: int,
    arithmetic: Arithmetic = "exact",
    deviations: Deviations = "grid",
) -> GridProof:
    """Check truthfulness, individual rationality and absence of deficits on every profile of a grid.

    Parameters
    ----------
    mechanism
        A mechanism or a function.
    types
        Possible values and costs, 0 or more; every trader may be of every type.
    buyers, sellers
        Size of the market.
    arithmetic
        "exact": with fractions, profile by profile. "floating": with the mechanism's ``clear_many``, tens of
        times faster; what is certified is then that path of the code.
    deviations
        "grid": misreports are types. "reals": any report of 0 or more, followed through the code; "sampled"
        where it cannot be followed.

    Raises
    ------
    InvalidOption
        When the grid is empty or too large, an option is unknown, or the mechanism has no ``clear_many``.
    """
    subject = as_mechanism(mechanism)
    grid = tuple(sorted({Fraction(x) for x in types}))
    if arithmetic not in {"exact", "floating"} or deviations not in {"grid", "reals"}:
        raise InvalidOption("arithmetic must be 'exact' or 'floating', and deviations 'grid' or 'reals'")
    if arithmetic == "floating" and not hasattr(subject, "clear_many"):
        raise InvalidOption("this mechanism has no clear_many: take arithmetic='exact'")
    if arithmetic == "floating" and isinstance(subject, Lottery):
        raise InvalidOption("this mechanism draws lots: take arithmetic='exact', which goes coin by coin")
    check_size(grid, buyers, sellers, symmetric=True)
    symmetric = deviations == "grid" and sees_ranks_only(
        subject, grid, buyers, sellers, floating=arithmetic == "floating"
    )
    check_size(grid, buyers, sellers, symmetric=symmetric)
    scope = f"every profile of {len(grid)} types, {buyers} x {sellers}"
    found = {claim: Finding(claim, "certified", scope) for claim in _SEARCHES}
    profiles = 0
    for coin, tables in _all_tables(subject, grid, buyers, sellers, symmetric, arithmetic):
        profiles += tables.profiles
        for claim, search in _SEARCHES.items():
            if claim != "truthful" or deviations == "grid":
                _add(found, claim, subject, search(tables), coin)
    if deviations == "reals":
        found["truthful"] = _over_reals(subject, tables, scope)
    return GridProof(grid, buyers, sellers, tuple(found.values()), profiles, symmetric)


def _all_tables(
    subject: Mechanism,
    grid: tuple[Fraction, ...],
    buyers: int,
    sellers: int,
    symmetric: bool,
    arithmetic: Arithmetic,
) -> Iterator[tuple[Any, Tables]]:
    sides = (
        side_profiles(len(grid), buyers, "buyer", symmetric),
        side_profiles(len(grid), sellers, "seller", symmetric),
    )
    if arithmetic == "floating":
        yield None, floating_tables(subject, grid, *sides, symmetric)
        return
    for coin in _coins(subject, buyers, sellers):
        yield coin, exact_tables(subject, grid, *sides, symmetric, coin)


def _coins(subject: Mechanism, buyers: int, sellers: int) -> tuple[Any, ...]:
    return coins(subject, Market([1] * buyers, [0] * sellers))


def _add(found: dict[str, Finding], claim: str, subject: Mechanism, trial: Trial | None, coin: Any) -> None:
    """Keep the counterexample if it fails by more than what was found with other coins."""
    if trial is None:
        return
    witness = witness_of(claim, subject, replace(trial, coin=coin))
    if witness is None:
        raise RuntimeError(f"clear and clear_many disagree on {trial}")
    if witness.gain > found[claim].figure:
        found[claim] = Finding(claim, "refuted", found[claim].scope, witness.gain, witness)


def _over_reals(subject: Mechanism, tables: Tables, scope: str) -> Finding:
    """Find every trader's best report among all reals, in every profile."""
    scope += ", every report of 0 or more"
    finding, exact = Finding("truthful", "certified", scope), True
    for values, costs in product(tables.buyers, tables.sellers):
        market = tables.market(values, costs)
        for trader in traders_of(market):
            best = best_response(subject, market, trader.side, trader.index)
            exact &= best.exact
            if best.gain <= 0:
                continue
            trial = Trial(market, (trader,), (best.report,), coin=best.coin)
            witness = witness_of("truthful", subject, trial)
            if witness is not None and witness.gain > finding.figure:
                finding = Finding("truthful", "refuted", scope, witness.gain, witness)
    return finding if exact or not finding.holds else Finding("truthful", "sampled", scope)
