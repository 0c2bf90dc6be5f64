"""The mutation drill: it notices what tests notice, and what it excuses still stands in the code."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from drills.mutants import TARGETS, mutants
from drills.survivors import SURVIVORS


@pytest.mark.parametrize("file", ["problem/dynamics.py", "mechanisms/rules/mcafee.py"])
def test_every_change_is_one_and_compiles(file: str) -> None:
    found = list(mutants(file))
    assert len(found) > 20
    assert len({mutant.source for mutant in found}) == len(found)
    for mutant in found:
        compile(mutant.source, file, "exec")


def test_every_excused_change_still_exists() -> None:
    """An excuse for code that has gone would hide a new gap."""
    files = [file for target in TARGETS.values() for file in target.files]
    found = [mutant for file in files for mutant in mutants(file, sources=False)]
    assert all(mutant.before != mutant.after for mutant in found)
    assert set(SURVIVORS) <= {mutant.name for mutant in found}


SCRIPT = """
import sys
from dataclasses import replace
from pathlib import Path

from drills.mutants import TARGETS, copied_package, passes

folder = Path(sys.argv[1])
target = replace(TARGETS["referee"], chosen="worked_example or more_than_asked")
file = copied_package(folder) / "problem" / "referee.py"
whole = file.read_text()
broken = whole.replace("served > instance.requests", "served > instance.requests + 1")
assert broken != whole
print(passes(target, folder, 300.0))
file.write_text(broken)
print(passes(target, folder, 300.0))
"""


def test_tests_that_fail_and_tests_that_pass_are_told_apart(tmp_path: Path) -> None:
    """In a process of its own, as the drill runs: the package must not have been imported before."""
    tests = str(Path(__file__).resolve().parents[1])
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(tmp_path)],
        env=os.environ | {"PYTHONPATH": tests},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.split() == ["True", "False"], done.stderr
