"""Where a policy's gap comes from: what it could still win, what nobody can, and what is not proven."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ...problem.errors import InvalidOption


@dataclass(frozen=True)
class ReferenceSplit:
    """A policy's distance from the clairvoyant bound in three parts that add up to it (cost units).

    Attributes
    ----------
    policy_cost, online_bound, clairvoyant_bound, best_plan
        What was compared, all in expectation over the same demand.
    against_online
        policy_cost - online_bound: at most this much is left to win without knowing the future. May be
        negative within the noise of two estimates.
    foresight
        The price of not knowing the future: how far the online bound lies above the best plan that knows it.
    relaxation
        What lies between the clairvoyant bound and the best plan that knows the future, or the online
        bound if that is lower: slack of a relaxation, attainable for nobody that we know of.
    """

    policy_cost: float
    online_bound: float
    clairvoyant_bound: float
    best_plan: float
    against_online: float
    foresight: float
    relaxation: float

    @property
    def total(self) -> float:
        """Cost above the clairvoyant bound."""
        return self.policy_cost - self.clairvoyant_bound

    @property
    def unreachable(self) -> float:
        """Share of the total that no online policy can win (nan where there is no gap)."""
        return (self.foresight + self.relaxation) / self.total if self.total > 0.0 else math.nan


def reference_split(
    policy_cost: float, online_bound: float, clairvoyant_bound: float, best_plan: float
) -> ReferenceSplit:
    """Split a policy's gap.

    Parameters
    ----------
    policy_cost
        Its (mean) cost.
    online_bound
        Bound on every online policy (`online_bound`, `stochastic_programme`). A bound below the clairvoyant
        one is replaced by it: both are valid, the larger counts.
    clairvoyant_bound, best_plan
        Mean lower bound and mean cost of the best plans that know the future.

    Raises
    ------
    InvalidOption
        If a number is not finite, or the best plan costs less than the clairvoyant bound.
    """
    given = (policy_cost, online_bound, clairvoyant_bound, best_plan)
    if not all(math.isfinite(number) for number in given):
        raise InvalidOption(f"reference_split: {given} must all be finite costs")
    if best_plan < clairvoyant_bound - 1e-9 * abs(clairvoyant_bound):
        raise InvalidOption(
            f"reference_split: best_plan {best_plan!r} lies below the clairvoyant bound {clairvoyant_bound!r}"
        )
    online = max(online_bound, clairvoyant_bound)
    known = min(best_plan, online)
    return ReferenceSplit(
        policy_cost=policy_cost,
        online_bound=online,
        clairvoyant_bound=clairvoyant_bound,
        best_plan=best_plan,
        against_online=policy_cost - online,
        foresight=online - known,
        relaxation=known - clairvoyant_bound,
    )
