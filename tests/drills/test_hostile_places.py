"""Disks that are full, folders that take nothing, names beyond ASCII, two runs in one folder."""

from __future__ import annotations

import contextlib
import io
import json
import random
import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from drills.kill import BENCHMARK, PATIENCE, benchmark_results, finished_tasks
from edgeopt.benchmarks import Settings, run_benchmark
from edgeopt.benchmarks.journal import JOURNAL_NAME
from edgeopt.cli.app import run
from edgeopt.problem import EdgeoptError, Instance, InvalidFile, Plan, evaluate, from_trace, scenario
from edgeopt.solvers import solve

SMALL = {"scenarios": ("hotset",), "sizes": ("small",), "seeds": 2, "tune_budget": 0, "slots": 12}


@contextlib.contextmanager
def files_of_at_most(size: int) -> Iterator[None]:
    """Refuse to let any file grow beyond a size, as a full disk does (the signal is ignored by Python)."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def command(words: list[str], limit: int | None = None) -> tuple[int, str]:
    """Run a command in this process; return its status and what it said to standard error."""
    error = io.StringIO()
    full = files_of_at_most(limit) if limit is not None else contextlib.nullcontext()
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(error), full:
        status = run(words)
    return status, error.getvalue()


def commands(folder: Path, out: str) -> list[list[str]]:
    """Return every command that writes a file, with its inputs written."""
    instance = scenario("hotset", size="small", slots=12)
    instance.save(folder / "site.npz")
    Plan.cloud_only(12, instance.servers, instance.models, instance.services).save(folder / "plan.npz")
    (folder / "market.json").write_text('{"values": [9, 7, 5], "costs": [1, 3, 4]}')
    lines = "".join(f"{number},10,5\n" for number in range(600))
    (folder / "trace.csv").write_text("arrived_at,num_prefill_tokens,num_decode_tokens\n" + lines)
    site = str(folder / "site.npz")
    return [
        ["scenarios", "hotset", "--size", "small", "--out", f"{out}/a.npz"],
        ["solve", site, "--method", "lagrangian", "--out", f"{out}/b.npz", "--json"],
        ["simulate", site, "--policy", "lru", "--out", f"{out}/c.json", "--json"],
        ["trace", str(folder / "trace.csv"), "--out", f"{out}/d.npz", "--json"],
        ["ladder", site, "--time-limit", "2", "--plot", f"{out}/e.svg", "--json"],
        ["clear", str(folder / "market.json"), "--plot", f"{out}/f.svg", "--json"],
        *(["convert", site, f"{out}/g{suffix}"] for suffix in (".json", ".nc", ".csv", ".parquet", ".mps")),
        ["convert", str(folder / "plan.npz"), f"{out}/h.npz", "--instance", site],
    ]


def test_every_command_writes_to_a_folder_with_a_strange_name(tmp_path: Path) -> None:
    folder = tmp_path / "Ünï 火 'results' #1 %s"
    (folder / "out").mkdir(parents=True)
    for words in commands(folder, str(folder / "out")):
        assert command(words) == (0, ""), words
    assert len(list((folder / "out").iterdir())) == 12


@pytest.mark.parametrize("place", ["full", "file", "no such folder"])
def test_what_cannot_be_written_is_one_line_and_leaves_the_old_file(tmp_path: Path, place: str) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (tmp_path / "file").write_text("a file, not a folder")
    solve(scenario("hotset", size="small", slots=12), method="lagrangian")  # keeps what it compiles
    for words in commands(tmp_path, str(out if place == "full" else tmp_path / place)):
        target = Path(
            next(word for word in words if (str(tmp_path) in word and "/out/" in word) or place in word)
        )
        if place == "full":
            target.write_text("old")
        status, said = command(words, limit=64 if place == "full" else None)
        assert (status, said.count("\n")) == (2, 1), (words, said)
        if place == "full":
            assert target.read_text() == "old"
            assert list(out.iterdir()) == [target], "a part was left behind"
            target.unlink()


def test_a_benchmark_on_a_full_disk_goes_on_where_there_is_room(tmp_path: Path) -> None:
    settings = Settings(**SMALL, policies=("cloud-only", "lru"))
    wanted = run_benchmark(settings, tmp_path / "undisturbed", workers=1)
    journal = tmp_path / "out" / JOURNAL_NAME
    half = (tmp_path / "undisturbed" / JOURNAL_NAME).stat().st_size // 2
    with files_of_at_most(half), pytest.raises(InvalidFile, match="cannot be written"):
        run_benchmark(settings, tmp_path / "out", workers=1)
    before = journal.read_bytes()
    assert before.endswith(b"\n")
    run_benchmark(settings, tmp_path / "out", workers=1)
    assert journal.read_bytes().startswith(before)
    for name in ("summary.json",):
        assert (tmp_path / "out" / name).read_bytes() == (wanted.folder / name).read_bytes()


@pytest.mark.skipif(sys.platform != "linux", reason="needs a folder in which nobody can write")
def test_a_benchmark_in_a_folder_that_takes_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for folder in ("/proc", "/proc/no", str(tmp_path / "file"), str(tmp_path / "file" / "x")):
        status, said = command(["benchmark", "--scenario", "hotset", "--size", "small", "--out", folder])
        assert (status, said.count("\n")) == (2, 1), said


def test_two_runs_in_one_folder(tmp_path: Path) -> None:
    """One is refused in one line, the other ends as if it had been alone."""
    words = [sys.executable, "-m", "edgeopt", *BENCHMARK]
    pipes = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE, "cwd": tmp_path, "text": True}
    both = [subprocess.Popen(words, **pipes) for _ in range(2)]  # type: ignore[call-overload]
    said = sorted((run.communicate(timeout=PATIENCE)[1], run.returncode) for run in both)
    assert said[0] == ("", 0)
    if said[1] != ("", 0):  # on a slow machine the second may begin when the first has ended
        assert said[1][1] == 2
        assert said[1][0].count("\n") == 1
        assert "in use by another benchmark run" in said[1][0]
    keys = finished_tasks(tmp_path)
    assert len(keys) == len(set(keys)) == len(benchmark_results(tmp_path)["tasks"])


@pytest.mark.parametrize("seed", range(3))
def test_a_clock_that_goes_backwards_changes_nothing(tmp_path: Path, seed: int) -> None:
    rows = [f"{number * 7}.5,{10 + number % 5},{1 + number % 3}" for number in range(900)]
    head = "arrived_at,num_prefill_tokens,num_decode_tokens"
    options = {"slot_seconds": 60.0, "services": 4, "models": 3, "group": "length"}
    (tmp_path / "trace.csv").write_text("\n".join([head, *rows]) + "\n")
    wanted = from_trace(tmp_path / "trace.csv", **options)
    random.Random(seed).shuffle(rows)
    (tmp_path / "trace.csv").write_text("\n".join([head, *rows]) + "\n")
    assert from_trace(tmp_path / "trace.csv", **options) == wanted


@pytest.mark.parametrize("damage", ["flip", "double", "cut"])
def test_a_damaged_journal_is_refused_or_mended(tmp_path: Path, damage: str) -> None:
    settings = Settings(**SMALL, policies=("cloud-only", "lru"))
    wanted = run_benchmark(settings, tmp_path, workers=1)
    summary = (wanted.folder / "summary.json").read_bytes()
    journal = tmp_path / JOURNAL_NAME
    lines = journal.read_bytes().splitlines(keepends=True)
    if damage == "flip":
        place = lines[1].index(b'"cost": ') + 8 if b'"cost": ' in lines[1] else len(lines[1]) // 2
        changed = bytearray(lines[1])
        changed[place] ^= 1
        journal.write_bytes(lines[0] + bytes(changed) + b"".join(lines[2:]))
        with pytest.raises(EdgeoptError, match="line 2"):
            run_benchmark(settings, tmp_path, workers=1)
        journal.write_bytes(lines[0] + b"".join(lines[2:]))
    else:
        journal.write_bytes(b"".join(lines) + (lines[-1] if damage == "double" else b"")[:])
        if damage == "cut":
            journal.write_bytes(b"".join(lines)[:-7])
    run_benchmark(settings, tmp_path, workers=1)
    assert (tmp_path / "summary.json").read_bytes() == summary


@pytest.mark.parametrize("method", ["milp", "lagrangian", "intervals", "exact", "relaxation", "auto"])
def test_a_solver_without_time_keeps_its_promises(method: str) -> None:
    instance = scenario("decoy", size="small")
    found = solve(instance, method=method, time_limit=1e-3)
    assert found.lower_bound >= 0
    if found.plan is not None:
        assert found.cost == evaluate(instance, found.plan).total >= found.lower_bound


def test_costs_that_would_overflow_are_refused() -> None:
    base = {"requests": np.ones((2, 1)), "service_model": [0], "memory": 1, "footprint": [1]}
    with pytest.raises(EdgeoptError, match="at most 1e"):
        Instance(**base, cloud_cost=1e101)
    assert json.dumps(solve(Instance(**base, cloud_cost=1e100, load_cost=1e99)).cost)
