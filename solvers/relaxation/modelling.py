"""The compact model of an instance as a cvxpy problem, for people who add constraints of their own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ...problem.errors import InvalidPlan
from ...problem.instance import Instance
from ...problem.plan import Plan
from ..milp.modelling import Place, to_pulp, whole_plan
from ..milp.rows import linear_rows
from .linear import Matrix, matrix

if TYPE_CHECKING:
    import cvxpy


@dataclass(frozen=True, eq=False)
class CvxpyModel:
    """The cost of an instance in cvxpy, with its decisions.

    Parameters
    ----------
    objective
        Minimise the cost of the plan, in the instance's unit.
    constraints
        What makes the decisions feasible. Append to the list, or make another problem with it.
    cached, loads, served
        Expressions of the decisions, of shape (T, N, M), (T, N, M) and (T, N, S): whether a model is cached;
        whether it is loaded (or more than needed, if that is free); requests served locally.
    """

    objective: cvxpy.Minimize
    constraints: list[Any]
    cached: cvxpy.Expression
    loads: cvxpy.Expression
    served: cvxpy.Expression

    def problem(self) -> cvxpy.Problem:
        """Return the problem of the objective and the constraints as they are now."""
        import cvxpy as cp

        return cp.Problem(self.objective, self.constraints)

    def plan(self) -> Plan:
        """Return the plan that the solved values stand for.

        Raises
        ------
        InvalidPlan
            If no problem with these decisions has been solved, or a decision is not a whole number.
        """
        cached, served = self.cached.value, self.served.value
        if cached is None or served is None:
            raise InvalidPlan("the model has no solution yet: solve it, and look at its status")
        return whole_plan(np.asarray(cached), np.asarray(served))


def to_cvxpy(instance: Instance, *, whole: bool = True) -> CvxpyModel:
    """Return the compact model of an instance, all servers together, in cvxpy.

    Parameters
    ----------
    instance
        The problem to model.
    whole
        Whether decisions must be whole numbers. Without, the model is its linear relaxation: any solver of
        cvxpy takes it, its optimum is a lower bound, and constraints have dual prices.

    Returns
    -------
    model
        See `CvxpyModel`. Without additions its optimum is that of ``solve(instance, method="milp")``.
    """
    import cvxpy as cp

    model = to_pulp(instance)
    rows = linear_rows(model.problem)
    number = {name: place for place, name in enumerate(rows.names)}
    count = len(rows.names)
    parts, limits = [], []
    for chosen, options in ((~rows.integer, {}), (rows.integer, {"integer": True} if whole else {})):
        places = np.flatnonzero(chosen)
        if places.size:
            part = cp.Variable(places.size, name="whole" if chosen is rows.integer else "real", **options)
            parts.append(matrix(places, np.arange(places.size), 1.0, (count, places.size)) @ part)
            limits += [part >= rows.low[places], part <= rows.high[places]]
    values = sum(parts) if parts else cp.Constant(np.zeros(count))
    for equal in (False, True):
        chosen_rows = np.flatnonzero(rows.equal == equal)
        if chosen_rows.size:
            left = rows.matrix[chosen_rows] @ values
            limits.append(left == rows.right[chosen_rows] if equal else left <= rows.right[chosen_rows])
    shape = (instance.slots, instance.servers)

    def decisions(items: Mapping[Place, Any], length: int) -> Any:
        full = (*shape, length)
        if not count:
            return cp.Constant(np.zeros(full))
        return cp.reshape(_selection(items, full, number) @ values, full, order="C")

    return CvxpyModel(
        objective=cp.Minimize(rows.cost @ values + rows.constant if count else cp.Constant(rows.constant)),
        constraints=limits,
        cached=decisions(model.cached, instance.models),
        loads=decisions(model.loads, instance.models),
        served=decisions(model.served, instance.services),
    )


def _selection(items: Mapping[Place, Any], shape: tuple[int, ...], number: Mapping[str, int]) -> Matrix:
    """Return the matrix that makes the decisions, flat in C order, from all variables."""
    rows, columns, factors = [], [], []
    for place, item in items.items():
        row = int(np.ravel_multi_index(place, shape))
        for variable, factor in item.items() if hasattr(item, "items") else [(item, 1.0)]:
            rows.append(row)
            columns.append(number[variable.name])
            factors.append(float(factor))
    return matrix(rows, columns, factors, (int(np.prod(shape)), len(number)))
