"""One run of part ``across``, in a process of its own: an instance, an engine, and what it took."""

from __future__ import annotations

import hashlib
import json
import sys
from dataclasses import asdict, replace
from pathlib import Path
from time import perf_counter, process_time

from ...problem.errors import EdgeoptError
from ...problem.storage import write_atomic
from ...solvers.across import ServerTask, solve_across
from ...solvers.engines import Engine
from ...solvers.engines.call import pack, perform
from ...solvers.engines.identity import identity
from ...solvers.solution import Solution
from ...solvers.solve import solve_server
from .across import GAP, METHOD, WORKERS, Account
from .cases import ScenarioCase
from .runs import peak_bytes


def solve_timed(task: ServerTask) -> Solution:
    """Solve a server; ``seconds`` of the solution is then the processor time that it took."""
    begin = process_time()
    solution = solve_server(task)
    return replace(solution, seconds=process_time() - begin)


def account(engine: str, case: ScenarioCase) -> Account:
    """Solve the case's instance on an engine of this machine."""
    instance = case.instance()
    before, begin = peak_bytes(), perf_counter()
    solution = solve_across(instance, METHOD, Engine(engine, workers=WORKERS), solve_timed, gap=GAP)
    seconds, after = perf_counter() - begin, peak_bytes()
    if solution.plan is None or solution.certificate is None:
        raise AssertionError(f"{METHOD} always has a plan and a certificate")
    proof = solution.certificate
    state = hashlib.sha256()
    for array in (solution.plan.cached, solution.plan.served, proof.presence, proof.service, proof.bounds):
        state.update(array.tobytes())
    packed = pack(solve_server, ServerTask(instance.server(0), METHOD, None, GAP))
    return Account(
        seconds=seconds,
        solving_seconds=sum(server["seconds"] for server in solution.details["servers"]),
        sent_bytes=len(packed),
        returned_bytes=len(perform(identity(), packed)),
        caller_bytes=after - before,
        digest=state.hexdigest(),
        status=solution.status,
        cost=solution.cost,
        lower_bound=solution.lower_bound,
        gap=solution.gap,
    )


def main() -> None:
    """Take engine, case and the name of the file to write from the command line."""
    engine, case, out = sys.argv[1:]
    try:
        found = account(engine, ScenarioCase(**json.loads(case)))
    except EdgeoptError as error:
        sys.exit(str(error))
    write_atomic(Path(out), json.dumps(asdict(found)).encode())
