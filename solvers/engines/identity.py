"""Which edgeopt this is: results are the same bytes everywhere only where the code is the same."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path

from ..._version import __version__

SOURCES = (
    "problem/**/*.csv",
    *(f"{folder}/**/*.py" for folder in ("problem", "solvers", "mechanisms", "learning", "benchmarks")),
)
"""What tasks are made of."""


@lru_cache(maxsize=8)
def source_digest(*patterns: str) -> str:
    """Return the sha256 over the package's files that match the patterns, with their names."""
    root = Path(__file__).resolve().parents[2]
    total = hashlib.sha256()
    for path in sorted(path for pattern in patterns for path in root.glob(pattern)):
        total.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes())
    return total.hexdigest()


def identity() -> str:
    """Name this edgeopt by its version and the beginning of its sources' hash."""
    return f"{__version__} (sources {source_digest(*SOURCES)[:12]})"
