"""The training loop around any algorithm: progress, scalars for TensorBoard, and a state that survives kills.

After every update the whole state is written into the folder, tensors first and then the JSON that names
them, so that a kill at any moment leaves the state of one update or the next, never of a mixture. A training
that is started again in the same folder with the same settings goes on from there and ends bit-equal to one
that was never interrupted.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from ...problem.errors import InvalidFile
from ...problem.storage import write_atomic
from ..networks.network import Network
from .checkpoint import load_json, load_tensors, save_tensors

STATE_FILE = "state.json"

Watch = Callable[[int, int, Mapping[str, float]], None]
"""Called after each update: how many are done, how many there are, and the scalars of this one."""


class Algorithm(Protocol):
    """A training, update by update."""

    network: Network

    @property
    def done(self) -> int:
        """Updates done."""
        ...

    @property
    def updates(self) -> int:
        """How many there are in all."""
        ...

    @property
    def finished(self) -> bool:
        """Whether there is nothing left to do."""
        ...

    def best(self) -> Network:
        """The network to use."""
        ...

    def update(self) -> dict[str, float]:
        """Do the next update; return what there is to log."""
        ...

    def state(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """All that `restore` needs: tensors by name, and what JSON can hold."""
        ...

    def restore(self, tensors: dict[str, Any], rest: dict[str, Any]) -> None:
        """Go on from where `state` was taken."""
        ...


def run_training(
    algorithm: Algorithm, settings: Mapping[str, Any], folder: Path | None, watch: Watch
) -> None:
    """Train until the algorithm is finished, from the folder's state on where it holds one.

    Parameters
    ----------
    settings
        All that the result depends on, as JSON has it; a folder's state of other settings is refused.
    folder
        Where the state and the scalars go; None: nowhere, and a kill loses everything.

    Raises
    ------
    InvalidFile
        If the folder's state is damaged or of another training.
    """
    key = hashlib.sha256(json.dumps(dict(settings), sort_keys=True).encode()).hexdigest()
    if folder is not None and (folder / STATE_FILE).exists():
        _restore(algorithm, key, folder)
    with _scalars(folder, algorithm.done) as log:
        while not algorithm.finished:
            scalars = algorithm.update()
            if folder is not None:
                _keep(algorithm, key, folder)
            log(algorithm.done, scalars)
            watch(algorithm.done, algorithm.updates, scalars)


def forget_training(folder: Path) -> None:
    """Remove the state of a finished training."""
    for path in (folder / STATE_FILE, *folder.glob("state-*.safetensors")):
        path.unlink(missing_ok=True)


def _keep(algorithm: Algorithm, key: str, folder: Path) -> None:
    tensors, rest = algorithm.state()
    name = f"state-{algorithm.done}.safetensors"
    save_tensors(folder / name, tensors)
    content = {"key": key, "tensors": name, "rest": rest}
    write_atomic(folder / STATE_FILE, json.dumps(content, allow_nan=False).encode())
    for old in folder.glob("state-*.safetensors"):
        if old.name != name:
            old.unlink(missing_ok=True)


def _restore(algorithm: Algorithm, key: str, folder: Path) -> None:
    path = folder / STATE_FILE
    content = load_json(path)
    if not isinstance(content, dict) or set(content) != {"key", "tensors", "rest"}:
        raise InvalidFile(f"{path}: not the state of a training; remove it to begin anew")
    if content["key"] != key:
        raise InvalidFile(
            f"{path}: is the state of a training with other settings; give those, or another folder"
        )
    name = content["tensors"]
    if not (isinstance(name, str) and Path(name).name == name):
        raise InvalidFile(f"{path}: names no file of tensors beside it")
    algorithm.restore(load_tensors(folder / name), content["rest"])


@contextmanager
def _scalars(folder: Path | None, done: int) -> Iterator[Callable[[int, Mapping[str, float]], None]]:
    """Write scalars for TensorBoard where it is installed; what lies after a resumed update is purged."""
    writer = _writer(folder, done)

    def log(step: int, scalars: Mapping[str, float]) -> None:
        if writer is not None:
            for name, value in scalars.items():
                writer.add_scalar(name, value, step)
            writer.flush()

    try:
        yield log
    finally:
        if writer is not None:
            writer.close()


def _writer(folder: Path | None, done: int) -> Any:
    if folder is None:
        return None
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        return None
    return SummaryWriter(str(folder / "scalars"), purge_step=done + 1)
