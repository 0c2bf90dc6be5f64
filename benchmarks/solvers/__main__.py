"""``python -m edgeopt.benchmarks.solvers [part ...]``: measure, print, write JSON and pictures.

Everything runs one after the other, each run in a process of its own, so that contestants do not disturb
each other. Read ratios of one run, never seconds of two.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from ...problem.errors import EdgeoptError, InvalidOption
from .. import study
from . import across, growth, optimum, paging, publish, scale
from .cases import data_folder
from .part import Options, Report, contestants
from .runs import Job, Outcome, perform

PARTS = {
    "optimum": optimum.run,
    "scale": scale.run,
    "growth": growth.run,
    "paging": paging.run,
    "across": across.run,
}


def main(
    parts: Annotated[
        list[str] | None, typer.Argument(help=f"Any of {', '.join(PARTS)}; all of them.")
    ] = None,
    quick: Annotated[bool, typer.Option(help="Small instances: does it work, not how fast.")] = False,
    method: Annotated[list[str] | None, typer.Option(help="A contestant; may be given often.")] = None,
    time_limit: Annotated[float, typer.Option(help="Seconds a run may take at most.", min=0.1)] = 300.0,
    data: Annotated[Path | None, typer.Option(help="Folder of the recorded traces.")] = None,
    only: Annotated[str, typer.Option(help="Only instances whose name contains this (not in growth).")] = "",
    out: Annotated[Path, typer.Option(help="Folder of JSON and pictures.")] = Path(
        "benchmark-results/solvers"
    ),
    as_json: Annotated[bool, typer.Option("--json", help="Print the JSON instead of tables.")] = False,
) -> None:
    """Measure the solvers against the compact model, time, size and Belady's rule."""
    reports: list[Report] = []
    try:
        options = Options(quick, _contestants(method), time_limit, data_folder(data), only)
        for name in study.chosen(parts, tuple(PARTS)):
            reports.append(PARTS[name](options, _announced))
            publish.write(out, reports, sys.argv)
            if not as_json:
                study.show(reports[-1])
    except EdgeoptError as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(2) from None
    if as_json:
        whole = study.document(reports, sys.argv, contradictions=publish.all_contradictions(reports))
        typer.echo(json.dumps(whole))
    found = publish.all_contradictions(reports)
    for line in found:
        typer.echo(f"contradiction: {line}", err=True)
    if found:
        raise typer.Exit(1)


def _contestants(method: list[str] | None) -> tuple[str, ...]:
    known = contestants()
    unknown = [name for name in method or () if name not in known]
    if unknown:
        raise InvalidOption(f"{unknown[0]!r} is no contestant: choose from {', '.join(known)}")
    return tuple(method or known)


def _announced(job: Job) -> Outcome:
    """Perform a job and say so on standard error."""
    typer.echo(f"{job.method} on {job.case.name} (at most {job.time_limit:g} s) ...", err=True, nl=False)
    outcome = perform(job)
    cpu = f"{outcome.cpu_seconds:.2f} s of processor time"
    peak = f"{outcome.peak_bytes / 1e9:.2f} GB"
    typer.echo(f" {outcome.status}, gap {outcome.gap:.2e}, {outcome.seconds:.2f} s, {cpu}, {peak}", err=True)
    return outcome


if __name__ == "__main__":
    typer.run(main)
