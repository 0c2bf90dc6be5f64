"""What another choice in one slot would have saved: deviations of runs, on the same arrivals.

In a slot of a run a model is kept out, or brought in, against its score; the best set under that is chosen,
and from then on the same weights play on, until cache and contexts are again those of the run, or it ends.
The difference of what both save is exact for these arrivals, and no noise but the future's is in it. Its mean
given what was seen is what the choice is worth to a policy that goes on as this one does: to choose by it is
a step of policy iteration (Deep Controlled Learning, Temizöz et al., arXiv 2011.15122, learns such a step
from simulated choices; here nothing is simulated, since demand does not depend on what is done).

The score of a set is the sum of its models' scores, and those are linear in what is foretold (in its positive
part, of demand). So a deviation's score is `plain` + sum of `slope` times that: a function of the network.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ...problem.fields import FloatArray, IntArray
from ...solvers.compiled import compiled
from ..networks.network import FORESIGHT
from .features import slot_features
from .runs import Runs, advance, choose

NEAR = 5
"""A deviation is of one of so many models: those whose score a byte is nearest to the least chosen."""


class Deviations(NamedTuple):
    """Deviations of one run, one a row.

    Attributes
    ----------
    slot
        (D,) where.
    gain
        (D,) what it saves more than the run, cost; mostly negative.
    plain, slope
        (D,) and (D, M, F): its score less that of what was chosen is `plain` plus the sum of `slope` times
        the foretold (`positive`), which has the columns of `network.FORESIGHT`.
    """

    slot: IntArray
    gain: FloatArray
    plain: FloatArray
    slope: FloatArray


class _Record(NamedTuple):
    """A run slot by slot: cache and contexts before each slot and after the last, scores, what each saved."""

    cached: Any
    context: Any
    scores: Any
    saved: Any


def deviations(runs: Runs, row: int, weights: FloatArray, draws: FloatArray) -> Deviations:
    """Deviate from one of the runs under weights (W,).

    Parameters
    ----------
    draws
        (T, D) in [0, 1): which of the `NEAR` models deviates, D times a slot. A deviation that changes
        nothing, since the model does not fit or stays while there is room, is left out.
    """
    one = runs.seen(row)
    slots, services = one.requests.shape
    models, most = one.world.load.shape[0], draws.size
    record = _Record(
        np.zeros((slots + 1, models), np.bool_),
        np.zeros((slots + 1, services), np.int64),
        np.zeros((slots, models)),
        np.zeros(slots),
    )
    slot, gain, plain = np.zeros(most, np.int64), np.zeros(most), np.zeros(most)
    slope = np.zeros((most, models, len(FORESIGHT)))
    weights = np.ascontiguousarray(weights)
    _follow(weights, one, record)
    found = _deviate(weights, one, record, draws, slot, gain, plain, slope)
    return Deviations(slot[:found], gain[:found], plain[:found], slope[:found])


@compiled
def _follow(weights: Any, one: Any, record: Any) -> None:
    """Play the run and keep what `_Record` says."""
    slots, services = one.requests.shape
    models = one.world.load.shape[0]
    features = np.zeros((models, weights.shape[0]))
    cached, wanted, served = (
        np.zeros(models, np.bool_),
        np.zeros(services, np.int64),
        np.zeros(services, np.int64),
    )
    before, context = np.zeros(models, np.bool_), np.zeros(services, np.int64)
    for slot in range(slots):
        _features_at(one, slot, context, before, one.foretold[slot], features, wanted)
        record.scores[slot] = features @ weights
        choose(record.scores[slot], one.world, wanted, context, before, cached, served)
        record.saved[slot] = advance(one.world, cached, served, before, context)
        record.cached[slot + 1], record.context[slot + 1] = before, context


@compiled
def _features_at(
    one: Any, slot: int, context: Any, before: Any, foretold: Any, features: Any, wanted: Any
) -> None:
    left = one.requests.shape[0] - slot - 1
    slot_features(
        one.world,
        one.requests[slot],
        context,
        before,
        one.fast[slot],
        one.slow[slot],
        foretold,
        one.unit[slot],
        left,
        features,
        wanted,
    )


@compiled
def _deviate(
    weights: Any, one: Any, record: Any, draws: Any, slots: Any, gains: Any, plain: Any, slope: Any
) -> int:
    """Fill the rows of `Deviations`; return how many."""
    models, services = one.world.load.shape[0], one.requests.shape[1]
    features = np.zeros((models, weights.shape[0]))
    cached, wanted, served = (
        np.zeros(models, np.bool_),
        np.zeros(services, np.int64),
        np.zeros(services, np.int64),
    )
    before, context, change = np.zeros(models, np.bool_), np.zeros(services, np.int64), np.zeros(models)
    found = 0
    for slot in range(draws.shape[0]):
        chosen, scores = record.cached[slot + 1], record.scores[slot]
        near = _nearest(scores, chosen, one.world.footprint)
        for draw in draws[slot]:
            model = near[int(draw * min(NEAR, models))]
            forced = scores.copy()
            forced[model] = (-2.0 if chosen[model] else 2.0) * (1.0 + np.abs(scores).sum())
            before[:], context[:] = record.cached[slot], record.context[slot]
            _features_at(one, slot, context, before, one.foretold[slot], features, wanted)
            choose(forced, one.world, wanted, context, before, cached, served)
            if (cached == chosen).all():
                continue
            for each in range(models):
                change[each] = (1.0 if cached[each] else 0.0) - (1.0 if chosen[each] else 0.0)
            plain[found] = _slopes(weights, one, record, slot, change, features, wanted, slope[found])
            gain = advance(one.world, cached, served, before, context) - record.saved[slot]
            slots[found] = slot
            gains[found] = gain + _until_they_meet(weights, one, record, slot + 1, before, context)
            found += 1
    return found


@compiled
def _nearest(scores: Any, chosen: Any, footprint: Any) -> Any:
    """Order the models by how far their score a byte is from the least positive one that was chosen."""
    least = np.inf
    for model in range(scores.shape[0]):
        if chosen[model] and scores[model] > 0.0:
            least = min(least, scores[model] / footprint[model])
    least = 0.0 if least == np.inf else least
    return np.argsort(np.abs(scores / footprint - least), kind="mergesort")


@compiled
def _slopes(
    weights: Any, one: Any, record: Any, slot: int, change: Any, features: Any, wanted: Any, slope: Any
) -> float:
    """Fill how the score of a change (M,) depends on what is foretold (M, F); return what does not."""
    before, context = record.cached[slot], record.context[slot]
    foretold = np.zeros(slope.shape)
    _features_at(one, slot, context, before, foretold, features, wanted)
    plain = features @ weights
    for column in range(slope.shape[1]):
        foretold[:] = 0.0
        foretold[:, column] = 1.0
        _features_at(one, slot, context, before, foretold, features, wanted)
        slope[:, column] = change * (features @ weights - plain)
    return float((change * plain).sum())


@compiled
def _until_they_meet(weights: Any, one: Any, record: Any, slot: int, before: Any, context: Any) -> float:
    """Play on from another state; return what is saved more than by the run, until both states are equal."""
    models, services = before.shape[0], context.shape[0]
    features = np.zeros((models, weights.shape[0]))
    cached, wanted, served = (
        np.zeros(models, np.bool_),
        np.zeros(services, np.int64),
        np.zeros(services, np.int64),
    )
    total = 0.0
    while slot < one.requests.shape[0]:
        if (before == record.cached[slot]).all() and (context == record.context[slot]).all():
            break
        _features_at(one, slot, context, before, one.foretold[slot], features, wanted)
        choose(features @ weights, one.world, wanted, context, before, cached, served)
        total += advance(one.world, cached, served, before, context) - record.saved[slot]
        slot += 1
    return total
