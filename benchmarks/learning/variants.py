"""Learners that differ in one thing: same training episodes, same budget, same seeds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...problem.errors import MissingLibrary
from ..contestants import left_out

if TYPE_CHECKING:
    from ...learning.t2drl.t2drl import TrainingOptions


@dataclass(frozen=True)
class Variant:
    """A learner and how it is used at test.

    Parameters
    ----------
    name, meaning
        Of the row, and what is other than in T2DRL.
    config
        What its network has in place of the defaults of `learning.t2drl.config.Config`; variants with equal
        ones are one learner.
    control
        What is done to it at test, a name of `learning.t2drl.names.CONTROLS`.
    algorithm
        How it is trained.
    """

    name: str
    meaning: str
    config: Mapping[str, Any] = field(default_factory=dict)
    control: str = ""
    algorithm: str = "foresight"

    def place(self, folder: Path, family: str, seed: int) -> Path:
        """Where the learner of a training seed is kept."""
        parts = [f"{name}-{value}" for name, value in sorted(self.config.items())] or ["t2drl"]
        own = [] if self.algorithm == "foresight" else [self.algorithm]
        return folder / "-".join([family, *own, *parts, f"seed-{seed}"])

    @property
    def start(self) -> Variant | None:
        """The variant whose learner this one goes on from."""
        return replace(self, algorithm="foresight") if self.algorithm == "deviations" else None

    def policy(self, folder: Path, family: str, seed: int) -> str:
        """The policy's name in a benchmark."""
        return f"t2drl{'-' if self.control else ''}{self.control}@{self.place(folder, family, seed)}"


VARIANTS = (
    Variant("t2drl", "T2DRL: the TTT core, which learns in training and in testing"),
    Variant("frozen", "the same learner, its inner loop switched off at test", control="frozen"),
    Variant("reset", "the same learner, its fast weights begin anew every 50 slots", control="reset"),
    Variant("placebo", "the same learner, it learns the demand of models drawn at random", control="placebo"),
    Variant("slow", "the same learner, its slow weights take steps at test, too", control="slow"),
    Variant("twin", "trained and tested with its inner loop off", {"learns": False}),
    Variant("reconstruct", "its inner target is the token itself", {"inner_target": "reconstruction"}),
    Variant("deltanet", "the delta rule as its core", {"core": "deltanet"}),
    Variant("gru", "a gated recurrent unit as its core", {"core": "gru"}),
    Variant("gru-small", "the same unit with as many parameters as TTT", {"core": "gru-small"}),
    Variant("stack", "no memory but a stack of the last four tokens", {"core": "stack"}),
    Variant("none", "no core: what the features of a slot say", {"core": "none"}),
    Variant("deviations", "the same learner, trained on by deviations", algorithm="deviations"),
    Variant("ppo", "T2DRL trained by PPO, as the paper has it", algorithm="ppo"),
    Variant("ppo-gru", "PPO with a gated recurrent unit", {"core": "gru"}, algorithm="ppo"),
    Variant("ppo-stack", "PPO with a stack of the last four tokens", {"core": "stack"}, algorithm="ppo"),
    Variant("ppo-none", "plain PPO: no core", {"core": "none"}, algorithm="ppo"),
)


def variants_of(names: Sequence[str]) -> tuple[Variant, ...]:
    """The variants of some names, in the order of `VARIANTS`."""
    return tuple(one for one in VARIANTS if one.name in names)


@dataclass(frozen=True)
class Training:
    """What every learner of a study is trained on.

    Parameters
    ----------
    examples, runs, passes, batch, generations
        See `learning.algorithms.foresight.ForesightOptions`.
    deviated, rounds
        Episodes to deviate from, and how often: see `learning.algorithms.deviations.DeviationOptions`.
    updates, lanes
        See `learning.algorithms.ppo_options.PPOOptions`: at 300 slots ten million steps.
    size, slots
        Of the scenarios.
    """

    examples: int = 128
    runs: int = 64
    passes: int = 6
    batch: int = 2
    generations: int = 120
    deviated: int = 256
    rounds: int = 2
    updates: int = 521
    lanes: int = 64
    size: str = "medium"
    slots: int | None = None

    def options(self, algorithm: str) -> TrainingOptions:
        """The same, as the algorithm has it."""
        from ...learning.algorithms.deviation_options import DeviationOptions
        from ...learning.algorithms.foresight import ForesightOptions
        from ...learning.algorithms.ppo_options import PPOOptions
        from ...learning.scores.evolution import EvolutionOptions

        if algorithm == "ppo":
            return PPOOptions(updates=self.updates, lanes=self.lanes)
        if algorithm == "deviations":
            return DeviationOptions(examples=self.deviated, runs=self.runs, rounds=self.rounds)
        return ForesightOptions(
            examples=self.examples,
            runs=self.runs,
            priced=min(self.examples, 64),
            passes=self.passes,
            batch=self.batch,
            evolution=EvolutionOptions(generations=self.generations),
        )

    @property
    def knobs(self) -> dict[str, Any]:
        """Sizes of the scenarios, as `problem.scenario` takes them."""
        return {"size": self.size, "slots": self.slots}


QUICK_TRAINING = Training(
    examples=4,
    runs=4,
    passes=1,
    generations=2,
    deviated=4,
    rounds=1,
    updates=1,
    lanes=4,
    size="small",
    slots=24,
)
"""Does it work, not how well."""


def require_learners() -> None:
    """Refuse to go on without the libraries of learning.

    Raises
    ------
    MissingLibrary
        Naming the extra that brings them.
    """
    for reason in left_out().values():
        raise MissingLibrary(reason)


def train_all(
    folder: Path,
    families: Sequence[str],
    variants: Sequence[Variant],
    seeds: Sequence[int],
    training: Training,
    *,
    workers: int,
) -> None:
    """Train every learner that the folder does not hold; what was interrupted goes on.

    A folder is for one `Training`.
    """
    from joblib import Parallel, delayed

    starts = [one.start for one in variants if one.start is not None]
    for wave in ([*starts, *(one for one in variants if one.start is None)], variants):
        wanted = {
            one.place(folder, family, seed): (one, family, seed)
            for one in wave
            for family in families
            for seed in seeds
        }
        todo = [of for place, of in wanted.items() if not (place / "card.json").exists()]
        Parallel(n_jobs=workers)(delayed(_train)(folder, *of, training) for of in todo)


def _train(folder: Path, one: Variant, family: str, seed: int, training: Training) -> None:
    from ...learning import T2DRL, scenario_source
    from ...learning.t2drl.config import Config
    from ...learning.t2drl.recipes import TRAINING_EPISODES

    T2DRL.train(
        {family: scenario_source(family, seeds=TRAINING_EPISODES, **training.knobs)},
        algorithm=one.algorithm,
        config=Config(**one.config),
        options=training.options(one.algorithm),
        seed=seed,
        start=None if one.start is None else T2DRL.load(one.start.place(folder, family, seed)),
        folder=one.place(folder, family, seed),
    )
