"""The two flat action spaces, and what an action means before it is projected."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from ...problem.errors import InvalidOption
from ...problem.fields import BoolArray, FloatArray

ActionKind = Literal["scores", "binary"]
ACTION_KINDS: tuple[ActionKind, ...] = ("scores", "binary")


def action_space(kind: ActionKind, models: int, services: int) -> spaces.Box | spaces.MultiBinary:
    """The space of one action, models first, then services.

    "scores" is a box in [-1, 1]: a score for each model, and for each service the share of its requests to
    serve, -1 for none and 1 for all. "binary" has a bit for each model to keep and each service to serve.

    Raises
    ------
    InvalidOption
        For another kind.
    """
    if kind == "scores":
        return spaces.Box(-1.0, 1.0, (models + services,), np.float32)
    if kind == "binary":
        return spaces.MultiBinary(models + services)
    raise InvalidOption(f"action = {kind!r}: must be one of {', '.join(ACTION_KINDS)}")


def decode(
    kind: ActionKind, actions: NDArray[Any], before: BoolArray, services: int
) -> tuple[FloatArray, FloatArray]:
    """Turn actions (B, M + S) into scores (B, M) and shares (B, S) in [0, 1].

    Shares beyond the box are cut to it, scores are not: the knapsack does not mind. A wanted model of a
    binary action scores 1, and 1 / (M + 1) more if it was cached (`before`, (B, M)): should the wanted models
    not fit together, as many as possible are kept, and among equally many those that need the fewest loads.
    An unwanted model scores -1.

    Raises
    ------
    InvalidOption
        For a wrong shape or a number that is not finite.
    """
    lanes, models = before.shape
    given = np.asarray(actions)
    if given.shape != (lanes, models + services):
        raise InvalidOption(f"actions: shape {given.shape}, must be {(lanes, models + services)}")
    numbers = given.astype(np.float64)
    if not np.isfinite(numbers).all():
        raise InvalidOption("actions: hold a number that is not finite")
    scores, shares = numbers[:, :models], numbers[:, models:]
    if kind == "binary":
        kept = np.where(before, 1.0 + 1.0 / (models + 1), 1.0)
        return np.where(scores > 0.5, kept, -1.0), np.where(shares > 0.5, 1.0, 0.0)
    return scores, np.clip(0.5 * shares + 0.5, 0.0, 1.0)
