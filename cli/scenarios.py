"""``edgeopt scenarios``: what scenarios there are, what one is like, and an instance of it on disk."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from ..problem.instance import Instance
    from ..problem.scenarios import Knob, ScenarioInfo, Statistics


def scenarios(
    name: Annotated[str | None, typer.Argument(help="Scenario to describe; none lists them all.")] = None,
    size: Annotated[str, typer.Option(help="Preset: small, medium or large.")] = "medium",
    seed: Annotated[int, typer.Option(help="Which stretch of the split.")] = 0,
    split: Annotated[str, typer.Option(help="train, validation or test.")] = "test",
    world: Annotated[int, typer.Option(help="Which world: costs, popularity, who persists.")] = 0,
    slots: Annotated[int | None, typer.Option(help="Number of slots in place of the preset's.")] = None,
    servers: Annotated[int | None, typer.Option(help="Number of servers.")] = None,
    models: Annotated[int | None, typer.Option(help="Number of models.")] = None,
    services: Annotated[int | None, typer.Option(help="Number of services.")] = None,
    knob: Annotated[
        list[str] | None, typer.Option(help="A knob as NAME=VALUE; may be given several times.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Write the instance to this .npz or .json file.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for machines.")] = False,
) -> None:
    """List the scenarios, or describe one and write an instance of it."""
    from ..problem.errors import InvalidOption
    from ..problem.scenarios import scenario, scenario_info, scenario_names, statistics

    if name is None:
        if out is not None or knob:
            raise InvalidOption(f"which scenario? give one of {', '.join(scenario_names())}")
        _print_list([scenario_info(each) for each in scenario_names()], as_json=as_json)
        return
    instance = scenario(
        name,
        seed=seed,
        slots=slots,
        servers=servers,
        models=models,
        services=services,
        split=split,
        world=world,
        size=size,
        **_parse_knobs(knob or []),
    )
    if out is not None:
        instance.save(out)
    info, figures = scenario_info(name), statistics(instance)
    if as_json:
        _print_json(info, instance, figures, out)
    else:
        _print_one(info, instance, figures, out)


def _parse_knobs(settings: list[str]) -> dict[str, float | int]:
    from ..problem.errors import InvalidOption

    values: dict[str, float | int] = {}
    for setting in settings:
        name, _, text = setting.partition("=")
        try:
            number = float(text)
        except ValueError:
            raise InvalidOption(f"--knob {setting}: must be NAME=NUMBER, such as noise=0.1") from None
        values[name.strip()] = int(number) if math.isfinite(number) and number == int(number) else number
    return values


def _print_list(infos: list[ScenarioInfo], *, as_json: bool) -> None:
    if as_json:
        _echo_json([_describe(info) for info in infos])
        return
    from rich.table import Table

    from .console import console

    table = Table("scenario", "what happens")
    for info in infos:
        table.add_row(info.name, info.summary)
    console().print(table)


def _print_one(info: ScenarioInfo, instance: Instance, figures: Statistics, out: Path | None) -> None:
    from rich.table import Table

    from .console import console

    screen = console()
    screen.print(f"{info.name}: {info.summary}", highlight=False)
    screen.print(f"Stresses: {info.stresses}", highlight=False)
    screen.print(f"A learner must merely tie: {info.ties}", highlight=False)
    knobs = Table("knob", "default", "meaning")
    for knob in info.knobs:
        knobs.add_row(knob.name, _default(knob), knob.meaning)
    screen.print(knobs)
    table = Table("statistic", "value", title=repr(instance))
    for label, value in vars(figures).items():
        table.add_row(label.replace("_", " "), f"{value:.4g}")
    screen.print(table)
    if out is not None:
        screen.print(f"wrote {out}", highlight=False)


def _print_json(info: ScenarioInfo, instance: Instance, figures: Statistics, out: Path | None) -> None:
    content = _describe(info)
    content["instance"] = {
        "digest": instance.digest(),
        "slots": instance.slots,
        "servers": instance.servers,
        "models": instance.models,
        "services": instance.services,
        "requests": int(instance.requests.sum()),
        "file": None if out is None else str(out),
    }
    content["statistics"] = {
        label: value if math.isfinite(value) else None for label, value in vars(figures).items()
    }
    _echo_json(content)


def _describe(info: ScenarioInfo) -> dict[str, Any]:
    return {
        "name": info.name,
        "summary": info.summary,
        "stresses": info.stresses,
        "ties": info.ties,
        "knobs": [vars(knob) for knob in info.knobs],
        "sizes": {preset: vars(size) for preset, size in info.sizes.items()},
    }


def _default(knob: Knob) -> str:
    return "from the size" if knob.default is None else f"{knob.default:g}"


def _echo_json(content: Any) -> None:
    import json

    typer.echo(json.dumps(content, indent=2))
