"""Random small instances and feasible plans, for property tests in every folder."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from edgeopt.problem import Instance, Plan
from edgeopt.problem.capacity import fits


def random_instance(
    rng: np.random.Generator, *, slots: int, servers: int, models: int, services: int
) -> Instance:
    """Draw an instance with every feature of the model: contexts, limits, costs of both signs of saving."""
    window = rng.integers(0, 6, services)
    accuracy = np.sort(rng.uniform(0, 1, (services, int(window.max()) + 1)), axis=1)
    limited = rng.random(servers) < 0.5
    return Instance(
        requests=rng.integers(0, 4, (slots, servers, services)),
        service_model=rng.integers(0, models, services),
        memory=rng.uniform(3, 15, servers),
        footprint=rng.uniform(2, 8, models),
        compute=np.where(limited, rng.uniform(1, 6, servers), np.inf),
        work=rng.uniform(0.2, 1.5, (servers, services)),
        energy_budget=np.where(rng.random(servers) < 0.3, rng.uniform(5, 20, servers), np.inf),
        energy=rng.uniform(0, 4, (servers, services)),
        window=window,
        gain=rng.integers(0, 3, services),
        vanish=rng.integers(0, 3, services),
        accuracy=accuracy,
        load_cost=rng.uniform(0, 3, (servers, models)),
        transmission_cost=rng.uniform(0, 0.2, (servers, services)),
        computation_cost=rng.uniform(0, 0.3, (servers, services)),
        accuracy_weight=rng.uniform(0, 1.5, services),
        cloud_cost=rng.uniform(0.3, 1.5, (servers, services)),
        slot_seconds=float(rng.uniform(1, 60)),
    )


def random_plan(instance: Instance, rng: np.random.Generator) -> Plan:
    """Draw a feasible plan: random models while they fit, random service while the limits hold."""
    shape = (instance.slots, instance.servers)
    cached = np.zeros((*shape, instance.models), bool)
    served = np.zeros((*shape, instance.services), np.int64)
    for slot, server in np.ndindex(shape):
        room = float(instance.memory[server])
        for model in rng.permutation(instance.models):
            if rng.random() < 0.7 and instance.footprint[model] <= room:
                cached[slot, server, model] = True
                room -= float(instance.footprint[model])
        for service in np.flatnonzero(cached[slot, server, instance.service_model]):
            wanted = served[slot, server].copy()
            wanted[service] = rng.integers(0, instance.requests[slot, server, service] + 1)
            if fits(wanted @ instance.work[server], instance.compute[server]) and fits(
                wanted @ instance.energy[server], instance.energy_budget[server]
            ):
                served[slot, server] = wanted
    return Plan(cached, served)


@st.composite
def instances(
    draw: Any, max_slots: int = 6, max_servers: int = 2, max_models: int = 4, max_services: int = 5
) -> Instance:
    """Instances of every size up to the given one."""
    sizes = {
        "slots": draw(st.integers(1, max_slots)),
        "servers": draw(st.integers(1, max_servers)),
        "models": draw(st.integers(1, max_models)),
        "services": draw(st.integers(1, max_services)),
    }
    return random_instance(np.random.default_rng(draw(st.integers(0, 2**32 - 1))), **sizes)


@st.composite
def instances_with_plans(draw: Any, **limits: int) -> tuple[Instance, Plan]:
    """Instances with a feasible plan of their own."""
    instance = draw(instances(**limits))
    return instance, random_plan(instance, np.random.default_rng(draw(st.integers(0, 2**32 - 1))))
