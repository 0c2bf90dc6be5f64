"""The fast form of the kill drill; tests/benchmarks/test_kill.py kills a benchmark at chosen points."""

from __future__ import annotations

from pathlib import Path

import pytest

from drills.kill import JOBS, drill


@pytest.mark.parametrize("name", ["trace"])
def test_killed_commands_end_as_if_undisturbed(tmp_path: Path, name: str) -> None:
    assert drill(JOBS[name], tmp_path, kills=2)["kills"] == 2
