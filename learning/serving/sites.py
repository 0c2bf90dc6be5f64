"""What is known of several servers before their first arrival, padded to common sizes for compiled code."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ...problem.capacity import usable
from ...problem.errors import InvalidOption
from ...problem.fields import FloatArray, IntArray
from ...solvers.policies.protocol import Site


class Sites(NamedTuple):
    """The worlds of B lanes, each one server, padded with zeros to M models and S services.

    Arrays and units are those of `solvers.Site` with a lane axis in front; capacities have their tolerance
    added (`problem.capacity.usable`).

    Attributes
    ----------
    models, services : int (B,)
        How many models and services of a lane are real.
    saving : float (B, S, K)
        Saving of one request by context, in cost.
    unit : float (B,)
        Mean cloud cost per request over the services (1 where that is 0): the unit of cost features.
    """

    models: IntArray
    services: IntArray
    memory: FloatArray
    compute: FloatArray
    energy_budget: FloatArray
    unit: FloatArray
    slot_seconds: FloatArray
    footprint: FloatArray
    load_cost: FloatArray
    service_model: IntArray
    window: IntArray
    gain: IntArray
    vanish: IntArray
    work: FloatArray
    energy: FloatArray
    saving: FloatArray


def empty_sites(lanes: int, models: int, services: int) -> Sites:
    """Room for B servers of at most so many models and services."""
    model_count, service_count = np.zeros((2, lanes), np.int64)
    memory, compute, energy_budget, unit, slot_seconds = np.zeros((5, lanes))
    footprint, load_cost = np.zeros((2, lanes, models))
    service_model, window, gain, vanish = np.zeros((4, lanes, services), np.int64)
    work, energy = np.zeros((2, lanes, services))
    return Sites(
        models=model_count,
        services=service_count,
        memory=memory,
        compute=compute,
        energy_budget=energy_budget,
        unit=unit,
        slot_seconds=slot_seconds,
        footprint=footprint,
        load_cost=load_cost,
        service_model=service_model,
        window=window,
        gain=gain,
        vanish=vanish,
        work=work,
        energy=energy,
        saving=np.zeros((lanes, services, 1)),
    )


def place(sites: Sites, lane: int, site: Site) -> Sites:
    """Put a server into a lane; returns the sites, with a wider saving table if the server needs it.

    Raises
    ------
    InvalidOption
        If it has more models or services than there is room for.
    """
    room = sites.footprint.shape[1], sites.work.shape[1]
    if site.models > room[0] or site.services > room[1]:
        raise InvalidOption(
            f"server {site.name}: {site.models} models and {site.services} services, declared are at most "
            f"{room[0]} and {room[1]}; raise max_models and max_services"
        )
    width, have = site.saving.shape[1], sites.saving.shape[2]
    if width > have:
        sites = sites._replace(saving=np.pad(sites.saving, ((0, 0), (0, 0), (0, width - have))))
    sites.models[lane], sites.services[lane] = site.models, site.services
    sites.unit[lane] = site.cloud_cost.mean() or 1.0
    sites.slot_seconds[lane] = site.slot_seconds
    for name in ("memory", "compute", "energy_budget"):
        getattr(sites, name)[lane] = usable(getattr(site, name))
    for name in ("footprint", "load_cost", "service_model", "window", "gain", "vanish", "work", "energy"):
        given, row = getattr(site, name), getattr(sites, name)[lane]
        row[: given.size] = given
        row[given.size :] = 0
    sites.saving[lane] = 0.0
    sites.saving[lane, : site.services, :width] = site.saving
    return sites
