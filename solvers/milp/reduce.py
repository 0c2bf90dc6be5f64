"""What can be said about a server before any model is built: exact reductions and upper bounds.

Nothing here changes the optimum. Savings never fall with the context and nothing is gained by memory left
empty, so models that do not fit, services that never pay, and requests no capacity admits leave the
problem.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ...problem.capacity import fits, usable
from ...problem.fields import BoolArray, FloatArray, IntArray
from ...problem.instance import Instance


@dataclass(frozen=True, eq=False)
class Reduced:
    """One server, reduced.

    Parameters
    ----------
    most : int (T, S)
        The most requests of a service worth considering in a slot: 0 where serving is impossible or useless.
    reach : int (T, S)
        The largest context that can count in a slot, if the model is cached from the start and ``most``
        served.
    models : int array
        The models worth caching.
    whole : bool (T, S)
        Serving all of ``most`` or nothing is optimal: capacities cannot bind and the saving is never
        negative.
    sensitive : bool (T, S)
        The context that counts in the slot can change the saving of the requests in it.
    tracked : bool (T, S)
        The context must be followed through the slot.
    compute_binds, energy_binds : bool (T,)
        Whether ``most`` of everything exceeds the capacity of the slot.
    """

    most: IntArray
    reach: IntArray
    models: IntArray
    whole: BoolArray
    sensitive: BoolArray
    tracked: BoolArray
    compute_binds: BoolArray
    energy_binds: BoolArray

    def least_cost(self, instance: Instance) -> float:
        """Bound the cost from below: every request at the best saving its slot can offer, loads for free."""
        best = np.take_along_axis(instance.saving[0].T, self.reach, axis=0)
        requests = instance.requests[:, 0, :]
        return float((requests * instance.cloud_cost[0]).sum() - (self.most * np.maximum(best, 0.0)).sum())


def reduce_server(instance: Instance) -> Reduced:
    """Reduce an instance of one server."""
    return _reduced(instance, _drop_useless(instance, _possible(instance)))


def every_decision(instance: Instance) -> Reduced:
    """Keep every decision that is possible, for a model to which constraints will be added.

    What never pays today may be asked for then: every model that fits can be cached, and any number of the
    requests that no capacity refuses can be served.
    """
    reduced = _reduced(instance, _possible(instance))
    fitting = np.flatnonzero(fits(instance.footprint, instance.memory[0]))
    return replace(reduced, models=fitting, whole=np.zeros_like(reduced.whole))


def _possible(instance: Instance) -> IntArray:
    """Return the most requests that could be served (T, S): the model fits, and so does the load alone."""
    fitting = fits(instance.footprint, instance.memory[0])
    most = instance.requests[:, 0, :] * fitting[instance.service_model]
    for rate, capacity in _capacities(instance):
        most = np.minimum(most, _largest_count(rate, capacity))
    return np.asarray(most)


def _reduced(instance: Instance, most: IntArray) -> Reduced:
    reach = _reach(instance, most)
    binds = [~fits(most @ rate, capacity) for rate, capacity in _capacities(instance)]
    slack = np.ones(most.shape, dtype=bool)
    for (rate, _), binding in zip(_capacities(instance), binds, strict=True):
        slack &= ~binding[:, None] | (rate == 0)[None, :]
    error_weight = instance.accuracy_weight
    rise = np.take_along_axis(instance.accuracy.T, reach, axis=0) - instance.accuracy[:, 0]
    sensitive = (most > 0) & (error_weight * rise > 0)
    later = np.logical_or.accumulate(sensitive[::-1], axis=0)[::-1]
    return Reduced(
        most=most,
        reach=reach,
        models=np.unique(instance.service_model[most.any(axis=0)]),
        whole=slack & (instance.saving[0, :, 0] >= 0)[None, :],
        sensitive=sensitive,
        tracked=later & (reach > 0),
        compute_binds=binds[0],
        energy_binds=binds[1],
    )


def _capacities(instance: Instance) -> tuple[tuple[FloatArray, float], tuple[FloatArray, float]]:
    return (
        (instance.work[0], float(instance.compute[0])),
        (instance.energy[0], float(instance.energy_budget[0])),
    )


def _largest_count(rate: FloatArray, capacity: float) -> IntArray:
    """Return the most requests of each service that fit alone (S,)."""
    huge = float(2**40)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        count = np.where(rate > 0, np.minimum(usable(capacity) / rate, huge), huge)
        whole = np.floor(count)
        whole += fits((whole + 1) * rate, capacity) & (rate > 0)
        whole -= ~fits(whole * rate, capacity)
    return np.maximum(whole, 0).astype(np.int64)


def _reach(instance: Instance, most: IntArray) -> IntArray:
    reach = np.zeros_like(most)
    for slot in range(1, len(most)):
        grown = reach[slot - 1] + instance.gain * most[slot - 1] - instance.vanish
        reach[slot] = np.clip(grown, 0, instance.window)
    return reach


def _drop_useless(instance: Instance, most: IntArray) -> IntArray:
    """Serve nothing after the last slot in which a service can save anything at its best context."""
    best = np.take_along_axis(instance.saving[0].T, _reach(instance, most), axis=0)
    pays = (most > 0) & (best > 0)
    return most * np.logical_or.accumulate(pays[::-1], axis=0)[::-1]
