"""Several trainings as tasks of an engine: one learner for each seed, and for each family if they are apart.

A training on a cluster happens in a folder of the worker's, whose files are the task's result; in processes
of this machine it happens in the learner's own folder, where it goes on after a kill. Either way a folder
that holds a finished learner of the same settings is left as it is.
"""

from __future__ import annotations

import json
import tempfile
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..problem.errors import InvalidFile, InvalidOption
from ..problem.storage import write_atomic
from ..solvers.engines import Engine

if TYPE_CHECKING:
    from .serving.sources import EpisodeSource
    from .t2drl.config import Config
    from .t2drl.t2drl import T2DRL

SETTINGS_FILE = "sweep.json"
"""Written last: where it stands, the learner beside it is finished."""


@dataclass(frozen=True)
class Episodes:
    """Where training episodes come from, in words that another machine understands.

    Parameters
    ----------
    scenarios
        Names of families; None for those of the shipped learner, or for none beside a trace.
    trace
        A recorded trace, by its absolute path.
    slots, slot_seconds, size
        As `edgeopt train` takes them.
    """

    scenarios: tuple[str, ...] | None = None
    trace: Path | None = None
    slots: int | None = None
    slot_seconds: float = 30.0
    size: str = "medium"

    def families(self) -> dict[str, EpisodeSource]:
        """Return the families by name."""
        from .t2drl.recipes import scenario_families, trace_family

        if self.trace is None:
            return scenario_families(self.scenarios, slots=self.slots, size=self.size)
        families = trace_family(self.trace, slots=self.slots or 120, slot_seconds=self.slot_seconds)
        if not self.scenarios:
            return families
        return families | scenario_families(self.scenarios, slots=self.slots, size=self.size)

    def apart(self) -> dict[str, Episodes]:
        """Return each family by itself, by name."""
        found = {}
        for name in self.families():
            only = name == "trace"
            found[name] = replace(
                self, scenarios=None if only else (name,), trace=self.trace if only else None
            )
        return found


@dataclass(frozen=True)
class Training:
    """One training: all that is sent of it.

    Parameters
    ----------
    name
        Of its folder.
    episodes, algorithm, config, options, seed
        As `T2DRL.train` takes them.
    folder
        Where it happens; None for a folder of the worker's that is gone afterwards.
    """

    name: str
    episodes: Episodes
    algorithm: str
    config: Config
    options: Any
    seed: int
    folder: Path | None = None

    def settings(self) -> dict[str, Any]:
        """Return all that the learner depends on, as JSON has it."""
        content = {name: value for name, value in asdict(self).items() if name not in ("name", "folder")}
        plain: dict[str, Any] = json.loads(json.dumps(content, default=str))
        return plain


def trainings(
    episodes: Episodes, algorithm: str, config: Config, options: Any, seeds: Sequence[int], *, apart: bool
) -> list[Training]:
    """Return a training for each seed, and with ``apart`` for each family and seed."""
    groups = {f"{name}-": one for name, one in episodes.apart().items()} if apart else {"": episodes}
    return [
        Training(f"{prefix}seed-{seed}", group, algorithm, config, options, seed)
        for prefix, group in groups.items()
        for seed in seeds
    ]


def train(training: Training) -> dict[str, bytes]:
    """Train a learner where the task arrives; return its files unless they are in their place already."""
    from .t2drl.t2drl import T2DRL

    def trained(folder: Path) -> None:
        T2DRL.train(
            training.episodes.families(),
            algorithm=training.algorithm,
            config=training.config,
            options=training.options,
            seed=training.seed,
            folder=folder,
        )

    if training.folder is not None:
        trained(training.folder)
        return {}
    with tempfile.TemporaryDirectory() as place:
        trained(Path(place))
        return {path.name: path.read_bytes() for path in sorted(Path(place).iterdir()) if path.is_file()}


def sweep(
    tasks: Sequence[Training],
    out: Path,
    engine: Engine,
    watch: Callable[[int, int, str], None] = lambda _done, _all, _name: None,
) -> dict[str, T2DRL]:
    """Train every learner that is not finished yet, and return all by their names.

    Parameters
    ----------
    out
        Holds a folder for each training.
    watch
        Is told of each finished training.

    Raises
    ------
    InvalidFile
        If a folder holds a learner that was trained with other settings, or cannot be written.
    """
    from .t2drl.t2drl import T2DRL

    todo = deque(task for task in tasks if not _finished(out / task.name, task.settings()))
    here = engine.name == "local"
    done = len(tasks) - len(todo)
    for task in todo:
        _made(out / task.name)
    if todo:
        with engine.open() as crew:
            for task, files in crew.results(
                train,
                todo,
                data=lambda task: replace(task, folder=out / task.name if here else None),
                label=lambda task: f"training {task.name}",
            ):
                for name, content in files.items():
                    write_atomic(out / task.name / name, content)
                write_atomic(out / task.name / SETTINGS_FILE, json.dumps(task.settings()).encode())
                done += 1
                watch(done, len(tasks), task.name)
    return {task.name: T2DRL.load(out / task.name) for task in tasks}


def _finished(folder: Path, settings: Mapping[str, Any]) -> bool:
    path = folder / SETTINGS_FILE
    try:
        known = json.loads(path.read_bytes())
    except FileNotFoundError:
        return False
    except (OSError, ValueError) as error:
        raise InvalidFile(f"{path}: cannot be read ({error})") from None
    if known != settings:
        raise InvalidFile(f"{folder}: holds a learner of other settings; choose another folder")
    return True


def _made(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InvalidOption(f"cannot use {folder} as a folder: {error.strerror or error}") from None
