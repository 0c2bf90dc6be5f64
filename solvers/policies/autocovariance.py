"""How long demand remembers: the autocovariance of training arrivals, and the process it suggests.

A group of services (those of one model, or one service) is taken for a slowly returning level seen through
counting noise: x_t = mean + level_t + noise, level_t = phi level_{t-1} + shock. The autocovariance of such
a process is c phi^lag at every lag above 0, so phi and c are read off there, where the noise does not
enter; what lag 0 has beyond c is the noise. The gain with which the level is best followed is then that of
the steady Kalman filter.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...problem.fields import FloatArray, IntArray

LAGS = 80
# A little white noise is added to what was measured, so that long predictors do not fit its errors.
RIDGE = 0.02
PHIS = np.concatenate([np.arange(0.0, 0.9, 0.05), np.arange(0.9, 0.995, 0.01), [0.995, 0.999]])


@dataclass(frozen=True, eq=False)
class DemandStatistics:
    """Training statistics of one server: mean (S,), and autocovariances (lags, M) and (lags, S)."""

    mean: FloatArray
    by_model: FloatArray
    by_service: FloatArray

    @classmethod
    def of(cls, stretches: Sequence[IntArray], service_model: IntArray, models: int) -> DemandStatistics:
        """Measure arrivals (T, S) of one or more runs."""
        runs = [stretch.astype(np.float64) for stretch in stretches]
        mean: FloatArray = np.concatenate(runs).mean(axis=0)
        grouping = np.zeros((service_model.size, models))
        grouping[np.arange(service_model.size), service_model] = 1.0
        centred = [run - mean for run in runs]
        return cls(mean, autocovariance([run @ grouping for run in centred]), autocovariance(centred))


def autocovariance(centred: Sequence[FloatArray]) -> FloatArray:
    """Return the autocovariance (lags, G) of runs (T, G) around their common mean, lag 0 first."""
    lags = min(LAGS, max(run.shape[0] for run in centred) // 4 + 1)
    table = np.zeros((lags + 1, centred[0].shape[1]))
    for lag in range(lags + 1):
        pairs = sum(max(0, run.shape[0] - lag) for run in centred)
        for run in centred:
            if run.shape[0] > lag:
                table[lag] += (run[lag:] * run[: run.shape[0] - lag]).sum(axis=0) / pairs
    return table


def returning_level(table: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Fit phi (G,) by least squares on the lags above 0 and return it with the Kalman gain (G,)."""
    lags = np.arange(1, table.shape[0])
    powers = PHIS[:, None] ** lags[None]
    strength = np.maximum(0.0, powers @ table[1:]) / np.maximum((powers**2).sum(axis=1), 1e-300)[:, None]
    misfit = ((table[1:][None] - strength[:, None, :] * powers[:, :, None]) ** 2).sum(axis=1)
    best = misfit.argmin(axis=0)
    phi: FloatArray = PHIS[best]
    signal = np.minimum(strength[best, np.arange(table.shape[1])], table[0])
    return phi, kalman_gain(phi, signal, np.maximum(0.0, table[0] - signal))


def kalman_gain(phi: FloatArray, signal: FloatArray, noise: FloatArray) -> FloatArray:
    """Steady gain of following a level of variance `signal` and memory `phi` through noise of that variance.

    Solves P = phi^2 P noise / (P + noise) + signal (1 - phi^2) for the variance P of the predicted level, a
    quadratic equation; the gain is P / (P + noise).
    """
    shock = signal * (1.0 - phi**2)
    linear = noise * (1.0 - phi**2) - shock
    predicted = 0.5 * (-linear + np.sqrt(linear**2 + 4.0 * shock * noise))
    total = predicted + noise
    gain: FloatArray = np.divide(predicted, total, out=np.zeros_like(total), where=total > 0.0)
    return gain


def linear_predictor(table: FloatArray, order: int, horizon: int) -> FloatArray:
    """Return the best linear forecast from the last `order` deviations: (H, G, order), newest first.

    Solves the normal equations (Wiener 1949) of each group with the autocovariance `table` (lags, G), taken
    for zero beyond its last lag. Unlike a geometric decay they see cycles and typical durations.
    """
    groups = table.shape[1]
    reach = np.zeros((order + horizon + 1, groups))
    known = min(table.shape[0], reach.shape[0])
    reach[:known] = table[:known]
    distance = np.abs(np.arange(order)[:, None] - np.arange(order)[None])
    weights = np.zeros((horizon, groups, order))
    for group in np.flatnonzero(table[0] > 0.0):
        normal = reach[distance, group] + RIDGE * table[0, group] * np.eye(order)
        target = reach[1 + np.arange(horizon)[None] + np.arange(order)[:, None], group]
        weights[:, group] = np.linalg.lstsq(normal, target, rcond=None)[0].T
    return weights
