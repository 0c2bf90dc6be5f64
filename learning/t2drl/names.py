"""Learners by name, for the command line and the benchmark: ``t2drl[-CONTROL][@FOLDER]``.

``t2drl`` is the learner that comes with the package, ``t2drl@FOLDER`` one that ``edgeopt train`` wrote. A
control is the same learner with something switched off or on at test; a control that has to be trained
(another core, a twin without inner loop) is a folder of its own.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...problem.errors import InvalidFile, InvalidOption
from ..requirements import require_torch
from .shipped import SHIPPED

if TYPE_CHECKING:
    from .policy import T2DRLPolicy

CONTROLS: Mapping[str, Mapping[str, Any]] = {
    "frozen": {"adapt": False},
    "reset": {"reset_every": 50},
    "placebo": {"placebo": True},
    "slow": {"slow_rate": 1e-3},
}
"""What a control does at test: the core does not learn; it begins anew every 50 slots; it learns the demand
of models drawn at random; the network's own weights learn too."""


def is_learned(name: str) -> bool:
    """Whether a name has the form of a learner's."""
    return name.partition("@")[0].partition("-")[0] == "t2drl"


def learned_policy(name: str) -> T2DRLPolicy:
    """The policy of a name.

    Raises
    ------
    InvalidOption
        For an unknown control.
    InvalidFile
        If the folder holds no learner.
    MissingLibrary
        If torch or safetensors is not installed.
    """
    require_torch()
    from .t2drl import T2DRL

    control, folder = _parts(name)
    return T2DRL.load(folder).as_policy(title=name, **CONTROLS.get(control, {}))


def learned_digest(name: str) -> str:
    """The sha256 of all that a learner's decisions depend on: its files, and the code of `learning`."""
    total = hashlib.sha256(_code().encode())
    _, folder = _parts(name)
    try:
        for path in sorted(folder.iterdir()):
            if path.suffix in (".json", ".safetensors"):
                total.update(path.name.encode() + b"\0" + path.read_bytes())
    except OSError as error:
        raise InvalidFile(f"{folder}: cannot be read ({error.strerror or error})") from None
    return total.hexdigest()


def _parts(name: str) -> tuple[str, Path]:
    """The control ("" for none) and the folder."""
    title, at, folder = name.partition("@")
    _, dash, control = title.partition("-")
    if not is_learned(name) or (dash and control not in CONTROLS) or (at and not folder):
        raise InvalidOption(
            f"policy {name!r}: a learner is t2drl, or t2drl-CONTROL with one of {', '.join(CONTROLS)}; "
            "@FOLDER after it names another than the one that comes with edgeopt"
        )
    return control, Path(folder) if at else SHIPPED


@lru_cache(maxsize=1)
def _code() -> str:
    root = Path(__file__).resolve().parent.parent
    total = hashlib.sha256()
    for path in sorted(root.glob("**/*.py")):
        total.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes())
    return total.hexdigest()
