"""Training by foresight: first learn to foretell, then evolve what the foretold is worth.

1.  Regression (`foresight.regression`). Every slot of every training trace is an example of what comes next,
    so the network learns from arrivals alone; it does not act. One update is one pass over all traces.
2.  Evolution (`scores.evolution`). With the network fixed, CMA-ES finds the weights of the score, on other
    episodes than those of the regression: one update is `STRIDE` generations. With several families there is
    a profile "general", judged on all; those of the families begin with it and need few generations.

All that is random in an update is drawn from (seed, update). An interrupted training is resumed by `restore`
and ends bit-equal.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np
import torch

from ...problem.errors import InvalidOption
from ...problem.fields import FloatArray
from ...solvers.parallel.servers import worker_count
from ..foresight.gradients import PART, Gradients
from ..foresight.regression import Examples, batches, foretold
from ..foresight.traces import Traces, read_traces, rent_of, targets
from ..networks.network import Network
from ..scores.evolution import Evolution, EvolutionOptions
from ..scores.runs import Runs
from ..serving.sources import EpisodeSource, WithHistory
from .families import GENERAL, PROCESS_EXAMPLES, Together, read_each, require_episodes
from .moments import kept_moments, restore_moments

STRIDE = 10
"""Generations of an update."""

GRADIENT_NORM = 5.0

R = TypeVar("R")


@dataclass(frozen=True, kw_only=True)
class ForesightOptions:
    """What can be set.

    Parameters
    ----------
    examples, runs
        Episodes of each family for the regression (0 only without passes), and others for the evolution.
    passes, batch, learning_rate
        Of the regression: passes over all traces, traces in a step, and the rate of Adam at the start, which
        falls to 0.
    priced
        Of the examples, how many are solved for the prices of the decomposition.
    history
        Other episodes whose statistics a policy has seen before an episode begins; one example in four begins
        with none.
    evolution
        Size of the search.

    Raises
    ------
    InvalidOption
        For a number outside its limits.
    """

    examples: int = 128
    runs: int = 192
    priced: int = 64
    passes: int = 10
    batch: int = 4
    learning_rate: float = 3e-3
    history: int = 2
    evolution: EvolutionOptions = field(default_factory=EvolutionOptions)

    def __post_init__(self) -> None:
        for name, least in (
            ("examples", min(1, self.passes)),
            ("runs", 1),
            ("priced", 0),
            ("passes", 0),
            ("batch", 1),
            ("history", 0),
        ):
            if getattr(self, name) < least:
                raise InvalidOption(f"foresight: {name} = {getattr(self, name)}: must be at least {least}")
        if not 0.0 < self.learning_rate < 1.0:
            raise InvalidOption(f"foresight: learning_rate = {self.learning_rate}: must be in (0, 1)")


class ForesightTraining:
    """Trains a network in place and finds weights for each profile.

    Parameters
    ----------
    network
        Trained in place.
    families
        Training episodes by the name of their family, each of one world and one length.
    options, seed
        See there; `seed` is that of everything random.
    adapt
        False: the core never learns while it reads.

    Attributes
    ----------
    done
        Updates done.
    weights
        (W,) of each profile that is finished.

    Raises
    ------
    InvalidOption
        If a family has too few episodes.
    """

    def __init__(
        self,
        network: Network,
        families: Mapping[str, EpisodeSource],
        options: ForesightOptions,
        seed: int,
        *,
        adapt: bool = True,
    ) -> None:
        torch.set_num_threads(1)
        self.network, self._options, self._seed, self._adapt = network, options, seed, adapt
        self.done = 0
        self._families = dict(families)
        require_episodes("foresight", families, options.examples, options.runs, options.history)
        self._adam = torch.optim.Adam(network.parameters(), lr=options.learning_rate)
        self._examples: list[Examples] = []
        self._gradients: Gradients | None = None
        self._runs: dict[str, Runs] | None = None
        self._searches: dict[str, Evolution] = {}
        self.weights: dict[str, FloatArray] = {}

    @property
    def profiles(self) -> tuple[str, ...]:
        """Names of what weights are found for."""
        names = tuple(self._families)
        return names if len(names) == 1 else (GENERAL, *names)

    @property
    def updates(self) -> int:
        """How many there are in all."""
        first, others = self._options.evolution.generations, self._options.evolution.refinements
        return self._options.passes + -(-first // STRIDE) + -(-others // STRIDE) * (len(self.profiles) - 1)

    @property
    def finished(self) -> bool:
        """Whether there is nothing left to do."""
        return self.done >= self.updates

    def best(self) -> Network:
        """The network to use: the last one, whose rate has fallen to zero."""
        return self.network

    def update(self) -> dict[str, float]:
        """Do the next update; return what there is to log."""
        found = self._regress() if self.done < self._options.passes else self._evolve()
        self.done += 1
        return found

    def _regress(self) -> dict[str, float]:
        if self._gradients is None:
            jobs = [(source, self._options) for source in self._families.values()]
            self._examples = [part for parts in self._read(read_examples, jobs) for part in parts]
            self._gradients = Gradients(
                self.network, self._examples, adapt=self._adapt, workers=self._processes()
            )
        rng = np.random.default_rng(np.random.SeedSequence([self._seed, self.done]))
        drawn = list(batches(self._examples, self._options.batch, rng))
        total = 0.0
        for step, (number, rows) in enumerate(drawn):
            left = 1.0 - (self.done + step / len(drawn)) / self._options.passes
            for group in self._adam.param_groups:
                group["lr"] = self._options.learning_rate * min(1.0, 1.5 * left)
            total += self._gradients.step(self.network, number, rows)
            torch.nn.utils.clip_grad_norm_(self.network.parameters(), GRADIENT_NORM)
            self._adam.step()
        return {"regression/error": total / len(drawn)}

    def _processes(self) -> int:
        """Those that find gradients: as many as a step has parts, if there is enough to do."""
        if self._options.examples < PROCESS_EXAMPLES:
            return 1
        return min(worker_count(None), -(-self._options.batch // PART))

    def _read(self, read: Callable[..., R], jobs: Sequence[tuple[Any, ...]]) -> list[R]:
        return read_each(read, jobs, self._options.examples)

    def _evolve(self) -> dict[str, float]:
        if self._gradients is not None:
            self._gradients.close()
            self._examples, self._gradients = [], None
        profile = next(name for name in self.profiles if name not in self.weights)
        search = self._search(profile)
        costs = [search.advance() for _ in range(STRIDE) if not search.finished]
        if search.finished:
            self.weights[profile] = search.weights
        return {f"evolution/{profile}": float(np.mean(costs))}

    def _search(self, profile: str) -> Evolution:
        if profile not in self._searches:
            seed = int(
                np.random.SeedSequence([self._seed, self.profiles.index(profile)]).generate_state(1)[0]
            )
            start = None if profile == self.profiles[0] else self.weights[GENERAL]
            self._searches[profile] = Evolution(self._runs_of(profile), self._options.evolution, seed, start)
        return self._searches[profile]

    def _runs_of(self, profile: str) -> Runs | Together:
        if self._runs is None:
            jobs = [(self.network, source, self._options, self._adapt) for source in self._families.values()]
            read = self._read(read_runs, jobs)
            self._runs = {name: Runs(*one) for name, one in zip(self._families, read, strict=True)}
        return Together(list(self._runs.values())) if profile == GENERAL else self._runs[profile]

    def state(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """All that `restore` needs: tensors by name, and what JSON can hold."""
        tensors = {f"network.{name}": value for name, value in self.network.state_dict().items()}
        if self.done <= self._options.passes:
            tensors |= kept_moments(self._adam)
        told = {profile: search.told for profile, search in self._searches.items()}
        return tensors, {"done": self.done, "told": told}

    def restore(self, tensors: Mapping[str, Any], rest: Mapping[str, Any]) -> None:
        """Go on from where `state` was taken.

        Raises
        ------
        InvalidOption
            If the state is of another training.
        """
        try:
            own = {key[8:]: value for key, value in tensors.items() if key.startswith("network.")}
            self.network.load_state_dict(own)
            self.done = int(rest["done"])
            restore_moments(self._adam, tensors)
            for profile in [name for name in self.profiles if name in rest["told"]]:
                search = self._search(profile)
                search.replay(rest["told"][profile])
                if search.finished:
                    self.weights[profile] = search.weights
        except (KeyError, RuntimeError, TypeError, ValueError) as error:
            raise InvalidOption(f"foresight: the state is of another training ({error})") from error


def read_examples(source: EpisodeSource, options: ForesightOptions) -> list[Examples]:
    """The examples of one family with their targets: those with a history, then those without."""
    count = options.examples
    rent = rent_of(source, range(min(count, 8)))
    unprepared = [episode for episode in range(count) if episode % 4 == 3 or not options.history]
    parts = []
    if len(unprepared) < count:
        prepared = [episode for episode in range(count) if episode not in unprepared]
        parts.append(read_traces(WithHistory(source, options.history), prepared))
    if unprepared:
        parts.append(read_traces(source, unprepared))
    examples, priced = [], options.priced
    for part in parts:
        examples.append(Examples.of(part, *targets(part, rent, priced)))
        priced = max(0, priced - len(part.episodes))
    return examples


def read_runs(
    network: Network, source: EpisodeSource, options: ForesightOptions, adapt: bool
) -> tuple[Traces, FloatArray]:
    """The runs of one family, and what the network says of them."""
    torch.set_num_threads(1)
    before = WithHistory(source, options.history) if options.history else source
    traces = read_traces(before, range(options.examples, options.examples + options.runs))
    return traces, foretold(network, traces, adapt=adapt)
