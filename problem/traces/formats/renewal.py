"""Arrivals of a stationary renewal process in each of many windows at once.

Gaps follow a Gamma or Weibull law of a given shape whose mean is one over the rate. The first gap
of a window is drawn from the equilibrium law (a uniform share of a length-biased gap), so that the
expected number of arrivals is exactly rate x length whatever the burstiness; the process starts
anew in each window.
"""

from __future__ import annotations

from math import gamma

import numpy as np

from ..trace import FloatArray, IntArray
from .columns import BoolArray

SHAPE_LIMITS = {"gamma": (0.005, 1e5), "weibull": (0.1, 100.0)}
"""Fitted shapes beyond are brought back: they describe a window with a handful of arrivals."""
_GAPS_AT_ONCE = 16


def renewal_arrivals(
    rng: np.random.Generator, rate: FloatArray, shape: FloatArray, weibull: BoolArray, seconds: float
) -> tuple[IntArray, FloatArray]:
    """Draw arrivals.

    Parameters
    ----------
    rng
        Source of randomness.
    rate : float (W,), requests per second
    shape : float (W,)
        Shape of the law of the gaps: 1 is Poisson, below 1 bursty.
    weibull : bool (W,)
        True for Weibull gaps, False for Gamma.
    seconds
        Length of every window.

    Returns
    -------
    window : int (R,)
        Window of each arrival, nondecreasing.
    offset : float (R,), seconds
        Arrival after the start of its window, in [0, seconds), nondecreasing within a window.
    """
    shape = np.where(weibull, _limited(shape, "weibull"), _limited(shape, "gamma"))
    mean_of_unit_scale = np.where(
        weibull, np.vectorize(gamma, otypes=[float])(1 + 1 / np.where(weibull, shape, 1)), shape
    )
    scale = 1.0 / (rate * mean_of_unit_scale)
    clock = _equilibrium_gaps(rng, shape, weibull) * scale
    active = np.flatnonzero(clock < seconds)
    windows, offsets = [active], [clock[active]]
    while active.size:
        gaps = _gaps(rng, shape[active], weibull[active]) * scale[active, None]
        times = clock[active, None] + np.cumsum(gaps, axis=1)
        inside = times < seconds
        windows.append(np.repeat(active, inside.sum(axis=1)))
        offsets.append(times[inside])
        clock[active] = times[:, -1]
        active = active[inside[:, -1]]
    window, offset = np.concatenate(windows), np.concatenate(offsets)
    order = np.lexsort((offset, window))
    return window[order].astype(np.int64), offset[order]


def _limited(shape: FloatArray, law: str) -> FloatArray:
    return np.clip(shape, *SHAPE_LIMITS[law])


def _equilibrium_gaps(rng: np.random.Generator, shape: FloatArray, weibull: BoolArray) -> FloatArray:
    """Time to the first arrival seen from a random moment, in units of the law's scale.

    A gap met by a random moment is length-biased: Gamma(k) becomes Gamma(k + 1), and the k-th
    power of a Weibull gap becomes Gamma(1 + 1/k). The rest of it is a uniform share.
    """
    power = np.where(weibull, 1 / shape, 1.0)
    biased: FloatArray = rng.standard_gamma(np.where(weibull, 1 + 1 / shape, shape + 1)) ** power
    return biased * rng.random(shape.size)


def _gaps(rng: np.random.Generator, shape: FloatArray, weibull: BoolArray) -> FloatArray:
    """Gaps in units of the law's scale, `_GAPS_AT_ONCE` for each window."""
    table = np.broadcast_to(np.where(weibull, 1.0, shape)[:, None], (shape.size, _GAPS_AT_ONCE))
    drawn: FloatArray = rng.standard_gamma(table)
    return drawn ** np.where(weibull, 1 / shape, 1.0)[:, None]
