"""``edgeopt solve``: the optimum of an instance, or a plan and a proof of how far from it the plan can be."""

from __future__ import annotations

import math
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .console import print_summary
from .source import open_instance, refuse_bad_target
from .where import ADDRESS_HELP, ENGINE_HELP

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..problem.instance import Instance
    from ..solvers.solution import Solution

INTERRUPTED = 130
TERMS = ("switching", "transmission", "computation", "accuracy", "cloud")


def solve(
    instance: Annotated[
        str, typer.Argument(help="An instance (.npz or .json file), or the name of a scenario.")
    ],
    method: Annotated[
        str, typer.Option(help="auto, brute, exact, intervals, lagrangian, milp or relaxation.")
    ] = "auto",
    time_limit: Annotated[float | None, typer.Option(help="Seconds; no limit by default.")] = None,
    gap: Annotated[float, typer.Option(help="Relative gap at which a plan counts as optimal.")] = 1e-6,
    workers: Annotated[int | None, typer.Option(help="Servers at a time. All cores by default.")] = None,
    engine: Annotated[str | None, typer.Option(help=ENGINE_HELP + " In this process by default.")] = None,
    address: Annotated[str | None, typer.Option(help=ADDRESS_HELP)] = None,
    keep: Annotated[
        Path | None,
        typer.Option(
            help="Folder to keep finished servers in: a run that is repeated does not solve them again."
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for machines.")] = False,
    out: Annotated[Path | None, typer.Option(help="Write the solution to this .npz or .json file.")] = None,
    seed: Annotated[int, typer.Option(help="Scenario: seed of the arrivals.")] = 0,
    size: Annotated[str, typer.Option(help="Scenario: small, medium or large.")] = "medium",
    slots: Annotated[int | None, typer.Option(help="Scenario: slots in place of the preset's.")] = None,
    servers: Annotated[int | None, typer.Option(help="Scenario: number of servers.")] = None,
    models: Annotated[int | None, typer.Option(help="Scenario: number of models.")] = None,
    split: Annotated[str, typer.Option(help="Scenario: train, validation or test.")] = "test",
    world: Annotated[int, typer.Option(help="Scenario: seed of costs and popularity.")] = 0,
) -> None:
    """Find the best plan of an instance, and prove how good it is.

    The status is "optimal" when the gap between cost and lower bound is at most the one asked for, and
    "feasible" when it is still open: cost and lower bound hold in both cases.
    """
    from ..solvers.solve import solve as solve_instance

    problem = open_instance(
        instance,
        seed=seed,
        size=size,
        slots=slots,
        servers=servers,
        models=models,
        split=split,
        world=world,
    )
    refuse_bad_target(out)
    run = partial(
        solve_instance,
        problem,
        method,
        time_limit=time_limit,
        gap=gap,
        progress=not as_json,
        workers=workers,
        engine=engine,
        address=address,
        keep=keep,
    )
    found = _interruptible(run, keep)
    if out is not None:
        found.save(out)
    summary = _summary(problem, found, out)
    if as_json:
        import json

        typer.echo(json.dumps(summary, indent=2, allow_nan=False))
    else:
        print_summary(repr(problem), summary)


def _interruptible(run: Callable[[], Solution], keep: Path | None) -> Solution:
    """Run; whoever interrupts what is kept is told how to go on."""
    try:
        return run()
    except KeyboardInterrupt:
        if keep is None:
            raise
        typer.echo(
            f"edgeopt: interrupted; finished servers are in {keep}: give the same command again to continue",
            err=True,
        )
        raise typer.Exit(INTERRUPTED) from None


def _summary(problem: Instance, found: Solution, out: Path | None) -> dict[str, Any]:
    from ..problem.referee import cloud_only_cost

    content: dict[str, Any] = {
        "instance": problem.digest(),
        "method": found.method,
        "status": found.status,
        "cost": _finite(found.cost),
        "lower_bound": _finite(found.lower_bound),
        "gap": _finite(found.gap),
        "seconds": found.seconds,
        "cloud_only": cloud_only_cost(problem),
        "file": None if out is None else str(out),
    }
    if "chosen" in found.details:
        content["chosen"] = found.details["chosen"]
    if found.plan is not None:
        report = found.check(problem)
        content |= {name: getattr(report, name) for name in TERMS}
        content |= {
            "mean_accuracy": _finite(report.mean_accuracy),
            "served_share": _finite(report.served_share),
            "loads": report.loads,
        }
    return content


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
