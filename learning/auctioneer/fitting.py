"""Fit the forecast to past prices: maximum likelihood."""

from __future__ import annotations

import numpy as np

from ...mechanisms.market import Floats
from .forecast import HYPOTHESES, Model
from .sequences import Ints, Sequences

_STEPS = np.array([3.0, 0.3, 0.4, 0.5, 5.0, 3.0, 0.2, 0.3, 3.0])
EVALUATIONS = 600


def crowding(buyers: Ints, sellers: Ints) -> tuple[Floats, Floats]:
    """Return the logarithm of buyers by sellers, and the mean number of traders a side, 1 or more."""
    crowd: Floats = np.log(np.maximum(buyers, 1) / np.maximum(sellers, 1))
    size: Floats = np.maximum((buyers + sellers) / 2, 1.0)
    return crowd, size


def likelihood(model: Model, sequences: Sequences, prices: Floats) -> float:
    """Return the mean logarithm of the likelihood of (S,T) prices, each given those before it."""
    belief, total = model.start(sequences.count), 0.0
    buyers, sellers = sequences.buyers, sequences.sellers
    for t in range(sequences.length):
        crowd, size = crowding(buyers[:, t], sellers[:, t])
        phase = np.full(sequences.count, sequences.phase[t])
        belief, found = model.seen(model.passed(belief), prices[:, t], crowd, size, phase)
        total += float(found.sum())
    return total / prices.size


def fitted(sequences: Sequences, prices: Floats, *, evaluations: int = EVALUATIONS) -> Model:
    """Fit a model to past prices by the method of Nelder and Mead (Gao and Han 2012, adaptive).

    Parameters
    ----------
    sequences
        Whose numbers of traders and times of the day are looked at, not their reports.
    prices
        (S,T) clearing prices, NaN where there is none.
    evaluations
        Of the likelihood, at most.
    """
    from scipy.optimize import minimize

    ends = np.array([sequences.low, sequences.high])
    # As many sequences swing as the hypotheses say, so that the mean over all swings that much less.
    middle, sine, cosine = _mean_swing(100 * (prices - ends[0]) / (ends[1] - ends[0]), sequences.phase)
    swing = HYPOTHESES * sine, HYPOTHESES * cosine
    start = np.array([3.0, np.log(4), np.log(2), np.log(0.05), *swing, np.log(15), np.log(6), middle])

    def short(numbers: Floats) -> float:
        if (np.abs(numbers) > 300).any() or (np.abs(numbers[[1, 2, 3, 6, 7]]) > 8).any():
            return 1e9
        return -likelihood(Model(np.concatenate([numbers, ends])), sequences, prices)

    simplex = np.vstack([start, start + np.diag(_STEPS)])
    options = {"maxfev": evaluations, "adaptive": True, "initial_simplex": simplex}
    found = minimize(short, start, method="Nelder-Mead", options=options)
    return Model(np.concatenate([np.asarray(found.x, dtype=float), ends]))


def _mean_swing(prices: Floats, phase: Floats) -> Floats:
    """(3,) mean, sine and cosine of (S,T) prices by least squares; 50 and zeros of none."""
    known = np.isfinite(prices)
    if not known.any():
        return np.array([50.0, 0.0, 0.0])
    turn = np.broadcast_to(2 * np.pi * phase, prices.shape)[known]
    columns = np.stack([np.ones(len(turn)), np.sin(turn), np.cos(turn)], axis=1)
    found: Floats = np.clip(np.linalg.lstsq(columns, prices[known], rcond=None)[0], -100, 100)
    return found
