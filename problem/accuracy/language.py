"""Mixture-of-contexts languages, small enough that everything about them is exact.

In context c, which has prior q(c), a thought z is produced with probability q(z|c), independently of the
other thoughts of the conversation. An agent that has seen some thoughts holds a posterior over the
contexts. ``problem.convergence`` bounds it by the ambiguity of the thoughts alone; here it is computed
outright, so that the bound can be put to the test. Everything is in logarithms: zero likelihoods are
minus infinity, and products of thousands of thoughts do not underflow.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import InvalidOption

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

_SUM_TOLERANCE = 1e-9


@dataclass(frozen=True, eq=False)
class Language:
    """A mixture-of-contexts language over C contexts and Z thoughts, small enough to be exact.

    Parameters
    ----------
    likelihood
        (C, Z) q(z|c); rows sum to 1, zeros allowed.
    prior
        (C,) q(c); sums to 1.

    Raises
    ------
    InvalidOption
        If a table has the wrong shape, negative numbers, or does not sum to 1.
    """

    likelihood: FloatArray
    prior: FloatArray

    def __post_init__(self) -> None:
        likelihood = np.array(self.likelihood, dtype=np.float64)
        prior = np.array(self.prior, dtype=np.float64)
        if likelihood.ndim != 2 or likelihood.shape[0] < 2 or likelihood.shape[1] < 1:
            raise InvalidOption(f"language: likelihood has shape {likelihood.shape}, needs (C >= 2, Z >= 1)")
        if prior.shape != likelihood.shape[:1]:
            raise InvalidOption(f"language: prior has shape {prior.shape}, needs {likelihood.shape[:1]}")
        for name, table in (("likelihood", likelihood), ("prior", prior)):
            if not bool(np.all(table >= 0.0) and np.all(np.abs(table.sum(axis=-1) - 1.0) <= _SUM_TOLERANCE)):
                raise InvalidOption(f"language: every row of {name} must be nonnegative and sum to 1")
            table.flags.writeable = False
            object.__setattr__(self, name, table)

    @property
    def contexts(self) -> int:
        """Number C of contexts."""
        return int(self.likelihood.shape[0])

    @property
    def vocabulary(self) -> int:
        """Number Z of thoughts."""
        return int(self.likelihood.shape[1])

    def log_skewness(self, true: int) -> float:
        """Return the logarithm of the skewness, max over c != ``true`` of q(c) / q(true)."""
        self._check_true(true)
        log_prior = _log(self.prior)
        return float(np.delete(log_prior, true).max() - log_prior[true])

    def log_ambiguity_odds(self, true: int) -> FloatArray:
        """Return (Z,) log(eps(z) / (1 - eps(z))) of every thought; +inf where ``true`` never produces it."""
        self._check_true(true)
        log_likelihood = _log(self.likelihood)
        wrong = np.logaddexp.reduce(np.delete(log_likelihood, true, axis=0), axis=0)
        right = log_likelihood[true]
        possible = right > -np.inf
        return np.where(possible, wrong - np.where(possible, right, 0.0), np.inf)

    def ambiguity(self, true: int) -> FloatArray:
        """Return (Z,) eps(z) = 1 - q(true|z) under the uniform prior; 1 where ``true`` never produces z."""
        return np.asarray(np.exp(-np.logaddexp(0.0, -self.log_ambiguity_odds(true))))

    def contraction(self, true: int) -> float:
        """Return exp(E log(eps / (1 - eps))) over the thoughts of ``true``: what one thought does on average.

        In the long run the ambiguity bound shrinks by this factor per thought, so by the law of large numbers
        it tends to zero almost surely when the factor is below 1, even if some thoughts have ambiguity
        above 1/2.
        """
        odds = self.log_ambiguity_odds(true)
        weight = self.likelihood[true]
        return float(np.exp(weight[weight > 0.0] @ odds[weight > 0.0]))

    def sample(self, true: int, thoughts: int, *, runs: int = 1, seed: int) -> IntArray:
        """Draw (runs, thoughts) thoughts of context ``true``; the same seed, the same thoughts."""
        self._check_true(true)
        rng = np.random.default_rng(np.random.SeedSequence([seed]))
        weights = self.likelihood[true] / self.likelihood[true].sum()
        return np.asarray(rng.choice(self.vocabulary, size=(runs, thoughts), p=weights), dtype=np.int64)

    def log_posterior_odds(self, true: int, thoughts: ArrayLike) -> FloatArray:
        """Return the exact log-odds of all wrong contexts together after each of the thoughts.

        Parameters
        ----------
        true
            The context c* the thoughts come from.
        thoughts
            (..., k) indices of thoughts that ``true`` can produce.

        Returns
        -------
        array
            (..., k) log(sum over c != true of q(c|z_1..z_j)) - log q(true|z_1..z_j) for j = 1..k.
        """
        joint = self._log_joint(true, thoughts)
        wrong = np.logaddexp.reduce(np.delete(joint, true, axis=-1), axis=-1)
        return np.asarray(wrong - joint[..., true])

    def posterior(self, true: int, thoughts: ArrayLike) -> FloatArray:
        """Return the exact posterior (..., k, C) over contexts after each of ``true``'s thoughts (..., k)."""
        joint = self._log_joint(true, thoughts)
        return np.asarray(np.exp(joint - np.logaddexp.reduce(joint, axis=-1)[..., None]))

    def check_thoughts(self, true: int, thoughts: ArrayLike) -> IntArray:
        """Return ``thoughts`` (..., k >= 1) as indices, or raise if ``true`` cannot have produced them."""
        self._check_true(true)
        drawn = np.asarray(thoughts)
        if drawn.ndim == 0 or drawn.dtype.kind not in "iu" or drawn.shape[-1] == 0:
            raise InvalidOption("language: thoughts must be a list of at least one index")
        if not bool(np.all((drawn >= 0) & (drawn < self.vocabulary))):
            raise InvalidOption(f"language: every thought must be among 0..{self.vocabulary - 1}")
        if not bool(np.all(self.likelihood[true][drawn] > 0.0)):
            raise InvalidOption(f"language: context {true} cannot produce one of the thoughts")
        return drawn.astype(np.int64)

    def _log_joint(self, true: int, thoughts: ArrayLike) -> FloatArray:
        """(..., k, C): log q(c) + sum over the first j thoughts of log q(z|c)."""
        drawn = self.check_thoughts(true, thoughts)
        evidence = _log(self.likelihood).T[drawn]
        return np.asarray(_log(self.prior) + np.cumsum(evidence, axis=-2))

    def _check_true(self, true: int) -> None:
        if not 0 <= true < self.contexts:
            raise InvalidOption(f"language: context {true} is not among 0..{self.contexts - 1}")
        if self.prior[true] == 0.0:
            raise InvalidOption(f"language: context {true} has prior 0, it cannot be the true one")


def random_language(
    contexts: int,
    vocabulary: int,
    *,
    seed: int,
    concentration: float = 1.0,
    prior_concentration: float = 1.0,
    zeros: float = 0.0,
) -> Language:
    """Draw a language: Dirichlet likelihood rows and prior, some likelihoods set to zero.

    Parameters
    ----------
    contexts, vocabulary
        C >= 2 and Z >= 1.
    seed
        The same seed gives the same language.
    concentration, prior_concentration
        Symmetric Dirichlet parameters, in [0.01, 1e6]; small: contexts with few thoughts of their own (low
        ambiguity), a skewed prior; large: contexts alike, an even prior.
    zeros
        Probability in [0, 1) that a context never produces a thought (its likeliest one is kept).

    Raises
    ------
    InvalidOption
        If an argument is out of range.
    """
    if contexts < 2 or vocabulary < 1:
        raise InvalidOption(
            f"random language: needs contexts >= 2 and vocabulary >= 1, got {contexts}, {vocabulary}"
        )
    for name, value in (("concentration", concentration), ("prior_concentration", prior_concentration)):
        if not 0.01 <= value <= 1e6:
            raise InvalidOption(f"random language: {name} is {value:g}, must lie in [0.01, 1e6]")
    if not 0.0 <= zeros < 1.0:
        raise InvalidOption(f"random language: zeros is {zeros:g}, must lie in [0, 1)")
    rng = np.random.default_rng(np.random.SeedSequence([seed]))
    prior = rng.dirichlet(np.full(contexts, prior_concentration))
    likelihood = rng.dirichlet(np.full(vocabulary, concentration), size=contexts)
    kept = rng.random((contexts, vocabulary)) >= zeros
    kept[np.arange(contexts), likelihood.argmax(axis=1)] = True
    likelihood = np.where(kept, likelihood, 0.0)
    return Language(likelihood / likelihood.sum(axis=1, keepdims=True), prior)


def _log(probability: FloatArray) -> FloatArray:
    with np.errstate(divide="ignore"):
        return np.asarray(np.log(probability))
