"""Families read in processes of their own, where that is long enough; the result is the same."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from ...solvers.parallel.servers import worker_count

PROCESS_EXAMPLES = 64
"""Examples a family from which on processes of their own are worth it."""

R = TypeVar("R")


def read_each(read: Callable[..., R], jobs: Sequence[tuple[Any, ...]], examples: int) -> list[R]:
    """Call `read` with each of some arguments, those of one family each; `examples` of a family are read."""
    if examples < PROCESS_EXAMPLES or len(jobs) == 1:
        return [read(*job) for job in jobs]
    from joblib import Parallel, delayed

    with warnings.catch_warnings():  # one that grows by the traces is taken for leaking
        warnings.filterwarnings("ignore", "A worker stopped while some jobs were given", UserWarning)
        found: list[R] = Parallel(n_jobs=worker_count(None))(delayed(read)(*job) for job in jobs)
    return found
