r"""An upper bound on a programme that no solver's tolerance can spoil.

For max g'x over lower <= x <= upper, D x >= 0, E x = 0, any prices y >= 0 and w give

.. math:: g'x \;\le\; r'x \;\le\; \sum_j \max(r_j\,lower_j, r_j\,upper_j), \qquad r = g + D'y + E'w .

With the prices of an exact solver this is the optimum; with any others it is higher, and still true. Rounding
is paid for: r is widened by more than the error that a floating-point sum of its length can have.

Source: A. Neumaier, O. Shcherbina, "Safe bounds in linear and mixed-integer linear programming",
Mathematical Programming 99 (2004), 283-296.
"""

from __future__ import annotations

import math

import numpy as np

from ..market import Floats
from .programme import Programme

EPS = float(np.finfo(np.float64).eps)


def safe_maximum(programme: Programme, least_prices: Floats, equal_prices: Floats) -> float:
    """Return a number that the programme's maximum cannot exceed, whatever the prices are worth.

    Parameters
    ----------
    programme
        The programme; every variable has a finite box.
    least_prices
        (rows of ``least``,) prices; negative ones count as 0.
    equal_prices
        (rows of ``equal``,) prices of any sign.
    """
    prices = (np.maximum(least_prices, 0.0), equal_prices)
    reduced = programme.gain.copy()
    size, length = np.abs(reduced), np.full(reduced.shape, 4.0)
    for matrix, price in zip((programme.least, programme.equal), prices, strict=True):
        reduced += matrix.T @ price
        size += abs(matrix).T @ np.abs(price)
        length += np.diff(matrix.tocsc().indptr) + 1.0
    slack = 2.0 * EPS * length * size
    ends = np.maximum(
        np.maximum((reduced - slack) * programme.lower, (reduced + slack) * programme.lower),
        np.maximum((reduced - slack) * programme.upper, (reduced + slack) * programme.upper),
    )
    return math.fsum(ends) + 2.0 * EPS * math.fsum(np.abs(ends))
