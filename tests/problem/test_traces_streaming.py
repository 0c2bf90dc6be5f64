"""Reading is streaming: the peak of memory is a fraction of the file, and progress is reported."""

from __future__ import annotations

import tracemalloc

import numpy as np

from edgeopt.problem.traces import load_trace


def test_memory_stays_a_fraction_of_the_file(tmp_path):
    path = tmp_path / "large.csv"
    rng = np.random.default_rng(0)
    rows = 100_000
    text = b"".join(
        b"%.3f,%08x-aaaa-bbbb-cccc-ddddeeeeffff,9,ChatGPT,%d,%d,%d,%s\n"
        % (when, who, prompt, answer, prompt + answer, b"Conversation log " * 8)
        for when, who, prompt, answer in zip(
            np.arange(rows) * 0.25,
            rng.integers(0, 2000, rows).tolist(),
            rng.integers(1, 4000, rows).tolist(),
            rng.integers(1, 900, rows).tolist(),
            strict=True,
        )
    )
    path.write_bytes(
        b"Timestamp,Session ID,Elapsed time,Model,Request tokens,Response tokens,Total tokens,Log Type\n"
        + text
    )
    size = path.stat().st_size
    del text
    assert size > 20_000_000
    seen = []
    tracemalloc.start()
    try:
        trace = load_trace(path, progress=lambda done, total: seen.append((done, total)))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert len(trace) == rows
    # Columns are 36 bytes a row; a reader that kept rows or text would need several times the file.
    assert peak < 36 * rows + 12_000_000
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    assert seen[-1] == (size, size)
    assert len(seen) > 10
