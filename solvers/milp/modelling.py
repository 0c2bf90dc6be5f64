"""The compact model of an instance as a PuLP problem, for people who add constraints of their own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pulp

from ...problem.errors import InvalidPlan
from ...problem.instance import Instance
from ...problem.plan import Plan
from .model import CompactModel, Expression, fill_model
from .reduce import every_decision, reduce_server

Place = tuple[int, int, int]

WHOLE = 1e-4
"""How far a solver's value may lie from a whole number and still stand for it."""


@dataclass(eq=False)
class PulpModel:
    """The cost of an instance as a PuLP problem, with its decisions.

    Parameters
    ----------
    problem
        The problem; its objective is the cost of the plan, in the instance's unit. Constraints can be added
        to it, and terms to its objective.
    cached
        Binary variable of (slot, server, model). Named ``n{server}_y_{slot}_{model}``. Models that do not fit
        have none.
    loads
        Variable of (slot, server, model): 1 where a model is loaded, or more than needed if that is free.
        Named ``n{server}_z_{slot}_{model}``.
    served
        Linear expression of (slot, server, service): requests served locally. Missing where none can be.
    """

    instance: Instance
    problem: pulp.LpProblem
    cached: Mapping[Place, pulp.LpVariable]
    loads: Mapping[Place, pulp.LpVariable]
    served: Mapping[Place, Expression]

    def plan(self) -> Plan:
        """Return the plan that the values of the solved variables stand for.

        Raises
        ------
        InvalidPlan
            If the problem has not been solved, or a decision is not a whole number.
        """
        instance = self.instance
        shape = (instance.slots, instance.servers)
        cached = np.zeros((*shape, instance.models))
        served = np.zeros((*shape, instance.services))
        if all(variable.value() is None for variable in self.problem.variables()) and self.cached:
            raise InvalidPlan("the model has no solution yet: solve it, and look at its status")
        for place, variable in self.cached.items():
            cached[place] = variable.value() or 0.0  # PuLP gives no value to what nothing depends on
        for place, expression in self.served.items():
            served[place] = expression.value() or 0.0
        return whole_plan(cached, served)


def whole_plan(cached: np.ndarray, served: np.ndarray) -> Plan:
    """Round decisions (T, N, M) and (T, N, S) that are whole numbers up to a solver's tolerance.

    Raises
    ------
    InvalidPlan
        If one is not, as in the solution of a linear relaxation.
    """
    for name, values in (("cached", cached), ("served", served)):
        off = np.abs(values - np.round(values)) > WHOLE * np.maximum(1.0, np.abs(values) * 1e-3)
        if not np.all(np.isfinite(values)) or np.any(off):
            place = [int(each) for each in np.argwhere(off | ~np.isfinite(values))[0]]
            raise InvalidPlan(
                f"{name}{place} = {values[tuple(place)]:g}: must be a whole number; "
                "a relaxation's solution is no plan"
            )
    return Plan(np.round(np.clip(cached, 0.0, 1.0)), np.maximum(np.round(served), 0.0))


def to_pulp(instance: Instance, *, reduce: bool = False) -> PulpModel:
    """Return the compact model of an instance, all servers together, as a PuLP problem.

    Parameters
    ----------
    instance
        The problem to model.
    reduce
        Leave out decisions that cannot pay: the same optimum, from a smaller model, but only as long as no
        constraint is added.

    Returns
    -------
    model
        See `PulpModel`. Without additions its optimum is that of ``solve(instance, method="milp")``. The
        model is minimised; an objective that rewards a lower accuracy would make the context too small.
    """
    problem = pulp.LpProblem("edgeopt", pulp.LpMinimize)
    model = PulpModel(instance, problem, {}, {}, {})
    objective: dict[pulp.LpVariable, float] = {}
    constant = 0.0
    for server in range(instance.servers):
        alone = instance.server(server)
        kept = reduce_server(alone) if reduce else every_decision(alone)
        part = CompactModel(alone, kept, problem, 1.0, prefix=f"n{server}_", every_load=not reduce)
        constant += fill_model(part)
        objective |= part.objective
        for name in ("cached", "loads", "served"):
            found = getattr(part, name)
            getattr(model, name).update({(slot, server, each): item for (slot, each), item in found.items()})
    problem += Expression(list(objective.items()), constant=constant)
    return model
