"""Slow weights that learn at test: steps on what the network foretold and what then came.

After Hansen et al., "Self-supervised policy adaptation during deployment" (arXiv 2007.04309): the demand
that arrives is a label that nobody has to give. Every few slots the network re-reads the last ones and takes
a step on its error in the spans of demand that are over. Fast weights (the core's state) are another thing:
they learn within a run by the network's own rule, and cost no gradient.
"""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import numpy as np
import torch

from ...problem.fields import FloatArray, IntArray
from ..foresight.traces import demand_ahead
from ..networks.network import SPANS, Network


class SlowSteps:
    """Steps of a copy of a network during one run.

    Parameters
    ----------
    network
        Is copied.
    service_model
        (S,) model of each service.
    rate
        Of plain gradient descent.
    every, window
        Slots between steps, and how many a step looks back on.

    Attributes
    ----------
    network
        The copy.
    """

    def __init__(
        self, network: Network, service_model: IntArray, *, rate: float, every: int = 8, window: int = 64
    ) -> None:
        self.network = deepcopy(network)
        self._service_model, self._every, self._window = service_model, every, window
        self._descent = torch.optim.SGD(self.network.parameters(), lr=rate)
        self._seen: list[dict[str, Any]] = []
        self._requests: list[FloatArray] = []
        self._slow: list[FloatArray] = []
        self._since = 0

    def take_in(self, seen: dict[str, Any], requests: IntArray, slow: FloatArray, begins: bool) -> None:
        """Note a slot's tokens, arrivals (S,) and slow means (S,); take a step when it is time."""
        if begins:
            self._seen, self._requests, self._slow = [], [], []
        models = seen["model_mask"].shape[-1]
        self._seen.append({name: array.clone() for name, array in seen.items()})
        self._requests.append(np.bincount(self._service_model, requests, models).astype(np.float64))
        self._slow.append(np.bincount(self._service_model, slow, models).astype(np.float64))
        for kept in (self._seen, self._requests, self._slow):
            del kept[: -self._window]
        self._since += 1
        if self._since >= self._every and len(self._seen) > SPANS[1]:
            self._step()
            self._since = 0

    def _step(self) -> None:
        seen = {name: torch.cat([one[name] for one in self._seen], dim=1) for name in self._seen[0]}
        total = np.stack(self._requests)
        ahead, known = np.zeros((*total.shape, len(SPANS))), np.zeros((len(total), len(SPANS)))
        edges = np.array([*SPANS, 2 * SPANS[-1]])
        demand_ahead(total, edges, ahead, known)
        # a span counts once its last slot is over
        over = np.arange(len(total))[:, None] + edges[None, 1:] <= len(total)
        label = torch.from_numpy((ahead / (np.stack(self._slow)[..., None] + 0.5)).astype(np.float32))
        weight = torch.from_numpy((known * over).astype(np.float32))[:, None]
        begun = torch.zeros(1, len(total), dtype=torch.bool)
        begun[:, 0] = True
        start = self.network.initial(1, total.shape[1])
        tokens, _ = self.network.read(seen, begun, start)
        error = (self.network.foretell(tokens, seen)[0, ..., : len(SPANS)] - label) ** 2 * weight
        self._descent.zero_grad()
        error.mean().backward()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        self._descent.step()
