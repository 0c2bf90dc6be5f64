"""The command: a table that begins with what can be won, JSON for machines, one line for mistakes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from edgeopt.benchmarks import COLUMNS
from edgeopt.cli.app import run

QUICK = [
    *("--scenario", "hotset", "--size", "small", "--seeds", "2", "--tune-budget", "0", "--workers", "1"),
    *("--policy", "lru", "--policy", "cloud-only", "--policy", "belady"),
]


def test_table_begins_with_what_can_be_won(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["benchmark", *QUICK, "--out", str(tmp_path)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("hotset-small: cloud / best plan ")
    assert "best fixed set in hindsight / best plan" in lines[0]
    text = "\n".join(lines)
    assert "belady ◆" in text
    assert "sees the future" in text
    assert "On hotset-small the cheapest online policy, " in text
    assert str(tmp_path / "report.html") in text.replace("\n", "")
    assert {path.name for path in tmp_path.iterdir()} >= {
        "results.csv",
        "results.json",
        "run.json",
        "report.html",
    }


def test_json_is_all_that_is_printed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["benchmark", *QUICK, "--out", str(tmp_path), "--json"]) == 0
    printed = capsys.readouterr()
    content = json.loads(printed.out)
    assert printed.err == ""
    assert content["rows"] == json.loads((tmp_path / "results.json").read_text())
    assert list(content["rows"][0]) == list(COLUMNS)
    assert content["summary"] == json.loads((tmp_path / "summary.json").read_text())
    before = (tmp_path / "journal.jsonl").read_bytes()
    marked = ["--shift", "12", "--shift", "20: retrained"]
    assert run(["benchmark", *QUICK, "--out", str(tmp_path), "--json", *marked]) == 0
    assert (tmp_path / "journal.jsonl").read_bytes() == before, "marks change no result"
    assert '"marks":[[12,"shift"],[20,"retrained"]]' in (tmp_path / "report.html").read_text()


@pytest.mark.parametrize(
    "words",
    [
        ["--scenario", "nowhere"],
        ["--policy", "guess"],
        ["--size", "huge"],
        ["--seeds", "0"],
        ["--trace", "no-such-file.csv"],
        ["--method", "oracle"],
        ["--workers", "0"],
        ["--shift", "soon"],
    ],
)
def test_mistakes_are_one_line_and_status_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    assert run(["benchmark", "--out", str(tmp_path / "out"), *words]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert len(printed.err.splitlines()) == 1
    assert words[1] in printed.err


def test_the_command_imports_nothing_heavy_before_it_runs() -> None:
    heavy = "{'numpy', 'torch', 'rich', 'matplotlib'}"
    code = f"import sys, edgeopt.cli.benchmark; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
