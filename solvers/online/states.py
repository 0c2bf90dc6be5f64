"""Every state of one server: which models are cached, and the context of each of their services.

A state is a feasible set of models with one context for every service on them. States are numbered set by
set; within a set the context of service s counts ``radix[b, s]``, which is 0 where the set does not host s.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np

from ...problem.capacity import fits, usable
from ...problem.errors import InvalidOption
from ...problem.fields import BoolArray, FloatArray, IntArray
from ...problem.instance import Instance

MAX_MODELS = 12
MAX_STATES = 200_000


@dataclass(frozen=True, eq=False)
class StateSpace:
    """States of one server and what moves cost.

    Attributes
    ----------
    sets
        (B, M) bool, the sets of models that fit into memory; the empty set is the first.
    first, radix
        (B + 1,) number of each set's first state; (B, S) what a unit of context adds to it.
    of_set, context
        (X,) set and (X, S) contexts of each state.
    kept
        (X, B) the state whose contexts count when the set changes to another: those of models in both.
    loading
        (B, B) cost of the loads from one set to another.
    saving
        (S, K + 1) saving of a local request, by context.
    """

    sets: BoolArray
    first: IntArray
    radix: IntArray
    of_set: IntArray
    context: IntArray
    kept: IntArray
    loading: FloatArray
    hosted: BoolArray
    saving: FloatArray
    cloud_cost: FloatArray
    window: IntArray
    gain: IntArray
    vanish: IntArray
    work: FloatArray
    energy: FloatArray
    limits: FloatArray

    @property
    def size(self) -> int:
        """Number of states X."""
        return int(self.of_set.size)

    def number(self, cached: BoolArray, context: IntArray) -> int:
        """Number of the state with these models (M,) and contexts (S,)."""
        chosen = int(np.flatnonzero(np.all(self.sets == cached, axis=1))[0])
        return int(self.first[chosen] + self.radix[chosen] @ context)


def state_space(world: Instance) -> StateSpace:
    """List the states of a world of one server.

    Raises
    ------
    InvalidOption
        If there are several servers, or too many states to list.
    """
    if world.servers != 1:
        raise InvalidOption(f"the world has {world.servers} servers: take one, world.server(n)")
    if world.models > MAX_MODELS:
        raise InvalidOption(
            f"{world.models} models: every set is listed, so at most {MAX_MODELS} are allowed"
        )
    sets = np.array(list(itertools.product((False, True), repeat=world.models)))
    sets = sets[np.array([fits(world.footprint[row].sum(), world.memory[0]) for row in sets])]
    hosted = sets[:, world.service_model]
    counts = np.where(hosted, world.window + 1, 1)
    total = float(counts.prod(axis=1, dtype=np.float64).sum())
    if total * len(sets) > 50 * MAX_STATES or total > MAX_STATES:
        raise InvalidOption(
            f"{total:.3g} states of cache and contexts: at most {MAX_STATES:,}; use online_bound"
        )
    sizes = counts.prod(axis=1)
    first = np.concatenate([[0], np.cumsum(sizes)])
    below = np.cumprod(counts[:, ::-1], axis=1)[:, ::-1]
    radix = np.where(hosted, np.concatenate([below[:, 1:], np.ones((len(sets), 1), np.int64)], axis=1), 0)
    of_set = np.repeat(np.arange(len(sets)), sizes)
    place = np.arange(int(total)) - first[of_set]
    context = np.where(
        hosted[of_set], place[:, None] // np.maximum(1, radix[of_set]) % counts[of_set], 0
    ).astype(np.int64)
    entering = sets[None, :, :] & ~sets[:, None, :]
    return StateSpace(
        sets=sets,
        first=first,
        radix=radix,
        of_set=of_set,
        context=context,
        kept=np.ascontiguousarray(first[:-1][None, :] + context @ radix.T),
        loading=(entering * world.load_cost[0]).sum(axis=2),
        hosted=hosted,
        saving=np.ascontiguousarray(world.saving[0]),
        cloud_cost=np.ascontiguousarray(world.cloud_cost[0]),
        window=world.window,
        gain=world.gain,
        vanish=world.vanish,
        work=np.ascontiguousarray(world.work[0]),
        energy=np.ascontiguousarray(world.energy[0]),
        limits=np.array([usable(world.compute[0]), usable(world.energy_budget[0])]),
    )
