"""The memory of a benchmark run: an append-only file with one line for each finished task.

A line is written in one call and forced to the disk before the task counts as finished, so a run that dies
at any moment loses at most the tasks that were under way, and a run that starts again does nothing twice.
The only damage a crash can leave is an unfinished last line; it is cut off when the journal is opened. Every
line carries a hash of itself, so that what a bad disk or a bad copy changes is refused, not believed.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from ..problem.errors import EdgeoptError, InvalidFile

JOURNAL_NAME = "journal.jsonl"
LOCK_NAME = "run.lock"


class FolderInUse(EdgeoptError):
    """Another process is running a benchmark in the same folder."""


class Journal:
    """Finished tasks of a folder: key -> result. Use `Journal.open` inside `folder_lock`."""

    def __init__(self, file: io.FileIO, path: Path, results: dict[str, dict[str, Any]]) -> None:
        self._file = file
        self._path = path
        self.results = results

    @classmethod
    @contextmanager
    def open(cls, folder: Path) -> Iterator[Journal]:
        """Read what is finished, cut off a torn last line, and stay open for more lines.

        Raises
        ------
        InvalidFile
            If a complete line is not a journal line: no crash writes that, so nothing is guessed. Also if
            the file cannot be opened.
        """
        path = folder / JOURNAL_NAME
        try:
            new = not path.exists()
            file = path.open("a+b", buffering=0)
            if new:
                _sync_folder(folder)
        except OSError as error:
            raise InvalidFile(f"{path}: cannot be written ({error.strerror or error})") from None
        with file:
            file.seek(0)
            content = file.readall()
            end = content.rfind(b"\n") + 1
            results = _read_lines(path, content[:end])
            if end < len(content):
                file.truncate(end)
                os.fsync(file.fileno())
            yield cls(file, path, results)

    def append(self, key: str, task: Mapping[str, Any], result: dict[str, Any]) -> None:
        """Write one finished task and force it to the disk; `results` then holds what a later run will read.

        Raises
        ------
        InvalidFile
            If there is no room, or the disk fails; the journal is then as it was before.
        """
        entry = json.loads(json.dumps({"key": key, "task": task, "result": result}, allow_nan=False))
        line = json.dumps(entry | {"sum": _sum(entry)}, sort_keys=True).encode() + b"\n"
        end = self._file.seek(0, os.SEEK_END)
        try:
            written = 0
            while written < len(line):
                written += self._file.write(line[written:]) or 0
            os.fsync(self._file.fileno())
        except OSError as error:
            with suppress(OSError):
                self._file.truncate(end)
            reason = error.strerror or error
            raise InvalidFile(f"{self._path}: cannot be written ({reason}); what is in it stays") from None
        self.results[key] = entry["result"]


def _read_lines(path: Path, content: bytes) -> dict[str, dict[str, Any]]:
    results: dict[str, dict[str, Any]] = {}
    for number, line in enumerate(content.splitlines(), start=1):
        try:
            entry = json.loads(line)
            if "sum" in entry and entry.pop("sum") != _sum(entry):
                raise ValueError("its hash is another, so it has been changed")
            results[entry["key"]] = dict(entry["result"])
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise InvalidFile(
                f"{path}, line {number}: not a line of a benchmark journal ({error}); "
                "delete the line or the file"
            ) from None
    return results


def _sum(entry: Mapping[str, Any]) -> str:
    """Return the hash of an entry as it reads from JSON."""
    return hashlib.sha256(json.dumps(entry, sort_keys=True).encode()).hexdigest()[:16]


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
    InvalidFile
        If nothing can be written to the folder.
    """
    import fcntl

    path = folder / LOCK_NAME
    try:
        file = path.open("a+b", buffering=0)
    except OSError as error:
        raise InvalidFile(f"{path}: cannot be written ({error.strerror or error})") from None
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.seek(0)
            owner = file.readall().decode(errors="replace").strip() or "unknown"
            raise FolderInUse(
                f"{folder} is in use by another benchmark run (process {owner}): "
                "wait for it or choose another folder"
            ) from None
        file.seek(0)
        file.truncate()
        with suppress(OSError):  # the name is a courtesy: a full disk must not stop a run that only reads
            file.write(f"{os.getpid()}\n".encode())
        yield
