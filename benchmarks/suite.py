"""Run a benchmark: references, tuning and policy runs in parallel, then results and report in one folder."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..problem.dynamics import TERMS
from ..problem.errors import InvalidOption
from ..problem.exchange.axes import optional
from ..problem.storage import write_atomic
from ..solvers.engines import Engine
from .aggregate import REFERENCE, CaseSummary, ReferenceRecord, summaries_as_records, summarise
from .cases import Case, cases
from .contestants import contestant, left_out
from .extras import with_extras
from .future_tasks import Task, extras, future_runs, no_process
from .journal import Journal, folder_lock
from .pictures import pictures
from .pool import finish
from .provenance import provenance
from .report import report_page
from .results import Row, captured_savings, gap_to_bound, rows_as_csv, rows_as_json, rows_as_parquet
from .settings import Settings
from .standings import Standing, standings, standings_as_records
from .tasks import Reference, Run, Tuning, references, runs, tunings
from .work import work

Watch = Callable[[int, int, str], None]
"""Called after each finished task: how many are finished, how many there are, the task in words."""


@dataclass(frozen=True)
class Benchmark:
    """A finished run: rows, what they say, learners that could not be scored, and where the files are."""

    rows: tuple[Row, ...]
    summaries: tuple[CaseSummary, ...]
    standings: tuple[Standing, ...]
    left_out: Mapping[str, str]
    provenance: Mapping[str, Any]
    folder: Path


def run_benchmark(
    settings: Settings,
    folder: str | Path,
    *,
    workers: int | None = None,
    engine: str = "local",
    address: str | None = None,
    command: Sequence[str] = (),
    watch: Watch = lambda _finished, _total, _label: None,
    parquet: bool = False,
) -> Benchmark:
    """Score policies on scenarios and traces against certified references.

    Finished tasks are kept in the folder's journal: a run that was interrupted, however hard, continues
    where it stopped, and one with more seeds or policies adds only what is new.

    Parameters
    ----------
    folder
        Where journal.jsonl, results.csv, results.json, summary.json, standings.json, run.json and report.html
        go; made where it does not exist.
    workers, engine, address
        Where the tasks are done, and by how many at the same time, all cores by default: see
        `edgeopt.solvers.engines.Engine`. The results do not depend on it.
    command
        What started the run, for the provenance.
    parquet
        Also write results.parquet.

    Raises
    ------
    FolderInUse
        If another run is using the folder.
    EdgeoptError
        The first failing task, with its name.
    MissingLibrary
        If Parquet is asked for, and pandas or pyarrow is not installed.
    """
    if parquet:
        optional("pyarrow")
        optional("pandas")
    place = Engine(engine, address, workers)
    folder = Path(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InvalidOption(f"cannot use {folder} as a folder for results: {error.strerror}") from None
    found = cases(settings)
    with folder_lock(folder), Journal.open(folder) as journal:
        _finish_all(settings, found, journal, place, watch)
        result = _collect(settings, found, journal.results, command, folder)
        write_atomic(folder / "results.csv", rows_as_csv(result.rows))
        write_atomic(folder / "results.json", rows_as_json(result.rows))
        if parquet:
            write_atomic(folder / "results.parquet", rows_as_parquet(result.rows))
        write_atomic(folder / "summary.json", _json_bytes(summaries_as_records(result.summaries)))
        write_atomic(folder / "standings.json", _json_bytes(standings_as_records(result.standings)))
        write_atomic(folder / "run.json", _json_bytes(result.provenance))
        drawn = pictures(settings, found, journal.results, result.summaries)
        page = report_page(result.summaries, result.rows, result.provenance, drawn, result.standings)
        write_atomic(folder / "report.html", page.encode())
    return result


def _finish_all(
    settings: Settings, found: list[Case], journal: Journal, engine: Engine, watch: Watch
) -> None:
    first: list[Task] = [*extras(settings, found), *tunings(settings, found), *references(settings, found)]
    tests = sum(len(case.seeds(settings.seeds, "test")) for case in found)
    sampled = sum(no_process(case) is None for case in found) if settings.online_samples else 0
    online = sum(not contestant(name).clairvoyant for name in settings.policies)
    total, finished = len(first) + tests * len(settings.policies) + sampled * online, 0

    def follow(task: Task, result: dict[str, Any]) -> Iterable[Task]:
        if not isinstance(task, Tuning):
            return ()
        return [*runs(settings, task, result["parameters"]), *future_runs(settings, task, result)]

    def on_finished(task: Task) -> None:
        nonlocal finished
        finished += 1
        watch(finished, total, task.label)

    finish(first, work, journal, engine=engine, follow=follow, on_finished=on_finished)


def _collect(
    settings: Settings,
    found: list[Case],
    results: Mapping[str, dict[str, Any]],
    command: Sequence[str],
    folder: Path,
) -> Benchmark:
    """Put the finished tasks' results together, in the order of the settings and never that of finishing."""
    tuned = {task: results[task.key] for task in tunings(settings, found)}
    run_tasks = [run for task, result in tuned.items() for run in runs(settings, task, result["parameters"])]
    rows: list[Row] = []
    records = []
    for reference in references(settings, found):
        own = [run for run in run_tasks if run.case == reference.case and run.seed == reference.seed]
        rows.extend(_rows(reference, own, results))
        records.append(_record(reference, results[reference.key]))
    clairvoyant = {task.policy for task, result in tuned.items() if result["clairvoyant"]}
    chosen: dict[str, dict[str, Any]] = {}
    for task, result in tuned.items():
        chosen.setdefault(task.case.name, {})[task.policy] = result["parameters"]
    return Benchmark(
        rows=tuple(rows),
        summaries=with_extras(settings, found, results, summarise(rows, records, clairvoyant)),
        standings=standings(rows, clairvoyant),
        left_out=left_out(),
        provenance=provenance(settings, command, records, chosen),
        folder=folder,
    )


def _rows(reference: Reference, run_tasks: Sequence[Run], results: Mapping[str, dict[str, Any]]) -> list[Row]:
    """Return the rows of one test instance: the reference's, if it has a plan, then the policies'."""
    proof = results[reference.key]
    plans = [(REFERENCE, proof)] if proof["cost"] is not None else []
    plans += [(run.policy, results[run.key]) for run in run_tasks]
    best_known = min(proof["cloud_only"], proof["static_hindsight"], *(result["cost"] for _, result in plans))
    lower_bound = -math.inf if proof["lower_bound"] is None else proof["lower_bound"]
    return [
        Row(
            instance=reference.case.name,
            policy=name,
            seed=reference.seed,
            cost=result["cost"],
            **{term: result[term] for term in TERMS},
            mean_accuracy=math.nan if result["mean_accuracy"] is None else result["mean_accuracy"],
            lower_bound=lower_bound,
            best_known=best_known,
            gap_to_bound=gap_to_bound(result["cost"], lower_bound),
            captured=captured_savings(result["cost"], best_known, proof["cloud_only"]),
            seconds=result["seconds"],
        )
        for name, result in plans
    ]


def _record(reference: Reference, proof: dict[str, Any]) -> ReferenceRecord:
    names = ("cloud_only", "static_hindsight", "status", "method", "digest")
    return ReferenceRecord(reference.case.name, reference.seed, **{name: proof[name] for name in names})


def _json_bytes(content: Any) -> bytes:
    return (json.dumps(content, indent=1, allow_nan=False) + "\n").encode()
