"""Where the numbers of a run come from: versions, machine, command, settings, instances, tuned parameters."""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from .._version import __version__
from .aggregate import ReferenceRecord
from .settings import Settings
from .tasks import code_digest

PACKAGES = ("numpy", "scipy", "numba", "highspy", "pulp")


def provenance(
    settings: Settings,
    command: Sequence[str],
    records: Sequence[ReferenceRecord],
    tuned: Mapping[str, Mapping[str, Mapping[str, Any]]],
) -> dict[str, Any]:
    """Return what `run.json` holds: enough to run again and to tell whether it was the same.

    Parameters
    ----------
    tuned
        The parameters chosen for each policy of each case.
    """
    return {
        "edgeopt": __version__,
        "code": code_digest(),
        "python": platform.python_version(),
        "platform": platform.platform(),
        "packages": {name: _installed(name) for name in PACKAGES},
        "command": list(command),
        "settings": settings.as_dict(),
        "instances": [
            {
                "instance": record.instance,
                "seed": record.seed,
                "digest": record.digest,
                "reference": record.method,
                "status": record.status,
                "cloud_only": record.cloud_only,
                "static_hindsight": record.static_hindsight,
            }
            for record in records
        ],
        "tuned": {case: {name: dict(chosen) for name, chosen in of.items()} for case, of in tuned.items()},
    }


def _installed(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
