"""A folder of finished servers: what a run that is repeated need not solve again."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from ..problem.errors import EdgeoptError, InvalidFile, InvalidOption
from ..problem.instance import Instance
from .engines.identity import SOURCES, source_digest
from .solution import Solution


class Kept:
    """Solutions of single servers, each in a file named by a hash of all that it depends on.

    Parameters
    ----------
    folder
        Made where it does not exist.
    method, time_limit, gap
        Of the whole run.

    Raises
    ------
    InvalidOption
        If the folder cannot be made.
    """

    def __init__(self, folder: str | Path, method: str, time_limit: float | None, gap: float) -> None:
        self._folder = Path(folder)
        self._how = [source_digest(*SOURCES), method, time_limit, gap]
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InvalidOption(f"cannot keep anything in {folder}: {error.strerror or error}") from None

    def find(self, server: Instance) -> Solution | None:
        """Return what is kept of a server; None if nothing is.

        Raises
        ------
        InvalidFile
            If the file is damaged, or holds the solution of something else.
        """
        path = self._path(server)
        if not path.exists():
            return None
        solution = Solution.load(path)
        try:
            if solution.plan is not None:
                solution.check(server)
        except EdgeoptError as error:
            raise InvalidFile(f"{path}: not the solution of this server ({error}); delete the file") from None
        return solution

    def keep(self, server: Instance, solution: Solution) -> None:
        """Write the solution of a server, atomically."""
        solution.save(self._path(server))

    def _path(self, server: Instance) -> Path:
        content = json.dumps([server.digest(), *self._how])
        return self._folder / f"server-{hashlib.sha256(content.encode()).hexdigest()[:32]}.npz"
