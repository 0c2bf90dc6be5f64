"""A PuLP problem as arrays: what file formats and other modelling languages are made from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pulp
from scipy import sparse

from ...problem.fields import BoolArray, FloatArray


@dataclass(frozen=True, eq=False)
class LinearRows:
    """Minimise ``cost @ v + constant`` over ``low <= v <= high`` with ``matrix @ v <= right`` (or ``==``).

    Parameters
    ----------
    names
        Names of the variables, in the order of every other array.
    integer
        Whether a variable must be whole.
    equal
        Which rows are equations; ``>=`` is turned round.
    """

    names: tuple[str, ...]
    cost: FloatArray
    constant: float
    low: FloatArray
    high: FloatArray
    integer: BoolArray
    matrix: sparse.csr_array
    right: FloatArray
    equal: BoolArray


def linear_rows(problem: pulp.LpProblem, variables: list[pulp.LpVariable] | None = None) -> LinearRows:
    """Return a problem that is minimised, exactly, as arrays.

    Parameters
    ----------
    variables
        The variables in the order wanted; by default those of the problem.
    """
    chosen = problem.variables() if variables is None else variables
    number = {variable.name: place for place, variable in enumerate(chosen)}
    cost = np.zeros(len(chosen))
    for variable, factor in problem.objective.items():
        cost[number[variable.name]] = factor
    rows, columns, values = [], [], []
    right, equal = [], []
    for row, constraint in enumerate(problem.constraints()):
        sign = -1.0 if constraint.sense == pulp.LpConstraintGE else 1.0
        for variable, factor in constraint.items():
            rows.append(row)
            columns.append(number[variable.name])
            values.append(sign * factor)
        right.append(-sign * constraint.constant)
        equal.append(constraint.sense == pulp.LpConstraintEQ)
    shape = (len(right), len(chosen))
    return LinearRows(
        names=tuple(variable.name for variable in chosen),
        cost=cost,
        constant=float(problem.objective.constant),
        low=np.array([-np.inf if each.lowBound is None else each.lowBound for each in chosen], dtype=float),
        high=np.array([np.inf if each.upBound is None else each.upBound for each in chosen], dtype=float),
        integer=np.array([each.cat == pulp.LpInteger for each in chosen], dtype=bool),
        matrix=sparse.coo_array((values, (rows, columns)), shape=shape).tocsr(),
        right=np.array(right, dtype=float),
        equal=np.array(equal, dtype=bool),
    )
