"""Real clusters of two workers, one of which is killed mid-run: the same bytes as without a cluster."""

from __future__ import annotations

import csv
import json
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from edgeopt.benchmarks import Settings, run_benchmark
from edgeopt.problem import scenario
from edgeopt.solvers import Solution, solve
from edgeopt.solvers.certificate import check_certificate

PATIENCE = 120
"""Seconds after which a run counts as stuck."""

CLUSTERS = {
    "ray": """
import ray, sys
ray.init(address="local", num_cpus=2, include_dashboard=False, object_store_memory=2**27)
print(ray.get_runtime_context().gcs_address, flush=True)
sys.stdin.read()
""",
    "dask": """
import distributed, sys
if __name__ == "__main__":
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:
        print(cluster.scheduler_address, flush=True)
        sys.stdin.read()
""",
}
OTHER = """
import importlib, sys
from edgeopt.cli.app import run
importlib.import_module(f"edgeopt.solvers.engines.{sys.argv[1]}").identity = lambda: "0.0.1 (sources none)"
sys.exit(run(sys.argv[2:]))
"""
"""The command line of another version."""

WORKERS = {"ray": "ray::", "dask": "spawn_main"}
"""What the command line of a worker's process holds."""

BENCHMARK: dict[str, Any] = {
    "scenarios": ("hotset",),
    "sizes": ("small",),
    "policies": ("cloud-only", "lru", "index", "random"),
    "seeds": 3,
    "tune_budget": 6,
}
SERVERS = {"servers": 6, "models": 6, "slots": 120}


def words(options: dict[str, Any]) -> list[str]:
    """Turn settings into options of the command line."""
    singular = {"scenarios": "scenario", "sizes": "size", "policies": "policy"}
    found = []
    for name, value in options.items():
        option = f"--{singular.get(name, name).replace('_', '-')}"
        for each in value if isinstance(value, tuple) else (value,):
            found += [option, str(each)]
    return found


@contextmanager
def cluster(name: str) -> Iterator[tuple[str, psutil.Process]]:
    """Start a cluster of two workers; yield its address and the process whose descendants its workers are."""
    with subprocess.Popen(
        [sys.executable, "-c", CLUSTERS[name]],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip(), psutil.Process(process.pid)
        finally:
            process.communicate(timeout=PATIENCE)


def busiest_worker(name: str, head: psutil.Process) -> psutil.Process:
    """Return the worker that has used the processor most."""
    workers = []
    for child in head.children(recursive=True):
        if WORKERS[name] in " ".join(child.cmdline()) and not child.name().startswith("ray::IDLE"):
            times = child.cpu_times()
            workers.append((times.user + times.system, child))
    return max(workers, key=lambda worker: worker[0])[1]


def with_a_killed_worker(
    name: str, address: str, head: psutil.Process, command: list[str], folder: Path, begun: Callable[[], bool]
) -> None:
    """Run a command on the cluster, and kill a worker once the run has begun."""
    run = subprocess.Popen(
        [sys.executable, "-m", "edgeopt", *command, "--engine", name, "--address", address, "--json"],
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    end = time.monotonic() + PATIENCE
    while not begun():
        assert run.poll() is None, run.communicate()[1].decode()
        assert time.monotonic() < end
        time.sleep(0.005)
    victim = busiest_worker(name, head)
    victim.send_signal(signal.SIGKILL)
    said = run.communicate(timeout=PATIENCE)[1].decode()
    assert run.returncode == 0, said


def results(journal: Path) -> dict[str, Any]:
    """Return the finished tasks of a journal without their times."""
    entries = [json.loads(line) for line in journal.read_bytes().splitlines()]
    assert len({entry["key"] for entry in entries}) == len(entries), "a task was done twice"
    return {entry["key"]: {**entry["result"], "seconds": 0} for entry in entries}


def rows(table: Path) -> list[dict[str, str]]:
    with table.open(newline="") as stream:
        return [{**row, "seconds": ""} for row in csv.DictReader(stream)]


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="finds the workers of a cluster by their names")
@pytest.mark.parametrize("name", ["ray", "dask"])
def test_a_cluster_that_loses_a_worker_gives_the_bytes_of_this_process(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    monkeypatch.setenv("RAY_AUTH_MODE", "token")
    monkeypatch.setenv("RAY_AUTH_TOKEN", secrets.token_hex(32))  # of this test's own cluster
    here = run_benchmark(Settings(**BENCHMARK, illustrations=False), tmp_path / "here", workers=1)
    there = tmp_path / name
    journal, kept = there / "journal.jsonl", tmp_path / "kept"

    def lines() -> int:
        return journal.read_bytes().count(b"\n") if journal.exists() else 0

    with cluster(name) as (address, head):
        command = ["benchmark", *words(BENCHMARK), "--no-illustrations", "--out", str(there)]
        with_a_killed_worker(name, address, head, command, tmp_path, lambda: lines() > 0)
        command = ["solve", "decoy", *words(SERVERS), "--keep", str(kept), "--out", "solution.npz"]
        with_a_killed_worker(name, address, head, command, tmp_path, lambda: any(kept.glob("*.npz")))

        other = ["solve", "decoy", *words(SERVERS), "--engine", name, "--address", address]
        done = subprocess.run([sys.executable, "-c", OTHER, name, *other], capture_output=True, check=False)
        said = done.stderr.decode()
        assert (done.returncode, said.count("\n")) == (2, 1), said
        assert "here is 0.0.1 (sources none): install the same on both" in said

    assert results(journal) == results(here.folder / "journal.jsonl")
    assert rows(there / "results.csv") == rows(here.folder / "results.csv")
    assert (there / "summary.json").read_bytes() == (here.folder / "summary.json").read_bytes()
    origins = [json.loads((folder / "run.json").read_text()) for folder in (there, here.folder)]
    assert origins[0].pop("command") != origins[1].pop("command")
    assert origins[0] == origins[1]

    instance = scenario("decoy", **SERVERS)
    found = Solution.load(tmp_path / "solution.npz")
    wanted = solve(instance, engine="local", workers=1)
    assert found.plan == wanted.plan
    assert (found.cost, found.lower_bound) == (wanted.cost, wanted.lower_bound)
    assert found.certificate is not None
    assert wanted.certificate is not None
    for field in ("presence", "compute", "energy", "service", "ahead", "bounds"):
        assert getattr(found.certificate, field).tobytes() == getattr(wanted.certificate, field).tobytes()
    assert check_certificate(instance, found).proved


def test_nothing_left_to_do_needs_no_cluster(tmp_path: Path) -> None:
    small = Settings(**BENCHMARK | {"policies": ("cloud-only",), "seeds": 1})
    first = run_benchmark(small, tmp_path, workers=1)
    again = run_benchmark(small, tmp_path, engine="dask", address="127.0.0.1:1")
    assert repr(again.rows) == repr(first.rows)
