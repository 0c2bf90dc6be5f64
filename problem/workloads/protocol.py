"""What every workload is: a fixed world from which any number of stretches can be drawn.

The dataclass holds the world (popularity, how long who stays hot, pipelines); the generator
handed to `arrivals` holds everything else. Two generators draw two statistically equal,
independent stretches of the same world, which is how training, validation and test differ.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Protocol

import numpy as np

from ..fields import FloatArray, IntArray


class Workload(Protocol):
    """A source of arrivals at one server."""

    def arrivals(self, rng: np.random.Generator, slots: int) -> IntArray:
        """Draw a stretch: (slots, S) requests, whole and nonnegative."""
        ...


class PoissonWorkload(ABC):
    """A workload whose counts are Poisson given a random path of rates.

    Path and counts use separate streams, so the demand path of a stretch does not depend on how
    many requests its counts happened to draw.
    """

    @abstractmethod
    def rates(self, rng: np.random.Generator, slots: int) -> FloatArray:
        """Draw a path of expected requests: (slots, S)."""

    def arrivals(self, rng: np.random.Generator, slots: int) -> IntArray:
        """Draw a stretch: (slots, S) requests, Poisson around a path of `rates`."""
        path, counts = rng.spawn(2)
        return np.asarray(counts.poisson(self.rates(path, slots)), dtype=np.int64)
