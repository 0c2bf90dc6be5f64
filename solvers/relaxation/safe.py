r"""A lower bound from prices that no solver's tolerance can spoil (Neumaier & Shcherbina 2004).

For min c'v over 0 <= v <= h, A v <= b, E v = d, any prices y >= 0 and w give

.. math:: c'v \;\ge\; -b'y - d'w + \sum_j \min(0, r_j) h_j, \qquad r = c + A'y + E'w,

because every product r_j v_j is at least min(0, r_j) h_j. For the optimal prices of an exact solver this is
the optimum; for anything else it is lower, and still true. Rounding is paid for: r is lowered by more than
the error a floating-point sum of its length can have, and the rest is summed exactly (``math.fsum``).

Source: A. Neumaier, O. Shcherbina, "Safe bounds in linear and mixed-integer linear programming",
Mathematical Programming 99 (2004), 283-296.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from ...problem.fields import FloatArray
from .linear import LinearModel

EPS = float(np.finfo(np.float64).eps)


def safe_minimum(model: LinearModel, duals: Mapping[str, FloatArray]) -> float:
    """Return a number that the minimum of a model cannot be below, whatever the prices are worth.

    Parameters
    ----------
    model
        The linear programme.
    duals
        Prices by block of rows; negative ones of inequalities count as 0, missing blocks too.
    """
    reduced = {name: cost.copy() for name, cost in model.cost.items()}
    size = {name: np.abs(cost) for name, cost in model.cost.items()}
    length = {name: np.full(cost.shape, 4.0) for name, cost in model.cost.items()}
    terms: list[FloatArray] = []
    for name, rows in model.rows.items():
        price = duals.get(name)
        if price is None:
            continue
        price = price if rows.equal else np.maximum(price, 0.0)
        terms.append(-price * rows.right)
        for block, each in rows.matrices.items():
            reduced[block] += each.T @ price
            size[block] += abs(each).T @ np.abs(price)
            length[block] += np.diff(each.tocsc().indptr) + 1.0
    for name, cost in reduced.items():
        lowered = cost - 2.0 * EPS * length[name] * size[name]
        terms.append(np.minimum(lowered, 0.0) * model.upper[name])
    values = np.concatenate(terms)
    return math.fsum(values) - 2.0 * EPS * math.fsum(np.abs(values))
