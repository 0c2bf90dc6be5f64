"""The command line's manners: exit statuses, one line for bad input, never a traceback."""

from __future__ import annotations

import subprocess
import sys

import pytest

from edgeopt import __version__
from edgeopt.cli import COMMANDS
from edgeopt.cli.app import run


def test_help_lists_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert run([]) == 0
    text = capsys.readouterr().out
    for name, line in COMMANDS.items():
        assert f"{name} " in text
        assert line in text


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--version"]) == 0
    assert capsys.readouterr().out == f"edgeopt {__version__}\n"


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([name, "--help"]) == 0
    assert "Usage: edgeopt" in capsys.readouterr().out


@pytest.mark.parametrize(
    "words",
    [
        ["no-such-command"],
        ["--no-such-option"],
        ["solve"],
        ["solve", "no-such-file.npz"],
        ["solve", "no-such-scenario"],
        ["evaluate", "no-such-file.npz", "plan.npz"],
        ["simulate", "stationary", "--policy", "no-such-policy"],
        ["trace", "no-such-file.csv"],
        ["ladder", "no-such-scenario"],
        ["ladder", "decoy", "--plot", "picture.png"],
        ["verify", "no-such-file.json", "--instance", "decoy"],
        ["scenarios", "no-such-scenario"],
        ["benchmark", "--scenario", "no-such-scenario"],
        ["benchmark", "--seeds", "many"],
    ],
)
def test_bad_input_is_one_line_and_status_two(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(words) == 2
    captured = capsys.readouterr()
    assert captured.err.startswith("edgeopt: ")
    assert captured.err.count("\n") == 1


def test_a_reader_that_goes_away_is_no_error() -> None:
    """``edgeopt scenarios | head -1`` ends quietly."""
    command = f"{sys.executable} -m edgeopt scenarios | head -1"
    done = subprocess.run(["/bin/sh", "-c", command], capture_output=True, text=True, check=True)
    assert done.stderr == ""
