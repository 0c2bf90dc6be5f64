"""A linear programme in named blocks: what cvxpy is given, and what the bound is proved from afterwards.

Both read the same arrays, so the proof (:mod:`.safe`) does not depend on how cvxpy or a solver rewrote the
problem. Every variable lies in a box from 0 to a finite upper end; without that no bound could be proved.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from scipy import sparse

from ...problem.errors import InvalidOption
from ...problem.fields import FloatArray

Matrix: TypeAlias = sparse.csr_array

SOLVERS = ("HIGHS", "CLARABEL")
"""Solvers that return what a bound needs: HiGHS (simplex or interior point), Clarabel (interior point)."""


@dataclass(frozen=True, eq=False)
class Rows:
    """One block of constraints: ``sum over blocks of (matrix @ variables) <= right``, or ``==``."""

    matrices: dict[str, Matrix]
    right: FloatArray
    equal: bool = False


@dataclass(eq=False)
class LinearModel:
    """Minimise ``sum cost[b] @ v[b]`` over boxes ``0 <= v[b] <= upper[b]`` and the rows.

    Parameters
    ----------
    cost, upper
        For each block of variables, the cost of one unit and the finite upper end of the box.
    rows
        Blocks of constraints by name.
    """

    cost: dict[str, FloatArray] = field(default_factory=dict)
    upper: dict[str, FloatArray] = field(default_factory=dict)
    rows: dict[str, Rows] = field(default_factory=dict)

    def add_variables(self, name: str, upper: npt.ArrayLike, cost: npt.ArrayLike = 0.0) -> None:
        """Add a block of variables; ``cost`` broadcasts."""
        ends = np.asarray(upper, dtype=np.float64).ravel()
        self.upper[name] = ends
        self.cost[name] = np.broadcast_to(np.asarray(cost, dtype=np.float64), ends.shape).copy()

    def add_rows(
        self, name: str, matrices: Mapping[str, Matrix], right: npt.ArrayLike = 0.0, *, equal: bool = False
    ) -> None:
        """Add a block of constraints, a matrix for each block of variables in it; empty ones are left out."""
        filled = {block: matrix for block, matrix in matrices.items() if matrix.nnz}
        if filled:
            count = next(iter(filled.values())).shape[0]
            ends = np.broadcast_to(np.asarray(right, dtype=np.float64), (count,)).copy()
            self.rows[name] = Rows(filled, ends, equal)

    def size(self, block: str) -> int:
        """Return the number of variables of a block; 0 if there is no such block."""
        return self.upper[block].size if block in self.upper else 0

    @property
    def nonzeros(self) -> int:
        """Number of coefficients in all rows: what the time of a solver grows with."""
        return sum(int(matrix.nnz) for rows in self.rows.values() for matrix in rows.matrices.values())


@dataclass(frozen=True, eq=False)
class Answer:
    """What a solver says about a model; nothing in it is trusted.

    Parameters
    ----------
    finished
        The solver claims to have found the optimum. Otherwise the values are what it had, or zeros.
    values, duals
        Variables by block, and prices by block of rows (>= 0 for inequalities).
    objective
        The optimum the solver claims.
    seconds
        Wall-clock time, building included.
    """

    finished: bool
    values: dict[str, FloatArray]
    duals: dict[str, FloatArray]
    objective: float
    seconds: float


def matrix(
    rows: npt.ArrayLike, columns: npt.ArrayLike, values: npt.ArrayLike, shape: tuple[int, int]
) -> Matrix:
    """Make a sparse matrix from places and values (which broadcast); entries on the same place add up."""
    places, others = np.asarray(rows).ravel(), np.asarray(columns).ravel()
    content = np.broadcast_to(np.asarray(values, dtype=np.float64), places.shape)
    return sparse.coo_array((content, (places, others)), shape=shape).tocsr()


def solve_linear(model: LinearModel, solver: str, time_limit: float | None = None) -> Answer:
    """Solve a model through cvxpy with a named solver; never raises for what a solver does.

    The objective is divided by a power of two, which is exact, so that a solver's tolerances mean the same
    in any currency.

    Raises
    ------
    InvalidOption
        If the solver is none of :data:`SOLVERS`.
    """
    import cvxpy as cp

    from ..milp import require_highs

    require_highs()
    if solver not in SOLVERS:
        raise InvalidOption(f"solver {solver!r} is unknown: choose from {', '.join(SOLVERS)}")
    begin = time.monotonic()
    largest = max(
        float(np.abs(cost * model.upper[name]).max(initial=0.0)) for name, cost in model.cost.items()
    )
    scale = 2.0 ** np.floor(np.log2(largest)) if largest > 0.0 else 1.0
    variables = {
        name: cp.Variable(upper.size, name=name, bounds=[np.zeros(upper.size), upper])
        for name, upper in model.upper.items()
        if upper.size
    }
    constraints = {}
    for name, rows in model.rows.items():
        left = sum(each @ variables[block] for block, each in rows.matrices.items())
        constraints[name] = left == rows.right if rows.equal else left <= rows.right
    total = sum((model.cost[name] / scale) @ variable for name, variable in variables.items())
    problem = cp.Problem(cp.Minimize(total), list(constraints.values()))
    left_over = None if time_limit is None else time_limit - (time.monotonic() - begin)
    finished = False
    if left_over is None or left_over > 0.0:
        # Without time the prices are 0: they prove a bound, too, and do not depend on luck.
        finished = _solved(problem, solver, left_over)
    values = {
        name: _value(variables[name].value if name in variables else None, upper.size)
        for name, upper in model.upper.items()
    }
    duals = {
        name: scale * _value(constraints[name].dual_value, rows.right.size)
        for name, rows in model.rows.items()
    }
    objective = float(problem.value) * scale if finished else -np.inf
    return Answer(finished, values, duals, objective, time.monotonic() - begin)


def _solved(problem: Any, solver: str, time_limit: float | None) -> bool:
    """Run the solver; say whether it reached the optimum."""
    import cvxpy as cp

    try:
        with warnings.catch_warnings():  # that a time-limited answer may be inaccurate is no news here
            warnings.simplefilter("ignore", UserWarning)
            problem.solve(solver=solver, warm_start=False, **_options(solver, time_limit))
        return problem.status in (cp.OPTIMAL, cp.OPTIMAL_INACCURATE)
    except cp.SolverError:
        return False


def _options(solver: str, time_limit: float | None) -> dict[str, object]:
    options: dict[str, object] = {"output_flag": False} if solver == "HIGHS" else {}
    if time_limit is not None:
        options["time_limit"] = max(time_limit, 0.01)
    return options


def _value(found: object, size: int) -> FloatArray:
    """Return what was found, or zeros: prices of zero prove a bound too, if a poor one."""
    values = np.zeros(size) if found is None else np.asarray(found, dtype=np.float64).ravel()
    return np.where(np.isfinite(values), values, 0.0) if values.size == size else np.zeros(size)
