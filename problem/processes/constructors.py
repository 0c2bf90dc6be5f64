"""Small worlds with a known law: the test beds of exact stochastic optimisation."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import numpy.typing as npt

from ..errors import InvalidOption
from ..fields import FloatArray
from .chain import Chain
from .markov import MarkovDemand


def hot_cold(
    service_model: npt.ArrayLike,
    hot: npt.ArrayLike,
    cold: npt.ArrayLike,
    mean_hot: npt.ArrayLike,
    mean_cold: npt.ArrayLike,
) -> MarkovDemand:
    """Models that switch on and off independently of each other, with geometric durations.

    Parameters
    ----------
    service_model
        (S,) model of each service.
    hot, cold
        (S,) requests of each service while its model is hot or cold; scalars hold for all.
    mean_hot, mean_cold
        (M,) mean slots in each phase, at least 1; scalars hold for all. Chains start in their stationary law.
    """
    models = np.asarray(service_model, dtype=np.int64)
    count = int(models.max()) + 1
    on, off = _per(hot, models.size), _per(cold, models.size)
    stays, leaves = _per(mean_hot, count), _per(mean_cold, count)
    if np.any(stays < 1) or np.any(leaves < 1):
        raise InvalidOption("hot_cold: mean durations must be at least one slot")
    parts = []
    for model in range(count):
        mine = models == model
        stop, start = 1.0 / stays[model], 1.0 / leaves[model]
        duty = stays[model] / (stays[model] + leaves[model])
        parts.append(
            Chain(
                [1.0 - duty, duty],
                [[1.0 - start, start], [stop, 1.0 - stop]],
                np.stack([off * mine, on * mine]),
            )
        )
    return MarkovDemand(models, parts)


def cyclic_workflow(
    service_model: npt.ArrayLike,
    cycle: npt.ArrayLike,
    busy: npt.ArrayLike,
    dwell: npt.ArrayLike,
    idle: npt.ArrayLike = 0,
) -> MarkovDemand:
    """One pipeline that visits models in turn; how long it stays has a given law.

    Parameters
    ----------
    service_model
        (S,) model of each service.
    cycle
        Models in the order in which they are used.
    busy, idle
        (S,) requests of a service while the pipeline is at its model, or elsewhere; scalars hold for all.
    dwell
        (L,) probability of a stay of 1, 2, ..., L slots. A single 1 at place L is a fixed dwell: the
        process is then deterministic but for where it begins.
    """
    models = np.asarray(service_model, dtype=np.int64)
    visited = np.asarray(cycle, dtype=np.int64)
    law = np.asarray(dwell, dtype=np.float64)
    if law.ndim != 1 or np.any(law < 0) or not np.isclose(law.sum(), 1.0):
        raise InvalidOption("cyclic_workflow: dwell must be the law of 1, 2, ... slots: >= 0, summing to one")
    transition, initial = stage_chain(visited.size, law)
    at, away = _per(busy, models.size), _per(idle, models.size)
    stage = np.arange(initial.size) // law.size
    arrivals = np.where(models[None, :] == visited[stage][:, None], at, away)
    return MarkovDemand(models, [Chain(initial, transition, arrivals)])


def memoryless_hot_set(
    service_model: npt.ArrayLike, hot: npt.ArrayLike, cold: npt.ArrayLike, size: int, mean_hot: float
) -> MarkovDemand:
    """A hot set of fixed size; at most one model a slot cools down, and a random cold one replaces it.

    Parameters
    ----------
    service_model
        (S,) model of each service.
    hot, cold
        (S,) requests of each service while its model is hot or cold; scalars hold for all.
    size
        Models that are hot at a time.
    mean_hot
        Mean slots that a model stays hot, at least `size`.
    """
    models = np.asarray(service_model, dtype=np.int64)
    count = int(models.max()) + 1
    if not 1 <= size < count or mean_hot < size:
        raise InvalidOption(
            f"memoryless_hot_set: size={size} and mean_hot={mean_hot:g} need 1 <= size < {count} models and "
            "mean_hot >= size"
        )
    sets = [frozenset(chosen) for chosen in combinations(range(count), size)]
    swap = 1.0 / (mean_hot * (count - size))
    transition = np.array([[swap if len(a - b) == 1 else 0.0 for b in sets] for a in sets])
    np.fill_diagonal(transition, 1.0 - transition.sum(axis=1))
    is_hot = np.array([[model in chosen for model in models.tolist()] for chosen in sets])
    arrivals = np.where(is_hot, _per(hot, models.size), _per(cold, models.size))
    return MarkovDemand(models, [Chain(np.full(len(sets), 1.0 / len(sets)), transition, arrivals)])


def independent_slots(
    service_model: npt.ArrayLike, arrivals: npt.ArrayLike, law: npt.ArrayLike
) -> MarkovDemand:
    """Slots that are independent draws of one law over vectors of arrivals.

    Parameters
    ----------
    service_model
        (S,) model of each service.
    arrivals, law
        (D, S) possible vectors of requests and their probabilities (D,).
    """
    chances = np.asarray(law, dtype=np.float64)
    return MarkovDemand(service_model, [Chain(chances, np.tile(chances, (chances.size, 1)), arrivals)])


def stage_chain(stages: int, dwell: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Transition (Z, Z) and stationary law (Z,) of (stage, age) in a cycle, age varying fastest.

    ``dwell`` (L,) is the law of the length of a stay, 1 to L slots; ages are 0 to L - 1.
    """
    longest = dwell.size
    alive = np.cumsum(dwell[::-1])[::-1]  # probability of a stay longer than the age
    ends = np.divide(dwell, alive, out=np.ones(longest), where=alive > 0)
    transition = np.zeros((stages * longest, stages * longest))
    for stage in range(stages):
        for age in range(longest):
            here, following = stage * longest + age, (stage + 1) % stages * longest
            transition[here, following] += ends[age]
            if age + 1 < longest:
                transition[here, here + 1] += 1.0 - ends[age]
    weight = np.tile(alive, stages)
    return transition, np.asarray(weight / weight.sum())


def _per(value: npt.ArrayLike, count: int) -> FloatArray:
    return np.broadcast_to(np.asarray(value, dtype=np.float64), (count,)).copy()
