"""Add to a run's summaries what its optional tasks found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from .aggregate import CaseSummary
from .cases import Case
from .future_tasks import LadderTask, OnlineReference, future_plans, future_runs, no_ladder, no_process
from .gaps import OnlineSummary, summarise_futures
from .ladders import LadderSummary
from .settings import Settings
from .tasks import tunings

Results = Mapping[str, dict[str, Any]]


def with_extras(
    settings: Settings, found: Sequence[Case], results: Results, summaries: Sequence[CaseSummary]
) -> tuple[CaseSummary, ...]:
    """Return the summaries with the online bound and the ladder, where they were asked for."""
    return tuple(
        replace(
            summary,
            online=_online(settings, case, results) if settings.online_samples else None,
            ladder=_ladder(settings, case, results) if settings.ladder else None,
        )
        for case, summary in zip(found, summaries, strict=True)
    )


def _online(settings: Settings, case: Case, results: Results) -> OnlineSummary:
    reason = no_process(case)
    if reason is not None:
        return OnlineSummary(reason)
    plans = [results[task.key] for task in future_plans(settings, case)]
    costs = {
        run.policy: results[run.key]["costs"]
        for tuning in tunings(settings, [case])
        for run in future_runs(settings, tuning, results[tuning.key])
    }
    return summarise_futures(results[OnlineReference(case, settings.online_samples).key], plans, costs)


def _ladder(settings: Settings, case: Case, results: Results) -> LadderSummary:
    reason = no_ladder(case)
    if reason is not None:
        return LadderSummary(reason)
    return LadderSummary.of(results[LadderTask(case, settings.time_limit).key])
