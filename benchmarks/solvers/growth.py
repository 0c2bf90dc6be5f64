"""Part ``growth``: how the time to a gap of 0.1 % grows with slots, models and servers."""

from __future__ import annotations

from statistics import median
from typing import Any

from .cases import ScenarioCase
from .part import Options, Perform, Report, duration, failures
from .ratios import slope
from .runs import Job, Outcome

GAP = 1e-3
FAMILY = "decoy"
SEEDS = (0, 1)
AXES = {
    "slots": (75, 150, 300, 600, 1200),
    "models": (6, 12, 24, 48),
    "servers": (1, 2, 4, 8),
}
QUICK_AXES = {"slots": (20, 40), "models": (4, 8), "servers": (1, 2)}
BASE = {"slots": 300, "models": 12, "servers": 1}
QUICK_BASE = {"slots": 20, "models": 4, "servers": 1}
LIMIT = 60.0


def run(options: Options, perform: Perform) -> Report:
    """Vary one size at a time from a base, two seeds each, and fit a power law to the medians."""
    sizes, base = (QUICK_AXES, QUICK_BASE) if options.quick else (AXES, BASE)
    seeds = SEEDS[:1] if options.quick else SEEDS
    limit = min(options.time_limit, LIMIT)
    memory: dict[Job, Outcome] = {}

    def once(case: ScenarioCase, method: str) -> Outcome:
        job = Job(case, method, GAP, limit)
        if job not in memory:
            memory[job] = perform(job)
        return memory[job]

    rows: list[tuple[str, ...]] = []
    findings: list[dict[str, Any]] = []
    for method in options.methods:
        for axis, values in sizes.items():
            points = {}
            for value in values:
                runs = [once(_case(base | {axis: value}, seed), method) for seed in seeds]
                points[value] = runs
            reached = {
                value: _median(runs) for value, runs in points.items() if all(one.proved for one in runs)
            }
            exponent = slope(list(reached), list(reached.values()))
            cells = [
                f"{value}: {duration(reached[value]) if value in reached else '> limit'}" for value in values
            ]
            rows.append((method, axis, ", ".join(cells), f"{exponent:.2f}"))
            findings.append(
                {
                    "method": method,
                    "axis": axis,
                    "seconds": {str(k): v for k, v in reached.items()},
                    "slope": exponent,
                }
            )
    outcomes = list(memory.values())
    fixed = ", ".join(f"{value} {name}" for name, value in base.items())
    return Report(
        name="growth",
        title=f"Seconds to a gap of {100 * GAP:g} % ({FAMILY}; from {fixed}; median of seeds)",
        headings=("method", "varied", "seconds", "exponent"),
        rows=rows,
        notes=["exponent p of seconds ~ size^p, over the sizes that reached the gap", *failures(outcomes)],
        findings=findings,
        outcomes=outcomes,
        draw=lambda figure: _draw(figure, findings, tuple(sizes)),
    )


def _case(size: dict[str, int], seed: int) -> ScenarioCase:
    return ScenarioCase(FAMILY, size["models"], size["slots"], 2 * size["models"], size["servers"], seed)


def _median(runs: list[Outcome]) -> float:
    return median(run.seconds for run in runs)


def _draw(figure: Any, findings: list[dict[str, Any]], axes_names: tuple[str, ...]) -> None:
    panels = figure.subplots(1, len(axes_names), sharey=True)
    for panel, axis in zip(panels, axes_names, strict=True):
        for found in findings:
            if found["axis"] == axis:
                sizes = [int(value) for value in found["seconds"]]
                label = f"{found['method']}: {found['slope']:.2f}"
                panel.plot(sizes, list(found["seconds"].values()), marker="o", label=label)
        panel.set(xscale="log", yscale="log", xlabel=axis)
        panel.grid(alpha=0.3)
        panel.legend(frameon=False, title="exponent")
    panels[0].set_ylabel("seconds")
