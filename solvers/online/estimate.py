"""Means with confidence intervals, with the luck of the sampled demand taken out."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ...problem.fields import FloatArray


@dataclass(frozen=True)
class Estimate:
    """A mean and the half width of its 95 % confidence interval (same unit)."""

    mean: float
    half_width: float

    @property
    def low(self) -> float:
        """Lower end of the interval."""
        return self.mean - self.half_width

    @property
    def high(self) -> float:
        """Upper end of the interval."""
        return self.mean + self.half_width


def controlled(sample: FloatArray, controls: FloatArray) -> Estimate:
    """Estimate a mean with control variates of known mean 0.

    Each half of the sample uses the coefficients that the other half suggests, so the estimate is unbiased.

    Parameters
    ----------
    sample
        (n,) numbers.
    controls
        (n, c) control variates; those with too few numbers to tell their coefficients are left out.
    """
    adjusted = sample.astype(np.float64)
    half = np.arange(sample.size) % 2 == 0
    columns = min(controls.shape[1], sample.size // 8)
    for mine, others in ((half, ~half), (~half, half)):
        used = controls[others, :columns]
        centred = used - used.mean(axis=0)
        weights = np.linalg.lstsq(centred, sample[others] - sample[others].mean(), rcond=1e-9)[0]
        adjusted[mine] -= controls[mine, :columns] @ weights
    error = float(adjusted.std(ddof=1)) / math.sqrt(sample.size)
    return Estimate(float(adjusted.mean()), _quantile(sample.size - 1) * error)


def _quantile(freedom: int) -> float:
    from scipy.stats import t

    return float(t.ppf(0.975, freedom))
