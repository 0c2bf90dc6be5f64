"""What learners are trained on, and how much: the shipped one, and those of the command line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ...problem import from_trace, scenario_names
from ...problem.errors import InvalidOption
from ..algorithms.foresight import ForesightOptions
from ..scores.evolution import EvolutionOptions
from ..serving.sources import EpisodeSource, InstanceSource, scenario_source, windows

SHIPPED_FAMILIES = (
    "hotset",
    "decoy",
    "context-rich",
    "workflow",
    "workflow16",
    "realistic",
    "paper",
    "stationary",
)
"""Scenarios that the shipped learner was trained on."""

TRAINING_EPISODES = range(1024)
TRAINING_PART = (0.0, 0.7)
"""Share of a trace that is trained on; the benchmark tests on what comes after."""


def scenario_families(
    names: Sequence[str] | None = None, *, slots: int | None = None, size: str = "medium"
) -> dict[str, EpisodeSource]:
    """Training episodes of scenarios by name; those of the shipped learner by default.

    Raises
    ------
    InvalidOption
        For an unknown name.
    """
    chosen = list(names or SHIPPED_FAMILIES)
    for name in chosen:
        if name not in scenario_names():
            raise InvalidOption(f"unknown scenario {name!r}: choose from {', '.join(scenario_names())}")
    return {name: scenario_source(name, seeds=TRAINING_EPISODES, slots=slots, size=size) for name in chosen}


def trace_family(path: Path, *, slots: int, slot_seconds: float) -> dict[str, EpisodeSource]:
    """Windows of the first part of a recorded trace, as the family "trace"."""
    instance = from_trace(path, slot_seconds=slot_seconds)
    return {"trace": InstanceSource(windows(instance, slots, part=TRAINING_PART))}


def options_of(algorithm: str, given: Mapping[str, int]) -> Any:
    """Options of an algorithm from what a command line gave.

    Raises
    ------
    InvalidOption
        For an unknown algorithm, an option that it does not have, or a number outside its limits.
    """
    if algorithm != "foresight":
        if given:
            raise InvalidOption(f"{next(iter(given))}: is an option of the algorithm foresight only")
        return None
    own = {name: value for name, value in given.items() if name != "generations"}
    if "examples" in own:
        own["priced"] = min(own["examples"], ForesightOptions().priced)
    evolution = EvolutionOptions(**({"generations": given["generations"]} if "generations" in given else {}))
    return ForesightOptions(**own, evolution=evolution)
