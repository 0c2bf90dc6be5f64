"""Kill commands at random moments: nothing lost, nothing doubled, the same result at the end.

The full drill: ``PYTHONPATH=tests python -m drills.kill --kills 60`` (``--job benchmark`` for one of them).
Add a command by adding a `Job` to `JOBS`.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PATIENCE = 300
"""Seconds after which a run counts as stuck."""


@dataclass(frozen=True)
class Job:
    """A command to be killed.

    Parameters
    ----------
    words
        The command, run in a folder of its own.
    prepare
        Writes what the command reads into the folder.
    final
        What must be equal to an undisturbed run's when the command has ended: name -> content.
    kept
        What must never be lost nor repeated, in order: the finished parts so far.
    whole
        Checks that whatever lies in the folder after a kill is either absent or whole.
    """

    words: tuple[str, ...]
    prepare: Callable[[Path], None]
    final: Callable[[Path], Mapping[str, Any]]
    kept: Callable[[Path], list[str]] = lambda _folder: []
    whole: Callable[[Path], None] = lambda _folder: None


def nothing(_folder: Path) -> None:
    """Prepare nothing."""


def without_seconds(content: bytes) -> list[dict[str, str]]:
    """Return the rows of results.csv without the one column that differs between equal runs."""
    rows = csv.DictReader(content.decode().splitlines())
    return [{name: value for name, value in row.items() if name != "seconds"} for row in rows]


def finished_tasks(folder: Path) -> list[str]:
    """Return the keys of the journal's complete lines."""
    journal = folder / "results" / "journal.jsonl"
    lines = journal.read_bytes().splitlines(keepends=True) if journal.exists() else []
    return [json.loads(line)["key"] for line in lines if line.endswith(b"\n")]


def benchmark_results(folder: Path) -> dict[str, Any]:
    """Return what a benchmark ends with."""
    results = folder / "results"
    return {
        "results.csv": without_seconds((results / "results.csv").read_bytes()),
        "summary.json": (results / "summary.json").read_bytes(),
        "tasks": sorted(finished_tasks(folder)),
    }


def solution(folder: Path) -> dict[str, Any]:
    """Return a solution without the seconds it took."""
    from edgeopt.solvers import Solution

    found = Solution.load(folder / "solution.npz")
    return {"plan": found.plan, "cost": found.cost, "bound": found.lower_bound, "status": found.status}


def whole_solution(folder: Path) -> None:
    """Load the solution, if there is one."""
    if (folder / "solution.npz").exists():
        solution(folder)


def write_requests(folder: Path) -> None:
    """Write a trace of 60,000 requests."""
    rng = random.Random(0)
    clock = 0.0
    with (folder / "trace.csv").open("w") as file:
        file.write("arrived_at,num_prefill_tokens,num_decode_tokens\n")
        for _ in range(60_000):
            clock += rng.expovariate(5.0)
            file.write(f"{clock:.6f},{rng.randint(1, 4000)},{rng.randint(1, 400)}\n")


def imported(folder: Path) -> dict[str, Any]:
    """Return the bytes of the instance."""
    return {"instance.npz": (folder / "instance.npz").read_bytes()}


def whole_instance(folder: Path) -> None:
    """Load the instance, if there is one."""
    from edgeopt.problem import Instance

    if (folder / "instance.npz").exists():
        Instance.load(folder / "instance.npz")


def trained(folder: Path) -> dict[str, Any]:
    """Return the bytes of the learner; what is unfinished must be gone."""
    learner = folder / "learner"
    assert not list(learner.glob("state*")), "the state of a finished training is still there"
    return {name: (learner / name).read_bytes() for name in ("weights.safetensors", "card.json")}


def whole_learner(folder: Path) -> None:
    """Load the learner, if there is one; the card is written last."""
    if (folder / "learner" / "card.json").exists():
        from edgeopt.learning import T2DRL

        T2DRL.load(folder / "learner")


BENCHMARK = (
    *("benchmark", "--scenario", "hotset", "--size", "small", "--seeds", "3", "--tune-budget", "8"),
    *(word for name in ("cloud-only", "lru", "index", "static") for word in ("--policy", name)),
    *("--workers", "2", "--out", "results", "--json", "--no-illustrations"),
)
JOBS = {
    "benchmark": Job(BENCHMARK, nothing, benchmark_results, finished_tasks),
    "solve": Job(
        ("solve", "hotset", "--size", "small", "--method", "lagrangian", "--out", "solution.npz", "--json"),
        nothing,
        solution,
        whole=whole_solution,
    ),
    "trace": Job(
        ("trace", "trace.csv", "--json", "--out", "instance.npz"),
        write_requests,
        imported,
        whole=whole_instance,
    ),
    "train": Job(
        (
            *("train", "--scenario", "hotset", "--size", "small", "--slots", "30", "--width", "8"),
            *("--examples", "6", "--runs", "4", "--passes", "3", "--generations", "40"),
            *("--out", "learner", "--json"),
        ),
        nothing,
        trained,
        whole=whole_learner,
    ),
}


def start(job: Job, folder: Path) -> subprocess.Popen[bytes]:
    """Start the command."""
    return subprocess.Popen(
        [sys.executable, "-m", "edgeopt", *job.words],
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )


def undisturbed(job: Job, folder: Path) -> tuple[Mapping[str, Any], float]:
    """Run the command to its end; return what it leaves and the seconds it took."""
    folder.mkdir()
    job.prepare(folder)
    begin = time.monotonic()
    run = start(job, folder)
    error = run.communicate(timeout=PATIENCE)[1]
    assert run.returncode == 0, error.decode()
    return job.final(folder), time.monotonic() - begin


def drill(job: Job, scratch: Path, kills: int, *, seed: int = 0) -> dict[str, int]:
    """Kill a command so often, starting it again after each; whenever it ends, compare, and begin anew."""
    rng = random.Random(seed)
    undisturbed(job, scratch / "first")  # what is compiled once shall not count
    wanted, seconds = undisturbed(job, scratch / "undisturbed")
    killed = ended = 0
    while killed < kills or ended == 0:
        folder = scratch / f"run-{ended}"
        if not folder.exists():
            folder.mkdir()
            job.prepare(folder)
        before = job.kept(folder)
        run = start(job, folder)
        try:
            moment = rng.uniform(0.0, seconds) if killed < kills else PATIENCE
            error = run.communicate(timeout=moment)[1]
        except subprocess.TimeoutExpired:
            assert killed < kills, "stuck"
            run.send_signal(signal.SIGKILL)
            run.communicate()
            killed += 1
        else:
            assert run.returncode == 0, error.decode()
            assert error == b"", error.decode()
            ended += 1
            found = job.final(folder)
            different = [name for name in wanted if found[name] != wanted[name]]
            assert not different, f"{', '.join(different)} differ after {killed} kills"
        kept = job.kept(folder)
        assert kept[: len(before)] == before, "something finished was lost"
        assert len(kept) == len(set(kept)), "something finished was done twice"
        job.whole(folder)
    return {"kills": killed, "runs that ended": ended}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=60)
    parser.add_argument("--job", choices=JOBS, action="append")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    for name in options.job or JOBS:
        with tempfile.TemporaryDirectory() as scratch:
            figures = drill(JOBS[name], Path(scratch), options.kills, seed=options.seed)
        sys.stdout.write(f"{name}: {figures}\n")
        sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
