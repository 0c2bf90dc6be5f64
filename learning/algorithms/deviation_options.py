"""Size of a training by deviations (`deviations`)."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import inf

from ...problem.errors import InvalidOption
from ..scores.evolution import EvolutionOptions


@dataclass(frozen=True, kw_only=True)
class DeviationOptions:
    """What can be set.

    Parameters
    ----------
    examples, runs
        Episodes of each family to deviate from, and others for the evolution; the last of a source, as
        foresight takes the first.
    rounds
        How often all of it is done.
    passes, batch, learning_rate
        Of the steps of a round: passes over all examples, examples in a step, and the rate of Adam at the
        start of a round, which falls to 0.
    per_slot
        Deviations tried in each slot.
    sharpness
        Score at which a deviation counts as chosen (`scores.improvement`), in standard deviations of gains.
    anchor
        Weight of the regression on what came next.
    history
        Other episodes whose statistics a policy has seen before an episode begins.
    evolution
        Size of the search after each round; its `refinements` count.

    Raises
    ------
    InvalidOption
        For a number outside its limits.
    """

    examples: int = 256
    runs: int = 192
    rounds: int = 2
    passes: int = 4
    batch: int = 4
    learning_rate: float = 4e-4
    per_slot: int = 2
    sharpness: float = 0.03
    anchor: float = 0.004
    history: int = 2
    evolution: EvolutionOptions = field(default_factory=lambda: EvolutionOptions(refinements=40))

    def __post_init__(self) -> None:
        for name in ("examples", "runs", "rounds", "passes", "batch", "per_slot"):
            if getattr(self, name) < 1:
                raise InvalidOption(f"deviations: {name} = {getattr(self, name)}: must be at least 1")
        if self.history < 0:
            raise InvalidOption(f"deviations: history = {self.history}: must be at least 0")
        if not 0.0 < self.learning_rate < 1.0:
            raise InvalidOption(f"deviations: learning_rate = {self.learning_rate}: must be in (0, 1)")
        for name, least in (("sharpness", 1e-6), ("anchor", 0.0)):
            if not least <= getattr(self, name) < inf:
                raise InvalidOption(f"deviations: {name} = {getattr(self, name)}: must be at least {least:g}")
