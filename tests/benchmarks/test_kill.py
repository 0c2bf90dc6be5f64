"""A run that is killed in the middle and started again ends as if nothing had happened."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

OPTIONS = [
    *("--scenario", "hotset", "--size", "small", "--seeds", "4", "--tune-budget", "8", "--out", "results"),
    "--no-illustrations",
    *(word for name in ("cloud-only", "lru", "index", "static", "random") for word in ("--policy", name)),
]
TASKS = 4 + 5 + 4 * 5
"""References, tunings and runs of these options."""

PATIENCE = 120
"""Seconds after which a run counts as stuck."""


def start(folder: Path, workers: int) -> subprocess.Popen[bytes]:
    folder.mkdir(exist_ok=True)
    return subprocess.Popen(
        [sys.executable, "-m", "edgeopt", "benchmark", *OPTIONS, "--workers", str(workers), "--json"],
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )


def finished(folder: Path) -> list[str]:
    journal = folder / "results" / "journal.jsonl"
    lines = journal.read_bytes().splitlines(keepends=True) if journal.exists() else []
    return [json.loads(line)["key"] for line in lines if line.endswith(b"\n")]


def wait_for(folder: Path, run: subprocess.Popen[bytes], count: int) -> None:
    end = time.monotonic() + PATIENCE
    while len(finished(folder)) < count:
        assert run.poll() is None, run.communicate(timeout=PATIENCE)[1].decode()
        assert time.monotonic() < end
        time.sleep(0.005)


def results(folder: Path) -> list[dict[str, str]]:
    with (folder / "results" / "results.csv").open(newline="") as stream:
        return [
            {name: value for name, value in row.items() if name != "seconds"}
            for row in csv.DictReader(stream)
        ]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("undisturbed")
    run = start(folder, workers=1)
    assert run.communicate(timeout=PATIENCE)[1] == b""
    assert run.returncode == 0
    assert len(finished(folder)) == TASKS
    return folder


def children(process: int) -> list[int]:
    """Return the children of a process, by the process table of Linux."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == process:
            found.append(int(stat.parent.name))
    return found


@pytest.mark.parametrize(("workers", "after"), [(1, 6), (2, 12)])
def test_killed_runs_lose_and_repeat_nothing(
    undisturbed: Path, tmp_path: Path, workers: int, after: int
) -> None:
    run = start(tmp_path, workers)
    wait_for(tmp_path, run, after)
    orphans = children(run.pid) if Path("/proc").is_dir() else []
    run.send_signal(signal.SIGKILL)
    run.wait(timeout=PATIENCE)
    assert gone(orphans), "workers of the killed run are still alive"
    before = finished(tmp_path)
    assert after <= len(before) < TASKS
    with (tmp_path / "results" / "journal.jsonl").open("ab") as journal:
        journal.write(b'{"key": "torn by the')

    again = start(tmp_path, workers)
    assert again.communicate(timeout=PATIENCE)[1] == b""
    assert again.returncode == 0
    keys = finished(tmp_path)
    assert keys[: len(before)] == before
    assert len(keys) == len(set(keys)) == TASKS
    assert set(keys) == set(finished(undisturbed))
    assert results(tmp_path) == results(undisturbed)
    summary = (tmp_path / "results" / "summary.json").read_bytes()
    assert summary == (undisturbed / "results" / "summary.json").read_bytes()


def gone(processes: list[int]) -> bool:
    end = time.monotonic() + 20
    while any(alive(process) for process in processes):
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


def alive(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_interrupted_run_says_how_to_continue(tmp_path: Path) -> None:
    for attempt in range(6):  # on a busy machine a run may end before the signal reaches it
        folder = tmp_path / str(attempt)
        folder.mkdir()
        run = start(folder, workers=2)
        wait_for(folder, run, 2)
        os.kill(run.pid, signal.SIGINT)
        message = run.communicate(timeout=PATIENCE)[1].decode()
        assert "Traceback" not in message
        assert len(finished(folder)) >= 2
        if run.returncode != 0:
            break
    assert run.returncode == 130
    assert "give the same command again to continue" in message
