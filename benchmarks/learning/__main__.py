"""``python -m edgeopt.benchmarks.learning PART ...``: train, test, compare; print, and write JSON.

What was trained or tested stays in the folder and is not done again.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from ...problem.errors import EdgeoptError, InvalidOption
from ..study import Report, chosen, document, show, write
from . import controls, headroom, shifts, sizes, tiny
from .options import Options
from .variants import VARIANTS

PARTS = {
    "controls": controls.run,
    "headroom": headroom.run,
    "shifts": shifts.run,
    "sizes": sizes.run,
    "tiny": tiny.run,
}


def main(
    parts: Annotated[list[str], typer.Argument(help=f"Any of {', '.join(PARTS)}.")],
    quick: Annotated[bool, typer.Option(help="Small sizes: does it work, not how well.")] = False,
    out: Annotated[Path, typer.Option(help="Folder of learners, journals and JSON.")] = Path(
        "benchmark-results/learning"
    ),
    family: Annotated[
        list[str] | None, typer.Option(help="A scenario in place of the part's; may be given often.")
    ] = None,
    variant: Annotated[
        list[str] | None, typer.Option(help=f"Any of {', '.join(one.name for one in VARIANTS)}; often.")
    ] = None,
    training_seeds: Annotated[
        int | None, typer.Option(help="Trainings of each learner in place of the part's.", min=1)
    ] = None,
    test_seeds: Annotated[
        int | None, typer.Option(help="Test instances in place of the part's.", min=2)
    ] = None,
    trace: Annotated[
        Path | None, typer.Option(help="A recorded trace: `shifts` has a shift to its arrivals, too.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the JSON instead of tables.")] = False,
) -> None:
    """Score learners: against their controls, under shifts, on larger servers, and on tiny exact worlds."""
    reports: list[Report] = []
    try:
        options = Options(
            out, quick, tuple(family or ()), _variants(variant), training_seeds, test_seeds, trace
        )
        for name in chosen(parts, tuple(PARTS)):
            typer.echo(f"{name} ...", err=True)
            reports.append(PARTS[name](options))
            write(out / f"{name}.json", reports[-1:], sys.argv)
            if not as_json:
                show(reports[-1])
    except EdgeoptError as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(2) from None
    if as_json:
        typer.echo(json.dumps(document(reports, sys.argv)))


def _variants(names: list[str] | None) -> tuple[str, ...]:
    """The names, and T2DRL itself and its frozen twin, with which all are compared."""
    known = [one.name for one in VARIANTS]
    for name in names or ():
        if name not in known:
            raise InvalidOption(f"unknown variant {name!r}: choose from {', '.join(known)}")
    return tuple(dict.fromkeys(["t2drl", "frozen", *names])) if names else ()


if __name__ == "__main__":
    typer.run(main)
