"""Run an online policy through an instance, showing it the arrivals one slot at a time."""

from __future__ import annotations

import zlib
from typing import Any

import numpy as np

from ..problem import Instance, Plan
from ..problem.errors import InvalidOption, InvalidPlan
from ..problem.fields import BoolArray, IntArray
from .compiled import compiled
from .policies.protocol import Observation, OnlinePolicy, Site


def simulate(instance: Instance, policy: OnlinePolicy, seed: int = 0) -> Plan:
    """Let a policy decide every slot of every server; the policy sees arrivals up to the current slot only.

    Servers do not couple: each has its own agent and its own random stream, which depends on the seed and
    on the server's name alone, so that a server behaves alike in whatever company it is simulated.

    Parameters
    ----------
    instance
        The problem. Its cost does not enter: ask `evaluate` what the plan costs.
    policy
        See `policies.protocol.OnlinePolicy`.
    seed
        Seed of whatever is random in the policy, >= 0.

    Returns
    -------
    Plan
        What the policy decided, unchecked: `evaluate` refuses a plan that breaks a constraint.

    Raises
    ------
    InvalidPlan
        When the policy answers with arrays of the wrong shape, naming slot and server.
    """
    if seed < 0:
        raise InvalidOption(f"seed = {seed}: must not be negative")
    slots, servers = instance.slots, instance.servers
    cached = np.zeros((slots, servers, instance.models), dtype=np.bool_)
    served = np.zeros((slots, servers, instance.services), dtype=np.int64)
    for server in range(servers):
        _run_server(instance, server, policy, seed, cached[:, server], served[:, server])
    return Plan(cached, served)


def warm_up(instance: Instance, policy: OnlinePolicy) -> None:
    """Compile what a run of this policy needs, on two slots, so that a timed run is not charged for it."""
    simulate(instance.window_slots(0, min(2, instance.slots)), policy)


def _run_server(
    instance: Instance, server: int, policy: OnlinePolicy, seed: int, cached: BoolArray, served: IntArray
) -> None:
    """Run one server and write its decisions into `cached` (T, M) and `served` (T, S)."""
    site = Site.of(instance, server)
    # A private copy: a view would carry the whole future in its `base`.
    arrivals = [_frozen(row.copy()) for row in instance.requests[:, server]]
    future = _frozen(instance.requests[:, server].copy()) if policy.clairvoyant else None
    stream = np.random.SeedSequence([seed, zlib.crc32(site.name.encode())])
    agent = policy.start(site, np.random.default_rng(stream), future)
    kept = _frozen(np.zeros(site.models, dtype=np.bool_))
    context = _frozen(np.zeros(site.services, dtype=np.int64))
    for slot, requests in enumerate(arrivals):
        decision = agent.decide(Observation(slot, requests, kept, context))
        _require_shapes(decision.cached, decision.served, site, policy.name, slot)
        cached[slot] = decision.cached
        served[slot] = decision.served
        kept = _frozen(cached[slot].copy())
        context = _frozen(
            next_context(context, kept, served[slot], site.service_model, site.gain, site.vanish, site.window)
        )


def _frozen(array: Any) -> Any:
    array.setflags(write=False)
    return array


def _require_shapes(cached: Any, served: Any, site: Site, name: str, slot: int) -> None:
    for what, array, size, kind in (
        ("cached", cached, site.models, "b"),
        ("served", served, site.services, "i"),
    ):
        if not isinstance(array, np.ndarray) or array.shape != (size,) or array.dtype.kind != kind:
            wanted = "booleans" if kind == "b" else "integers"
            raise InvalidPlan(
                f"policy {name}, server {site.name}, slot {slot}: {what} must be an array of {size} {wanted}"
            )


@compiled
def next_context(
    context: Any, cached: Any, served: Any, service_model: Any, gain: Any, vanish: Any, window: Any
) -> Any:
    """Advance the context (S,) by one slot: grown, faded, cut to the window; forgotten where not cached."""
    after = np.zeros_like(context)
    for service in range(context.shape[0]):
        if cached[service_model[service]]:
            grown = context[service] + gain[service] * served[service] - vanish[service]
            after[service] = min(window[service], max(0, grown))
    return after
