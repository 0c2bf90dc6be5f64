"""Part ``optimum``: time to a proved optimum, against the compact model on the same instances."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import Any

from .cases import Case, ScenarioCase, TraceCase
from .part import YARDSTICK, Options, Perform, Report, failures, percent, stopped_mark
from .ratios import ratio
from .runs import Job, Outcome

GAP = 1e-6
SHAPES = ((6, 40), (8, 60), (12, 100))
"""Models and slots; three services a model."""

DRAWS = (("stationary", 0), ("stationary", 1), ("hotset", 0))
TRACES: dict[str, tuple[str, dict[str, int]]] = {
    "Azure 2023, 12 models": ("azure_llm_2023/AzureLLMInferenceTrace_conv.csv.gz", {}),
    "Mooncake, 6 models": ("mooncake_fast25/conversation_trace.jsonl.gz", {"models": 6, "services": 12}),
}


def run(options: Options, perform: Perform) -> Report:
    """Run every contestant and then the compact model on each instance."""
    cases, notes = _cases(options)
    limit = min(options.time_limit, 5.0) if options.quick else options.time_limit
    outcomes: list[Outcome] = []
    rows: list[tuple[str, ...]] = []
    findings: list[dict[str, Any]] = []
    for case in options.kept(cases):
        runs = [perform(Job(case, name, GAP, limit)) for name in (*options.methods, YARDSTICK)]
        outcomes += runs
        for mine in runs:
            row, found = _compare(mine, runs[-1])
            rows.append(row)
            findings.append(found)
    return Report(
        name="optimum",
        title=f"Time to a proved optimum (gap {GAP:g}), time limit {limit:g} s",
        headings=(
            "instance (models x slots x services)",
            "method",
            "time to proof",
            "final gap",
            f"{YARDSTICK} / it",
            "search only",
        ),
        rows=rows,
        notes=[
            *notes,
            f">= where {YARDSTICK} was stopped at its limit, <= where the other was, ? where both were;",
            "search only: the yardstick's time inside HiGHS, without building the model and handing it over",
            *failures(outcomes),
        ],
        findings=findings,
        outcomes=outcomes,
        draw=lambda figure: _draw(figure, outcomes, limit),
    )


def _cases(options: Options) -> tuple[list[Case], list[str]]:
    if options.quick:
        return [ScenarioCase("stationary", 4, 20, 12)], ["quick: one small instance, no trace"]
    cases: list[Case] = [
        ScenarioCase(name, models, slots, 3 * models, seed=seed)
        for models, slots in SHAPES
        for name, seed in DRAWS
    ]
    notes = []
    for label, (file, given) in TRACES.items():
        if options.data is not None and (options.data / file).is_file():
            cases.append(TraceCase(label, options.data / file, given))
        else:
            notes.append(
                f"skipped: {label}: no {file} in the data folder (--data, ../shared/data, EDGEOPT_DATA)"
            )
    return cases, notes


def _compare(mine: Outcome, yardstick: Outcome) -> tuple[tuple[str, ...], dict[str, Any]]:
    whole, search = ratio(yardstick, mine), ratio(yardstick, mine, search_only=True)
    compared = mine.method != YARDSTICK
    row = (
        mine.case,
        mine.method,
        stopped_mark(mine),
        percent(mine.gap),
        str(whole) if compared else "",
        str(search) if compared else "",
    )
    found: dict[str, Any] = {"case": mine.case, "method": mine.method, "gap": mine.gap}
    if compared:
        found |= {"ratio": asdict(whole), "ratio_search_only": asdict(search)}
    return row, found


def _draw(figure: Any, outcomes: list[Outcome], limit: float) -> None:
    axes = figure.subplots()
    cases = list(dict.fromkeys(run.case for run in outcomes))
    for number, method in enumerate(dict.fromkeys(run.method for run in outcomes)):
        runs = [run for run in outcomes if run.method == method and not math.isnan(run.seconds)]
        colour = f"C{number}"
        for proved in (True, False):
            chosen = [run for run in runs if run.proved is proved]
            if chosen:
                axes.scatter(
                    [run.seconds for run in chosen],
                    [cases.index(run.case) for run in chosen],
                    edgecolors=colour,
                    facecolors=colour if proved else "none",
                    label=method if proved else f"{method}, stopped",
                )
    axes.axvline(limit, color="grey", linestyle="--", linewidth=1)
    axes.set(xscale="log", xlabel="seconds to a proved optimum (log scale)", yticks=range(len(cases)))
    axes.set_yticklabels(cases)
    axes.invert_yaxis()
    axes.grid(axis="x", alpha=0.3)
    figure.legend(loc="outside lower center", ncols=4, frameon=False)
