"""Import a trace of a gigabyte, and measure the memory that takes.

``PYTHONPATH=tests python -m drills.big_trace --gigabytes 1`` writes the trace (Azure's columns, one line a
request, with jumps in which the clock runs backwards), imports it with ``edgeopt trace --out`` and prints
the peak of resident memory. The folder needs room for the file.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from pathlib import Path

import numpy as np

BOUND = 3 * 2**30
"""Bytes that importing a gigabyte may hold at its peak: three times the file."""

ROWS = 200_000


def write_trace(path: Path, size: int) -> int:
    """Write a trace of at least so many bytes; return the number of requests."""
    rng = np.random.default_rng(0)
    requests, clock = 0, np.datetime64("2024-05-10T00:00:00.000000")
    with path.open("w", buffering=1 << 20) as file:
        file.write("TIMESTAMP,ContextTokens,GeneratedTokens\n")
        while file.tell() < size:
            gaps = rng.exponential(0.02, ROWS)
            gaps[rng.random(ROWS) < 0.001] *= -50  # the clock is set back
            times = clock + (np.cumsum(gaps) * 1e6).astype("timedelta64[us]")
            clock = times.max()
            prompt, answer = rng.integers(1, 9000, ROWS), rng.integers(1, 900, ROWS)
            columns = (np.datetime_as_string(times).tolist(), prompt.tolist(), answer.tolist())
            rows = zip(*columns, strict=True)
            file.write("".join(f"{time.replace('T', ' ')}+00:00,{p},{a}\n" for time, p, a in rows))
            requests += ROWS
    return requests


def run_measured(words: list[str], output: Path) -> tuple[int, int, float]:
    """Run a command; return its status, its peak of resident memory (bytes) and its processor seconds."""
    opened = (os.POSIX_SPAWN_OPEN, 1, output, os.O_WRONLY | os.O_CREAT, 0o644)
    pid = os.posix_spawn(words[0], words, os.environ, file_actions=[opened])
    _, status, usage = os.wait4(pid, 0)
    return os.waitstatus_to_exitcode(status), usage.ru_maxrss * 1024, usage.ru_utime + usage.ru_stime


def drill(folder: Path, size: int) -> dict[str, float]:
    """Write, import, measure."""
    requests = write_trace(folder / "big.csv", size)
    words = [
        sys.executable,
        "-m",
        "edgeopt",
        "trace",
        str(folder / "big.csv"),
        "--json",
        "--slot-seconds",
        "60",
    ]
    status, peak, seconds = run_measured(
        [*words, "--out", str(folder / "instance.npz")], folder / "said.json"
    )
    assert status == 0, f"edgeopt trace ended with {status}"
    said = json.loads((folder / "said.json").read_text())
    assert said["accounting"]["emitted"] == said["accounting"]["rows_read"] == requests
    assert said["instance"]["requests"] == requests
    return {
        "bytes": (folder / "big.csv").stat().st_size,
        "requests": requests,
        "reordered": said["accounting"]["reordered"],
        "peak_bytes": peak,
        "processor_seconds": seconds,
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gigabytes", type=float, default=1.0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        figures = drill(Path(folder), int(options.gigabytes * 1e9))
    sys.stdout.write(json.dumps(figures) + "\n")
    return 0 if figures["peak_bytes"] <= BOUND * max(options.gigabytes, 0.3) else 1


if __name__ == "__main__":
    sys.exit(main())
