"""`T2DRL`: train, save, load, and use as an online policy."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterable, Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any, Literal, TypeAlias

import torch

from ...problem.errors import InvalidOption
from ...problem.fields import FloatArray
from ..algorithms.deviation_options import DeviationOptions
from ..algorithms.deviations import DeviationTraining
from ..algorithms.families import GENERAL
from ..algorithms.foresight import ForesightOptions, ForesightTraining
from ..algorithms.ppo import PPO
from ..algorithms.ppo_options import PPOOptions
from ..networks.network import Network, sizes
from ..serving.sources import EpisodeSource, JoinedSource, Origin, WithHistory, as_source
from .checkpoint import load_checkpoint, save_checkpoint
from .config import Config
from .policy import T2DRLPolicy
from .shipped import SHIPPED
from .training import Watch, forget_training, run_training

AlgorithmName = Literal["foresight", "deviations", "ppo"]
ALGORITHMS: tuple[AlgorithmName, ...] = ("foresight", "deviations", "ppo")
HISTORY = 2
"""Other episodes that have taught the statistics with which PPO's episodes begin."""

TrainingOptions: TypeAlias = ForesightOptions | DeviationOptions | PPOOptions
_OPTIONS: dict[str, type[TrainingOptions]] = {
    "foresight": ForesightOptions,
    "deviations": DeviationOptions,
    "ppo": PPOOptions,
}

Families: TypeAlias = "Origin | Mapping[str, Origin]"


class T2DRL:
    """A learner in training and in testing, after Xu, Niyato and Brinton (arXiv 2501.14205).

    Parameters
    ----------
    network, config
        The network and its shape.
    profiles
        (W,) weights of the scores (`scores.features.WEIGHTS`) by name of the family they were found for.
    algorithm
        How it was trained.
    training
        What it was trained with, as JSON has it.
    """

    def __init__(
        self,
        network: Network,
        config: Config,
        profiles: Mapping[str, FloatArray],
        algorithm: str,
        training: Mapping[str, Any],
    ) -> None:
        self.network, self.config = network, config
        self.profiles, self.algorithm, self.training = dict(profiles), algorithm, dict(training)

    @classmethod
    def train(
        cls,
        source: Families = "decoy",
        *,
        algorithm: str = "foresight",
        config: Config | None = None,
        options: TrainingOptions | None = None,
        seed: int = 0,
        start: T2DRL | None = None,
        folder: str | Path | None = None,
        watch: Watch = lambda _done, _all, _scalars: None,
    ) -> T2DRL:
        """Train a learner, or tailor one to new demand.

        Parameters
        ----------
        source
            Training episodes: whatever `as_source` takes, or several families of them by name. All episodes
            of a family are of one world and of one length.
        algorithm
            "foresight" (`algorithms.foresight`) learns to foretell and evolves scores; "deviations"
            (`algorithms.deviations`) goes on from such a learner, and changes it where other choices were
            seen to save more; "ppo" (`algorithms.ppo`) is the policy gradient of the paper, on the same
            network, with one network for all families together.
        config, options
            Shape of the network, and size of the training (`ForesightOptions`, `DeviationOptions`,
            `PPOOptions`).
        seed
            Of everything random; the same seed gives the same learner, bit for bit on one kind of processor.
        start
            A learner of foresight. With "deviations" it is what the training begins with. With "foresight"
            its network is kept as it is: what is found are weights of the scores for the new families, in
            place of those that it has.
        folder
            Where the state of an unfinished training is kept, scalars for TensorBoard, and in the end the
            learner. None: nowhere.
        watch
            Is told of each update.

        Raises
        ------
        InvalidOption
            For an unknown algorithm, options of another, a source with too few episodes, or a start that
            cannot be one.
        InvalidFile
            If the folder holds a training with other settings.
        """
        if algorithm not in ALGORITHMS:
            raise InvalidOption(f"algorithm = {algorithm!r}: must be one of {', '.join(ALGORITHMS)}")
        torch.set_num_threads(1)
        families = _families(source)
        config, options = _settled(algorithm, config, options, families, start)
        network = _fresh(config, seed) if start is None else start.beginning(config, options)
        training = _training(network, families, options, seed, config.learns, start)
        facts = _facts(algorithm, config, options, seed, families, start)
        place = None if folder is None else Path(folder)
        if place is not None:
            place.mkdir(parents=True, exist_ok=True)
        run_training(training, facts, place, watch)
        profiles = {} if isinstance(training, PPO) else training.weights
        learner = cls(training.best(), config, profiles, algorithm, facts)
        if place is not None:
            learner.save(place)
            forget_training(place)
        return learner

    def save(self, folder: str | Path) -> None:
        """Write the learner into a folder (`checkpoint`)."""
        save_checkpoint(Path(folder), self.network, self.config, self.profiles, self.algorithm, self.training)

    @classmethod
    def load(cls, folder: str | Path = SHIPPED) -> T2DRL:
        """Read a learner from a folder; without one, the learner that comes with the package.

        Raises
        ------
        InvalidFile
            If a file is missing or is not what it should be; nothing in the files can run.
        """
        network, config, profiles, card = load_checkpoint(Path(folder))
        return cls(network, config, profiles, card["algorithm"], card["training"])

    def beginning(self, config: Config, options: TrainingOptions) -> Network:
        """A copy of the network, for a training that begins with it.

        Raises
        ------
        InvalidOption
            If the learner does not score by what it foretells, its shape is to be another, or foresight
            would train it anew.
        """
        if not self.profiles or isinstance(options, PPOOptions):
            raise InvalidOption("start: only a learner of foresight can be gone on from, and not by ppo")
        if isinstance(options, ForesightOptions) and options.passes:
            raise InvalidOption(f"start: passes = {options.passes}: must be 0, as the network is kept")
        if config != self.config:
            raise InvalidOption("start: the shape of the network is that of the learner; give no other")
        return deepcopy(self.network)

    def digest(self, *, with_profiles: bool = False) -> str:
        """Hash of the network's weights, and of those of the profiles if asked for."""
        found = hashlib.sha256()
        for name, value in sorted(self.network.state_dict().items()):
            found.update(name.encode() + value.numpy().tobytes())
        for name, weights in sorted(self.profiles.items()) if with_profiles else ():
            found.update(name.encode() + weights.tobytes())
        return found.hexdigest()

    def weights_for(self, families: Iterable[str]) -> dict[str, FloatArray]:
        """Weights (W,) to begin with: of each family its own, else those of the first profile."""
        names, first = list(families), self.profiles[self._first_profile()]
        shared = {GENERAL: first} if len(names) > 1 else {}
        return shared | {name: self.profiles.get(name, first) for name in names}

    def _first_profile(self) -> str:
        """That of the one family it was trained on; of several, the one for all."""
        return GENERAL if GENERAL in self.profiles else next(iter(self.profiles), "")

    @property
    def sizes(self) -> dict[str, int]:
        """Parameters of the network and of its core, and numbers of state a model carries."""
        return sizes(self.network)

    def as_policy(self, adapt: bool = True, **options: Any) -> T2DRLPolicy:
        """The learner as an online policy.

        Parameters
        ----------
        adapt
            Whether it goes on learning: False is the frozen twin, whose core does not learn while it reads.
        options
            Others of `T2DRLPolicy`: profile, reset_every, placebo, slow_rate, title.
        """
        policy = T2DRLPolicy(
            network=self.network,
            profiles=self.profiles,
            profile=self._first_profile(),
            adapt=adapt and self.config.learns,
        )
        return policy.with_options(**options) if options else policy


def tailoring(families: Mapping[str, EpisodeSource]) -> ForesightOptions:
    """What a learner that starts from another does by default: no pass, all episodes up to the usual many."""
    options = ForesightOptions(examples=0, passes=0)
    most = min(len(one) for one in families.values())
    return dataclasses.replace(options, runs=max(1, min(options.runs, most)))


def _settled(
    algorithm: str,
    config: Config | None,
    options: TrainingOptions | None,
    families: Mapping[str, EpisodeSource],
    start: T2DRL | None,
) -> tuple[Config, TrainingOptions]:
    """Shape of the network and size of the training, where not given those of the start or the usual ones."""
    if start is None and algorithm == "deviations":
        raise InvalidOption("start: deviations go on from a learner of foresight; give one")
    if start is not None:
        config = config or start.config
        options = tailoring(families) if options is None and algorithm == "foresight" else options
    config, options = config or Config(), options or _OPTIONS[algorithm]()
    if type(options) is not _OPTIONS[algorithm]:
        raise InvalidOption(f"options: {type(options).__name__} are not those of the algorithm {algorithm}")
    return config, options


def _fresh(config: Config, seed: int) -> Network:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return config.network()


def _training(
    network: Network,
    families: Mapping[str, EpisodeSource],
    options: TrainingOptions,
    seed: int,
    adapt: bool,
    start: T2DRL | None,
) -> ForesightTraining | DeviationTraining | PPO:
    if isinstance(options, ForesightOptions):
        return ForesightTraining(network, families, options, seed, adapt=adapt)
    if isinstance(options, DeviationOptions):
        assert start is not None  # `_settled` has asked for it
        return DeviationTraining(network, families, start.weights_for(families), options, seed, adapt=adapt)
    parts = [WithHistory(one, HISTORY) if len(one) > HISTORY else one for one in families.values()]
    return PPO(network, JoinedSource(parts), options=options, adapt=adapt, seed=seed)


def _facts(
    algorithm: str,
    config: Config,
    options: TrainingOptions,
    seed: int,
    families: Mapping[str, EpisodeSource],
    start: T2DRL | None,
) -> dict[str, Any]:
    """All that the learner depends on, as JSON has it."""
    facts: dict[str, Any] = {
        "algorithm": algorithm,
        "config": config.as_dict(),
        "options": dataclasses.asdict(options),
        "seed": seed,
        "families": {name: _summary(one) for name, one in families.items()},
    }
    if start is None:
        return facts
    return facts | {"start": start.digest(with_profiles=isinstance(options, DeviationOptions))}


def _families(source: Families) -> dict[str, EpisodeSource]:
    if isinstance(source, Mapping):
        if not source:
            raise InvalidOption("source: names no family; at least one is needed")
        return {name: as_source(one) for name, one in source.items()}
    return {source if isinstance(source, str) else "own": as_source(source)}


def _summary(source: EpisodeSource) -> dict[str, Any]:
    """What tells one source from another without drawing all of it: sizes, and its first and last episode."""
    first, last = source[0], source[len(source) - 1]
    return {
        "episodes": len(source),
        "sizes": list(source.sizes),
        "slots": first.slots,
        "first": first.digest(),
        "last": last.digest(),
    }
