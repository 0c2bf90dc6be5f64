"""Part ``scale``: the certified gap against time on instances that no compact model reaches."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

from .cases import ScenarioCase
from .part import Options, Perform, Report, duration, failures, percent
from .runs import Job, Outcome

GAP = 1e-6
GIGABYTE = 1e9


@dataclass(frozen=True)
class Target:
    """A gap to be certified within so many seconds and bytes of memory."""

    gap: float
    seconds: float = math.inf
    memory: float = math.inf

    def met(self, runs: list[Outcome]) -> bool:
        """Whether one of the runs certifies the gap within both limits."""
        return any(
            run.gap <= self.gap and run.seconds <= self.seconds and run.peak_bytes <= self.memory
            for run in runs
        )

    def __str__(self) -> str:
        """As the table prints it."""
        words = [f"<= {100 * self.gap:g} %"]
        words += [f"in {self.seconds:g} s"] if math.isfinite(self.seconds) else []
        words += [f"and {self.memory / GIGABYTE:g} GB"] if math.isfinite(self.memory) else []
        return " ".join(words)


@dataclass(frozen=True)
class Climb:
    """An instance with the time limits at which it is tried, rising, and what it should reach."""

    case: ScenarioCase
    limits: tuple[float, ...]
    target: Target | None = None


_MIDDLE, _LARGE = Target(1e-4, 10.0), Target(1e-3, 120.0, 2 * GIGABYTE)
_WORKFLOW, _LONG = Target(2e-3, 120.0), Target(5e-3)
_FAMILIES = ("stationary", "hotset", "decoy")
CLIMBS = (
    *(Climb(ScenarioCase(name, 24, 300, 72), (1, 3, 9), _MIDDLE) for name in _FAMILIES),
    *(Climb(ScenarioCase(name, 40, 1000, 120), (10, 30, 115), _LARGE) for name in _FAMILIES),
    *(
        Climb(ScenarioCase("workflow", 12, 300, 24, seed=seed), (3, 10, 30, 115), _WORKFLOW)
        for seed in (0, 1)
    ),
    *(Climb(ScenarioCase(name, 20, 10_000, 40), (30, 120), _LONG) for name in _FAMILIES[:2]),
    Climb(ScenarioCase("hotset", 12, 300, 24, servers=10), (3, 10, 30)),
    Climb(ScenarioCase("stationary", 40, 1000, 120, servers=10), (30, 120)),
)
QUICK = (Climb(ScenarioCase("stationary", 6, 40, 18), (1, 3), Target(1e-2, 10.0)),)


def run(options: Options, perform: Perform) -> Report:
    """Solve every instance anew with each of its time limits, until one of them proves the optimum."""
    outcomes: list[Outcome] = []
    rows: list[tuple[str, ...]] = []
    findings: list[dict[str, Any]] = []
    climbs = QUICK if options.quick else CLIMBS
    wanted = options.kept([climb.case for climb in climbs])
    for climb in (climb for climb in climbs if climb.case in wanted):
        for method in options.methods:
            runs = _climb(climb, method, options, perform)
            outcomes += runs
            met = None if climb.target is None else climb.target.met(runs)
            best = min(runs, key=lambda one: (one.gap, one.seconds))
            rows.append(
                (
                    climb.case.name,
                    method,
                    ", ".join(f"{percent(one.gap)} in {_times(one)}" for one in runs),
                    f"{max(one.peak_bytes for one in runs) / GIGABYTE:.2f} GB",
                    str(climb.target or "-"),
                    {None: "-", True: "met", False: "MISSED"}[met],
                )
            )
            findings.append(
                {
                    "case": climb.case.name,
                    "method": method,
                    "best_gap": best.gap,
                    "target": None if climb.target is None else asdict(climb.target),
                    "met": met,
                }
            )
    return Report(
        name="scale",
        title="Certified gap against time; every figure is a run of its own with that time limit",
        headings=("instance (models x slots x services)", "method", "gap in time", "peak", "target", ""),
        rows=rows,
        notes=failures(outcomes),
        findings=findings,
        outcomes=outcomes,
        draw=lambda figure: _draw(figure, outcomes),
    )


def _climb(climb: Climb, method: str, options: Options, perform: Perform) -> list[Outcome]:
    runs: list[Outcome] = []
    for limit in climb.limits:
        if limit > options.time_limit and runs:
            break
        runs.append(perform(Job(climb.case, method, GAP, min(limit, options.time_limit))))
        if runs[-1].proved or runs[-1].status.startswith("failed"):
            break
    return runs


def _times(run: Outcome) -> str:
    return f"{duration(run.seconds)} ({duration(run.cpu_seconds)} of processor time)"


def _draw(figure: Any, outcomes: list[Outcome]) -> None:
    axes = figure.subplots()
    cases = list(dict.fromkeys(run.case for run in outcomes))
    for number, method in enumerate(dict.fromkeys(run.method for run in outcomes)):
        for case in cases:
            runs = [run for run in outcomes if (run.case, run.method) == (case, method)]
            runs = [run for run in runs if math.isfinite(run.gap)]
            axes.plot(
                [run.seconds for run in runs],
                [max(100 * run.gap, 1e-5) for run in runs],
                marker="osD^v"[number % 5],
                color=f"C{cases.index(case) % 10}",
                linestyle="-" if cases.index(case) < 10 else "--",
                label=f"{case}, {method}",
            )
    axes.set(xscale="log", yscale="log", xlabel="seconds", ylabel="certified gap, % (1e-5: closed)")
    axes.grid(alpha=0.3)
    axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), fontsize=7, frameon=False)
