"""Tune a family of schedules by CMA-ES: fewest messages at a stated loss of welfare."""

from __future__ import annotations

import warnings
from collections.abc import Generator
from dataclasses import dataclass
from importlib.util import find_spec

import numpy as np
import numpy.typing as npt

from ...mechanisms.dda.clocks import ClockAuction
from ...mechanisms.market import Floats
from ...problem.errors import InvalidOption, MissingLibrary
from .families import Family
from .play import Played, continuous, play
from .sequences import Sequences
from .statistics import Prior

PENALTY = 200.0
"""What a missing share of welfare weighs against a share of messages: far above any saving."""
POPULATION = 16
SIGMA = 0.4
FINALISTS = 32
RESERVE = 0.0015
"""Share of welfare kept in reserve in training: the best of many tries is partly lucky."""
CONFIDENCE = 1.645
"""Standard errors below the welfare kept on the validation sequences: a one-sided bound of 95 %."""


@dataclass(frozen=True, eq=False)
class Tuned:
    """A member of a family.

    Parameters
    ----------
    family
        Which.
    theta
        (dimension,) its vector.
    prior
        As estimated from the training sequences.
    messages, kept
        Mean messages, and welfare as a share of the continuous auction's, on the validation sequences.
    evaluations
        Vectors tried on the training sequences.
    """

    family: Family
    theta: Floats
    prior: Prior
    messages: float
    kept: float
    evaluations: int


def tune(
    family: Family,
    auction: ClockAuction,
    training: Sequences,
    validation: Sequences,
    *,
    loss: float = 0.01,
    evaluations: int = 400,
    seed: int = 0,
    prior: Prior | None = None,
) -> Tuned:
    """Look for the fewest messages on the training sequences, and choose on the validation ones.

    A family of one number is searched on an even grid of as many points, every other one by CMA-ES
    (N. Hansen, arXiv 1604.00772). Of the vectors on the front of messages and welfare, the one is chosen that
    takes the fewest messages among those of which the lower 95 % confidence bound of the welfare kept on the
    validation sequences reaches what is promised; if none does, the one with the highest bound.

    Parameters
    ----------
    family
        What is tuned.
    auction
        The rule; quantity-balanced. Its own ticks are ignored.
    training, validation
        Sequences of markets in one price range.
    loss
        Share of the continuous auction's welfare that may be lost, from 0 to 1.
    evaluations
        Vectors to try.
    seed
        Of the search.
    prior
        As `Prior.of` estimates it from the training sequences, if that was done already.

    Raises
    ------
    InvalidOption
        When a number is out of range.
    MissingLibrary
        When `cma` is not installed.
    """
    if not 0 <= loss <= 1 or evaluations < 1 or seed < 0:
        raise InvalidOption(
            f"loss {loss}, evaluations {evaluations}, seed {seed}: 0 to 1, 1 or more, 0 or more are expected"
        )
    if (training.low, training.high) != (validation.low, validation.high):
        raise InvalidOption("training and validation sequences have different price ranges")
    exact, prices = continuous(training, auction)
    prior = Prior.of(training, prices) if prior is None else prior
    vectors, messages, kept = [], [], []
    search = _grid(evaluations) if family.dimension == 1 else _cma(family.dimension, evaluations, seed)
    batch = next(search)
    while len(batch):
        held = play(family, batch, training, prior, auction)
        vectors.append(batch)
        messages.append(held.messages.mean(axis=(1, 2)))
        kept.append(kept_share(held, exact))
        short = np.maximum(0.0, 1 - loss + RESERVE - kept[-1])
        batch = search.send(messages[-1] / float(exact.messages.mean()) + PENALTY * short)
    front = _front(np.concatenate(messages), np.concatenate(kept), 1 - loss)
    finalists = np.concatenate(vectors)[front]
    return _chosen(family, auction, finalists, prior, validation, 1 - loss, evaluations)


def _front(messages: Floats, kept: Floats, floor: float) -> npt.NDArray[np.intp]:
    """Of all that were tried, those that no other beats in both, the ones nearest above the floor first."""
    order = np.lexsort((-kept, messages))
    best = np.maximum.accumulate(kept[order])
    better = np.ones(len(order), dtype=bool)
    better[1:] = kept[order][1:] > best[:-1]
    front = order[better]
    start = min(int(np.searchsorted(kept[front], floor - 2 * RESERVE)), max(len(front) - 1, 0))
    return front[start : start + FINALISTS]


def _chosen(
    family: Family,
    auction: ClockAuction,
    finalists: Floats,
    prior: Prior,
    validation: Sequences,
    floor: float,
    evaluations: int,
) -> Tuned:
    """Take the finalist with the fewest messages that surely keeps enough on the validation sequences."""
    held = play(family, finalists, validation, prior, auction)
    exact = continuous(validation, auction)[0]
    bound = lower_bound(held, exact)
    messages = held.messages.mean(axis=(1, 2))
    enough = bound >= floor
    best = int(np.argmin(np.where(enough, messages, np.inf) if enough.any() else -bound))
    kept = float(kept_share(held, exact)[best])
    return Tuned(family, finalists[best], prior, float(messages[best]), kept, evaluations)


def lower_bound(played: Played, exact: Played) -> Floats:
    """(P,) lower 95 % confidence bound of `kept_share`: a ratio of sums over independent sequences."""
    kept = kept_share(played, exact)
    whole = exact.welfare.sum(axis=2)
    S = whole.shape[1]
    if S < 2 or whole.sum() <= 0:
        return kept
    left = played.welfare.sum(axis=2) - kept[:, None] * whole
    error = np.sqrt((left**2).sum(axis=1) * S / (S - 1)) / float(whole.sum())
    bound: Floats = kept - CONFIDENCE * error
    return bound


def kept_share(played: Played, exact: Played) -> Floats:
    """(P,) welfare as a share of the continuous auction's, of the sums over all markets."""
    whole = float(exact.welfare.sum())
    shares: Floats = played.welfare.sum(axis=(1, 2)) / whole if whole > 0 else np.ones(len(played.welfare))
    return shares


Search = Generator[Floats, Floats, None]
"""Yields (P, dimension) vectors and is sent their (P,) scores; yields none at the end."""


def _grid(evaluations: int) -> Search:
    points = np.linspace(-3.0, 2.0, evaluations)[:, None]
    yield points
    yield points[:0]


def _cma(dimension: int, evaluations: int, seed: int) -> Search:
    if find_spec("cma") is None:
        raise MissingLibrary("training: cma is not installed; pip install 'edgeopt[evolution]'")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # cma speaks of plotting when it is imported
        import cma

    rng = np.random.default_rng([13, seed])
    options = {
        "popsize": min(POPULATION, evaluations),
        "verbose": -9,
        "seed": np.nan,  # its own generator stays untouched; numbers come from ours
        "randn": lambda *shape: rng.standard_normal(shape),
    }
    strategy = cma.CMAEvolutionStrategy(np.zeros(dimension), SIGMA, options)
    spent = 0
    while spent < evaluations:
        batch = np.array(strategy.ask())[: evaluations - spent]
        scores = yield batch
        spent += len(batch)
        if len(batch) == strategy.popsize:
            strategy.tell(list(batch), scores.tolist())
    yield np.zeros((0, dimension))
