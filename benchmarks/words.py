"""Numbers and findings in words, the same in the terminal and in the report."""

from __future__ import annotations

import math
from collections.abc import Sequence

from .aggregate import PERFECT_FORECAST, CaseSummary, Interval, PolicySummary
from .gaps import OnlineSummary, PolicyGap
from .ladders import LadderRung
from .standings import Standing

CLAIRVOYANT_MARK = "◆"
CLAIRVOYANT_NOTE = f"{CLAIRVOYANT_MARK} sees the future: no online policy can be expected to match it."
NOTHING = "–"


def cost(value: float, scale: float) -> str:
    """Return a cost with as many decimals as give a cost of the given scale four digits."""
    return NOTHING if math.isnan(value) else f"{value:,.{decimals(scale)}f}"


def decimals(scale: float) -> int:
    """Return how many decimals give a cost of the given scale four digits."""
    return max(0, 3 - math.floor(math.log10(scale))) if scale > 0 else 2


def ratio(value: float) -> str:
    """Return a ratio to the best known cost."""
    return NOTHING if math.isnan(value) else f"{value:.3f}"


def percent(value: float) -> str:
    """Return a share in per cent."""
    return NOTHING if math.isnan(value) else f"{_tenths(value)} %"


def ratio_range(interval: Interval) -> str:
    """Return the bootstrap interval of a ratio; empty where one seed gives none."""
    return "" if math.isnan(interval.low) else f"[{interval.low:.3f}, {interval.high:.3f}]"


def percent_range(interval: Interval) -> str:
    """Return the bootstrap interval of a share in per cent; empty where one seed gives none."""
    return "" if math.isnan(interval.low) else f"[{_tenths(interval.low)}, {_tenths(interval.high)}]"


def _tenths(share: float) -> str:
    """Return a share in per cent with one decimal; zero has no sign."""
    return f"{round(100 * share, 1) + 0.0:.1f}"


def best_online(summary: CaseSummary) -> PolicySummary | None:
    """Return the cheapest policy that does not see the future."""
    return next((policy for policy in summary.policies if not policy.clairvoyant), None)


def standing(summary: CaseSummary) -> str:
    """Say how much there is to win in a case: the cloud and the best fixed set against the best plan."""
    return (
        f"cloud / best plan {ratio(summary.cloud_ratio)}, "
        f"best fixed set in hindsight / best plan {ratio(summary.static_ratio)}"
    )


def headroom(summary: CaseSummary) -> str | None:
    """Say what a perfect forecast would still win, where that was measured."""
    if summary.headroom is None:
        return None
    return (
        f"With a perfect forecast over its horizon, {PERFECT_FORECAST} costs {percent(summary.headroom)} of "
        "the best plan less than the cheapest policy that does not see the future."
    )


STANDING_TITLE = "All cases together: mean cost over the best known cost, of the middle half of the runs."
STANDING_NOTE = (
    "The best and the worst quarter of all runs are left out. Compared with: the cheapest other policy that "
    "does not see the future, run by run on the same arrivals; difference: of the ratios, below 0 where the "
    "policy is cheaper; cheaper in: share of the runs, cases count alike. 95 % bootstrap intervals."
)
STANDING_HEADINGS = ("policy", "x best", "95 %", "against", "difference", "95 %", "cheaper in", "95 %")


def named(found: Standing) -> str:
    """Return the policy's name, marked if it sees the future."""
    return f"{found.policy} {CLAIRVOYANT_MARK}" if found.clairvoyant else found.policy


def standing_cells(found: Standing) -> list[str]:
    """Return a policy's row across cases."""
    return [
        named(found),
        ratio(found.ratio.value),
        ratio_range(found.ratio),
        found.against or NOTHING,
        percent(found.difference.value),
        percent_range(found.difference),
        percent(found.improvement.value),
        percent_range(found.improvement),
    ]


def proof(summary: CaseSummary) -> str:
    """Say how far the best plan is proven."""
    if summary.proven == summary.seeds:
        return "proven optimal on " + ("its one seed" if summary.seeds == 1 else f"all {summary.seeds} seeds")
    if not summary.lower_bound > 0:
        return "not bounded from below"
    most = (
        f"at most {100 * (summary.best_known / summary.lower_bound - 1):.2g} % above the optimum on average"
    )
    if summary.proven == 0:
        return f"not proven optimal, but {most}"
    return f"proven optimal on {summary.proven} of {summary.seeds} seeds and {most}"


def reach(online: OnlineSummary) -> str:
    """Say what no online policy can go below, or why that is not known."""
    if online.unavailable is not None:
        return f"No online bound: {online.unavailable}."
    return (
        f"By {online.samples} sampled futures of the same demand, the least that any online policy can cost "
        f"lies on average {_part(online.foresight, online.foresight_half_width, online)} or more above the "
        f"lower bound on plans that know the future; {_proven_futures(online)}."
    )


def _proven_futures(online: OnlineSummary) -> str:
    if online.proven == online.samples:
        return "their best plans are proven optimal"
    return f"their best plans are proven optimal in {online.proven} of them"


def _part(value: float, half_width: float, online: OnlineSummary) -> str:
    """Return a distance with its interval in per cent of the best plans' mean cost."""
    return f"{_tenths(_share(value, online))} ± {percent(_share(half_width, online))}"


def _share(value: float, online: OnlineSummary) -> float:
    return value / online.best_plan if online.best_plan > 0 else math.nan


def gap_cells(gap: PolicyGap, online: OnlineSummary) -> list[str]:
    """Return the policy's gap and its parts in per cent of the best plans' mean cost."""
    left = _part(gap.against_online, gap.half_width, online)
    return [
        share_of_best(gap.total, online),
        left,
        share_of_best(gap.foresight, online),
        share_of_best(gap.relaxation, online),
        unreachable(gap),
    ]


def share_of_best(value: float, online: OnlineSummary) -> str:
    """Return a cost in per cent of the best plans' mean cost."""
    return percent(_share(value, online))


def unreachable(gap: PolicyGap) -> str:
    """Return the share of the gap that no online policy can win, where there is one."""
    return NOTHING if math.isnan(gap.unreachable) else f"{100 * min(1.0, gap.unreachable):.0f} %"


GAP_HEADINGS = ("gap", "left to win", "foresight", "slack", "beyond")
GAP_NOTE = (
    "In % of the best plans' mean cost, on the futures, not on the test seeds. "
    "gap: above the lower bound on plans that know the future. left to win: above the online bound, at most "
    "(95 % interval). foresight: price of not knowing the future, at least. slack: best plans above their "
    "lower bound. beyond: share of the last two, which no online policy can win."
)


LADDER_TITLE = "Ladder of bounds of the first test instance; plans of policies are untuned and untrained."
LADDER_HEADINGS = ("rung", "cost", "below the best plan", "seconds")


def ladder_cells(rung: LadderRung, best: float) -> list[str]:
    """Return a rung's row: name, cost, distance from the best plan, seconds."""
    name = rung.name if rung.finished else f"{rung.name} (out of time)"
    below = f"{round(rung.below_best_percent, 3) + 0.0:.3f} %"
    return [name, cost(rung.value, best), below, f"{rung.seconds:.2f}"]


def finding(summary: CaseSummary) -> str:
    """Say in one sentence what the case shows."""
    best = best_online(summary)
    if best is None:
        return f"On {summary.instance} no online policy was run; the best plan known is {proof(summary)}."
    extra = Interval(best.ratio.value - 1, best.ratio.low - 1, best.ratio.high - 1)
    between = "" if math.isnan(extra.low) else f" {percent_range(extra)}"
    return (
        f"On {summary.instance} the cheapest online policy, {best.policy}, "
        f"costs {percent(extra.value)}{between} more than the best plan known, which is {proof(summary)}."
    )


def overview(summaries: Sequence[CaseSummary]) -> str:
    """Say in one sentence what the run shows."""
    if len(summaries) == 1:
        return finding(summaries[0])
    best = [found.ratio.value - 1 for summary in summaries if (found := best_online(summary)) is not None]
    proven, seeds = (sum(getattr(each, name) for each in summaries) for name in ("proven", "seeds"))
    share = f"all {seeds}" if proven == seeds else f"{proven} of {seeds}"
    plans = f"the best plans known, {share} of which are proven optimal"
    if not best:
        return f"On {len(summaries)} cases no online policy was run; compare {plans}."
    between = f"{percent(min(best))} to {percent(max(best))}"
    return f"On {len(summaries)} cases the cheapest online policy costs {between} more than {plans}."
