"""``python -m edgeopt.benchmarks.learning.sb3``: learners of Stable-Baselines3 through the same environment.

An outside check: nothing of this package learns here. A learner is trained on the split "train" of a
scenario and plays instances of the split "test" as an online policy. The referee adds up its cost, which is
printed over that of the best known plan, beside the index policy with its default options.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from typing import Annotated, Any, Literal

import numpy as np
import typer
from numpy.typing import NDArray

from ...problem import Instance, evaluate, scenario
from ...problem.errors import EdgeoptError, InvalidOption
from ...problem.fields import BoolArray
from ...solvers import policy, simulate, solve

Learner = Literal["ppo", "maskable", "recurrent"]
LEARNERS: tuple[Learner, ...] = ("ppo", "maskable", "recurrent")


def bit_masks(seen: dict[str, NDArray[Any]]) -> BoolArray:
    """Which values each bit of a "binary" action may take: (2 (M + S),), off and on by turns.

    On is barred for padding, for models larger than the memory and for services that nobody requests.
    """
    size, requests = seen["models"][:, 0], seen["services"][:, 11]
    may = np.concatenate(
        [
            seen["model_mask"].astype(np.bool_) & (size <= 1.0),
            seen["service_mask"].astype(np.bool_) & (requests > 0.0),
        ]
    )
    return np.stack([np.ones_like(may), may], axis=1).ravel()


def train(learner: Learner, name: str, steps: int, *, seed: int, copies: int, knobs: dict[str, Any]) -> Any:
    """Train a learner with its library's own settings, rewards scaled by their running spread.

    Raises
    ------
    InvalidOption
        For an unknown learner.
    """
    from gymnasium import Wrapper
    from stable_baselines3.common.vec_env import DummyVecEnv, VecNormalize

    from ...learning import EdgeServingEnv, scenario_source

    class Masked(Wrapper):  # type: ignore[misc, type-arg, unused-ignore]
        """Tells which bits may be set."""

        def action_masks(self) -> BoolArray:
            return bit_masks({key: array[0] for key, array in self.unwrapped.lanes.tokens.items()})

    source = scenario_source(name, **knobs)
    kind: Literal["binary", "scores"] = "binary" if learner == "maskable" else "scores"
    environments = DummyVecEnv([lambda: Masked(EdgeServingEnv(source, action=kind))] * copies)
    environments.seed(seed)
    scaled = VecNormalize(environments, norm_obs=False, gamma=0.99)
    settings: dict[str, Any] = {
        "seed": seed,
        "n_steps": 8 * max(1, min(32, steps // copies // 8)),
        "device": "cpu",
    }
    if learner == "ppo":
        from stable_baselines3 import PPO

        model = PPO("MultiInputPolicy", scaled, **settings)
    elif learner == "maskable":
        from sb3_contrib import MaskablePPO

        model = MaskablePPO("MultiInputPolicy", scaled, **settings)
    elif learner == "recurrent":
        from sb3_contrib import RecurrentPPO

        model = RecurrentPPO("MultiInputLstmPolicy", scaled, **settings)
    else:
        raise InvalidOption(f"learner = {learner!r}: must be one of {', '.join(LEARNERS)}")
    return model.learn(steps)


def acting(learner: Learner, model: Any) -> Callable[[dict[str, NDArray[Any]]], NDArray[Any]]:
    """A function from observations to actions, for one episode: a recurrent learner begins anew."""
    memory: list[Any] = [None]

    def act(seen: dict[str, NDArray[Any]]) -> NDArray[Any]:
        if learner == "maskable":
            return np.asarray(model.predict(seen, deterministic=True, action_masks=bit_masks(seen))[0])
        start = np.array([memory[0] is None])
        action, memory[0] = model.predict(seen, state=memory[0], episode_start=start, deterministic=True)
        return np.asarray(action)

    return act


def ratio(learner: Learner, model: Any, instances: list[Instance], best: list[float]) -> float:
    """Refereed cost of all instances over that of the best known plans."""
    from ...learning import ActionPolicy

    kind: Literal["binary", "scores"] = "binary" if learner == "maskable" else "scores"
    total = 0.0
    for instance in instances:
        played = simulate(instance, ActionPolicy(act=acting(learner, model), name=learner, action=kind))
        total += evaluate(instance, played).total
    return total / sum(best)


def main(
    steps: Annotated[int, typer.Option(help="Slots to train for.", min=1)] = 100_000,
    scenario_name: Annotated[str, typer.Option("--scenario", help="The scenario.")] = "hotset",
    learner: Annotated[str, typer.Option(help="ppo, maskable or recurrent.")] = "ppo",
    seed: Annotated[int, typer.Option(help="Seed of the training.", min=0)] = 0,
    copies: Annotated[int, typer.Option(help="Environments side by side.", min=1)] = 8,
    tests: Annotated[int, typer.Option(help="Instances to be scored on.", min=1)] = 4,
    slots: Annotated[int | None, typer.Option(help="Slots of an instance.", min=1)] = None,
    models: Annotated[int | None, typer.Option(help="Models.", min=1)] = None,
    time_limit: Annotated[float, typer.Option(help="Seconds to search for each best plan.", min=0.1)] = 20.0,
) -> None:
    """Train a learner of Stable-Baselines3 and print its cost over that of the best known plan."""
    if any(find_spec(library) is None for library in ("stable_baselines3", "sb3_contrib")):
        typer.echo("sb3: skipped, Stable-Baselines3 is not installed; pip install 'edgeopt[rl]'")
        return
    import torch

    torch.set_num_threads(1)
    knobs: dict[str, Any] = {
        name: one for name, one in (("slots", slots), ("models", models)) if one is not None
    }
    try:
        if learner not in LEARNERS:
            raise InvalidOption(f"learner = {learner!r}: must be one of {', '.join(LEARNERS)}")
        chosen = LEARNERS[LEARNERS.index(learner)]
        drawn = [scenario(scenario_name, seed=i, split="test", **knobs) for i in range(tests)]
        instances = [one.server(n) for one in drawn for n in range(one.servers)]
        trained = train(chosen, scenario_name, steps, seed=seed, copies=copies, knobs=knobs)
        best = [solve(instance, time_limit=time_limit).cost for instance in instances]
        reached = ratio(chosen, trained, instances, best)
        index = sum(evaluate(one, simulate(one, policy("index"))).total for one in instances) / sum(best)
    except EdgeoptError as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(2) from error
    typer.echo(
        f"{scenario_name}: {learner} after {trained.num_timesteps} steps costs {reached:.4f} times the best "
        f"known plan, the index policy {index:.4f} times ({len(instances)} test instances)"
    )


if __name__ == "__main__":
    typer.run(main)
