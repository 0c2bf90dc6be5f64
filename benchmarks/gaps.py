"""Where a policy's gap comes from: what is left to win, what foresight is worth, what is only slack.

All is estimated on the same sampled futures: the online bound, the best plans that know the future, and the
policies. So the parts add up, and luck cancels where a policy is compared with the bound.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..problem.fields import FloatArray


@dataclass(frozen=True)
class PolicyGap:
    """A policy's expected cost above the clairvoyant bound, in three parts that add up to it (cost units).

    Parameters
    ----------
    policy
        Its name.
    cost, cost_half_width
        Expected cost of a future and half the width of its 95 % confidence interval.
    total
        Cost above the mean lower bound on the best plans that know the future.
    against_online, half_width
        Cost above the online bound: at most this is left to win. Its interval is paired future by future.
    foresight
        Price of not knowing the future, at least; the same for all policies.
    relaxation
        Between the clairvoyant bound and the best plans known; the same for all policies.
    unreachable
        Share of the last two in the total; nan where there is no gap.
    """

    policy: str
    cost: float
    cost_half_width: float
    total: float
    against_online: float
    half_width: float
    foresight: float
    relaxation: float
    unreachable: float


@dataclass(frozen=True)
class OnlineSummary:
    """What any online policy can reach in a case, and how far the policies are from it.

    Parameters
    ----------
    unavailable
        Why there is no bound; None where there is one. All else is empty then.
    samples
        Number of futures.
    proven
        In how many of them the best plan is proven optimal.
    online, online_half_width
        Bound on the expected cost of every online policy, and half the width of its 95 % interval.
    clairvoyant, best_plan
        Mean lower bound on, and mean cost of, the best plans that know the future.
    foresight, foresight_half_width
        Distance of the online from the clairvoyant bound, paired future by future, and half the width of its
        95 % interval.
    gaps
        The policies that do not see the future, from cheap to dear.
    """

    unavailable: str | None
    samples: int = 0
    proven: int = 0
    online: float = 0.0
    online_half_width: float = 0.0
    clairvoyant: float = 0.0
    best_plan: float = 0.0
    foresight: float = 0.0
    foresight_half_width: float = 0.0
    gaps: tuple[PolicyGap, ...] = ()


def summarise_futures(
    bound: Mapping[str, Any],
    plans: Sequence[Mapping[str, Any]],
    costs: Mapping[str, Sequence[float]],
) -> OnlineSummary:
    """Split every policy's gap.

    Parameters
    ----------
    bound
        Result of the task "online": its samples of the online and of the clairvoyant bound, and the luck of
        the same futures (control variates of mean 0).
    plans
        Results of the tasks "future plan", one a future.
    costs
        What each policy paid in each future.
    """
    if bound["unavailable"] is not None:
        return OnlineSummary(bound["unavailable"])
    from ..solvers.online.estimate import controlled

    online, luck = np.array(bound["online"]), np.array(bound["luck"])
    paid = {policy: np.array(values) for policy, values in costs.items()}
    known = np.maximum(bound["clairvoyant"], [plan["lower_bound"] for plan in plans])
    best = _best(plans, paid)
    clairvoyant = controlled(known, luck).mean
    # the slack of no future is negative, so neither is its plain mean
    best_plan = clairvoyant + float(np.maximum(best - known, 0.0).mean())
    estimate, apart = controlled(online, luck), controlled(online - known, luck)
    gaps = [
        _gap(policy, values, (online, known), luck, (clairvoyant, best_plan))
        for policy, values in paid.items()
    ]
    return OnlineSummary(
        unavailable=None,
        samples=len(online),
        proven=sum(plan["status"] == "optimal" for plan in plans),
        online=estimate.mean,
        online_half_width=estimate.half_width,
        clairvoyant=clairvoyant,
        best_plan=best_plan,
        foresight=apart.mean,
        foresight_half_width=apart.half_width,
        gaps=tuple(sorted(gaps, key=lambda gap: gap.cost)),
    )


def _best(plans: Sequence[Mapping[str, Any]], paid: Mapping[str, FloatArray]) -> FloatArray:
    """Return the least cost that anything reached in each future."""
    found = np.array([np.inf if plan["cost"] is None else plan["cost"] for plan in plans])
    for values in paid.values():
        found = np.minimum(found, values)
    return found


def _gap(
    policy: str,
    paid: FloatArray,
    bounds: tuple[FloatArray, FloatArray],
    luck: FloatArray,
    plans: tuple[float, float],
) -> PolicyGap:
    """Split one gap. The clairvoyant bound takes the place of an online bound that lies below it."""
    from ..solvers.online import reference_split
    from ..solvers.online.estimate import controlled

    cost, (online, known) = controlled(paid, luck), bounds
    split = reference_split(cost.mean, controlled(online, luck).mean, *plans)
    higher = online if controlled(online, luck).mean >= plans[0] else known
    return PolicyGap(
        policy=policy,
        cost=cost.mean,
        cost_half_width=cost.half_width,
        total=split.total,
        against_online=split.against_online,
        half_width=controlled(paid - higher, luck).half_width,
        foresight=split.foresight,
        relaxation=split.relaxation,
        unreachable=split.unreachable,
    )
