"""A distribution over the sets of models that fit the memory, made of the network's scores.

Models are asked one after the other, in falling order of the *starting* score per footprint: an order that
training does not move, so that probabilities are smooth in the weights. A model that no longer fits is passed
over. Any other is kept with probability

    sigmoid((score - price) / temperature)

where the price is what its memory would earn with the models that are still to be asked (the fractional
knapsack over them, with the room now and with the room left). So what is beyond doubt is hardly ever dropped
and chance falls where the choice is close; as the score of an uncached model has its load taken off, keeping
what is cached is likelier than loading. At temperature 0 it is a sequential fill of the memory.

Every set that can be drawn fits, and its probability is the product over the models that were asked.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ...problem.fields import BoolArray, FloatArray, IntArray
from ...solvers.compiled import compiled
from ..serving.sites import Sites


class Draw(NamedTuple):
    """Sets drawn for B lanes, with all that does not depend on the weights; "turn" is the place in the order.

    Attributes
    ----------
    cached : bool (B, M)
        The sets.
    log_probability : float (B,)
    order : int (B, M)
        The model of each turn; padding comes last.
    asked, taken : bool (B, M)
        By turn: whether the model fitted, and whether it was kept.
    room : float (B, M)
        By turn: memory left, footprint units.
    """

    cached: BoolArray
    log_probability: FloatArray
    order: IntArray
    asked: BoolArray
    taken: BoolArray
    room: FloatArray


def draw(
    sites: Sites, base: FloatArray, scores: FloatArray, temperature: float, generator: np.random.Generator
) -> Draw:
    """Draw a set for every lane.

    Parameters
    ----------
    base, scores : (B, M)
        Starting scores, which give the order, and the network's.
    temperature
        Units of a score, > 0.
    """
    shape = scores.shape
    found = Draw(
        cached=np.zeros(shape, np.bool_),
        log_probability=np.zeros(shape[0]),
        order=np.zeros(shape, np.int64),
        asked=np.zeros(shape, np.bool_),
        taken=np.zeros(shape, np.bool_),
        room=np.zeros(shape),
    )
    _draw(sites, base, np.asarray(scores, np.float64), temperature, generator.random(shape), found)
    return found


@compiled
def _draw(sites: Any, base: Any, scores: Any, temperature: float, chance: Any, found: Any) -> None:
    for lane in range(scores.shape[0]):
        models = sites.models[lane]
        footprint, score = sites.footprint[lane, :models], scores[lane, :models]
        order = np.argsort(-base[lane, :models] / footprint, kind="mergesort")
        dense = np.argsort(-score / footprint, kind="mergesort")
        found.order[lane] = np.arange(scores.shape[1])
        found.order[lane, :models] = order
        waiting = np.ones(models, np.bool_)
        room = sites.memory[lane]
        for turn in range(models):
            model = order[turn]
            waiting[model] = False
            found.room[lane, turn] = room
            if footprint[model] > room:
                continue
            left = room - footprint[model]
            price = _worth(score, footprint, dense, waiting, room)
            price -= _worth(score, footprint, dense, waiting, left)
            logit = (score[model] - price) / temperature
            found.asked[lane, turn] = True
            if chance[lane, turn] < 1.0 / (1.0 + np.exp(-logit)):
                found.taken[lane, turn] = found.cached[lane, model] = True
                room = left
            else:
                logit = -logit
            found.log_probability[lane] -= np.log1p(np.exp(-abs(logit))) + max(0.0, -logit)


@compiled
def _worth(score: Any, footprint: Any, dense: Any, waiting: Any, room: float) -> float:
    """Value of the fractional knapsack over the models that wait; `dense` has the densest first."""
    worth = 0.0
    for model in dense:
        if room <= 0.0 or score[model] <= 0.0:
            break
        if waiting[model]:
            worth += score[model] * min(1.0, room / footprint[model])
            room -= footprint[model]
    return worth


def log_probability(scores: Any, footprint: Any, drawn: Draw, temperature: float) -> tuple[Any, Any]:
    """Log-probability of drawn sets under other scores, and the entropy of the turns on their way.

    Parameters
    ----------
    scores : tensor (N, M)
        Gradients flow through them; those of padding are 0.
    footprint : tensor (N, M)
        Positive, padding too.
    drawn
        With tensors in place of arrays, N rows.

    Returns
    -------
    log_probability, entropy : tensors (N,)
    """
    import torch
    from torch.nn.functional import softplus

    score, size = scores.gather(1, drawn.order), footprint.gather(1, drawn.order)
    # The same models by falling density: place of each in the order.
    place = torch.argsort(-score.detach() / size, dim=1, stable=True)
    dense_size, gain = size.gather(1, place)[:, None], torch.relu(score.gather(1, place))[:, None]
    turns = torch.arange(score.shape[1])
    waiting = (place[:, None] > turns[:, None]) * dense_size * (gain > 0)  # (N, turn, dense): room it takes
    before = torch.cumsum(waiting, dim=2) - waiting

    def filled(room: Any) -> Any:
        """Room that each waiting model takes of `room` (N, turn), for every turn."""
        return torch.minimum((room[..., None] - before).clamp(min=0.0), waiting)

    given_up = filled(drawn.room) - filled(drawn.room - size)
    price = (given_up / dense_size * gain).sum(dim=2)
    logit = (score - price) / temperature
    each = -softplus(torch.where(drawn.taken, -logit, logit)) * drawn.asked
    keep = torch.sigmoid(logit)
    entropy = (softplus(logit) - keep * logit) * drawn.asked
    return each.sum(dim=1), entropy.sum(dim=1)
