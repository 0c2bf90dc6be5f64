"""Processor time and memory of a process and of all that it starts, found by a mark in their environment.

A mark is inherited by whatever is started, daemons included, and needs no agreement with those that start
it. Linux only: it reads the process table in ``/proc``.
"""

from __future__ import annotations

import os
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ...problem.errors import InvalidOption

_PAUSE = 0.25
_TABLE = Path("/proc")


@dataclass(frozen=True)
class Usage:
    """What processes have used.

    Attributes
    ----------
    processor_seconds
        User and system time of all, up to the last look at each: a quarter of a second before its end.
    peak_bytes
        Most memory of all at the same time, shared pages counted once (proportional set size).
    """

    processor_seconds: float
    peak_bytes: int


def usage_until_the_end(process: subprocess.Popen[bytes], mark: str) -> Usage:
    """Look at all processes whose environment holds ``NAME=value`` until the first of them has ended.

    Raises
    ------
    InvalidOption
        If this machine has no process table to read.
    """
    if not (_TABLE / "self" / "smaps_rollup").exists():
        process.kill()
        raise InvalidOption(
            "processor time and memory of many processes are read from /proc, as Linux has it"
        )
    spent: dict[int, float] = {}
    peak = 0
    while process.poll() is None:
        memory = 0
        for entry in _TABLE.iterdir():
            if entry.name.isdigit() and _marked(entry, mark):
                with suppress(OSError, ValueError, IndexError):
                    spent[int(entry.name)] = _processor_seconds(entry)
                    memory += _memory(entry)
        peak = max(peak, memory)
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=_PAUSE)
    return Usage(sum(spent.values()), peak)


def _marked(entry: Path, mark: str) -> bool:
    try:
        return mark.encode() in (entry / "environ").read_bytes().split(b"\0")
    except OSError:
        return False


def _processor_seconds(entry: Path) -> float:
    fields = (entry / "stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _memory(entry: Path) -> int:
    for line in (entry / "smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    return 0
