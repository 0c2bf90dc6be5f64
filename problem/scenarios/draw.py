"""Scenarios by name: from (name, world, split, seed, size, knobs) to an instance, always the same one.

World and stretch are two things. `world` decides popularity, costs, footprints, who is persistent
and which models form a pipeline; it is the same for every split and seed. (split, seed) decides the
arrivals: what happens to happen in one stretch of that world. Seeds of different splits, servers
and worlds live in separate branches of numpy's seed tree, so no test stretch is ever a training
stretch.
"""

from __future__ import annotations

import dataclasses
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import InvalidOption
from ..fields import MAX_ELEMENTS, IntArray
from ..instance import Instance
from ..workloads import Deployment, Workload, draw_deployment
from .family import Family, Size
from .knobs import Knob, convert_all
from .registry import FAMILIES

SPLITS = ("train", "validation", "test")
_WORLD_BRANCH, _STRETCH_BRANCH = 0, 1


@dataclass(frozen=True)
class ScenarioInfo:
    """What a scenario is for and which knobs it has.

    Attributes
    ----------
    name, summary
        One line.
    stresses
        What it is hard for.
    ties
        Where a learner can at best equal a tuned heuristic.
    knobs
        Arrivals first, then costs.
    sizes
        The presets.
    """

    name: str
    summary: str
    stresses: str
    ties: str
    knobs: tuple[Knob, ...]
    sizes: Mapping[str, Size]


def scenario_names() -> tuple[str, ...]:
    """Names of all scenarios."""
    return tuple(FAMILIES)


def scenario_info(name: str) -> ScenarioInfo:
    """Describe one scenario.

    Raises
    ------
    InvalidOption
        For an unknown name.
    """
    family = _family(name)
    return ScenarioInfo(
        name=name,
        summary=family.summary,
        stresses=family.paragraph("Stresses"),
        ties=family.paragraph("Ties"),
        knobs=family.demand_knobs() + family.common_knobs() + family.price_knobs(),
        sizes=family.sizes,
    )


def scenario(
    name: str,
    *,
    seed: int = 0,
    slots: int | None = None,
    servers: int | None = None,
    models: int | None = None,
    services: int | None = None,
    split: str = "test",
    world: int = 0,
    size: str = "medium",
    **overrides: float | int | None,
) -> Instance:
    """Draw an instance of a named scenario; the same arguments give the same bytes.

    Parameters
    ----------
    name
        One of `scenario_names`.
    seed
        Which stretch of the split; zero or more.
    slots, servers, models, services
        Sizes that replace those of the preset. With `models` alone, services grow in proportion.
    split
        "train", "validation" or "test": statistically equal, independent stretches of one world.
    world
        Which world; zero or more.
    size
        Preset: "small" (a textbook MILP solves it), "medium" (the study's scale) or "large".
    **overrides
        Knobs of the scenario; `scenario_info` lists them.

    Raises
    ------
    InvalidOption
        For an unknown name, split, size or knob (the message names the known ones), or a value out
        of range.
    """
    family = _family(name)
    if split not in SPLITS:
        raise InvalidOption(f"split '{split}' is unknown; there are {', '.join(SPLITS)}")
    dimensions = _dimensions(family, size, slots, servers, models, services)
    seed, world = _whole("seed", seed, least=0), _whole("world", world, least=0)
    knobs = convert_all(name, scenario_info(name).knobs, overrides)
    deployment, workloads, costs = _world(family, dimensions, knobs, world)
    place = (_STRETCH_BRANCH, zlib.crc32(name.encode()), world, SPLITS.index(split))
    requests = np.stack(
        [
            workload.arrivals(_generator(seed, *place, server), dimensions.slots)
            for server, workload in enumerate(workloads)
        ],
        axis=1,
    )
    seconds = knobs.get("slot_seconds", family.slot_seconds)
    return _instance(requests, deployment, {"slot_seconds": seconds} | costs)


def scenario_workloads(
    name: str,
    *,
    servers: int | None = None,
    models: int | None = None,
    services: int | None = None,
    world: int = 0,
    size: str = "medium",
    **overrides: float | int | None,
) -> tuple[Workload, ...]:
    """Return the true demand process of each server, of which `scenario` draws stretches."""
    family = _family(name)
    dimensions = _dimensions(family, size, None, servers, models, services)
    knobs = convert_all(name, scenario_info(name).knobs, overrides)
    return _world(family, dimensions, knobs, _whole("world", world, least=0))[1]


def _family(name: str) -> Family:
    try:
        return FAMILIES[name]
    except KeyError:
        raise InvalidOption(f"scenario '{name}' is unknown; there are {', '.join(FAMILIES)}") from None


def _dimensions(
    family: Family,
    size: str,
    slots: int | None,
    servers: int | None,
    models: int | None,
    services: int | None,
) -> Size:
    if size not in family.sizes:
        raise InvalidOption(f"size '{size}' is unknown; there are {', '.join(family.sizes)}")
    preset = family.sizes[size]
    if models is not None:
        models = _whole("models", models, least=1)
        services = (
            max(models, round(preset.services * models / preset.models)) if services is None else services
        )
    given = {"slots": slots, "servers": servers, "models": models, "services": services}
    chosen = {name: _whole(name, value, least=1) for name, value in given.items() if value is not None}
    result = dataclasses.replace(preset, **chosen)
    if result.slots * result.servers * max(result.models, result.services) > MAX_ELEMENTS:
        raise InvalidOption(f"{result}: too large, at most {MAX_ELEMENTS:,} counts can be drawn")
    return result


def _whole(name: str, value: int, *, least: int) -> int:
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < least:
        raise InvalidOption(f"{name}={value!r}: must be a whole number, at least {least}")
    return int(value)


def _generator(seed: int, *branch: int) -> np.random.Generator:
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=branch))


def _world(
    family: Family, size: Size, knobs: Mapping[str, Any], world: int
) -> tuple[Deployment, tuple[Workload, ...], dict[str, Any]]:
    """Draw everything that (split, seed) cannot change."""
    branch = (_WORLD_BRANCH, zlib.crc32(family.name.encode()))
    deployment = draw_deployment(_generator(world, *branch, 0), size.models, size.services, knobs["evenness"])
    prices = family.prices(**{knob.name: knobs[knob.name] for knob in family.price_knobs()})
    costs = prices.draw(_generator(world, *branch, 1), deployment)
    requests = knobs["requests"]
    if requests is None:
        requests = family.requests * size.models / family.sizes["medium"].models
    demand = {knob.name: knobs[knob.name] for knob in family.demand_knobs()}
    workloads = tuple(
        family.demand(  # the same generator for every server: one world, at most seen from another side
            _generator(world, *branch, 2),
            dataclasses.replace(deployment, rotation=server * knobs["rotation"]),
            requests,
            **demand,
        )
        for server in range(size.servers)
    )
    return deployment, workloads, costs


def _instance(requests: IntArray, deployment: Deployment, costs: Mapping[str, Any]) -> Instance:
    names = [f"agent-{index}/model-{model}" for index, model in enumerate(deployment.service_model)]
    return Instance(requests=requests, **({"service_names": names} | dict(costs)))
