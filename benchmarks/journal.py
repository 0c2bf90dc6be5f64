"""The memory of a benchmark run: an append-only file with one line for each finished task.

A line is written in one call and forced to the disk before the task counts as finished, so a run that dies
at any moment loses at most the tasks that were under way, and a run that starts again does nothing twice.
The only damage a crash can leave is an unfinished last line; it is cut off when the journal is opened.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from ..problem.errors import EdgeoptError, InvalidFile

JOURNAL_NAME = "journal.jsonl"
LOCK_NAME = "run.lock"


class FolderInUse(EdgeoptError):
    """Another process is running a benchmark in the same folder."""


class Journal:
    """Finished tasks of a folder: key -> result. Use `Journal.open` inside `folder_lock`."""

    def __init__(self, file: IO[bytes], results: dict[str, dict[str, Any]]) -> None:
        self._file = file
        self.results = results

    @classmethod
    @contextmanager
    def open(cls, folder: Path) -> Iterator[Journal]:
        """Read what is finished, cut off a torn last line, and stay open for more lines.

        Raises
        ------
        InvalidFile
            If a complete line is not a journal line: no crash writes that, so nothing is guessed.
        """
        path = folder / JOURNAL_NAME
        new = not path.exists()
        with path.open("a+b") as file:
            if new:
                _sync_folder(folder)
            file.seek(0)
            content = file.read()
            end = content.rfind(b"\n") + 1
            results = _read_lines(path, content[:end])
            if end < len(content):
                file.truncate(end)
                os.fsync(file.fileno())
            yield cls(file, results)

    def append(self, key: str, task: Mapping[str, Any], result: dict[str, Any]) -> None:
        """Write one finished task and force it to the disk."""
        line = json.dumps({"key": key, "task": task, "result": result}, allow_nan=False, sort_keys=True)
        self._file.write(line.encode() + b"\n")
        self._file.flush()
        os.fsync(self._file.fileno())
        self.results[key] = result


def _read_lines(path: Path, content: bytes) -> dict[str, dict[str, Any]]:
    results: dict[str, dict[str, Any]] = {}
    for number, line in enumerate(content.splitlines(), start=1):
        try:
            entry = json.loads(line)
            results[entry["key"]] = dict(entry["result"])
        except (ValueError, KeyError, TypeError) as error:
            raise InvalidFile(
                f"{path}, line {number}: not a line of a benchmark journal ({error}); "
                "delete the line or the file"
            ) from None
    return results


def _sync_folder(folder: Path) -> None:
    """Force the folder's entry for a new file to the disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def folder_lock(folder: Path) -> Iterator[None]:
    """Hold the folder for this process alone.

    The lock is the operating system's (flock) on a file that names its owner: it ends with the process
    however the process ends, so the file that a killed run leaves behind is no obstacle.

    Raises
    ------
    FolderInUse
        If another living process holds the folder.
    """
    import fcntl

    path = folder / LOCK_NAME
    with path.open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.seek(0)
            owner = file.read().strip() or "unknown"
            raise FolderInUse(
                f"{folder} is in use by another benchmark run (process {owner}): "
                "wait for it or choose another folder"
            ) from None
        file.seek(0)
        file.truncate()
        file.write(f"{os.getpid()}\n")
        file.flush()
        yield
