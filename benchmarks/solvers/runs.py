"""One run of one method, alone in a fresh process: its time, its proof and its peak memory.

A fresh process per run means that no contestant inherits another's caches or memory, and that the peak is
the run's own. Before the clock starts, the method solves two tiny instances, so that imports and compiled
kernels are paid for by nobody.
"""

from __future__ import annotations

import math
import multiprocessing
import resource
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from time import perf_counter, process_time

from ...problem import scenario
from ...solvers import solve
from ...solvers.solution import Solution
from .cases import Case

GRACE, GRACE_FACTOR = 120.0, 1.5
"""A run is killed after its time limit times the factor, plus so many seconds for its preparation."""

AGREEMENT = 1e-6
"""Relative rounding within which a floating-point bound may lie above a cost."""


@dataclass(frozen=True)
class Job:
    """What is to be run.

    Parameters
    ----------
    case
        The instance.
    method
        Name of a method of `edgeopt.solvers.solve`.
    gap
        Relative gap asked for.
    time_limit
        Seconds.
    """

    case: Case
    method: str
    gap: float
    time_limit: float


@dataclass(frozen=True)
class Outcome:
    """What came of a job.

    Parameters
    ----------
    case, method, gap_asked, time_limit
        The job.
    slots, servers, models, services
        Size of the instance; 0 if the run failed before it was drawn.
    status
        Of the solution, or ``"failed: why"``.
    seconds
        Wall-clock time of `solve`; building a model counts, a certificate made afterwards does not.
    search_seconds
        The part of it spent inside HiGHS' search where the method is the compact model, else all of it.
    cost, lower_bound, gap
        Of the solution.
    peak_bytes
        Largest resident memory of the process, everything that it imports included.
    cpu_seconds
        Processor time of `solve` on all cores, threads included and worker processes not: on a busy machine
        it is what the run took, and `seconds` what it waited.
    """

    case: str
    method: str
    gap_asked: float
    time_limit: float
    slots: int = 0
    servers: int = 0
    models: int = 0
    services: int = 0
    status: str = "failed"
    seconds: float = math.nan
    search_seconds: float = math.nan
    cost: float = math.inf
    lower_bound: float = -math.inf
    gap: float = math.inf
    peak_bytes: int = 0
    cpu_seconds: float = math.nan

    @property
    def proved(self) -> bool:
        """Whether the gap asked for was reached within the time limit."""
        return self.status == "optimal"


def perform(job: Job) -> Outcome:
    """Run a job in a process of its own and wait for it; a crash is an outcome, not an error."""
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_work, args=(sender, job))  # no daemon: it may start workers
    process.start()
    sender.close()
    failure = "it was killed, long after its time limit"
    try:
        if receiver.poll(job.time_limit * GRACE_FACTOR + GRACE):
            found = receiver.recv()
            if isinstance(found, Outcome):
                return found
            failure = found
    except EOFError:
        process.join()
        failure = f"its process ended with exit code {process.exitcode}"
    finally:
        process.kill()
        process.join()
        receiver.close()
    return Outcome(job.case.name, job.method, job.gap, job.time_limit, status=f"failed: {failure}")


def _work(sender: Connection, job: Job) -> None:
    try:
        sender.send(measured(job))
    except Exception as error:
        sender.send(f"{type(error).__name__}: {error}")


def measured(job: Job) -> Outcome:
    """Draw the instance, warm up and time the method on it, in this process."""
    instance = job.case.instance()
    _warm_up(job)
    begin, cpu = perf_counter(), process_time()
    solution = solve(instance, job.method, time_limit=job.time_limit, gap=job.gap)
    seconds = perf_counter() - begin - _certificate_seconds(solution)
    cpu = process_time() - cpu
    return Outcome(
        case=job.case.name,
        method=job.method,
        gap_asked=job.gap,
        time_limit=job.time_limit,
        slots=instance.slots,
        servers=instance.servers,
        models=instance.models,
        services=instance.services,
        status=solution.status,
        seconds=seconds,
        search_seconds=_search_seconds(solution, seconds),
        cost=solution.cost,
        lower_bound=solution.lower_bound,
        gap=solution.gap,
        peak_bytes=peak_bytes(),
        cpu_seconds=cpu,
    )


def _warm_up(job: Job) -> None:
    """Solve one instance that prices close and one that they leave open, so that every kernel is loaded."""
    for name, models, slots in (("stationary", 3, 8), ("workflow", 6, 24)):
        tiny = scenario(name, models=models, services=2 * models, slots=slots)
        solve(tiny, job.method, time_limit=3.0, gap=job.gap)


def _certificate_seconds(solution: Solution) -> float:
    """Time after the method's own, for prices that it did not need itself (``brute`` and ``milp``)."""
    account = solution.details.get("certificate")
    return float(account.get("seconds", 0.0)) if isinstance(account, dict) else 0.0


def _search_seconds(solution: Solution, seconds: float) -> float:
    servers = solution.details.get("servers", ())
    if solution.method != "milp":
        return seconds
    return math.fsum(server.get("solve_seconds", 0.0) for server in servers)


def peak_bytes() -> int:
    """Return the largest resident memory of this process so far (Linux counts in KiB, macOS in bytes)."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return int(peak) if sys.platform == "darwin" else int(peak) * 1024


def contradictions(outcomes: Iterable[Outcome]) -> list[str]:
    """Say where one method's bound lies above another method's plan: then one of them is wrong."""
    found = []
    by_case: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        by_case.setdefault(outcome.case, []).append(outcome)
    for case, runs in by_case.items():
        strongest = max(runs, key=lambda run: run.lower_bound)
        cheapest = min(runs, key=lambda run: run.cost)
        if strongest.lower_bound > cheapest.cost + AGREEMENT * abs(cheapest.cost):
            found.append(
                f"{case}: {strongest.method} proves {strongest.lower_bound!r}, "
                f"but {cheapest.method} has a plan of {cheapest.cost!r}"
            )
    return found
