"""``edgeopt verify``: prove what a solution claims, without the solver that made it."""

from __future__ import annotations

import math
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .console import console
from .source import open_instance

if TYPE_CHECKING:
    from ..solvers.certificate import Verdict

DOES_NOT_HOLD = 1


def verify(
    solution: Annotated[Path, typer.Argument(help="A solution with a certificate (.npz or .json).")],
    instance: Annotated[
        str, typer.Option(help="Its instance: an .npz or .json file, or the name of a scenario.")
    ],
    gap: Annotated[
        float | None, typer.Option(help="Relative gap to be proved; the one claimed by default.")
    ] = None,
    exact: Annotated[
        bool, typer.Option("--exact", help="Use unbounded integers in place of guarded 64-bit ones.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for machines.")] = False,
    seed: Annotated[int, typer.Option(help="Scenario: seed of the arrivals.")] = 0,
    size: Annotated[str, typer.Option(help="Scenario: small, medium or large.")] = "medium",
    slots: Annotated[int | None, typer.Option(help="Scenario: slots in place of the preset's.")] = None,
    servers: Annotated[int | None, typer.Option(help="Scenario: number of servers.")] = None,
    models: Annotated[int | None, typer.Option(help="Scenario: number of models.")] = None,
    split: Annotated[str, typer.Option(help="Scenario: train, validation or test.")] = "test",
    world: Annotated[int, typer.Option(help="Scenario: seed of costs and popularity.")] = 0,
) -> None:
    """Compute a solution's bound again from its certificate, in whole numbers, and its cost by the referee.

    Exits with 0 if both claims hold and the gap is proved, and with 1 if not: the figures shown are the ones
    that do hold.
    """
    from ..problem.errors import InvalidOption
    from ..solvers.certificate import check_certificate
    from ..solvers.solution import Solution

    if gap is not None and not (gap >= 0 and math.isfinite(gap)):
        raise InvalidOption(f"gap is {gap!r}: it must be a finite number, 0 or more")
    claim = Solution.load(solution)
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
    verdict = check_certificate(problem, claim, gap=gap, exact=exact)
    _print(verdict, as_json=as_json)
    if not verdict.proved:
        raise typer.Exit(DOES_NOT_HOLD)


def _print(verdict: Verdict, *, as_json: bool) -> None:
    content: dict[str, Any] = {
        name: None if isinstance(value, float) and not math.isfinite(value) else value
        for name, value in asdict(verdict).items()
    }
    if as_json:
        import json

        typer.echo(json.dumps(content, indent=2, allow_nan=False))
        return
    from rich.table import Table

    table = Table("", "value")
    for label, value in content.items():
        if label != "reasons":
            text = f"{value:.10g}" if isinstance(value, float) else "none" if value is None else str(value)
            table.add_row(label.replace("_", " "), text)
    screen = console()
    screen.print(table)
    for reason in verdict.reasons:
        screen.print(f"not proved: {reason}")
