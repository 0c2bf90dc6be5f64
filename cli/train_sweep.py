"""The part of ``edgeopt train`` that trains several learners."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from .console import console, progress_bar

if TYPE_CHECKING:
    from ..learning.sweep import Training
    from ..solvers.engines import Engine


def train_sweep(tasks: Sequence[Training], out: Path, engine: Engine, *, as_json: bool) -> None:
    """Train the learners on an engine and say where they are."""
    from ..learning.sweep import sweep

    with progress_bar(quiet=as_json) as bar:
        row = bar.add_task("trainings", total=len(tasks))

        def watch(done: int, total: int, name: str) -> None:
            bar.update(row, completed=done, total=total, description=name)

        learners = sweep(tasks, out, engine, watch)
    if as_json:
        facts = {name: {"folder": str(out / name), **learner.sizes} for name, learner in learners.items()}
        typer.echo(json.dumps(facts, allow_nan=False))
        return
    screen = console()
    for name, learner in learners.items():
        profiles = ", ".join(learner.profiles)
        screen.print(f"{out / name}: {learner.sizes['parameters']:,} parameters; {profiles}", soft_wrap=True)
