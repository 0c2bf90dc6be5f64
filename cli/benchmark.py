"""``edgeopt benchmark``: score online policies against certified references."""

from __future__ import annotations

import json
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .console import console, progress_bar
from .where import ADDRESS_HELP, ENGINE_HELP

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..benchmarks import Benchmark

INTERRUPTED = 130


def benchmark(
    scenario: Annotated[
        list[str] | None, typer.Option(help="A scenario to score on; may be given often.")
    ] = None,
    trace: Annotated[
        list[Path] | None, typer.Option(help="A recorded trace to score on; may be given often.")
    ] = None,
    policy: Annotated[
        list[str] | None,
        typer.Option(help="A policy or learner to score; may be given often. All by default."),
    ] = None,
    seeds: Annotated[
        int | None, typer.Option(help="Test seeds a scenario, or test windows a trace at most.")
    ] = None,
    size: Annotated[
        list[str] | None, typer.Option(help="small, medium or large; may be given often.")
    ] = None,
    slots: Annotated[
        int | None, typer.Option(help="Slots instead of the size's; of a trace's test window.")
    ] = None,
    servers: Annotated[int | None, typer.Option(help="Number of servers instead of the size's.")] = None,
    models: Annotated[int | None, typer.Option(help="Number of models instead of the size's.")] = None,
    slot_seconds: Annotated[float, typer.Option(help="Length of a trace's slots in seconds.")] = 30.0,
    method: Annotated[str, typer.Option(help="How the best plan and its bound are found.")] = "auto",
    time_limit: Annotated[float, typer.Option(help="Seconds that one reference may take.")] = 60.0,
    tune_budget: Annotated[
        int | None,
        typer.Option(help="Simulations to tune each policy; 0: untuned. 320 by default, 64 for analog."),
    ] = None,
    online_samples: Annotated[
        int,
        typer.Option(help="Sampled futures a scenario, to bound what any online policy can reach; 0: none."),
    ] = 0,
    ladder: Annotated[
        bool, typer.Option("--ladder", help="Add the ladder of lower bounds of each first test instance.")
    ] = False,
    illustrations: Annotated[
        bool,
        typer.Option(help="An auction and a small ladder of bounds of each scenario for the report."),
    ] = True,
    shift: Annotated[
        list[str] | None,
        typer.Option(help="A slot at which demand shifts, as 150 or 150:words, for the report to mark."),
    ] = None,
    workers: Annotated[int | None, typer.Option(help="Tasks at a time. All cores by default.")] = None,
    engine: Annotated[str, typer.Option(help=ENGINE_HELP)] = "local",
    address: Annotated[str | None, typer.Option(help=ADDRESS_HELP)] = None,
    timeline_server: Annotated[int, typer.Option(help="Number of the server whose cache is drawn.")] = 0,
    out: Annotated[Path, typer.Option(help="Folder for journal, results and report.")] = Path(
        "benchmark-results"
    ),
    parquet: Annotated[bool, typer.Option("--parquet", help="Also write results.parquet.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print rows and summary as JSON.")] = False,
) -> None:
    """Score online policies on scenarios or traces against the best plan in hindsight and its lower bound.

    Writes results.csv, results.json, summary.json, standings.json, run.json and report.html. A run that was
    interrupted continues where it stopped when the same command is given again.
    """
    from ..benchmarks import Settings, run_benchmark

    given: dict[str, Any] = {
        "scenarios": tuple(scenario or ()),
        "traces": tuple(trace or ()),
        "policies": tuple(policy or ()),
        "shifts": tuple(_shift(words) for words in shift or ()),
        "sizes": tuple(size or ()) or None,
        "seeds": seeds,
        "tune_budget": tune_budget,
    }
    settings = Settings(
        **{name: value for name, value in given.items() if value is not None},
        slots=slots,
        servers=servers,
        models=models,
        slot_seconds=slot_seconds,
        method=method,
        time_limit=time_limit,
        timeline_server=timeline_server,
        online_samples=online_samples,
        ladder=ladder,
        illustrations=illustrations,
    )
    run = partial(
        run_benchmark,
        settings,
        out,
        workers=workers,
        engine=engine,
        address=address,
        command=["edgeopt", *sys.argv[1:]],
        parquet=parquet,
    )
    _print_result(_watched(run, out, quiet=as_json), as_json=as_json)


def _watched(run: Callable[..., Benchmark], out: Path, *, quiet: bool) -> Benchmark:
    """Run under a progress bar; whoever interrupts is told how to go on."""
    try:
        with progress_bar(quiet=quiet) as bar:
            row = bar.add_task("benchmark", total=None)

            def watch(finished: int, total: int, label: str) -> None:
                bar.update(row, completed=finished, total=total, description=label)

            return run(watch=watch)
    except KeyboardInterrupt:
        typer.echo(
            f"edgeopt: interrupted; finished tasks are in {out}: give the same command again to continue",
            err=True,
        )
        raise typer.Exit(INTERRUPTED) from None


def _shift(words: str) -> tuple[int, str]:
    """Read a slot and what happens there."""
    from ..problem.errors import InvalidOption

    slot, _, name = words.partition(":")
    if not slot.isascii() or not slot.isdecimal():
        raise InvalidOption(f"shift {words!r}: give a slot such as 150, or 150:words")
    return int(slot), name.strip() or "shift"


def _print_result(result: Benchmark, *, as_json: bool) -> None:
    from ..benchmarks.aggregate import summaries_as_records
    from ..benchmarks.results import rows_as_records
    from ..benchmarks.standings import standings_as_records
    from ..benchmarks.table import show

    if as_json:
        content = {
            "folder": str(result.folder),
            "rows": rows_as_records(result.rows),
            "summary": summaries_as_records(result.summaries),
            "standings": standings_as_records(result.standings),
        }
        typer.echo(json.dumps(content, allow_nan=False))
        return
    screen = console()
    show(result.summaries, screen, result.standings)
    for name, reason in result.left_out.items():
        screen.print(f"{name} was left out. {reason}", soft_wrap=True, markup=False)
    screen.print(
        f"\nReport: {result.folder / 'report.html'}; rows: {result.folder / 'results.csv'}", soft_wrap=True
    )
