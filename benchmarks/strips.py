"""What a cache did over time, as text: a letter for each slot, a string for each model of each server.

A dot is a model outside the cache; "a" to "z" is a model in the cache, the further in the alphabet the
fuller the context windows of its services. Demand is written the same way: a dot is no request, "z" the
server's busiest (model, slot).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ..problem import Instance, Plan
from ..problem.fields import IntArray

LEVELS = "abcdefghijklmnopqrstuvwxyz"
ABSENT = "."

Strips = list[list[str]]
"""Strips[server][model] is a string with one letter for each slot."""


def cache_strips(instance: Instance, plan: Plan, context: IntArray) -> Strips:
    """Write down the cached models and their context.

    Parameters
    ----------
    context
        The context that counts in each slot (T, N, S), as the referee reports it.
    """
    held = _by_model(instance, context.astype(np.float64))
    room = _by_model(instance, np.broadcast_to(instance.window.astype(np.float64), context.shape))
    share = np.divide(held, room, out=np.zeros_like(held), where=room > 0)
    return _letters(share, plan.cached)


def demand_strips(instance: Instance) -> Strips:
    """Write down the requests for each model, relative to each server's busiest (model, slot)."""
    requests = _by_model(instance, instance.requests.astype(np.float64))
    busiest = requests.max(axis=(0, 2), keepdims=True)
    share = np.divide(requests, busiest, out=np.zeros_like(requests), where=busiest > 0)
    return _letters(share, requests > 0)


def level(letter: str) -> float | None:
    """Return the share in [0, 1] that a letter stands for; None for an absent model."""
    return None if letter == ABSENT else LEVELS.index(letter) / (len(LEVELS) - 1)


def _by_model(instance: Instance, of_service: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Sum (T, N, S) over the services of each model: (T, N, M)."""
    member = instance.service_model[:, None] == np.arange(instance.models)
    summed: npt.NDArray[np.float64] = of_service @ member.astype(np.float64)
    return summed


def _letters(share: npt.NDArray[np.float64], present: npt.NDArray[np.bool_]) -> Strips:
    alphabet = np.array(list(ABSENT + LEVELS))
    place = np.where(present, 1 + np.rint(share * (len(LEVELS) - 1)).astype(np.int64), 0)
    return [["".join(row) for row in server.T] for server in alphabet[place].transpose(1, 0, 2)]
