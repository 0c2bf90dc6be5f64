"""``python -m edgeopt.benchmarks.speed``: print the throughputs and write them as JSON."""

from __future__ import annotations

import json
import platform
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from ...problem import Instance, scenario
from .throughput import Measurement, measure


def main(
    scenario_name: Annotated[
        str, typer.Option("--scenario", help="The scenario that is stepped.")
    ] = "hotset",
    slots: Annotated[int, typer.Option(help="Number of slots.", min=1)] = 200,
    servers: Annotated[int, typer.Option(help="Number of servers.", min=1)] = 4,
    models: Annotated[int, typer.Option(help="Number of models.", min=1)] = 12,
    copies: Annotated[
        list[int] | None, typer.Option(help="Copies stepped at once; may be given often.")
    ] = None,
    repeats: Annotated[int, typer.Option(help="Repeats of which the median counts.", min=1)] = 5,
    out: Annotated[Path, typer.Option(help="Where the JSON goes.")] = Path("speed.json"),
) -> None:
    """Compare referee and batched stepper with a plain gymnasium-style loop; all must find the same costs."""
    instance = scenario(scenario_name, slots=slots, servers=servers, models=models)
    found = measure(instance, copies=copies or (1, 16, 256), repeats=repeats)
    content = {
        "instance": {"scenario": scenario_name, "digest": instance.digest(), **_sizes(instance)},
        "python": platform.python_version(),
        "machine": platform.platform(),
        "repeats": repeats,
        "measurements": [asdict(measurement) for measurement in found],
    }
    out.write_text(json.dumps(content, indent=1) + "\n")
    _show(found, instance)


def _sizes(instance: Instance) -> dict[str, int]:
    return {name: getattr(instance, name) for name in ("slots", "servers", "models", "services")}


def _show(found: list[Measurement], instance: Instance) -> None:
    from rich.console import Console
    from rich.table import Table

    sizes = ", ".join(f"{count} {name}" for name, count in _sizes(instance).items())
    table = Table("contestant")
    for heading in ("copies", "slots / s", "x plain loop"):
        table.add_column(heading, justify="right")
    for measurement in found:
        table.add_row(
            measurement.name,
            str(measurement.copies),
            f"{measurement.slots_per_second:,.0f}",
            f"{measurement.ratio:.2f}",
        )
    screen = Console()
    screen.print(f"Slots of one copy a second; the instance has {sizes}.")
    screen.print(table)


if __name__ == "__main__":
    typer.run(main)
