"""Code of the user's own, named as ``module:name``: the one place where edgeopt imports what it is told."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path
from typing import Any


def own(module: str, member: str) -> Any:
    """Import a name from a module on Python's path, or in the current folder.

    The installed command does not look into the current folder, as ``python -m edgeopt`` does. The folder is
    put at the end of the path, so that nothing in it can take the place of a library; worker processes
    inherit it.

    Raises
    ------
    ImportError, AttributeError, ValueError
        If there is no such module or name.
    """
    here = str(Path.cwd())
    if here not in sys.path and "" not in sys.path:
        sys.path.append(here)
    return getattr(import_module(module), member)
