"""Evolution of the weights: what runs cost is all that counts, and no choice needs a gradient.

CMA-ES (Hansen 2016, arXiv 1604.00772; the library `cma`) on whole runs in compiled code. Every generation is
judged on episodes drawn for it, the same for all its members. Its state is what it was told: given the seed,
the same answers lead to the same place, so that a search is resumed by telling it again.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from ...problem.errors import InvalidOption
from ...problem.fields import FloatArray
from ..requirements import require_cma
from .features import first_weights


@dataclass(frozen=True)
class EvolutionOptions:
    """Size of the search.

    Parameters
    ----------
    generations, population
        How many, and members of each.
    episodes
        Runs on which a generation is judged, drawn anew for each.
    step
        Standard deviation of the first generation, in weights of order 1.
    refinements, refining_step
        The same of a search that begins with weights that were found for other runs.

    Raises
    ------
    InvalidOption
        For a number outside its limits.
    """

    generations: int = 160
    population: int = 16
    episodes: int = 24
    step: float = 0.15
    refinements: int = 80
    refining_step: float = 0.08

    def __post_init__(self) -> None:
        for name, least in (("generations", 1), ("population", 2), ("episodes", 1), ("refinements", 1)):
            if getattr(self, name) < least:
                raise InvalidOption(f"evolution: {name} = {getattr(self, name)}: must be at least {least}")
        for name in ("step", "refining_step"):
            if not getattr(self, name) > 0.0:
                raise InvalidOption(f"evolution: {name} = {getattr(self, name)}: must be positive")


class Playable(Protocol):
    """Runs that can be played with any weights (`runs.Runs`)."""

    def __len__(self) -> int:
        """Number of runs."""
        ...

    def each(self, members: Sequence[FloatArray], rows: Any = None) -> FloatArray:
        """Cost (P, R) of the runs, or of the `rows`, under each of P weights."""
        ...


class Evolution:
    """One search, generation by generation.

    Parameters
    ----------
    runs
        Training runs, to be played with any weights.
    options, seed
        Size of the search, and what all its randomness comes from.
    start
        (W,) weights to refine; None: begin with `first_weights`.

    Attributes
    ----------
    told
        Costs of the members of each finished generation.
    """

    def __init__(
        self, runs: Playable, options: EvolutionOptions, seed: int, start: FloatArray | None = None
    ) -> None:
        require_cma()
        import cma

        self._runs, self._seed = runs, seed
        self._generations = options.generations if start is None else options.refinements
        step = options.step if start is None else options.refining_step
        start = first_weights() if start is None else start
        self._episodes = min(options.episodes, len(runs))
        # cma takes 0 for "draw a seed from the clock".
        settings = {"seed": 1 + seed % (2**31 - 2), "popsize": options.population, "verbose": -9}
        self._search: Any = cma.CMAEvolutionStrategy(start, step, settings)
        self.told: list[list[float]] = []
        self._means = [start]

    @property
    def finished(self) -> bool:
        """Whether all generations are done."""
        return len(self.told) >= self._generations

    @property
    def weights(self) -> FloatArray:
        """The mean of the search (W,), averaged over the second half of the generations so far.

        Every generation is judged on other episodes, so the mean wanders about what it looks for.
        """
        found: FloatArray = np.mean(self._means[len(self._means) // 2 :], axis=0)
        return found

    def advance(self) -> float:
        """Judge one generation; return its best mean cost of a run."""
        rng = np.random.default_rng(np.random.SeedSequence([self._seed, len(self.told)]))
        rows = rng.choice(len(self._runs), self._episodes, replace=False)
        members = self._search.ask()
        costs = [math.fsum(own) / len(rows) for own in self._runs.each(members, rows)]
        self._take_in(members, costs)
        return min(costs)

    def replay(self, told: list[list[float]]) -> None:
        """Go again through the finished generations of an interrupted search of the same seed."""
        for costs in told:
            self._take_in(self._search.ask(), list(costs))

    def _take_in(self, members: Any, costs: list[float]) -> None:
        self._search.tell(members, costs)
        self.told.append(costs)
        self._means.append(np.asarray(self._search.mean, dtype=np.float64).copy())
