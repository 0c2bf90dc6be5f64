"""``edgeopt convert``: instances, plans and benchmark results in other tools' file formats."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .source import open_instance, refuse_no_folder

if TYPE_CHECKING:
    from ..problem.instance import Instance

MODEL_SUFFIXES = (".mps", ".lp")


def convert(
    source: Annotated[
        str,
        typer.Argument(
            metavar="IN",
            help="An instance (.npz, .json, .nc, or a long table in .csv or .parquet), the name of a "
            "scenario, benchmark results (.csv, .json, .parquet), or with --instance a plan (.npz, .json or "
            ".csv).",
        ),
    ],
    target: Annotated[
        Path,
        typer.Argument(
            metavar="OUT",
            help="The file to write: a suffix of IN's, or .mps or .lp for the compact model.",
        ),
    ],
    instance: Annotated[
        str | None, typer.Option(help="IN is a plan of this instance (a file, or the name of a scenario).")
    ] = None,
    whole_model: Annotated[
        bool,
        typer.Option("--whole-model", help="MPS, LP: keep decisions that never pay, to add constraints."),
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
    """Convert a file to another format, chosen by the suffixes.

    Instances, plans and results come back from any of their formats as they were, to the last bit; .mps and
    .lp are for solvers, and cannot be read back.
    """
    shape: dict[str, Any] = {
        "seed": seed,
        "size": size,
        "slots": slots,
        "servers": servers,
        "models": models,
        "split": split,
        "world": world,
    }
    refuse_no_folder(target)
    if instance is not None:
        content = _convert_plan(Path(source), target, open_instance(instance, **shape))
    elif _holds_results(Path(source)):
        content = _convert_results(Path(source), target)
    else:
        content = _convert_instance(open_instance(source, **shape), target, whole_model=whole_model)
    if as_json:
        import json

        typer.echo(json.dumps(content | {"file": str(target)}, indent=2))
    else:
        typer.echo(f"wrote {target}: " + ", ".join(f"{key} {value}" for key, value in content.items()))


def _convert_instance(problem: Instance, target: Path, *, whole_model: bool) -> dict[str, Any]:
    from ..problem.errors import InvalidFile
    from ..problem.exchange import INSTANCE_SUFFIXES, save_instance

    suffix = target.suffix.lower()
    if suffix in MODEL_SUFFIXES:
        from ..solvers import write_model

        write_model(problem, target, reduce=not whole_model)
        return {"what": "compact model", "instance": problem.digest()}
    if suffix not in INSTANCE_SUFFIXES:
        known = ", ".join((*INSTANCE_SUFFIXES, *MODEL_SUFFIXES))
        raise InvalidFile(f"{target}: unknown suffix '{suffix}' for an instance; use {known}")
    save_instance(problem, target)
    return {"what": "instance", "instance": problem.digest()}


def _convert_plan(source: Path, target: Path, problem: Instance) -> dict[str, Any]:
    from ..problem.exchange import load_plan_csv, save_plan_csv
    from .evaluate import open_plan

    plan = load_plan_csv(source, problem) if source.suffix.lower() == ".csv" else open_plan(source)[0]
    if target.suffix.lower() == ".csv":
        save_plan_csv(plan, problem, target)
    else:
        plan.save(target)
    return {"what": "plan", "loaded": int(plan.cached.sum()), "served": int(plan.served.sum())}


def _holds_results(source: Path) -> bool:
    """Say whether a file is a table of benchmark results, by its first bytes or its columns."""
    suffix = source.suffix.lower()
    if suffix not in (".csv", ".json", ".parquet") or not source.is_file():
        return False
    try:
        with source.open("rb") as stream:
            head = stream.read(64)
    except OSError:
        return False
    if suffix == ".parquet":
        return _parquet_holds_results(source)
    return head.lstrip().startswith(b"[" if suffix == ".json" else b"instance,policy,")


def _parquet_holds_results(source: Path) -> bool:
    from ..benchmarks.results import read_rows
    from ..problem.errors import InvalidFile

    try:
        read_rows(source)
    except InvalidFile:
        return False
    return True


def _convert_results(source: Path, target: Path) -> dict[str, Any]:
    from ..benchmarks.results import read_rows, rows_as_csv, rows_as_json, rows_as_parquet
    from ..problem.errors import InvalidFile
    from ..problem.storage import write_atomic

    writers = {".csv": rows_as_csv, ".json": rows_as_json, ".parquet": rows_as_parquet}
    writer = writers.get(target.suffix.lower())
    if writer is None:
        raise InvalidFile(
            f"{target}: unknown suffix '{target.suffix}' for benchmark results; use {', '.join(writers)}"
        )
    rows = read_rows(source)
    write_atomic(target, writer(rows))
    return {"what": "benchmark results", "rows": len(rows)}
