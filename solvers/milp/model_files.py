"""The compact model in the file formats of solvers: free MPS and LP, every number exact.

PuLP and HiGHS write 12 and 15 digits; here numbers are written as Python's repr, which reads back as the
same float64. Solvers disagree on the constant of an objective, so it is the cost of a variable that is fixed
to 1.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from pathlib import Path

from ...problem.errors import InvalidFile
from ...problem.instance import Instance
from ...problem.storage import write_atomic
from .modelling import to_pulp
from .rows import LinearRows, linear_rows

CONSTANT = "cloud_only"
"""The variable fixed to 1 whose cost is that of serving everything from the cloud."""


def write_model(instance: Instance, path: str | Path, *, reduce: bool = True) -> None:
    """Write the compact model of an instance to a ``.mps`` (free format) or ``.lp`` file, atomically.

    Parameters
    ----------
    reduce
        Leave out decisions that cannot pay, as ``solve(instance, method="milp")`` does. Write the whole model
        if constraints are to be added to it.

    Raises
    ------
    InvalidFile
        If the suffix is unknown or the file cannot be written.
    """
    writer = _WRITERS.get(Path(path).suffix.lower())
    if writer is None:
        raise InvalidFile(f"{path}: unknown suffix '{Path(path).suffix}'; use {' or '.join(_WRITERS)}")
    rows = linear_rows(to_pulp(instance, reduce=reduce).problem)
    write_atomic(path, "".join(f"{line}\n" for line in writer(rows)).encode())


def _mps(rows: LinearRows) -> Iterator[str]:
    yield "NAME edgeopt"
    yield "ROWS"
    yield " N cost"
    yield from (f" {'E' if equal else 'L'} r{row}" for row, equal in enumerate(rows.equal))
    yield "COLUMNS"
    columns = rows.matrix.tocsc()
    whole = False
    for place, name in enumerate(rows.names):
        if bool(rows.integer[place]) != whole:
            whole = not whole
            yield f" MARK{place} 'MARKER' '{'INTORG' if whole else 'INTEND'}'"
        yield f" {name} cost {_number(rows.cost[place])}"
        for at in range(columns.indptr[place], columns.indptr[place + 1]):
            yield f" {name} r{columns.indices[at]} {_number(columns.data[at])}"
    if whole:
        yield " MARKEND 'MARKER' 'INTEND'"
    yield f" {CONSTANT} cost {_number(rows.constant)}"
    yield "RHS"
    yield from (f" RHS r{row} {_number(right)}" for row, right in enumerate(rows.right) if right)
    yield "BOUNDS"
    for name, low, high in zip(rows.names, rows.low, rows.high, strict=True):
        yield from _mps_bounds(name, float(low), float(high))
    yield f" FX BOUND {CONSTANT} 1.0"
    yield "ENDATA"


def _mps_bounds(name: str, low: float, high: float) -> Iterator[str]:
    yield f" MI BOUND {name}" if math.isinf(low) else f" LO BOUND {name} {_number(low)}"
    yield f" PL BOUND {name}" if math.isinf(high) else f" UP BOUND {name} {_number(high)}"


def _lp(rows: LinearRows) -> Iterator[str]:
    yield "Minimize"
    yield " cost:"
    costs = [(float(cost), name) for cost, name in zip(rows.cost, rows.names, strict=True) if cost]
    yield from _terms([*costs, (rows.constant, CONSTANT)])
    yield "Subject To"
    matrix = rows.matrix
    for row in range(matrix.shape[0]):
        yield f" r{row}:"
        span = range(matrix.indptr[row], matrix.indptr[row + 1])
        yield from _terms([(float(matrix.data[at]), rows.names[matrix.indices[at]]) for at in span])
        yield f"  {'=' if rows.equal[row] else '<='} {_number(rows.right[row])}"
    yield "Bounds"
    for name, low, high in zip(rows.names, rows.low, rows.high, strict=True):
        yield f" {_infinite(float(low))} <= {name} <= {_infinite(float(high))}"
    yield f" {CONSTANT} = 1"
    if rows.integer.any():
        yield "General"
        yield from (f" {name}" for name, whole in zip(rows.names, rows.integer, strict=True) if whole)
    yield "End"


def _terms(terms: list[tuple[float, str]]) -> Iterator[str]:
    """One term a line: the format limits the length of a line, not their number."""
    yield from (f"  {'-' if factor < 0 else '+'} {_number(abs(factor))} {name}" for factor, name in terms)


def _infinite(bound: float) -> str:
    return _number(bound) if math.isfinite(bound) else "-inf" if bound < 0 else "+inf"


def _number(value: float) -> str:
    return repr(float(value))


_WRITERS: dict[str, Callable[[LinearRows], Iterator[str]]] = {".mps": _mps, ".lp": _lp}
