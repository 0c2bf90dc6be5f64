"""How fast an agent's answer converges to the context-aware one as thoughts accumulate.

A language is a mixture of contexts c with prior q(c); in context c a thought z is produced with
probability q(z|c), and the thoughts of one conversation are independent given its context. Let c* be the
context a user is in. The ambiguity of a thought is eps(z) = 1 - q(c*|z) under the UNIFORM prior, so that

    eps(z) / (1 - eps(z)) = sum over c != c* of r(c),   r(c) = q(z|c) / q(z|c*) >= 0.

After k >= 1 thoughts the posterior odds of all wrong contexts together are
sum over c != c* of q(c)/q(c*) prod_j r_j(c), and because sum_c prod_j r_j(c) <= prod_j sum_c r_j(c) for
nonnegative numbers they are at most

    skewness * prod_j eps_j / (1 - eps_j),   skewness = max over c != c* of q(c)/q(c*),

with equality when there are two contexts. (A maximum over all c, which counts q(c*)/q(c*) = 1 too, is as
valid but not tight when c* is the likeliest context.) Without thoughts the product of sums is 1 while the sum
of products counts the wrong contexts, so the bound starts at the first thought.

Here are the bound, what follows from it, and (``Language``) the exact posteriors it is tested against.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .accuracy import GeometricCurve, Language, TabulatedCurve, random_language
from .errors import InvalidOption

__all__ = [
    "Language",
    "accuracy_floor",
    "geometric_curve",
    "language_odds_bound",
    "log_ambiguity_odds",
    "log_odds_bound",
    "random_language",
    "thoughts_needed",
    "wrong_probability",
]

FloatArray = NDArray[np.float64]

# A count of thoughts this close (relatively) above a whole number is that number, but for rounding.
_COUNT_ROUNDING = 1e-12


def log_ambiguity_odds(ambiguity: ArrayLike) -> FloatArray:
    """Return log(eps / (1 - eps)) of ambiguities eps in [0, 1), in their shape; -inf where eps = 0.

    Raises
    ------
    InvalidOption
        If an ambiguity lies outside [0, 1): a thought of the true context never has ambiguity 1.
    """
    eps = np.asarray(ambiguity, dtype=np.float64)
    if not bool(np.all((eps >= 0.0) & (eps < 1.0))):
        raise InvalidOption("ambiguity: every value must lie in [0, 1)")
    with np.errstate(divide="ignore"):
        return np.asarray(np.log(eps) - np.log1p(-eps))


def log_odds_bound(log_odds: ArrayLike, log_skewness: float) -> FloatArray:
    """Bound the posterior log-odds of all wrong contexts together after each thought.

    Parameters
    ----------
    log_odds
        (..., k) log(eps_j / (1 - eps_j)) of k >= 1 thoughts in the order they came, finite or -inf.
    log_skewness
        Logarithm of the skewness, finite or -inf; 0 under a uniform prior.

    Returns
    -------
    array
        (..., k): the bound after 1, ..., k thoughts.

    Raises
    ------
    InvalidOption
        If there is no thought (the bound starts at the first), or a value is out of range.
    """
    each = np.asarray(log_odds, dtype=np.float64)
    if each.ndim == 0 or each.shape[-1] == 0:
        raise InvalidOption("odds bound: needs at least one thought; before it only the prior odds hold")
    if not bool(np.all(each < np.inf) and log_skewness < np.inf):
        raise InvalidOption("odds bound: log-odds of thoughts and log_skewness must be finite or -inf")
    return np.asarray(log_skewness + np.cumsum(each, axis=-1))


def language_odds_bound(language: Language, true: int, thoughts: ArrayLike) -> FloatArray:
    """Bound ``language.log_posterior_odds(true, thoughts)`` by the ambiguity of the thoughts alone.

    Parameters
    ----------
    language
        The language.
    true
        The context c* that the thoughts come from.
    thoughts
        (..., k) indices of k >= 1 thoughts that ``true`` can produce.

    Returns
    -------
    array
        (..., k): the bound after 1, ..., k thoughts.
    """
    drawn = language.check_thoughts(true, thoughts)
    return log_odds_bound(language.log_ambiguity_odds(true)[drawn], language.log_skewness(true))


def wrong_probability(log_odds: ArrayLike) -> FloatArray:
    """Turn log-odds of all wrong contexts together into their probability, odds / (1 + odds).

    Of a bound on the odds it makes a bound on the posterior probability of being in a wrong context. The
    agent's answer q(y|z) = sum_c q(c|z) q(y|c) is then within that probability of the context-aware answer
    q(y|c*), in total variation.
    """
    odds = np.asarray(log_odds, dtype=np.float64)
    return np.asarray(np.exp(-np.logaddexp(0.0, -odds)), dtype=np.float64)


def thoughts_needed(ambiguity: float, skewness: float, target: float) -> int:
    """Count the thoughts after which a wrong context has probability at most ``target``, by the bound.

    The least k >= 1 with B / (1 + B) <= target for B = skewness * (eps / (1 - eps))^k.

    Parameters
    ----------
    ambiguity
        Largest ambiguity eps of the thoughts, in [0, 1/2): at 1/2 and beyond the bound does not shrink.
    skewness
        max over wrong c of q(c)/q(c*), >= 0.
    target
        Probability of a wrong context to be reached, in (0, 1).

    Raises
    ------
    InvalidOption
        If an argument is out of range.
    """
    step = _log_contraction(ambiguity)
    if not 0.0 < target < 1.0:
        raise InvalidOption(f"thoughts needed: target is {target:g}, must lie in (0, 1)")
    excess = _log_skewness(skewness) - (math.log(target) - math.log1p(-target))
    if excess <= 0.0 or step == -math.inf:
        return 1
    return max(1, math.ceil(excess / -step * (1.0 - _COUNT_ROUNDING)))


def geometric_curve(ambiguity: float, *, start: float, limit: float) -> GeometricCurve:
    """Return the accuracy curve that thoughts of one ambiguity induce: geometric with rho = eps / (1 - eps).

    One unit of its context is one thought. With ``start = limit - skewness * (limit - wrong)``, where
    ``wrong`` is the least accuracy of an answer from a wrong context, it is a lower bound on the accuracy
    after one thought or more; ``accuracy_floor`` gives one where that start would be negative.

    Parameters
    ----------
    ambiguity
        Largest ambiguity eps of the thoughts, in [0, 1/2).
    start, limit
        Accuracy without context, and of the context-aware answer, 0 <= start <= limit <= 1.

    Raises
    ------
    InvalidOption
        If an argument is out of range.
    """
    return GeometricCurve(start, limit, math.exp(_log_contraction(ambiguity)))


def accuracy_floor(
    ambiguity: float, skewness: float, thoughts: int, *, limit: float, wrong: float = 0.0
) -> TabulatedCurve:
    """Tabulate an accuracy that the agent reaches at least after 0, 1, ..., ``thoughts`` thoughts.

    The answer comes from c* but for the probability p of a wrong context, so its accuracy is at least
    limit - (limit - wrong) p, with p = 1 before the first thought and from then on what
    ``wrong_probability`` makes of the bound.

    Parameters
    ----------
    ambiguity
        Largest ambiguity eps of the thoughts, in [0, 1/2).
    skewness
        max over wrong c of q(c)/q(c*), >= 0.
    thoughts
        Length of the table less one, >= 0.
    limit, wrong
        Accuracy of the context-aware answer, and the least accuracy of an answer from a wrong context.

    Raises
    ------
    InvalidOption
        If an argument is out of range.
    """
    step = _log_contraction(ambiguity)
    if thoughts < 0:
        raise InvalidOption(f"accuracy floor: thoughts is {thoughts}, must be >= 0")
    if not 0.0 <= wrong <= limit <= 1.0:
        raise InvalidOption(
            f"accuracy floor: must have 0 <= wrong <= limit <= 1, got {wrong:g} and {limit:g}"
        )
    mistaken = np.ones(thoughts + 1)
    mistaken[1:] = wrong_probability(_log_skewness(skewness) + np.arange(1, thoughts + 1) * step)
    return TabulatedCurve((limit - (limit - wrong) * mistaken).tolist())


def _log_skewness(skewness: float) -> float:
    if not 0.0 <= skewness < math.inf:
        raise InvalidOption(f"skewness is {skewness:g}, must be finite and >= 0")
    return math.log(skewness) if skewness > 0.0 else -math.inf


def _log_contraction(ambiguity: float) -> float:
    """Log of rho = eps / (1 - eps), for eps in [0, 1/2)."""
    if not 0.0 <= ambiguity < 0.5:
        raise InvalidOption(
            f"ambiguity is {ambiguity:g}, must lie in [0, 1/2): from 1/2 on the bound does not shrink"
        )
    return float(log_ambiguity_odds(ambiguity))
