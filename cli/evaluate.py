"""``edgeopt evaluate``: what a plan costs, or which constraints it breaks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .console import console
from .source import open_instance

if TYPE_CHECKING:
    from ..problem.plan import Plan
    from ..problem.violation import Violation
    from ..solvers.solution import Solution

DOES_NOT_HOLD = 1
VIOLATIONS_SHOWN = 20


def evaluate(
    instance: Annotated[
        str, typer.Argument(help="An instance (.npz or .json file), or the name of a scenario.")
    ],
    plan: Annotated[Path, typer.Argument(help="A plan, or a solution of `edgeopt solve` (.npz or .json).")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for machines.")] = False,
    seed: Annotated[int, typer.Option(help="Scenario: seed of the arrivals.")] = 0,
    size: Annotated[str, typer.Option(help="Scenario: small, medium or large.")] = "medium",
    slots: Annotated[int | None, typer.Option(help="Scenario: slots in place of the preset's.")] = None,
    servers: Annotated[int | None, typer.Option(help="Scenario: number of servers.")] = None,
    models: Annotated[int | None, typer.Option(help="Scenario: number of models.")] = None,
    split: Annotated[str, typer.Option(help="Scenario: train, validation or test.")] = "test",
    world: Annotated[int, typer.Option(help="Scenario: seed of costs and popularity.")] = 0,
) -> None:
    """Referee a plan: its cost term by term, or every constraint it breaks.

    Exits with 1 if the plan is infeasible, or if a solution states a cost that its plan does not have.
    """
    from ..problem.errors import InfeasiblePlan
    from ..problem.referee import evaluate as referee
    from ..solvers.solution import RefusedClaim

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
    decisions, solution = open_plan(plan)
    try:
        report = referee(problem, decisions)
    except InfeasiblePlan as error:
        _print_violations(error.violations, as_json=as_json)
        raise typer.Exit(DOES_NOT_HOLD) from None
    content: dict[str, Any] = {"feasible": True, **report.summary()}
    refused = None
    if solution is not None:
        content["claimed"] = solution.cost
        try:
            solution.check(problem)
        except RefusedClaim as error:
            refused = str(error)
        content["claim_holds"] = refused is None
    _print_report(content, as_json=as_json)
    if refused is not None:
        typer.echo(f"edgeopt: {refused}", err=True)
        raise typer.Exit(DOES_NOT_HOLD)


def open_plan(path: Path) -> tuple[Plan, Solution | None]:
    """Read a plan, or the plan of a solution."""
    from ..problem.errors import InvalidFile, InvalidPlan
    from ..problem.plan import Plan
    from ..solvers.solution import Solution

    try:
        return Plan.load(path), None
    except InvalidFile as error:
        no_plan = error
    try:
        solution = Solution.load(path)
    except InvalidFile as error:
        if not path.is_file():
            raise
        reason = str(error).removeprefix(f"{path}: ")
        raise InvalidFile(f"{no_plan}, as a plan; as a solution: {reason}") from None
    if solution.plan is None:
        raise InvalidPlan(f"{path}: holds a bound only; give a plan, or a solution with a plan")
    return solution.plan, solution


def _print_report(content: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(content, indent=2, allow_nan=False))
        return
    from rich.table import Table

    table = Table("", "value")
    for label, value in content.items():
        if value is not None:
            text = f"{value:.6g}" if isinstance(value, float) else str(value)
            table.add_row(label.replace("_", " "), text)
    console().print(table)


def _print_violations(violations: tuple[Violation, ...], *, as_json: bool) -> None:
    if as_json:
        from dataclasses import asdict

        broken = [asdict(each) for each in violations]
        typer.echo(json.dumps({"feasible": False, "violations": broken}, indent=2))
        return
    screen = console()
    screen.print(f"infeasible: {len(violations)} constraints are broken")
    for each in violations[:VIOLATIONS_SHOWN]:
        screen.print(f"  {each}")
    if len(violations) > VIOLATIONS_SHOWN:
        screen.print(f"  and {len(violations) - VIOLATIONS_SHOWN} more")
