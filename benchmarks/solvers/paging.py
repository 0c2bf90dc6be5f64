"""Part ``paging``: instances that are paging, where Belady's rule is optimal.

`libcachesim` (PyPI, optional) is the reference: https://github.com/cacheMon/libCacheSim-python. Without it
the rule written here stands in for it.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Sequence
from importlib import import_module
from time import perf_counter
from typing import Any

from .cases import PagingCase
from .part import Options, Perform, Report, failures, percent, stopped_mark
from .runs import Job, Outcome

GAP = 1e-6
CASES = (PagingCase(5, 100, 2), PagingCase(10, 500, 4), PagingCase(20, 2000, 7), PagingCase(20, 2000, 14))
QUICK = (PagingCase(4, 30, 2),)
NEVER = 2**62
"""Time of the next request of a page that is not asked for again."""

Rule = Callable[[Sequence[int], int], int]


def run(options: Options, perform: Perform) -> Report:
    """Count the faults of Belady's rule and compare them with every contestant's optimum."""
    limit = min(options.time_limit, 60.0)
    name, rule, notes = _reference()
    outcomes: list[Outcome] = []
    rows: list[tuple[str, ...]] = []
    findings: list[dict[str, Any]] = []
    for case in options.kept(QUICK if options.quick else CASES):
        string = [int(page) for page in case.string()]
        faults, seconds = _timed(rule, string, case.frames)
        own = belady_faults(string, case.frames)
        runs = [perform(Job(case, method, GAP, limit)) for method in options.methods]
        outcomes += runs
        for one in runs:
            verdict = agreement(one, faults)
            shown = stopped_mark(one), percent(one.gap), _faults(one.cost), str(faults), verdict
            rows.append((case.name, one.method, *shown))
            findings.append(
                {
                    "case": case.name,
                    "method": one.method,
                    "faults": one.cost,
                    "reference": name,
                    "reference_faults": faults,
                    "own_rule_faults": own,
                    "reference_seconds": seconds,
                    "verdict": verdict,
                    "seconds_over_reference": one.seconds / seconds,
                }
            )
    return Report(
        name="paging",
        title=f"Paging: the proved optimum against Belady's rule ({name})",
        headings=("instance", "method", "time to proof", "gap", "faults", f"faults, {name}", "verdict"),
        rows=rows,
        notes=[*notes, *failures(outcomes)],
        findings=findings,
        outcomes=outcomes,
        draw=lambda figure: _draw(figure, findings),
    )


def agreement(run: Outcome, faults: int) -> str:
    """Say whether the run's plan and bound agree with the least number of faults."""
    slack = 1e-6 * faults
    if run.lower_bound > faults + slack or run.cost < faults - slack:
        return "CONTRADICTION"
    return "equal" if run.proved and abs(run.cost - faults) <= slack else "not proved"


def next_uses(string: Sequence[int]) -> list[int]:
    """Return, for each request, the place of the next request of the same page."""
    following, seen = [NEVER] * len(string), dict[int, int]()
    for place in range(len(string) - 1, -1, -1):
        following[place] = seen.get(string[place], NEVER)
        seen[string[place]] = place
    return following


def belady_faults(string: Sequence[int], frames: int) -> int:
    """Count the faults of the rule that evicts what is asked for again last (Belady 1966)."""
    due: dict[int, int] = {}
    queue: list[tuple[int, int]] = []
    faults = 0
    for page, following in zip(string, next_uses(string), strict=True):
        if page not in due:
            faults += 1
            while len(due) == frames:
                farthest, victim = heapq.heappop(queue)
                if due.get(victim) == -farthest:
                    del due[victim]
        due[page] = following
        heapq.heappush(queue, (-following, page))
    return faults


def libcachesim_faults(string: Sequence[int], frames: int) -> int:
    """Count the misses of `libcachesim.Belady` with objects of size 1."""
    libcachesim: Any = import_module("libcachesim")
    cache = libcachesim.Belady(cache_size=frames, hashpower=10)
    misses = 0
    for page, following in zip(string, next_uses(string), strict=True):
        request = libcachesim.Request()
        request.obj_id, request.obj_size, request.next_access_vtime = page + 1, 1, following
        misses += not cache.get(request)
    return misses


def _reference() -> tuple[str, Rule, list[str]]:
    try:
        import_module("libcachesim")
    except ImportError as error:
        return "own rule", belady_faults, [f"skipped: libcachesim ({error}): pip install libcachesim"]
    return "libcachesim", libcachesim_faults, []


def _timed(rule: Rule, string: Sequence[int], frames: int) -> tuple[int, float]:
    begin = perf_counter()
    faults = rule(string, frames)
    return faults, perf_counter() - begin


def _faults(cost: float) -> str:
    return f"{cost:.6g}" if math.isfinite(cost) else "-"


def _draw(figure: Any, findings: list[dict[str, Any]]) -> None:
    axes = figure.subplots()
    for number, method in enumerate(dict.fromkeys(found["method"] for found in findings)):
        mine = [found for found in findings if found["method"] == method and math.isfinite(found["faults"])]
        axes.scatter(
            [found["reference_faults"] for found in mine],
            [found["faults"] for found in mine],
            marker="ox+^v"[number % 5],
            s=40 + 60 * number,
            facecolors="none" if number % 5 in (0, 3, 4) else None,
            color=f"C{number}",
            label=method,
        )
    largest = max((found["reference_faults"] for found in findings), default=1)
    axes.plot([0, largest], [0, largest], color="grey", linewidth=1)
    axes.set(xlabel="faults of Belady's rule", ylabel="faults of the plan found")
    axes.legend(frameon=False)
