"""Stretches of a process, numbered: the same seed and index give the same states and requests."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..errors import InvalidOption
from ..fields import IntArray
from ..instance import Instance
from .protocol import DemandProcess

_BRANCH = 0x9A7


def stretch(
    process: DemandProcess, slots: int, seed: int, index: int = 0, server: int = 0
) -> tuple[IntArray, IntArray]:
    """Draw demand states (slots, K) and requests (slots, S); states do not depend on how counts fell."""
    root = np.random.SeedSequence(seed, spawn_key=(_BRANCH, index, server))
    path, counts = (np.random.default_rng(child) for child in root.spawn(2))
    states = process.draw_states(path, slots)
    return states, process.draw_requests(counts, states)


def sampled_instance(
    world: Instance,
    processes: Sequence[DemandProcess],
    seed: int,
    index: int = 0,
    slots: int | None = None,
) -> Instance:
    """Return the world with stretch `index` of each server's process in place of its requests.

    Parameters
    ----------
    world
        An instance; only its requests are replaced.
    processes
        One for each server.
    seed, index
        Which stretch.
    slots
        Its length; by default that of the world.
    """
    length = world.slots if slots is None else slots
    drawn = [stretch(process, length, seed, index, n)[1] for n, process in enumerate(processes)]
    return world.with_requests(np.stack(drawn, axis=1))


def check_services(process: DemandProcess, world: Instance) -> None:
    """Refuse a process whose services do not run on the world's models.

    Raises
    ------
    InvalidOption
        If they differ.
    """
    if not np.array_equal(process.service_model, world.service_model):
        raise InvalidOption(
            "process: its services do not run on the models on which those of the instance run"
        )
