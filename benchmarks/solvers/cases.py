"""The instances, named so that a fresh process can draw them again."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from ...problem import Instance, from_trace, scenario
from ...problem.fields import IntArray

FORCING = 100.0
"""Cloud cost of a paging instance, where a load costs 1: no plan of least cost leaves a request out."""


class Case(Protocol):
    """Something that names an instance and can draw it."""

    @property
    def name(self) -> str:
        """A short, unique label."""
        ...

    def instance(self) -> Instance:
        """Draw the instance: always the same one."""
        ...


@dataclass(frozen=True)
class ScenarioCase:
    """An instance of a named scenario at a given size.

    Parameters
    ----------
    scenario, seed
        As in `edgeopt.problem.scenario`.
    models, slots, services, servers
        Its size.
    """

    scenario: str
    models: int
    slots: int
    services: int
    servers: int = 1
    seed: int = 0

    @property
    def name(self) -> str:
        """Sizes, scenario and seed."""
        size = f"{self.models}x{self.slots}x{self.services}"
        servers = f", {self.servers} servers" if self.servers > 1 else ""
        return f"{size} {self.scenario}/{self.seed}{servers}"

    def instance(self) -> Instance:
        """Draw it."""
        return scenario(
            self.scenario,
            seed=self.seed,
            slots=self.slots,
            servers=self.servers,
            models=self.models,
            services=self.services,
        )


@dataclass(frozen=True)
class TraceCase:
    """A recorded trace replayed at one server.

    Parameters
    ----------
    label
        What it is called in the tables.
    path
        The trace file.
    options
        Keywords of `edgeopt.problem.from_trace`.
    """

    label: str
    path: Path
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The label."""
        return self.label

    def instance(self) -> Instance:
        """Replay it."""
        return from_trace(self.path, **self.options)


@dataclass(frozen=True)
class PagingCase:
    """Paging as an instance: unit footprints, one request a slot, no context, serving forced by price.

    Its optimum is the least number of faults, which Belady's rule attains (model.md, reduction 4).

    Parameters
    ----------
    pages, requests, frames
        Size; Zipf popularity with exponent 0.8 over the pages.
    seed
        Of the string of requests.
    """

    pages: int
    requests: int
    frames: int
    seed: int = 0

    @property
    def name(self) -> str:
        """Sizes and seed."""
        return f"{self.pages} pages, {self.frames} frames, {self.requests} requests/{self.seed}"

    def string(self) -> IntArray:
        """Return the pages in the order in which they are asked for, (requests,)."""
        rng = np.random.default_rng(np.random.SeedSequence([self.pages, self.requests, self.seed]))
        share = 1.0 / np.arange(1, self.pages + 1) ** 0.8
        return rng.choice(self.pages, size=self.requests, p=share / share.sum()).astype(np.int64)

    def instance(self) -> Instance:
        """One model and one service a page."""
        return paging_instance(self.string(), self.pages, self.frames)


def paging_instance(string: IntArray, pages: int, frames: int) -> Instance:
    """Turn a string of page requests into an instance whose optimum is the least number of faults."""
    requests = np.zeros((len(string), pages), dtype=np.int64)
    requests[np.arange(len(string)), string] = 1
    return Instance(
        requests=requests,
        service_model=np.arange(pages),
        memory=float(frames),
        footprint=np.ones(pages),
        load_cost=1.0,
        cloud_cost=FORCING,
    )


def data_folder(given: Path | None = None) -> Path | None:
    """Return the folder of recorded traces: the one given, ../shared/data, EDGEOPT_DATA, or None."""
    beside = Path(__file__).resolve().parents[3] / "shared" / "data"
    named = os.environ.get("EDGEOPT_DATA")
    for folder in (given, beside, Path(named) if named else None):
        if folder is not None and folder.is_dir():
            return folder
    return None
