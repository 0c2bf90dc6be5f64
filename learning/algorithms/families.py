"""Families of episodes: enough of them, read in processes of their own, and judged together."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import numpy as np

from ...problem.errors import InvalidOption
from ...problem.fields import FloatArray
from ...solvers.parallel.servers import worker_count
from ..scores.runs import Runs, play_all
from ..serving.sources import EpisodeSource

GENERAL = "general"
"""The profile that is judged on the runs of all families."""

PROCESS_EXAMPLES = 64
"""Examples a family from which on processes of their own are worth it."""

R = TypeVar("R")


def require_episodes(
    algorithm: str, families: Mapping[str, EpisodeSource], examples: int, runs: int, history: int
) -> None:
    """Refuse families with too few episodes.

    Raises
    ------
    InvalidOption
        Naming the first of them, and what is needed.
    """
    for name, source in families.items():
        if len(source) < max(examples + runs, history + 1):
            raise InvalidOption(
                f"{algorithm}: family {name} has {len(source)} episodes; {examples + runs} are needed "
                f"({examples} examples and {runs} runs)"
            )


def read_each(read: Callable[..., R], jobs: Sequence[tuple[Any, ...]], examples: int) -> list[R]:
    """Call `read` with each of some arguments, those of one family each; `examples` of a family are read.

    In processes of their own, where that is long enough; the result is the same.
    """
    if examples < PROCESS_EXAMPLES or len(jobs) == 1:
        return [read(*job) for job in jobs]
    from joblib import Parallel, delayed

    with warnings.catch_warnings():  # one that grows by the traces is taken for leaking
        warnings.filterwarnings("ignore", "A worker stopped while some jobs were given", UserWarning)
        found: list[R] = Parallel(n_jobs=worker_count(None))(delayed(read)(*job) for job in jobs)
    return found


class Together:
    """The runs of several families as one: costs are per the cloud's, so that no family rules the others."""

    def __init__(self, parts: Sequence[Runs]) -> None:
        self._places = [(part, row) for part in parts for row in range(len(part))]
        self._scale = [1.0 / float(part.cloud_only.mean()) for part in parts for _ in range(len(part))]

    def __len__(self) -> int:
        return len(self._places)

    def each(self, members: Sequence[FloatArray], rows: Any = None) -> FloatArray:
        """Cost (P, R) of the runs over what the cloud alone costs in their family, on average."""
        chosen = list(range(len(self)) if rows is None else rows)
        places = [self._places[row] for row in chosen]
        found = play_all([part.run(row) for part, row in places], members)
        scaled: FloatArray = found * np.array([self._scale[row] for row in chosen])
        return scaled
