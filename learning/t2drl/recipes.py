"""What learners are trained on, and how much: the shipped one, and those of the command line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from ...problem import from_trace, scenario_names
from ...problem.errors import InvalidOption
from ..algorithms.deviation_options import DeviationOptions
from ..algorithms.foresight import ForesightOptions
from ..algorithms.ppo_options import PPOOptions
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


def options_of(algorithm: str, given: Mapping[str, int]) -> ForesightOptions | DeviationOptions | PPOOptions:
    """Options of an algorithm from what a command line gave.

    Raises
    ------
    InvalidOption
        For an unknown algorithm, an option that it does not have, or a number outside its limits.
    """
    own_of_foresight = ("examples", "runs", "passes", "batch", "generations")
    known = {
        "foresight": own_of_foresight,
        "deviations": (*own_of_foresight, "rounds"),
        "ppo": ("updates", "lanes"),
    }
    if algorithm not in known:
        raise InvalidOption(f"algorithm = {algorithm!r}: must be one of {', '.join(known)}")
    for name in given:
        if name not in known[algorithm]:
            raise InvalidOption(f"{name}: is no option of the algorithm {algorithm}")
    if algorithm == "ppo":
        return PPOOptions(**given)
    own = {name: value for name, value in given.items() if name != "generations"}
    if algorithm == "deviations":
        search = DeviationOptions().evolution
        search = replace(search, refinements=given.get("generations", search.refinements))
        return DeviationOptions(**own, evolution=search)
    if "examples" in own:
        own["priced"] = min(own["examples"], ForesightOptions().priced)
    usual = EvolutionOptions()
    generations = given.get("generations", usual.generations)
    evolution = replace(usual, generations=generations, refinements=min(generations, usual.refinements))
    return ForesightOptions(**own, evolution=evolution)
