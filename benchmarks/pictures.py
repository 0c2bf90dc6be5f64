"""What the report draws of each case, gathered from the finished tasks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .aggregate import REFERENCE, CaseSummary
from .auction_task import AuctionTask
from .cases import Case
from .curves import Curves, curves
from .future_tasks import LadderTask, small_case
from .ladders import LadderSummary
from .settings import Settings
from .tasks import Run, references, runs, tunings
from .work import DRAWN_SEED

Results = Mapping[str, dict[str, Any]]

MOST_TEXT = 400_000
"""Characters of a case's caches in the report; beyond that other servers, and then plans, are left out."""


@dataclass(frozen=True)
class Caches:
    """What the caches of one test instance hold, as lines (see `edgeopt.benchmarks.lanes`).

    Parameters
    ----------
    server
        Index of the server that is drawn first.
    world
        What the reference task says of the instance: names, memory, footprints, demand, prices.
    plans
        For each plan that is drawn its lines, the ones to show first in front.
    """

    server: int
    world: Mapping[str, Any]
    plans: Mapping[str, Mapping[str, Sequence[Sequence[str]]]]


@dataclass(frozen=True)
class CasePictures:
    """The pictures of a case; None where there is nothing to draw."""

    caches: Caches
    curves: Curves | None = None
    ladder: LadderSummary | None = None
    ladder_of: str = ""
    auction: Mapping[str, Any] | None = None


def pictures(
    settings: Settings, found: Sequence[Case], results: Results, summaries: Sequence[CaseSummary]
) -> list[CasePictures]:
    """Return what is drawn of each case."""
    return [_pictures(settings, *each, results) for each in zip(found, summaries, strict=True)]


def _pictures(settings: Settings, case: Case, summary: CaseSummary, results: Results) -> CasePictures:
    own = [run for task in tunings(settings, [case]) for run in _runs(settings, task, results)]
    small = small_case(case) if settings.illustrations and not settings.ladder else None
    ladder = None if small is None else LadderSummary.of(results[LadderTask(small, settings.time_limit).key])
    return CasePictures(
        caches=_caches(settings, case, summary, own, results),
        curves=_curves(settings, case, summary, own, results),
        ladder=summary.ladder or ladder,
        ladder_of=case.name if small is None else small.name,
        auction=_untimed(results[AuctionTask(case).key]) if settings.illustrations else None,
    )


def _untimed(result: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out the wall time, so that equal runs give equal pages."""
    return {name: value for name, value in result.items() if name != "seconds"}


def _runs(settings: Settings, tuning: Any, results: Results) -> Iterator[Run]:
    return runs(settings, tuning, results[tuning.key]["parameters"])


def _caches(
    settings: Settings, case: Case, summary: CaseSummary, own: Sequence[Run], results: Results
) -> Caches:
    proof = next(results[task.key] for task in references(settings, [case]) if task.seed == DRAWN_SEED)
    plans = {run.policy: results[run.key]["cache"] for run in own if run.seed == DRAWN_SEED}
    if "cache" in proof:
        plans[REFERENCE] = proof["cache"]
    world = proof["drawn"]
    server = min(settings.timeline_server, len(world["servers"]) - 1)
    order = [name for name in _drawn_policies(summary) if name in plans]
    if sum(_length(plans[name]) for name in order) + _length(world) > MOST_TEXT:
        world = _only(world, server, ("servers", "memory", "demand", "prices"))
        plans = {name: _only(plan, server, ("context", "served")) for name, plan in plans.items()}
        server = 0
    kept, text = {}, _length(world)
    for place, name in enumerate(order):
        text += _length(plans[name])
        if place and text > MOST_TEXT:
            break
        kept[name] = plans[name]
    return Caches(server, world, kept)


def _only(content: Mapping[str, Any], server: int, names: Sequence[str]) -> dict[str, Any]:
    """Keep one server of the lists by server."""
    return {
        name: [value[server]] if name in names and value is not None else value
        for name, value in content.items()
    }


def _length(content: Any) -> int:
    """Count the characters of all lines in it."""
    if isinstance(content, Mapping):
        return sum(map(_length, content.values()))
    if isinstance(content, list):
        return sum(map(_length, content))
    return len(content) if isinstance(content, str) else 0


def _drawn_policies(summary: CaseSummary) -> list[str]:
    """Order the plans: the reference, two best online policies, the dearest that uses the edge, the rest."""
    using = [policy for policy in summary.policies if policy.terms["switching"] > 0]
    online = [policy.policy for policy in using if not policy.clairvoyant]
    rest = [policy.policy for policy in using]
    return list(dict.fromkeys([REFERENCE, *online[:2], *online[-1:], *rest]))


def _curves(
    settings: Settings, case: Case, summary: CaseSummary, own: Sequence[Run], results: Results
) -> Curves | None:
    """Relate all policies' costs by slot to the reference's; None where a seed has no reference plan."""
    proofs = [results[task.key] for task in references(settings, [case])]
    if any("by_slot" not in proof for proof in proofs):
        return None
    by_slot = {
        policy.policy: [results[run.key]["by_slot"] for run in own if run.policy == policy.policy]
        for policy in summary.policies
        if policy.policy != REFERENCE
    }
    return curves([proof["by_slot"] for proof in proofs], by_slot, settings.shifts)
