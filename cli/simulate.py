"""``edgeopt simulate``: what an online policy does with an instance, and what that costs."""

from __future__ import annotations

import json
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .console import print_summary
from .source import INSTANCE_SUFFIXES, open_instance, refuse_bad_target

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..solvers.policies import OnlinePolicy


def simulate(
    instance: Annotated[
        str, typer.Argument(help="An instance (.npz or .json file), or the name of a scenario.")
    ],
    policy: Annotated[
        str, typer.Option(help="Name of a policy or learner, or module:Class for one of your own.")
    ] = "index",
    option: Annotated[
        list[str] | None, typer.Option(help="An option of the policy as name=value; may be given again.")
    ] = None,
    train: Annotated[
        int,
        typer.Option(help="Scenario: training instances of the same world that the policy may learn from."),
    ] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for machines.")] = False,
    out: Annotated[Path | None, typer.Option(help="Write the plan to this .npz or .json file.")] = None,
    policy_seed: Annotated[int, typer.Option(help="Seed of what is random in the policy.")] = 0,
    seed: Annotated[int, typer.Option(help="Scenario: seed of the arrivals.")] = 0,
    size: Annotated[str, typer.Option(help="Scenario: small, medium or large.")] = "medium",
    slots: Annotated[int | None, typer.Option(help="Scenario: slots in place of the preset's.")] = None,
    servers: Annotated[int | None, typer.Option(help="Scenario: number of servers.")] = None,
    models: Annotated[int | None, typer.Option(help="Scenario: number of models.")] = None,
    split: Annotated[str, typer.Option(help="Scenario: train, validation or test.")] = "test",
    world: Annotated[int, typer.Option(help="Scenario: seed of costs and popularity.")] = 0,
) -> None:
    """Show a policy the arrivals slot by slot, let it decide, and price what it did.

    Without training instances a policy begins without knowledge of the demand.
    """
    from ..benchmarks.contestants import contestant
    from ..problem.referee import cloud_only_cost, evaluate
    from ..solvers.simulation import simulate as run

    refuse_bad_target(out)
    shape: dict[str, Any] = {
        "size": size,
        "slots": slots,
        "servers": servers,
        "models": models,
        "world": world,
    }
    problem = open_instance(instance, seed=seed, split=split, **shape)
    chosen = _trained(contestant(policy, **_options(option or [])), instance, train, shape)
    begun = perf_counter()
    plan = run(problem, chosen, policy_seed)
    seconds = perf_counter() - begun
    report = evaluate(problem, plan)
    if out is not None:
        plan.save(out)
    cloud_only = cloud_only_cost(problem)
    content: dict[str, Any] = {
        "instance": problem.digest(),
        "policy": chosen.name,
        "clairvoyant": chosen.clairvoyant,
        "policy_seed": policy_seed,
        **report.summary(),
        "cloud_only": cloud_only,
        "saved_share": 1.0 - report.total / cloud_only if cloud_only > 0 else 0.0,
        "seconds": seconds,
        "file": None if out is None else str(out),
    }
    if as_json:
        typer.echo(json.dumps(content, indent=2, allow_nan=False))
    else:
        print_summary(repr(problem), content)


def _options(words: Sequence[str]) -> dict[str, Any]:
    """Read name=value; a value is a number, true, false or null where it looks like one, else text."""
    from ..problem.errors import InvalidOption

    options: dict[str, Any] = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals or not name:
            raise InvalidOption(f"--option {word}: write name=value")
        try:
            options[name] = json.loads(value)
        except json.JSONDecodeError:
            options[name] = value
    return options


def _trained(policy: OnlinePolicy, source: str, count: int, shape: dict[str, Any]) -> OnlinePolicy:
    """Let the policy learn from training instances of the scenario."""
    if count == 0:
        return policy
    from ..problem.errors import InvalidOption

    if count < 0 or Path(source).suffix.lower() in INSTANCE_SUFFIXES:
        raise InvalidOption(
            f"--train {count}: needs a positive number, and a scenario to draw training instances of"
        )
    return policy.fit([open_instance(source, seed=seed, split="train", **shape) for seed in range(count)])
