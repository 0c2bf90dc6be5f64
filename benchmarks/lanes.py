"""What a cache did over time, as it is journaled: for each model of each server a line of text.

A line holds one value a slot, and a value that stays is written once: "-*3 0 4*2 7" is absent for three
slots, then 0, 4, 4, 7. A dash is a model outside the cache. Numbers are context units, requests or prices.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from typing import TypedDict

import numpy as np
import numpy.typing as npt

from ..problem import Instance, Plan
from ..problem.fields import FloatArray, IntArray

ABSENT = "-"

PRICE_DIGITS = 4
"""Significant digits of a price."""

Lines = list[list[str]]
"""Lines[server][model]."""


class Cache(TypedDict):
    """A plan: where a model is cached, its context and the requests served there; see `cache_lanes`."""

    context: Lines
    served: Lines


def write_line(values: Iterable[str]) -> str:
    """Write one value a slot, stretches of equal ones once."""
    runs = ((value, sum(1 for _ in run)) for value, run in groupby(values))
    return " ".join(value if length == 1 else f"{value}*{length}" for value, length in runs)


def read_line(line: str) -> list[str]:
    """Return one value a slot."""
    parts = (part.partition("*") for part in line.split())
    return [value for value, _, times in parts for _ in range(int(times or 1))]


def cache_lanes(instance: Instance, plan: Plan, context: IntArray) -> Cache:
    """Write down a plan.

    Parameters
    ----------
    context
        The context that counts in each slot (T, N, S), as the referee reports it.

    Returns
    -------
    Cache
        ``context``: units held by all services on the model, a dash where it is not cached. ``served``: the
        model's requests executed at the server.
    """
    return {
        "context": _lines(_by_model(instance, context), plan.cached),
        "served": _lines(_by_model(instance, plan.served)),
    }


def demand_lanes(instance: Instance) -> Lines:
    """Write down the requests for each model."""
    return _lines(_by_model(instance, instance.requests))


def price_lanes(price: FloatArray) -> Lines:
    """Write down what a slot in the cache costs each model (T, N, M) at the prices that prove the bound."""
    return [
        [write_line(f"{value:.{PRICE_DIGITS}g}" for value in model) for model in server.T]
        for server in price.transpose(1, 0, 2)
    ]


def room(instance: Instance) -> list[int]:
    """Return the windows of all services on each model together, context units."""
    return [int(units) for units in _by_model(instance, instance.window)]


def _by_model(instance: Instance, of_service: IntArray) -> IntArray:
    """Sum (..., S) over the services of each model: (..., M)."""
    member = instance.service_model[:, None] == np.arange(instance.models)
    summed: IntArray = of_service @ member.astype(np.int64)
    return summed


def _lines(values: IntArray, present: npt.NDArray[np.bool_] | None = None) -> Lines:
    shown = np.ones(values.shape, dtype=np.bool_) if present is None else present
    return [
        [
            write_line(
                str(value) if there else ABSENT
                for value, there in zip(*map(np.ndarray.tolist, pair), strict=True)
            )
            for pair in zip(server.T, cached.T, strict=True)
        ]
        for server, cached in zip(values.transpose(1, 0, 2), shown.transpose(1, 0, 2), strict=True)
    ]
