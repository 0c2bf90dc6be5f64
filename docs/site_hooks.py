"""What mkdocs is told before it builds: where the package is, whose folder need not bear its name."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

from mkdocs.plugins import event_priority

ROOT = Path(__file__).resolve().parents[1]
PARTS = ("problem", "solvers", "mechanisms", "learning", "benchmarks", "cli")
COPY = tempfile.TemporaryDirectory(prefix="edgeopt-reference-")
"""Removed when the build ends."""


@event_priority(100)  # before mkdocstrings reads the same setting
def on_config(config: Any) -> Any:
    """Give the reader of docstrings, which reads files and runs none, the sources as a folder `edgeopt`."""
    package = Path(COPY.name) / "edgeopt"
    package.mkdir(exist_ok=True)
    for source in ROOT.glob("*.py"):
        shutil.copy(source, package)
    for part in PARTS:
        shutil.copytree(ROOT / part, package / part, ignore=_all_but_python, dirs_exist_ok=True)
    config.plugins["mkdocstrings"].config.handlers["python"]["paths"] = [COPY.name]
    return config


def _all_but_python(folder: str, names: list[str]) -> set[str]:
    return {name for name in names if not name.endswith(".py") and not (Path(folder) / name).is_dir()}
