"""The journal loses nothing that was finished and believes nothing that was torn."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from edgeopt.benchmarks.journal import JOURNAL_NAME, FolderInUse, Journal, folder_lock
from edgeopt.problem import InvalidFile


def lines(folder: Path) -> list[str]:
    return [json.loads(line)["key"] for line in (folder / JOURNAL_NAME).read_text().splitlines()]


def test_finished_tasks_are_there_after_reopening(tmp_path: Path) -> None:
    with Journal.open(tmp_path) as journal:
        journal.append("a", {"kind": "run"}, {"cost": 0.1 + 0.2, "mean_accuracy": None})
    with Journal.open(tmp_path) as journal:
        assert journal.results == {"a": {"cost": 0.30000000000000004, "mean_accuracy": None}}


@pytest.mark.parametrize("cut", [1, 5, 20])
def test_torn_last_line_is_cut_off_and_the_next_one_is_whole(tmp_path: Path, cut: int) -> None:
    with Journal.open(tmp_path) as journal:
        journal.append("a", {}, {"cost": 1.0})
        journal.append("b", {}, {"cost": 2.0})
    path = tmp_path / JOURNAL_NAME
    os.truncate(path, path.stat().st_size - cut)
    with Journal.open(tmp_path) as journal:
        assert set(journal.results) == {"a"}
        journal.append("c", {}, {"cost": 3.0})
    assert lines(tmp_path) == ["a", "c"]


def test_complete_json_without_its_newline_is_torn_too(tmp_path: Path) -> None:
    (tmp_path / JOURNAL_NAME).write_text('{"key": "a", "result": {}}')
    with Journal.open(tmp_path) as journal:
        assert journal.results == {}
        journal.append("b", {}, {})
    assert lines(tmp_path) == ["b"]


@pytest.mark.parametrize("line", ["not json", "[1]", '{"key": "a"}', '{"key": "a", "result": 3}', ""])
def test_damage_that_no_crash_leaves_is_refused_with_its_line(tmp_path: Path, line: str) -> None:
    (tmp_path / JOURNAL_NAME).write_text(f'{{"key": "a", "result": {{}}}}\n{line}\n')
    with pytest.raises(InvalidFile, match="line 2") as error, Journal.open(tmp_path):
        pass
    assert "\n" not in str(error.value)


def test_a_changed_digit_is_noticed(tmp_path: Path) -> None:
    with Journal.open(tmp_path) as journal:
        journal.append("a", {"seed": 1, 7: "seven"}, {"cost": 1.25})
    path = tmp_path / JOURNAL_NAME
    path.write_text(path.read_text().replace("1.25", "1.24"))
    with pytest.raises(InvalidFile, match=r"line 1: .* has been changed"), Journal.open(tmp_path):
        pass


def test_lines_of_before_there_were_hashes_are_believed(tmp_path: Path) -> None:
    (tmp_path / JOURNAL_NAME).write_text('{"key": "a", "result": {"cost": 1.5}, "task": {}}\n')
    with Journal.open(tmp_path) as journal:
        assert journal.results == {"a": {"cost": 1.5}}


def test_not_a_number_never_reaches_the_file(tmp_path: Path) -> None:
    with Journal.open(tmp_path) as journal, pytest.raises(ValueError, match="JSON compliant"):
        journal.append("a", {}, {"cost": float("nan")})
    assert lines(tmp_path) == []


HOLD = """
import sys
from pathlib import Path
from edgeopt.benchmarks.journal import folder_lock
with folder_lock(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_second_run_in_a_folder_is_refused_and_a_killed_one_leaves_no_lock(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(FolderInUse, match=f"process {holder.pid}"), folder_lock(tmp_path):
            pass
        holder.kill()
    with folder_lock(tmp_path):
        assert (tmp_path / "run.lock").read_text() == f"{os.getpid()}\n"
