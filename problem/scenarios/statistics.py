"""What an instance is like before anyone solves it: rates, popularity, memory, and whether it matters.

Two numbers rule whether there is anything to win. rho is the price of a switch in hot slots, the
loading cost plus what the lost context costs until it is rebuilt, divided by what a slot saves whose
context is full. theta is rho over the mean time a model stays hot: far below 0.1 the optimum of every single
slot is enough, above 1 the best fixed set is; the problem lies between.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..fields import FloatArray
from ..instance import Instance
from ..referee import cloud_only_cost


@dataclass(frozen=True)
class Statistics:
    """Figures of one instance, over all servers.

    Attributes
    ----------
    requests_per_slot
        Mean requests per slot and server.
    dispersion
        Variance of a server's requests per slot over their mean: one for Poisson.
    busiest_share
        Share of the requests that goes to the busiest tenth of the models in each slot, at least one.
    zipf_exponent
        Slope of log popularity on log rank over the whole horizon; nan with fewer than two models in use.
    hot_slots
        Mean length of a stay of a model's demand in the upper part of its own range, slots; a model
        with no more than Poisson variation counts as one stay of the whole horizon.
    memory_share
        Memory over the sum of all footprints.
    compute_share
        GPU-seconds that all requests together would take, over what there is; 0 where compute is free.
    cloud_only_per_request
        Cost of a request when everything goes to the cloud.
    saving_cold, saving_full
        Saving of a local request without context and with a full window, mean over the requests.
    rho, theta
        See the module's docstring.
    """

    requests_per_slot: float
    dispersion: float
    busiest_share: float
    zipf_exponent: float
    hot_slots: float
    memory_share: float
    compute_share: float
    cloud_only_per_request: float
    saving_cold: float
    saving_full: float
    rho: float
    theta: float


def statistics(instance: Instance) -> Statistics:
    """Measure an instance."""
    requests = instance.requests
    by_service = requests.sum(axis=0).astype(np.float64)
    total = max(float(by_service.sum()), 1.0)
    demand = model_demand(instance)
    per_slot = requests.sum(axis=2)
    mean = float(per_slot.mean())
    hot = hot_durations(demand)
    rho = switch_price(instance, demand)
    work = float((requests * instance.work).sum())
    compute = float(instance.compute.sum()) * instance.slots
    return Statistics(
        requests_per_slot=mean,
        dispersion=float(per_slot.var(axis=0).mean()) / mean if mean else float("nan"),
        busiest_share=_busiest(demand),
        zipf_exponent=zipf_slope(demand.sum(axis=(0, 1))),
        hot_slots=float(hot.mean()) if hot.size else float("nan"),
        memory_share=float(np.mean(instance.memory) / instance.footprint.sum()),
        compute_share=work / compute if np.isfinite(compute) and compute else 0.0,
        cloud_only_per_request=cloud_only_cost(instance) / total,
        saving_cold=float((by_service * instance.saving[:, :, 0]).sum()) / total,
        saving_full=float((by_service * instance.saving[:, :, -1]).sum()) / total,
        rho=rho,
        theta=rho / float(hot.mean()) if hot.size else float("nan"),
    )


def model_demand(instance: Instance) -> FloatArray:
    """Requests of each model: (T, N, M)."""
    member = np.zeros((instance.services, instance.models))
    member[np.arange(instance.services), instance.service_model] = 1.0
    return np.asarray(instance.requests @ member)


def zipf_slope(popularity: FloatArray) -> float:
    """Exponent of the power law through popularity by rank, by least squares on the logarithms."""
    used = np.sort(popularity[popularity > 0])[::-1]
    if used.size < 2:
        return float("nan")
    slope = np.polyfit(np.log(np.arange(1, used.size + 1)), np.log(used), 1)[0]
    return float(-slope)


def hot_durations(demand: FloatArray) -> FloatArray:
    """Lengths of all hot stays of all models, in slots.

    A stay begins when demand exceeds 60 % of the model's range (2 % to 98 % quantile) and ends when
    it falls below 15 %: a single threshold would let Poisson noise cut every stay to pieces.

    Parameters
    ----------
    demand
        (T, N, M) requests of each model.
    """
    slots = demand.shape[0]
    columns = demand.reshape(slots, -1)
    mean = columns.mean(axis=0)
    steady = (columns.var(axis=0) < 1.5 * mean) & (mean > 0)
    low, high = np.quantile(columns, 0.02, axis=0), np.quantile(columns, 0.98, axis=0)
    begin = np.maximum(low + 0.6 * (high - low), low + 3 * np.sqrt(low + 1))  # beyond Poisson noise
    end = low + 0.15 * (high - low)
    hot = np.zeros((slots + 2, columns.shape[1]), dtype=np.int8)
    for slot, now in enumerate(columns, start=1):
        hot[slot] = np.where(hot[slot - 1] == 1, now >= end, now > begin)
    hot[1:-1, steady] = 1
    change = np.diff(hot, axis=0).T
    ups, downs = np.argwhere(change > 0), np.argwhere(change < 0)
    return np.asarray(downs[:, 1] - ups[:, 1], dtype=np.float64)


def switch_price(instance: Instance, demand: FloatArray) -> float:
    """Return rho: (load cost + what rebuilding the context costs) / saving of a hot slot, mean over models.

    A hot slot has as many requests as the busiest tenth of the model's slots; its context is rebuilt
    by serving all of them.
    """
    hot_rate = np.quantile(instance.requests, 0.9, axis=0)
    prices = []
    for server in range(instance.servers):
        saving = instance.saving[server]
        full = np.zeros(instance.models)
        rebuild = np.zeros(instance.models)
        for service, model in enumerate(instance.service_model):
            rate = float(hot_rate[server, service])
            window = int(instance.window[service])
            best = saving[service, window]
            full[model] += rate * best
            rebuild[model] += _rebuild_cost(saving[service, : window + 1], rate, instance, service)
        used = (full > 0) & (demand[:, server].sum(axis=0) > 0)
        prices.extend((instance.load_cost[server, used] + rebuild[used]) / full[used])
    return float(np.mean(prices)) if prices else float("nan")


def _rebuild_cost(saving: FloatArray, rate: float, instance: Instance, service: int) -> float:
    """Saving that is missed until the context has grown to its level at this rate (cost)."""
    grow = rate * float(instance.gain[service]) - float(instance.vanish[service])
    context, missed = 0.0, 0.0
    while grow > 0 and context < saving.size - 1:
        missed += rate * float(saving[-1] - saving[int(context)])
        context += grow
    return missed


def _busiest(demand: FloatArray) -> float:
    count = max(1, demand.shape[2] // 10)
    top = np.sort(demand, axis=2)[:, :, -count:].sum()
    return float(top / max(demand.sum(), 1.0))
