"""A whole run of one server in compiled code: scores, knapsack, serving, contexts and what it saves."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple, cast

import numpy as np
from numba import njit

from ...problem.fields import FloatArray, IntArray
from ...solvers.compiled import compiled
from ...solvers.policies.protocol import Site
from ..foresight.traces import Traces
from ..serving.projection import choose_models, fill_limits
from .features import World, slot_features

Run = Callable[[FloatArray], float]
"""What one run costs under weights (W,)."""


class Seen(NamedTuple):
    """What is seen in a run, whatever is done; arrays as in `features`, with a slot axis in front.

    Arrays over models or services may be padded beyond the world's own.
    """

    world: World
    requests: IntArray
    fast: FloatArray
    slow: FloatArray
    foretold: FloatArray
    unit: FloatArray


class Runs:
    """Traces ready to be played with any weights.

    Parameters
    ----------
    traces
        The episodes.
    foretold
        (B, T, M, F) what the network says of them (`regression.foretold`).
    workers
        Threads; all cores by default. The costs do not depend on it.
    """

    def __init__(self, traces: Traces, foretold: FloatArray, *, workers: int | None = None) -> None:
        self._workers = workers
        self._fast, self._slow = traces.fast, traces.slow
        self._units, self._foretold = traces.units, foretold
        self._worlds = [World.of(Site.of(one, 0)) for one in traces.episodes]
        self._requests = [np.ascontiguousarray(one.requests[:, 0]) for one in traces.episodes]
        self.cloud_only = np.array(
            [float((one.requests[:, 0] * one.cloud_cost[0]).sum()) for one in traces.episodes]
        )

    def __len__(self) -> int:
        return len(self._worlds)

    def costs(self, weights: FloatArray, rows: Any = None) -> FloatArray:
        """Cost of the runs (all, or the `rows`) under weights (W,)."""
        found: FloatArray = self.each([weights], rows)[0]
        return found

    def each(self, members: Sequence[FloatArray], rows: Any = None) -> FloatArray:
        """Cost (P, R) of the runs (all, or the `rows`) under each of P weights (W,)."""
        chosen = range(len(self)) if rows is None else rows
        return play_all([self.run(row) for row in chosen], members, self._workers)

    def run(self, row: int) -> Run:
        """One of the runs."""
        seen, cloud_only = self.seen(row), float(self.cloud_only[row])
        return lambda weights: cloud_only - play(weights, *seen)

    def seen(self, row: int) -> Seen:
        """What is seen in one of the runs."""
        return Seen(
            self._worlds[row],
            self._requests[row],
            self._fast[row],
            self._slow[row],
            self._foretold[row],
            self._units[row],
        )


def play_all(runs: Sequence[Run], members: Sequence[FloatArray], workers: int | None = None) -> FloatArray:
    """Cost (P, R) of R runs under each of P weights (W,), in threads that play at the same time."""
    weights = [np.ascontiguousarray(member, dtype=np.float64) for member in members]
    jobs = [(run, member) for member in weights for run in runs]
    with ThreadPoolExecutor(workers or cores()) as pool:
        found = list(pool.map(lambda job: job[0](job[1]), jobs))
    return np.array(found, dtype=np.float64).reshape(len(weights), len(runs))


def cores() -> int:
    """How many this process may use."""
    return len(os.sched_getaffinity(0))


def _play(weights: Any, world: Any, requests: Any, fast: Any, slow: Any, foretold: Any, unit: Any) -> float:
    """What a run saves against the cloud alone, in cost; arguments as in `Seen`."""
    slots, services = requests.shape
    models = world.load.shape[0]
    cached, before = np.zeros(models, np.bool_), np.zeros(models, np.bool_)
    context, wanted, served = (
        np.zeros(services, np.int64),
        np.zeros(services, np.int64),
        np.zeros(services, np.int64),
    )
    features, total = np.zeros((models, weights.shape[0])), 0.0
    for slot in range(slots):
        slot_features(
            world,
            requests[slot],
            context,
            before,
            fast[slot],
            slow[slot],
            foretold[slot],
            unit[slot],
            slots - slot - 1,
            features,
            wanted,
        )
        decide(weights, world, features, wanted, context, before, cached, served)
        total += advance(world, cached, served, before, context)
    return total


play = cast("Callable[..., float]", njit(cache=True, nogil=True)(_play))  # threads play at the same time


@compiled
def decide(
    weights: Any, world: Any, features: Any, wanted: Any, context: Any, before: Any, cached: Any, served: Any
) -> None:
    """Fill the cache (M,) and what is served (S,) of one slot from its features (`slot_features`)."""
    choose(features @ weights, world, wanted, context, before, cached, served)


@compiled
def choose(scores: Any, world: Any, wanted: Any, context: Any, before: Any, cached: Any, served: Any) -> None:
    """Fill the cache (M,) and what is served (S,) of one slot from the models' scores (M,)."""
    choose_models(scores, before, world.footprint, world.memory, False, cached)
    services = wanted.shape[0]
    saving, asked = np.zeros(services), np.zeros(services, np.int64)
    for service in range(services):
        model = world.service_model[service]
        saving[service] = world.saving[service, context[service] if before[model] else 0]
        asked[service] = wanted[service] if cached[model] else 0
    fill_limits(saving, asked, world.work, world.compute, world.energy, world.energy_budget, served)


@compiled
def advance(world: Any, cached: Any, served: Any, before: Any, context: Any) -> float:
    """Move the cache (M,) and the contexts (S,) past a slot; return what it saves, loads paid, in cost."""
    total = 0.0
    for model in range(cached.shape[0]):
        if cached[model] and not before[model]:
            total -= world.load[model]
    for service in range(served.shape[0]):
        model = world.service_model[service]
        held = context[service] if before[model] else 0
        total += served[service] * world.saving[service, held]
        grown = held + world.gain[service] * served[service] - world.vanish[service]
        context[service] = min(world.window[service], max(0, grown)) if cached[model] else 0
    before[:] = cached
    return total
