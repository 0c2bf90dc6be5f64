"""Part ``across``: what a server costs when an instance of many is solved on an engine.

Every engine solves the same instance in a process of its own, on a cluster of two workers that it starts on
this machine. Processor time and memory are those of all its processes: the caller, the workers, and the
engine's own servants.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import typer

from ...problem.errors import EdgeoptError
from ...solvers.engines import engine_names
from .cases import ScenarioCase
from .part import Options, Perform, Report, duration
from .processes import Usage, usage_until_the_end
from .runs import Outcome

CASE = ScenarioCase("decoy", 20, 500, 40, servers=100)
QUICK = ScenarioCase("decoy", 4, 24, 8, servers=4)
METHOD, GAP, WORKERS = "lagrangian", 1e-3, 2
MEBIBYTE = 2**20


@dataclass(frozen=True)
class Account:
    """What a run on an engine says of itself.

    Attributes
    ----------
    seconds
        Wall-clock time, the start of the engine included.
    solving_seconds
        Processor time inside the solver, all servers together.
    sent_bytes, returned_bytes
        Size of a server's task and of its result, the first server's.
    caller_bytes
        What the caller's resident memory grew by at most.
    digest
        Hash of plan, bounds and certificate.
    status, cost, lower_bound, gap
        Of the solution.
    """

    seconds: float
    solving_seconds: float
    sent_bytes: int
    returned_bytes: int
    caller_bytes: int
    digest: str
    status: str
    cost: float
    lower_bound: float
    gap: float


def run(options: Options, perform: Perform) -> Report:  # noqa: ARG001 - every part is given it
    """Solve one instance of many servers on every engine; in processes only where it has to be quick."""
    case = QUICK if options.quick else CASE
    rows: list[tuple[str, ...]] = []
    findings: list[dict[str, Any]] = []
    notes = [
        f"{METHOD}, gap {GAP:g}, {WORKERS} workers; processor time and memory of all processes of the run; "
        "sent and returned: the first server's task and result, packed"
    ]
    outcomes: list[Outcome] = []
    for engine in ("local",) if options.quick else engine_names():
        typer.echo(f"{case.name} on {engine} ...", err=True)
        try:
            account, usage = measured(engine, case)
        except EdgeoptError as error:
            notes.append(f"{engine}: {error}")
            continue
        typer.echo(f"{engine}: {usage.processor_seconds:.0f} processor seconds", err=True)
        rows.append(_row(engine, case, account, usage))
        findings.append({"engine": engine, "servers": case.servers, **asdict(account), **asdict(usage)})
        outcomes.append(_outcome(engine, case, account, usage))
    same = len({found["digest"] for found in findings}) == 1
    notes.append(f"plans, bounds and certificates are {'the same bytes' if same else 'DIFFERENT'}")
    return Report(
        name="across",
        title=f"A server's cost on engines ({case.name})",
        headings=(
            *("engine", "wall", "processor a server", "of that solving", "sent", "returned"),
            *("caller a server", "all processes"),
        ),
        rows=rows,
        notes=notes,
        findings=findings,
        outcomes=outcomes,
        draw=lambda figure: _draw(figure, findings),
    )


def measured(engine: str, case: ScenarioCase) -> tuple[Account, Usage]:
    """Run ``across_run`` in a process of its own and watch all that it starts.

    Raises
    ------
    EdgeoptError
        If it fails: the engine's package is not installed, say.
    """
    mark = f"EDGEOPT_MEASURED={uuid4().hex}"
    name, value = mark.split("=")
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "account.json"
        start = f"from {__package__}.across_run import main; main()"
        command = [sys.executable, "-c", start, engine, json.dumps(asdict(case)), str(out)]
        with subprocess.Popen(
            command, env=os.environ | {name: value}, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        ) as process:
            usage = usage_until_the_end(process, mark)
            said = process.stderr.read().decode(errors="replace") if process.stderr is not None else ""
        if process.returncode != 0:
            raise EdgeoptError((said.strip().splitlines() or ["it failed"])[-1])
        return Account(**json.loads(out.read_text())), usage


def _row(engine: str, case: ScenarioCase, account: Account, usage: Usage) -> tuple[str, ...]:
    return (
        engine,
        duration(account.seconds),
        f"{usage.processor_seconds / case.servers:.2f} s",
        f"{account.solving_seconds / case.servers:.2f} s",
        f"{account.sent_bytes / 1024:.0f} KiB",
        f"{account.returned_bytes / 1024:.0f} KiB",
        f"{account.caller_bytes / case.servers / MEBIBYTE:.2f} MiB",
        f"{usage.peak_bytes / MEBIBYTE:.0f} MiB",
    )


def _outcome(engine: str, case: ScenarioCase, account: Account, usage: Usage) -> Outcome:
    return Outcome(
        case=case.name,
        method=f"{METHOD} on {engine}",
        gap_asked=GAP,
        time_limit=0.0,
        slots=case.slots,
        servers=case.servers,
        models=case.models,
        services=case.services,
        status=account.status,
        seconds=account.seconds,
        search_seconds=account.solving_seconds,
        cost=account.cost,
        lower_bound=account.lower_bound,
        gap=account.gap,
        peak_bytes=usage.peak_bytes,
    )


def _draw(figure: Any, findings: list[dict[str, Any]]) -> None:
    panel = figure.subplots()
    names = [found["engine"] for found in findings]
    solving = [found["solving_seconds"] / found["servers"] for found in findings]
    rest = [
        found["processor_seconds"] / found["servers"] - part
        for found, part in zip(findings, solving, strict=True)
    ]
    panel.bar(names, solving, label="solving")
    panel.bar(names, rest, bottom=solving, label="everything else")
    panel.set(ylabel="processor seconds a server")
    panel.legend(frameon=False)
