"""What the network should foretell for its scores to choose what saves more: a loss over deviations.

A deviation (`deviations`) is chosen with the probability sigmoid(its score / (sharpness x unit)), and
the loss is minus the mean of its gain under that: gains of both signs are weighed by how much they are, and
only where the score is near to a choice does anything change. It is linear in the gain, so that the noise
of a single future averages out, which it would not in a regression on who won.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch

from ..networks.network import SPANS
from .deviations import Deviations


class Choices(NamedTuple):
    """Deviations of one run as tensors, costs in units: as `deviations.Deviations`."""

    slot: Any
    gain: Any
    plain: Any
    slope: Any

    @classmethod
    def of(cls, found: Deviations, unit: float) -> Choices:
        """The same, in units of a cost."""

        def tensor(array: Any) -> Any:
            return torch.from_numpy((array / unit).astype(np.float32))

        return cls(torch.from_numpy(found.slot), tensor(found.gain), tensor(found.plain), tensor(found.slope))


def lost(said: Any, choices: Sequence[Choices], sharpness: float) -> Any:
    """Minus the mean gain of deviating as the scores say, in units of the choices: a scalar.

    Parameters
    ----------
    said
        (B, T, M, F) what the network says of B runs.
    choices
        Of each run; one without any adds nothing.
    sharpness
        Score of a deviation, in units, at which it is chosen with a probability of 0.73.
    """
    known = positive(said)
    total = 0.0
    for row, one in enumerate(choices):
        models = one.slope.shape[1]
        score = one.plain + (one.slope * known[row][one.slot, :models]).sum(dim=(-2, -1))
        chosen = (one.gain * torch.sigmoid(score / sharpness)).sum() / max(1, len(one.gain))
        total = total - chosen / len(choices)
    return total


def positive(said: Any) -> Any:
    """What scores are linear in: demand that is foretold below zero counts as none."""
    spans = len(SPANS)
    return torch.cat([torch.relu(said[..., :spans]), said[..., spans:]], dim=-1)
