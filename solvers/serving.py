"""Given what is cached, how many requests of each service to serve: a bounded knapsack with two limits.

GPU time and energy are each shared by all services of a server. When neither limit binds, every request of
positive worth is served and that is optimal. Otherwise the two limits are priced by the share of the limit
that a request takes, services are served in order of worth per price, and a depth-first search with the
bound of the priced relaxation improves that filling: it ends with the exact optimum, or after `NODE_LIMIT`
nodes with the best one found.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..problem.capacity import usable
from ..problem.errors import InvalidOption
from .compiled import compiled

NODE_LIMIT = 400


def fill(
    worth: ArrayLike,
    available: ArrayLike,
    work: ArrayLike,
    compute: float,
    energy: ArrayLike,
    energy_budget: float,
) -> tuple[NDArray[np.int64], float]:
    """Serve whole requests of greatest total worth within two limits.

    Parameters
    ----------
    worth
        (S,) what one served request is worth, in cost units; requests worth zero or less are not served.
    available
        (S,) requests that may be served (zero for a service whose model is not cached).
    work, compute
        (S,) GPU-seconds per request, and GPU-seconds in the slot; inf: no limit.
    energy, energy_budget
        (S,) joule per request, and joule in the slot; inf: no limit.

    Returns
    -------
    served, value
        (S,) int and the total worth.

    Raises
    ------
    InvalidOption
        When the arrays do not name the same services.
    """
    columns = [np.asarray(column, dtype=np.float64) for column in (worth, work, energy)]
    offered = np.ascontiguousarray(available, dtype=np.int64)
    if offered.ndim != 1 or any(column.shape != offered.shape for column in columns):
        raise InvalidOption("fill: worth, available, work and energy must each hold one number a service")
    served = np.zeros(offered.shape, dtype=np.int64)
    limits = (float(usable(compute)), float(usable(energy_budget)))
    value = fill_slot(columns[0], offered, columns[1], limits[0], columns[2], limits[1], NODE_LIMIT, served)
    return served, float(value)


@compiled
def fill_slot(
    worth: Any,
    available: Any,
    work: Any,
    compute: float,
    energy: Any,
    energy_budget: float,
    nodes: int,
    served: Any,
) -> float:
    """Compiled `fill`: fills `served` (S,) and returns its worth.

    The limits include the tolerance already (`problem.capacity.usable`); `nodes` is the effort of the
    search when a limit binds, 0 for the greedy filling alone.
    """
    used, burnt, value = 0.0, 0.0, 0.0
    for service in range(worth.shape[0]):
        served[service] = available[service] if worth[service] > 0.0 else 0
        used += served[service] * work[service]
        burnt += served[service] * energy[service]
        value += served[service] * worth[service]
    if used <= compute and burnt <= energy_budget:
        return value
    return _fill_within(worth, work, compute, energy, energy_budget, nodes, served)


@compiled
def limit_price(work: float, compute: float, energy: float, energy_budget: float, share: float) -> float:
    """Part of the limits one request takes: `share` of its compute and 1 - `share` of its energy part."""
    price = 0.0
    if 0.0 < compute < np.inf:
        price += share * work / compute
    if 0.0 < energy_budget < np.inf:
        price += (1.0 - share) * energy / energy_budget
    return price


@compiled
def _fill_within(
    worth: Any, work: Any, compute: float, energy: Any, energy_budget: float, nodes: int, served: Any
) -> float:
    """Search when a limit binds; `served` holds the unlimited filling on entry and the result on return."""
    services = worth.shape[0]
    wanted = served.copy()
    trial = np.zeros(services, dtype=np.int64)
    price, density = np.empty(services), np.empty(services)
    served[:] = 0
    best = 0.0
    # Where one limit is much tighter than the other its own order is the better one, hence three mixtures.
    for share in (0.5, 1.0, 0.0):
        if (compute == np.inf and share > 0.0) or (energy_budget == np.inf and share < 1.0):
            continue
        for service in range(services):
            if work[service] > compute or energy[service] > energy_budget:
                wanted[service] = 0
            price[service] = limit_price(work[service], compute, energy[service], energy_budget, share)
            density[service] = -worth[service] / price[service] if price[service] > 0.0 else -np.inf
            if wanted[service] == 0:
                density[service] = np.inf
        order = np.argsort(density, kind="mergesort")
        value = _search(
            order, wanted, worth, price, work, compute, energy, energy_budget, share, nodes, trial
        )
        if value > best:
            best = value
            served[:] = trial
    return best


@compiled
def _most(amount: int, each: float, room: float) -> int:
    """How many of `amount` requests that take `each` fit into `room`."""
    if each <= 0.0 or amount * each <= room:
        return amount
    if room <= 0.0:
        return 0
    count = min(amount, int(room / each))
    return count if count * each <= room else count - 1


@compiled
def _search(
    order: Any,
    wanted: Any,
    worth: Any,
    price: Any,
    work: Any,
    compute: float,
    energy: Any,
    energy_budget: float,
    share: float,
    limit: int,
    best: Any,
) -> float:
    """Depth-first over services, most requests first, at most `limit` steps back; fills `best` (S,)."""
    services = order.shape[0]
    trial = np.zeros(services, dtype=np.int64)
    used, burnt, value = np.zeros(services + 1), np.zeros(services + 1), np.zeros(services + 1)
    top, depth, nodes = -1.0, 0, 0
    while True:
        while depth < services:
            service = order[depth]
            count = _most(wanted[service], work[service], compute - used[depth])
            count = _most(count, energy[service], energy_budget - burnt[depth])
            _place(depth, service, count, trial, used, burnt, value, worth, work, energy)
            depth += 1
        if value[services] > top:
            top = value[services]
            best[:] = trial
        while True:
            depth -= 1
            while depth >= 0 and trial[order[depth]] == 0:
                depth -= 1
            nodes += 1
            if depth < 0 or nodes > limit:
                return top
            service = order[depth]
            _place(depth, service, trial[service] - 1, trial, used, burnt, value, worth, work, energy)
            room = limit_price(
                compute - used[depth + 1], compute, energy_budget - burnt[depth + 1], energy_budget, share
            )
            bound = value[depth + 1] + _bound(order, depth + 1, wanted, worth, price, room)
            if bound > top * (1.0 + 1e-12):
                depth += 1
                break


@compiled
def _place(
    depth: int,
    service: int,
    count: int,
    trial: Any,
    used: Any,
    burnt: Any,
    value: Any,
    worth: Any,
    work: Any,
    energy: Any,
) -> None:
    trial[service] = count
    used[depth + 1] = used[depth] + count * work[service]
    burnt[depth + 1] = burnt[depth] + count * energy[service]
    value[depth + 1] = value[depth] + count * worth[service]


@compiled
def _bound(order: Any, first: int, wanted: Any, worth: Any, price: Any, room: float) -> float:
    """Worth of the services from `first` on if the last request may be cut and only the price counts."""
    bound: float = 0.0
    for position in range(first, order.shape[0]):
        service = order[position]
        takes = wanted[service] * price[service]
        if takes > room:
            return bound + float(worth[service] * (room / price[service]))
        room -= takes
        bound += wanted[service] * worth[service]
    return bound
