"""Training by deviations: a learner of foresight is moved towards choices that were seen to save more.

Foresight learns what comes next, all of it alike, and the evolution finds what that is worth on average. What
matters is where the score decides. So, in rounds: every slot of every training run is played again with
another choice (`scores.deviations`); the network takes steps towards what saves more and away from what saves
less (`scores.improvement`), held by the regression on what came next; and the evolution refines
the weights of the scores for the network that came out. A round is a step of policy iteration.

All that is random in an update is drawn from (seed, update). An interrupted training is resumed by `restore`
and ends bit-equal.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from ...problem.errors import InvalidOption
from ...problem.fields import FloatArray
from ..foresight.regression import Examples, batches, error, foretell, foretold, spread
from ..foresight.traces import Traces, read_traces, rent_of, targets
from ..networks.network import Network
from ..scores.deviations import deviations
from ..scores.evolution import Evolution
from ..scores.improvement import Choices, lost
from ..scores.runs import Runs
from ..serving.sources import EpisodeSource, WithHistory
from .deviation_options import DeviationOptions
from .families import GENERAL, Together, read_each, require_episodes
from .moments import kept_moments, restore_moments

GRADIENT_NORM = 0.1


@dataclass(frozen=True, eq=False)
class _Family:
    """What is read of a family: runs to deviate from, as examples too, and runs of the evolution."""

    traces: Traces
    examples: Examples
    spreads: FloatArray
    others: Traces

    @classmethod
    def read(cls, source: EpisodeSource, options: DeviationOptions) -> _Family:
        torch.set_num_threads(1)
        end = len(source)
        before = WithHistory(source, options.history) if options.history else source
        first = end - options.examples
        traces = read_traces(before, range(first, end))
        rent = rent_of(source, range(first, min(first + 8, end)))
        examples = Examples.of(traces, *targets(traces, rent, priced=0))
        others = read_traces(before, range(first - options.runs, first))
        return cls(traces, examples, spread([examples]), others)


class DeviationTraining:
    """Improves a network in place, and the weights of its profiles with it.

    Parameters
    ----------
    network
        Trained in place.
    families
        Training episodes by the name of their family, each of one world and one length.
    weights
        (W,) of each family, and of `GENERAL` if that is to go on.
    options, seed
        See there; `seed` is that of everything random.
    adapt
        False: the core never learns while it reads.

    Attributes
    ----------
    done
        Updates done.
    weights
        (W,) of each profile, as far as they have come.

    Raises
    ------
    InvalidOption
        If a family has too few episodes.
    """

    def __init__(
        self,
        network: Network,
        families: Mapping[str, EpisodeSource],
        weights: Mapping[str, FloatArray],
        options: DeviationOptions,
        seed: int,
        *,
        adapt: bool = True,
    ) -> None:
        torch.set_num_threads(1)
        self.network, self._options, self._seed, self._adapt = network, options, seed, adapt
        self.done = 0
        self.weights = dict(weights)
        self._sources = dict(families)
        require_episodes("deviations", families, options.examples, options.runs, options.history)
        self._read: list[_Family] = []
        self._begin_round()

    def _begin_round(self) -> None:
        self._adam = torch.optim.Adam(self.network.parameters(), lr=self._options.learning_rate)
        self._begun = deepcopy(self.network)
        self._choices: list[list[Choices]] = []

    @property
    def _of_round(self) -> int:
        """Updates of a round: passes, then the evolution of each profile."""
        return self._options.passes + len(self.weights)

    @property
    def updates(self) -> int:
        """How many there are in all."""
        return self._options.rounds * self._of_round

    @property
    def finished(self) -> bool:
        """Whether there is nothing left to do."""
        return self.done >= self.updates

    def best(self) -> Network:
        """The network to use: the last one, whose rate has fallen to zero."""
        return self.network

    def update(self) -> dict[str, float]:
        """Do the next update; return what there is to log."""
        step = self.done % self._of_round
        if not self._read:
            jobs = [(source, self._options) for source in self._sources.values()]
            self._read = read_each(_Family.read, jobs, self._options.examples)
        if step == 0:
            self._begin_round()
        if step < self._options.passes:
            found = self._improve(step)
        else:
            found = self._evolve(list(self.weights)[step - self._options.passes])
        self.done += 1
        return found

    def _improve(self, passed: int) -> dict[str, float]:
        """One pass over all runs."""
        options = self._options
        if not self._choices:
            self._choices = [self._deviate(number) for number in range(len(self._read))]
        rng = np.random.default_rng(np.random.SeedSequence([self._seed, self.done]))
        drawn = list(batches([one.examples for one in self._read], options.batch, rng))
        total = 0.0
        for step, (number, rows) in enumerate(drawn):
            left = 1.0 - (passed + step / len(drawn)) / options.passes
            for group in self._adam.param_groups:
                group["lr"] = options.learning_rate * left
            total += self._step(number, rows) / len(drawn)
        return {"deviations/gain": -total}

    def _step(self, number: int, rows: Any) -> float:
        """A step on some runs of a family; return the mean loss of deviating as the scores say."""
        one, choices = self._read[number], self._choices[number]
        said = foretell(self.network, one.examples.tokens, rows, adapt=self._adapt)
        worse = lost(said, [choices[row] for row in rows], self._options.sharpness)
        spreads = torch.from_numpy(one.spreads.astype(np.float32))
        self._adam.zero_grad()
        (worse + self._options.anchor * error(said, one.examples, rows, spreads)).backward()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), GRADIENT_NORM)
        self._adam.step()
        return float(worse.detach())

    def _deviate(self, number: int) -> list[Choices]:
        """Deviate from the runs of a family, as the network that began the round plays them."""
        traces, name = self._read[number].traces, list(self._sources)[number]
        runs = Runs(traces, foretold(self._begun, traces, adapt=self._adapt))
        begun = self.done - self.done % self._of_round
        rng = np.random.default_rng(np.random.SeedSequence([self._seed, begun, number]))
        draws = rng.random((len(runs), traces.fast.shape[1], self._options.per_slot))
        found = [deviations(runs, row, self.weights[name], draws[row]) for row in range(len(runs))]
        gains = np.concatenate([one.gain for one in found])
        unit = (float(gains.std()) if gains.size else 0.0) or 1.0
        return [Choices.of(one, unit) for one in found]

    def _evolve(self, profile: str) -> dict[str, float]:
        """Refine the weights of a profile for the network as it is now."""
        runs = [
            Runs(one.others, foretold(self.network, one.others, adapt=self._adapt))
            for one in self._of(profile)
        ]
        seed = int(np.random.SeedSequence([self._seed, self.done]).generate_state(1)[0])
        together = Together(runs) if profile == GENERAL else runs[0]
        search = Evolution(together, self._options.evolution, seed, self.weights[profile])
        costs = []
        while not search.finished:
            costs.append(search.advance())
        self.weights[profile] = search.weights
        return {f"evolution/{profile}": float(np.mean(costs))}

    def _of(self, profile: str) -> list[_Family]:
        """The families on whose runs a profile is judged."""
        return [
            one for name, one in zip(self._sources, self._read, strict=True) if profile in (GENERAL, name)
        ]

    def state(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """All that `restore` needs: tensors by name, and what JSON can hold."""
        tensors = {f"network.{name}": value for name, value in self.network.state_dict().items()}
        tensors |= {f"begun.{name}": value for name, value in self._begun.state_dict().items()}
        tensors |= kept_moments(self._adam)
        weights = {name: one.tolist() for name, one in self.weights.items()}
        return tensors, {"done": self.done, "weights": weights}

    def restore(self, tensors: Mapping[str, Any], rest: Mapping[str, Any]) -> None:
        """Go on from where `state` was taken.

        Raises
        ------
        InvalidOption
            If the state is of another training.
        """
        try:
            for name, network in (("network.", self.network), ("begun.", self._begun)):
                own = {key[len(name) :]: value for key, value in tensors.items() if key.startswith(name)}
                network.load_state_dict(own)
            restore_moments(self._adam, tensors)
            self.done = int(rest["done"])
            self.weights = {name: np.array(rest["weights"][name], dtype=np.float64) for name in self.weights}
        except (KeyError, RuntimeError, TypeError, ValueError) as problem:
            raise InvalidOption(f"deviations: the state is of another training ({problem})") from problem
