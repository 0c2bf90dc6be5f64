"""The public names: those of docs/project/public-api.md exist, are explained, and are light to import."""

from __future__ import annotations

import importlib
import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "docs" / "project" / "public-api.md").read_text()
HEAVY = {"torch", "cvxpy", "pulp", "matplotlib", "pandas", "ray", "dask", "xarray", "pyarrow", "z3"}
"""Libraries that cost a second or hundreds of megabytes."""


def entries(heading: str) -> list[str]:
    """First column of the table under a heading, as written between the backticks."""
    section = PAGE.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    return re.findall(r"^\| `([^`]+)` \|", section, re.MULTILINE)


MODULES = re.findall(r"^## `(edgeopt[\w.]*)`$", PAGE, re.MULTILINE)
NAMES = [(module, entry) for module in MODULES for entry in entries(f"`{module}`")]


def test_the_page_lists_what_users_hold_on_to() -> None:
    """An empty or mis-read page would make every other test here pass."""
    assert len(MODULES) == 6
    assert len(NAMES) > 50
    assert ("edgeopt.problem", "Instance") in NAMES


@pytest.mark.parametrize(("module", "entry"), NAMES, ids=lambda text: text.split("(")[0])
def test_name_is_there_with_a_docstring_and_its_arguments(module: str, entry: str) -> None:
    if module == "edgeopt.learning":
        pytest.importorskip("gymnasium")
    name, _, listed = entry.partition("(")
    thing = getattr(importlib.import_module(module), name)
    assert name in importlib.import_module(module).__all__
    # A dataclass without a docstring gets one that repeats its signature.
    assert (inspect.getdoc(thing) or f"{name}(").partition("(")[0] != name
    if listed:
        taken = inspect.signature(thing).parameters
        rest = any(parameter.kind is parameter.VAR_KEYWORD for parameter in taken.values())
        for argument in re.findall(r"\w+", listed):
            assert argument in taken or rest, f"{entry}: no argument {argument}"


@pytest.mark.parametrize("module", MODULES)
def test_every_exported_name_has_a_docstring(module: str) -> None:
    if module == "edgeopt.learning":
        pytest.importorskip("gymnasium")
    loaded = importlib.import_module(module)
    assert loaded.__doc__
    for name in loaded.__all__:
        thing = getattr(loaded, name)
        if callable(thing):
            assert (inspect.getdoc(thing) or f"{name}(").partition("(")[0] != name, f"{module}.{name}"


def test_commands_and_columns_of_the_page_stay() -> None:
    """New ones may come beside them; columns at the end, as rows are also read by position."""
    from edgeopt.benchmarks.results import COLUMNS
    from edgeopt.cli import COMMANDS

    assert len(entries("Commands")) >= 12
    assert set(entries("Commands")) <= set(COMMANDS)
    listed = re.findall(r"`(\w+)`", PAGE.split("\n## Columns of results\n")[1])
    assert len(listed) == 15
    assert listed == list(COLUMNS[: len(listed)])


def loaded_by(*command: str) -> set[str]:
    """Top-level modules that a Python command has imported when it ends."""
    report = "import sys, atexit; atexit.register(lambda: print(*{n.split('.')[0] for n in sys.modules}));"
    words = [sys.executable, "-c", report + command[0], *command[1:]]
    return set(subprocess.run(words, capture_output=True, text=True, check=True).stdout.split())


@pytest.mark.parametrize(
    "command",
    [
        ("import edgeopt",),
        *((f"import {module}",) for module in MODULES if module != "edgeopt.learning"),
        ("from edgeopt.cli import main; main()", "--help"),
        ("from edgeopt.cli import main; main()", "--version"),
        ("from edgeopt.cli import main; main()", "solve", "--help"),
        ("from edgeopt.cli import main; main()", "benchmark", "--help"),
    ],
    ids=" ".join,
)
def test_nothing_heavy_is_imported_before_it_is_used(command: tuple[str, ...]) -> None:
    loaded = loaded_by(*command)
    assert "edgeopt" in loaded
    assert not HEAVY & loaded
