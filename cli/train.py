"""``edgeopt train``: train a learner, or go on with a training that was interrupted."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .console import console, progress_bar
from .where import ADDRESS_HELP, ENGINE_HELP

if TYPE_CHECKING:
    from ..learning.t2drl.t2drl import T2DRL


def train(
    scenario: Annotated[
        list[str] | None,
        typer.Option(help="A scenario to train on; may be given often. By default the shipped learner's."),
    ] = None,
    trace: Annotated[
        Path | None, typer.Option(help="A recorded trace to train on, its first 70 % only.")
    ] = None,
    algorithm: Annotated[
        str, typer.Option(help="foresight, deviations (on a --start) or ppo.")
    ] = "foresight",
    core: Annotated[str, typer.Option(help="ttt, gru, gru-small, deltanet, stack or none.")] = "ttt",
    width: Annotated[int, typer.Option(help="Width of every layer.")] = 40,
    inner_loop: Annotated[
        bool, typer.Option(help="Whether the core learns while it reads; the control does not.")
    ] = True,
    examples: Annotated[
        int | None, typer.Option(help="foresight, deviations: episodes a family for the network.")
    ] = None,
    runs: Annotated[int | None, typer.Option(help="Episodes a family for the evolution.")] = None,
    passes: Annotated[int | None, typer.Option(help="Passes over all examples, each round.")] = None,
    rounds: Annotated[int | None, typer.Option(help="deviations: how often all of it is done.")] = None,
    batch: Annotated[int | None, typer.Option(help="foresight, deviations: episodes in a step.")] = None,
    generations: Annotated[
        int | None, typer.Option(help="foresight, deviations: generations of the evolution of a profile.")
    ] = None,
    updates: Annotated[int | None, typer.Option(help="ppo: rollouts in all.")] = None,
    lanes: Annotated[int | None, typer.Option(help="ppo: episodes played at once.")] = None,
    slots: Annotated[int | None, typer.Option(help="Slots of an episode instead of the scenario's.")] = None,
    slot_seconds: Annotated[float, typer.Option(help="Length of a trace's slots in seconds.")] = 30.0,
    size: Annotated[str, typer.Option(help="Scenario: small, medium or large.")] = "medium",
    start: Annotated[
        str | None,
        typer.Option(
            help="A learner (its folder, or shipped) to begin with. foresight keeps its network and finds "
            "weights for new demand; deviations improve both."
        ),
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of everything random.")] = 0,
    seeds: Annotated[
        int, typer.Option(help="Learners, from this seed on, each in a folder of its own.", min=1)
    ] = 1,
    apart: Annotated[bool, typer.Option("--apart", help="A learner for each family by itself.")] = False,
    engine: Annotated[str | None, typer.Option(help=f"Of several learners. {ENGINE_HELP}")] = None,
    address: Annotated[str | None, typer.Option(help=ADDRESS_HELP)] = None,
    workers: Annotated[int | None, typer.Option(help="Learners at a time. All cores by default.")] = None,
    out: Annotated[Path, typer.Option(help="Folder for the state, the scalars and the learner.")] = Path(
        "t2drl"
    ),
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for machines.")] = False,
) -> None:
    """Train T2DRL, or one of its controls, and write the learner into a folder.

    A training that was interrupted goes on where it stopped when the same command is given again.
    """
    from ..learning import T2DRL
    from ..learning.sweep import Episodes, trainings
    from ..learning.t2drl.config import Config
    from ..learning.t2drl.recipes import options_of
    from ..problem.errors import InvalidOption
    from ..solvers.engines import Engine
    from .train_sweep import train_sweep

    config = Config(core=core, width=width, learns=inner_loop)
    given = {"examples": examples, "runs": runs, "passes": passes, "batch": batch, "rounds": rounds}
    given |= {"generations": generations, "updates": updates, "lanes": lanes}
    own = _asked(given, tailored=start is not None and algorithm == "foresight")
    options = options_of(algorithm, own)
    names, path = tuple(scenario) if scenario else None, None if trace is None else trace.absolute()
    episodes = Episodes(names, path, slots, slot_seconds, size)
    if seeds > 1 or apart or engine is not None or address is not None:
        if start is not None:
            raise InvalidOption(
                "--start goes with one learner: not with --seeds, --apart, --engine or --address"
            )
        tasks = trainings(episodes, algorithm, config, options, range(seed, seed + seeds), apart=apart)
        train_sweep(tasks, out, Engine(engine or "local", address, workers), as_json=as_json)
        return
    run = partial(
        T2DRL.train,
        episodes.families(),
        algorithm=algorithm,
        config=config if start is None or config != Config() else None,
        options=options if start is None or own else None,
        seed=seed,
        start=None if start is None else _learner(start),
        folder=out,
    )
    _say(_watched(run, quiet=as_json), out, as_json=as_json)


def _asked(given: Mapping[str, int | None], *, tailored: bool) -> dict[str, int]:
    """Options that were given; a learner that is tailored makes no passes, over no examples, unless told."""
    own = {name: value for name, value in given.items() if value is not None}
    if not tailored or not own:
        return own
    own = {"passes": 0} | own
    return own if own["passes"] else {"examples": 0} | own


def _learner(start: str) -> T2DRL:
    from ..learning import T2DRL
    from ..learning.t2drl.shipped import SHIPPED

    return T2DRL.load(SHIPPED if start == "shipped" else Path(start))


def _watched(run: Callable[..., T2DRL], *, quiet: bool) -> T2DRL:
    """Run under a progress bar that also says how the training goes."""
    with progress_bar(quiet=quiet) as bar:
        row = bar.add_task("training", total=None)

        def watch(done: int, updates: int, scalars: Mapping[str, float]) -> None:
            words = ", ".join(f"{name} {value:.4g}" for name, value in scalars.items())
            bar.update(row, completed=done, total=updates, description=words)

        return run(watch=watch)


def _say(learner: T2DRL, out: Path, *, as_json: bool) -> None:
    facts: dict[str, Any] = {
        "folder": str(out),
        "algorithm": learner.algorithm,
        "profiles": list(learner.profiles),
        **learner.sizes,
    }
    if as_json:
        typer.echo(json.dumps(facts, allow_nan=False))
        return
    screen = console()
    profiles = f"; profiles {', '.join(learner.profiles)}" if learner.profiles else ""
    screen.print(f"{learner.algorithm}: {learner.sizes['parameters']:,} parameters{profiles}", soft_wrap=True)
    screen.print(f"wrote {out}", soft_wrap=True)
