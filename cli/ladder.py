"""``edgeopt ladder``: every lower bound and plan of an instance on one scale."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .console import console
from .source import open_instance

if TYPE_CHECKING:
    from ..solvers.bounds import Ladder


def ladder(
    instance: Annotated[
        str, typer.Argument(help="An instance (.npz or .json file), or the name of a scenario.")
    ],
    time_limit: Annotated[float, typer.Option(help="Seconds for all rungs together.")] = 60.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for machines.")] = False,
    plot: Annotated[Path | None, typer.Option(help="Draw the ladder to this .svg file.")] = None,
    seed: Annotated[int, typer.Option(help="Scenario: seed of the arrivals.")] = 0,
    size: Annotated[str, typer.Option(help="Scenario: small, medium or large.")] = "small",
    slots: Annotated[int | None, typer.Option(help="Scenario: slots in place of the preset's.")] = None,
    models: Annotated[int | None, typer.Option(help="Scenario: number of models.")] = None,
    world: Annotated[int, typer.Option(help="Scenario: seed of costs and popularity.")] = 0,
) -> None:
    """Put every bound of an instance, from compact relaxation to optimum, and its plans on one scale."""
    from ..problem.errors import InvalidOption
    from ..solvers import bounds

    if plot is not None and plot.suffix.lower() != ".svg":
        raise InvalidOption(f"plot is {plot}: give a file name that ends in .svg")
    problem = open_instance(
        instance, seed=seed, size=size, slots=slots, servers=None, models=models, split="test", world=world
    )
    rungs = bounds.ladder(problem, time_limit=time_limit, seed=seed, progress=not as_json)
    if plot is not None:
        from ..problem.storage import write_atomic

        write_atomic(plot, bounds.ladder_svg(rungs).encode())
    if as_json:
        import json

        typer.echo(json.dumps({"instance": problem.digest(), "rungs": rungs.rows()}, indent=2))
    else:
        _print(repr(problem), rungs)


def _print(title: str, rungs: Ladder) -> None:
    from rich.table import Table

    table = Table("rung", "kind", "value", "below best", "seconds", title=title, title_justify="left")
    for column in table.columns[2:]:
        column.justify = "right"
    for row in rungs.rows():
        below = f"{row['below_best_percent']:.3f} %" + ("" if row["finished"] else " (out of time)")
        table.add_row(row["name"], row["kind"], f"{row['value']:,.3f}", below, f"{row['seconds']:.2f}")
    console().print(table)
