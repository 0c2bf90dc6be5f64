"""The referee: whether a plan is feasible and what it costs.

Nothing else in edgeopt decides this. Solvers and learners may keep their own accounts for
speed; what they report has been through here.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import array_api_compat.numpy as xp
import numpy as np

from .capacity import fits
from .dynamics import TERMS, World, accuracy_at, cost_terms, counted_context, next_context
from .errors import InfeasiblePlan, InvalidPlan
from .fields import BoolArray, FloatArray, IntArray
from .instance import Instance
from .plan import Plan
from .violation import Violation

_BLOCK = 2**20
"""Numbers handled at a time when costs are computed: bounds the memory, not the result."""


@dataclass(frozen=True)
class CostReport:
    """What a plan costs, term by term (cost units of the instance).

    Parameters
    ----------
    total : float
        Sum of the five terms.
    switching, transmission, computation, accuracy, cloud : float
        The terms over all slots and servers.
    by_slot : float (T, 5), by_server : float (N, 5)
        The same by slot and by server, terms in the order of `dynamics.TERMS`.
    mean_accuracy : float
        Mean probability of a correct answer over the requests served locally (nan if none).
    served_share : float
        Requests served locally / all requests (nan if there are none).
    loads : int
        Number of times a model was loaded.
    context : int (T, N, S), context units
        The context that counted in each slot.
    """

    total: float
    switching: float
    transmission: float
    computation: float
    accuracy: float
    cloud: float
    by_slot: FloatArray
    by_server: FloatArray
    mean_accuracy: float
    served_share: float
    loads: int
    context: IntArray

    def summary(self) -> dict[str, float | None]:
        """The scalar entries; None where there is no number (nan), which every JSON reader accepts."""
        scalars = {name: value for name, value in vars(self).items() if not isinstance(value, np.ndarray)}
        return {name: None if math.isnan(value) else value for name, value in scalars.items()}


def evaluate(instance: Instance, plan: Plan) -> CostReport:
    """Return the exact cost of a feasible plan.

    The sums over slots and servers are correctly rounded (`math.fsum`), so the result does not
    depend on the order in which they are taken.

    Raises
    ------
    InvalidPlan
        If the plan's shapes are not the instance's.
    InfeasiblePlan
        With every broken constraint.
    """
    if broken := violations(instance, plan):
        raise InfeasiblePlan(broken)
    world = World.of(instance)
    before = _before(plan.cached)
    context = _contexts(world, plan)
    terms = np.empty((len(TERMS), instance.slots, instance.servers))
    right = np.empty((instance.slots, instance.servers))
    for part in _blocks(instance):
        counted = context[part]
        slot = (instance.requests[part], before[part], plan.cached[part], plan.served[part], counted)
        terms[:, part] = cost_terms(xp, world, *slot)
        right[part] = (plan.served[part] * accuracy_at(xp, world, counted)).sum(axis=-1)
    switching, transmission, computation, accuracy, cloud = (math.fsum(term.ravel()) for term in terms)
    served, asked = int(plan.served.sum()), int(instance.requests.sum())
    return CostReport(
        total=math.fsum(terms.ravel()),
        switching=switching,
        transmission=transmission,
        computation=computation,
        accuracy=accuracy,
        cloud=cloud,
        by_slot=terms.sum(axis=2).T,
        by_server=terms.sum(axis=1).T,
        mean_accuracy=math.fsum(right.ravel()) / served if served else math.nan,
        served_share=served / asked if asked else math.nan,
        loads=int(np.count_nonzero(plan.cached & ~before)),
        context=context,
    )


def cloud_only_cost(instance: Instance) -> float:
    """Cost of sending every request to the cloud."""
    return math.fsum((instance.requests * instance.cloud_cost).ravel())


def violations(instance: Instance, plan: Plan) -> tuple[Violation, ...]:
    """Every constraint a plan breaks, in order of slot and server; empty if it is feasible.

    Raises
    ------
    InvalidPlan
        If the plan's shapes are not the instance's.
    """
    expected = (instance.slots, instance.servers)
    for name, have, last in (
        ("cached", plan.cached, instance.models),
        ("served", plan.served, instance.services),
    ):
        if have.shape != (*expected, last):
            raise InvalidPlan(
                f"{name}: shape {have.shape} does not belong to the instance's {(*expected, last)}"
            )
    served = plan.served
    found = [
        *_overloads("memory", plan.cached @ instance.footprint, instance.memory, "bytes"),
        *_overloads("compute", _used(served, instance.work), instance.compute, "GPU-seconds"),
        *_overloads("energy", _used(served, instance.energy), instance.energy_budget, "joule"),
    ]
    hosted = np.take(plan.cached, instance.service_model, axis=-1)
    found += _excess("not cached", served, np.zeros_like(served), (served > 0) & ~hosted)
    found += _excess("too many", served, instance.requests, served > instance.requests)
    return tuple(sorted(found, key=lambda item: (item.slot, item.server)))


def _before(cached: BoolArray) -> BoolArray:
    return np.concatenate([np.zeros_like(cached[:1]), cached[:-1]])


def _contexts(world: World, plan: Plan) -> IntArray:
    """Follow the contexts through the slots and return those that counted (T, N, S)."""
    counted = np.empty_like(plan.served)
    context = np.zeros_like(plan.served[0])
    for slot, (cached, served) in enumerate(zip(plan.cached, plan.served, strict=True)):
        counted[slot] = counted_context(xp, world, context, cached)
        context = next_context(xp, world, counted[slot], cached, served)
    return counted


def _blocks(instance: Instance) -> Iterator[slice]:
    step = max(1, _BLOCK // max(1, instance.servers * max(instance.services, instance.models)))
    for start in range(0, instance.slots, step):
        yield slice(start, start + step)


def _used(served: IntArray, rate: FloatArray) -> FloatArray:
    used: FloatArray = np.einsum("tns,ns->tn", served, rate)
    return used


def _overloads(rule: str, load: FloatArray, limit: FloatArray, unit: str) -> Iterator[Violation]:
    for slot, server in np.argwhere(~fits(load, limit)).tolist():
        yield Violation(rule, slot, server, None, float(load[slot, server]), float(limit[server]), unit)


def _excess(rule: str, served: IntArray, limit: IntArray, broken: BoolArray) -> list[Violation]:
    return [
        Violation(rule, slot, server, service, int(served[slot, server, service]), int(most), "requests")
        for (slot, server, service), most in zip(np.argwhere(broken).tolist(), limit[broken], strict=True)
    ]
