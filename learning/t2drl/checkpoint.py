"""Trained learners as files: tensors in safetensors, everything else in JSON; nothing in them can run.

A folder holds `weights.safetensors` and `card.json`. What is loaded is checked before it is used: entries,
shapes, types and finite numbers, so that a damaged or foreign folder is refused in one line.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ..._version import __version__
from ...problem.errors import InvalidFile
from ...problem.fields import FloatArray
from ...problem.storage import write_atomic
from ..networks.network import FORESIGHT, Network
from ..scores.features import WEIGHTS
from ..serving.observation import MODEL_FEATURES, SERVER_FEATURES, SERVICE_FEATURES
from .config import Config

KIND = "t2drl/1"
WEIGHT_FILE, CARD_FILE = "weights.safetensors", "card.json"
MAX_BYTES = 2**30
_ENTRIES = {"edgeopt", "version", "config", "profiles", "algorithm", "features", "training"}


def save_tensors(path: Path, tensors: Mapping[str, Any]) -> None:
    """Write tensors atomically."""
    from safetensors.torch import save

    write_atomic(path, save({name: tensor.detach().contiguous().clone() for name, tensor in tensors.items()}))


def load_tensors(path: Path) -> dict[str, Any]:
    """Read tensors.

    Raises
    ------
    InvalidFile
        If there is no such file, or it is none of safetensors.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load

    try:
        if path.stat().st_size > MAX_BYTES:
            raise InvalidFile(f"{path}: {path.stat().st_size:,} bytes; at most {MAX_BYTES:,} are read")
        tensors: dict[str, Any] = load(path.read_bytes())
    except OSError as error:
        raise InvalidFile(f"{path}: cannot be read: {error.strerror}") from None
    except (SafetensorError, ValueError, KeyError, TypeError) as error:
        raise InvalidFile(f"{path}: no safetensors file ({str(error).splitlines()[0][:120]})") from None
    return tensors


def load_json(path: Path) -> Any:
    """Read a JSON file.

    Raises
    ------
    InvalidFile
        If there is no such file, or it holds no JSON.
    """
    try:
        return json.loads(path.read_bytes())
    except OSError as error:
        raise InvalidFile(f"{path}: cannot be read: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise InvalidFile(f"{path}: not JSON ({str(error)[:120]})") from None


def save_checkpoint(
    folder: Path,
    network: Network,
    config: Config,
    profiles: Mapping[str, FloatArray],
    algorithm: str,
    training: Mapping[str, Any],
) -> None:
    """Write a learner; an interrupted writing leaves the card, which is written last, as it was.

    Raises
    ------
    InvalidFile
        If the folder cannot be written.
    """
    import torch

    tensors = {f"network.{name}": value for name, value in network.state_dict().items()}
    tensors |= {f"profile.{name}": torch.from_numpy(np.array(one)) for name, one in profiles.items()}
    card = {
        "edgeopt": KIND,
        "version": __version__,
        "config": config.as_dict(),
        "profiles": list(profiles),
        "algorithm": algorithm,
        "features": _features(),
        "training": dict(training),
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InvalidFile(f"{folder}: cannot be made: {error.strerror}") from None
    save_tensors(folder / WEIGHT_FILE, tensors)
    write_atomic(folder / CARD_FILE, (json.dumps(card, indent=1, allow_nan=False) + "\n").encode())


def load_checkpoint(folder: Path) -> tuple[Network, Config, dict[str, FloatArray], dict[str, Any]]:
    """Read a learner: network, its shape, weights of each profile, and the card.

    Raises
    ------
    InvalidFile
        If a file is missing or is not what it should be.
    """
    path = folder / CARD_FILE
    card = load_json(path)
    if not isinstance(card, dict) or card.get("edgeopt") != KIND:
        raise InvalidFile(f'{path}: not a learner\'s card: "edgeopt" must be "{KIND}"')
    if set(card) != _ENTRIES:
        raise InvalidFile(f"{path}: must have exactly the entries {', '.join(sorted(_ENTRIES))}")
    if card["features"] != _features():
        raise InvalidFile(f"{path}: was trained on other features than this version of edgeopt has")
    names = card["profiles"]
    if not (isinstance(names, list) and all(isinstance(name, str) for name in names)):
        raise InvalidFile(f"{path}: profiles must be a list of names")
    training = card["training"]
    if not (isinstance(training, dict) and isinstance(training.get("families", {}), dict)):
        raise InvalidFile(f"{path}: training must be an object, and so must the families in it")
    try:
        config = Config.of_dict(card["config"])
    except Exception as error:
        raise InvalidFile(f"{path}: {error}") from None
    tensors = load_tensors(folder / WEIGHT_FILE)
    network = _fill(config.network(), tensors, names, folder / WEIGHT_FILE)
    return network, config, {name: tensors[f"profile.{name}"].numpy() for name in names}, card


def _fill(network: Network, tensors: Mapping[str, Any], profiles: list[str], path: Path) -> Network:
    import torch

    own = network.state_dict()
    wanted = {f"network.{name}": value for name, value in own.items()}
    wanted |= {f"profile.{name}": torch.zeros(len(WEIGHTS), dtype=torch.float64) for name in profiles}
    if set(tensors) != set(wanted):
        odd = sorted(set(tensors) ^ set(wanted))[0]
        raise InvalidFile(f"{path}: tensor {odd!r} is missing or not expected")
    for name, value in wanted.items():
        have = tensors[name]
        if have.shape != value.shape or have.dtype != value.dtype:
            raise InvalidFile(
                f"{path}: tensor {name!r} is {have.dtype} {tuple(have.shape)}; "
                f"it must be {value.dtype} {tuple(value.shape)}"
            )
        if not bool(torch.isfinite(have).all()):
            raise InvalidFile(f"{path}: tensor {name!r} holds numbers that are not finite")
    network.load_state_dict({name: tensors[f"network.{name}"] for name in own})
    return network


def _features() -> dict[str, list[str]]:
    """What the numbers of the network mean: names of its inputs and outputs, in order."""
    return {
        "models": [name for name, _ in MODEL_FEATURES],
        "services": [name for name, _ in SERVICE_FEATURES],
        "server": [name for name, _ in SERVER_FEATURES],
        "foresight": list(FORESIGHT),
        "weights": list(WEIGHTS),
    }
