"""``python -m edgeopt.benchmarks.speed.environments``: batched environment against a loop of single ones."""

from __future__ import annotations

import json
import platform
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Annotated

import numpy as np
import typer

from ...learning import EdgeServingEnv, EdgeServingVectorEnv, scenario_source
from ...learning.serving.sources import EpisodeSource
from ...problem.fields import FloatArray
from .throughput import CostsDisagree


@dataclass(frozen=True)
class EnvironmentSpeed:
    """Server-slots a second, observation and projection included: medians over the repeats.

    Parameters
    ----------
    lanes, models
        Environments side by side, and models of each.
    batched, loop
        `EdgeServingVectorEnv`, and as many `EdgeServingEnv` stepped one after the other.
    ratio
        batched / loop, in one run.
    """

    lanes: int
    models: int
    batched: float
    loop: float
    ratio: float


def measure_environments(
    source: EpisodeSource, lanes: int = 256, steps: int = 100, repeats: int = 5, seed: int = 0
) -> EnvironmentSpeed:
    """Play the same random actions both ways, alternately; episodes that end begin anew.

    Raises
    ------
    CostsDisagree
        If a reward differs in its last bit.
    """
    batched = EdgeServingVectorEnv(source, lanes, copy=False)
    singles = [EdgeServingEnv(source) for _ in range(lanes)]
    actions = np.random.default_rng(seed).uniform(-1, 1, (steps, *batched.action_space.shape))

    def together() -> FloatArray:
        return np.array([batched.step(action)[1] for action in actions])

    def one_by_one() -> FloatArray:
        return np.array([[_step(env, own) for env, own in zip(singles, a, strict=True)] for a in actions])

    times: dict[str, list[float]] = {"batched": [], "loop": []}
    for repeat in range(repeats + 1):
        batched.reset(seed=seed)
        for lane, env in enumerate(singles):
            env.reset(seed=seed + lane)
        rewards = [_timed(run, times[name]) for name, run in (("batched", together), ("loop", one_by_one))]
        if not np.array_equal(rewards[0], rewards[1]):
            raise CostsDisagree(f"repeat {repeat}: batched and single environments pay different rewards")
    speeds = {name: lanes * steps / median(found[1:]) for name, found in times.items()}  # the first compiles
    return EnvironmentSpeed(lanes, batched.lanes.models, **speeds, ratio=speeds["batched"] / speeds["loop"])


def _step(env: EdgeServingEnv, action: FloatArray) -> float:
    _, reward, terminated, truncated, _ = env.step(action)
    if terminated or truncated:
        env.reset()
    return float(reward)


def _timed(run: Callable[[], FloatArray], times: list[float]) -> FloatArray:
    start = perf_counter()
    result = run()
    times.append(perf_counter() - start)
    return result


def main(
    scenario_name: Annotated[str, typer.Option("--scenario", help="What is played.")] = "hotset",
    models: Annotated[int, typer.Option(help="Number of models.", min=1)] = 12,
    lanes: Annotated[int, typer.Option(help="Environments side by side.", min=1)] = 256,
    steps: Annotated[int, typer.Option(help="Steps a repeat.", min=1)] = 100,
    repeats: Annotated[int, typer.Option(help="Repeats of which the median counts.", min=1)] = 5,
    out: Annotated[Path, typer.Option(help="Where the JSON goes.")] = Path("environments.json"),
) -> None:
    """Compare the batched environment with a loop of single ones; both must pay the same rewards."""
    found = measure_environments(scenario_source(scenario_name, models=models), lanes, steps, repeats)
    content = {"scenario": scenario_name, "python": platform.python_version(), "machine": platform.platform()}
    out.write_text(json.dumps(content | asdict(found), indent=1) + "\n")
    typer.echo(
        f"{found.lanes} servers of {found.models} models: batched {found.batched:,.0f} server-slots/s, "
        f"loop {found.loop:,.0f}, {found.ratio:.1f} times"
    )


if __name__ == "__main__":
    typer.run(main)
