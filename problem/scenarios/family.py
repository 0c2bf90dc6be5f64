"""What a scenario is: a demand, prices, sizes and a docstring that says what it is for."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from ..workloads import Deployment, Workload
from .knobs import Knob, knobs_of
from .prices import NormalisedPrices


@dataclass(frozen=True)
class Size:
    """How large an instance is."""

    slots: int
    servers: int
    models: int
    services: int


SMALL, MEDIUM, LARGE = Size(40, 1, 6, 10), Size(300, 1, 12, 24), Size(1000, 1, 24, 48)


class Prices(Protocol):
    """A dataclass of price knobs that draws one world's costs."""

    def draw(self, rng: np.random.Generator, deployment: Deployment) -> dict[str, Any]:
        """Every array of the instance but the requests, by name."""
        ...


@dataclass(frozen=True)
class Family:
    """A named scenario.

    Attributes
    ----------
    name
        As users type it.
    demand
        ``demand(rng, deployment, requests, **knobs) -> Workload``; its docstring documents the
        scenario, its annotated keywords are its knobs.
    prices
        Dataclass of the price knobs.
    price_defaults
        Where this scenario departs from the dataclass.
    requests
        Mean requests per slot at the medium size; other numbers of models scale it, so that a
        model is asked for as often as at the medium size and the trade-off stays what it was.
    evenness
        How evenly a model's requests spread over its services (Dirichlet concentration).
    sizes
        The presets.
    slot_seconds
        Length of a slot.
    """

    name: str
    demand: Callable[..., Workload]
    prices: type[Any] = NormalisedPrices
    price_defaults: Mapping[str, float] = field(default_factory=dict)
    requests: float = 40.0
    evenness: float = 2.0
    sizes: Mapping[str, Size] = field(
        default_factory=lambda: {"small": SMALL, "medium": MEDIUM, "large": LARGE}
    )
    slot_seconds: float = 60.0

    def demand_knobs(self) -> tuple[Knob, ...]:
        """Knobs of the arrivals."""
        return knobs_of(self.demand)

    def price_knobs(self) -> tuple[Knob, ...]:
        """Knobs of the costs, with this scenario's defaults."""
        return tuple(
            Knob(
                knob.name,
                self.price_defaults.get(knob.name, knob.default),
                knob.meaning,
                knob.whole,
                knob.optional,
            )
            for knob in knobs_of(self.prices)
        )

    def common_knobs(self) -> tuple[Knob, ...]:
        """Knobs that every scenario has."""
        base = self.sizes["medium"]
        return (
            Knob(
                "requests",
                None,
                "mean requests per slot and server; "
                f"by default {self.requests:g} for every {base.models} models",
                whole=False,
                optional=True,
            ),
            Knob(
                "evenness",
                self.evenness,
                "how evenly a model's requests spread over its services",
                False,
                False,
            ),
            Knob(
                "rotation",
                0,
                "places by which popularity is shifted from one server to the next",
                True,
                False,
            ),
        )

    def paragraph(self, title: str) -> str:
        """Return the docstring's paragraph that begins with `title` and a colon, on one line."""
        text = inspect.getdoc(self.demand) or ""
        for block in text.split("\n\n"):
            if block.startswith(f"{title}:"):
                return " ".join(block.removeprefix(f"{title}:").split())
        return ""

    @property
    def summary(self) -> str:
        """The docstring's first line."""
        return (inspect.getdoc(self.demand) or self.name).splitlines()[0]
