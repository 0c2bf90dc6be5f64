"""Part ``across`` of the solver benchmarks: it counts what descendants use, and says when bytes differ."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from edgeopt.benchmarks.solvers import __main__ as command
from edgeopt.benchmarks.solvers import across
from edgeopt.benchmarks.solvers.across_run import account
from edgeopt.benchmarks.solvers.cases import ScenarioCase
from edgeopt.benchmarks.solvers.part import Options
from edgeopt.benchmarks.solvers.processes import Usage, usage_until_the_end
from edgeopt.benchmarks.solvers.runs import perform
from edgeopt.problem import EdgeoptError

linux = pytest.mark.skipif(not Path("/proc/self/smaps_rollup").exists(), reason="reads Linux's process table")

SPEND = """
import subprocess, sys, time
block = b"x" * (64 * 2**20)
if sys.argv[1] == "parent":
    child = subprocess.Popen([sys.executable, "-c", open(sys.argv[2]).read(), "child"])
    child.wait()
else:
    while time.process_time() < 1.5:
        pass
    time.sleep(1.0)
"""
"""A parent that holds 64 MiB, and a child that holds as much and uses 1.5 seconds of a processor."""


@linux
def test_usage_is_that_of_all_descendants(tmp_path: Path) -> None:
    (tmp_path / "spend.py").write_text(SPEND)
    words = [sys.executable, str(tmp_path / "spend.py"), "parent", str(tmp_path / "spend.py")]
    pipes = {"stderr": subprocess.PIPE}
    with subprocess.Popen(words, env=os.environ | {"MARKED": "this"}, **pipes) as process:  # type: ignore[call-overload]
        usage = usage_until_the_end(process, "MARKED=this")
    assert process.returncode == 0
    assert 1.5 <= usage.processor_seconds < 6
    assert 128 * 2**20 < usage.peak_bytes < 512 * 2**20
    with subprocess.Popen(words, env=os.environ | {"MARKED": "other"}, **pipes) as process:  # type: ignore[call-overload]
        assert usage_until_the_end(process, "MARKED=this") == Usage(0.0, 0)


@linux
def test_quick_part_writes_its_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command.main(["across"], quick=True, method=None, time_limit=20.0, data=None, only="", out=tmp_path)
    found = json.loads((tmp_path / "solvers.json").read_text())["parts"]["across"]
    (local,) = found["findings"]
    assert local["engine"] == "local"
    assert local["status"] == "optimal"
    assert 0 < local["solving_seconds"] < local["processor_seconds"]
    assert local["peak_bytes"] > 50 * 2**20
    assert "the same bytes" in found["notes"][-1]
    assert (tmp_path / "across.svg").read_text().count("local") == 1


def test_engines_that_differ_or_fail_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    one = account("local", ScenarioCase("decoy", 3, 10, 6, servers=2))
    other = replace(one, digest="0" * 64)

    def made_up(engine: str, case: ScenarioCase) -> tuple[across.Account, Usage]:
        if engine == "dask":
            raise EdgeoptError("dask is not here")
        return {"local": one, "ray": other}[engine], Usage(4.0, 2**27)

    monkeypatch.setattr(across, "measured", made_up)
    report = across.run(Options(), perform)
    assert [row[0] for row in report.rows] == ["local", "ray"]
    assert "dask: dask is not here" in report.notes
    assert report.notes[-1].endswith("DIFFERENT")
    assert report.rows[0][2] == "0.04 s"  # four seconds for a hundred servers
    assert report.rows[0][-1] == "128 MiB"
