"""The gradient of one step of the regression, in parts that several processes find at the same time.

A step's traces are split into parts of `PART`, whatever the number of processes, and the parts' gradients are
added up in order: so the weights do not depend on that number, bit for bit.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import BrokenExecutor
from copy import deepcopy
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeAlias

import numpy as np
import torch

from ...problem.fields import FloatArray
from ..networks.network import Network
from .regression import SEEN, Examples, loss, spread

PART = 2
"""Traces of a part."""

Found: TypeAlias = "tuple[float, list[FloatArray | None]]"


class Gradients:
    """Finds gradients of the mean error over rows of examples.

    Parameters
    ----------
    network
        Its shape; the weights are given with each step.
    examples
        What it is to foretell.
    adapt
        Whether the core learns while it reads.
    workers
        Processes, this one included.
    """

    def __init__(self, network: Network, examples: Sequence[Examples], *, adapt: bool, workers: int) -> None:
        self._own = _Worker(network, examples, spread(examples), adapt)
        self._helpers = _helpers(self._own, workers - 1) if workers > 1 else []

    def step(self, network: Network, number: int, rows: Any) -> float:
        """Put the gradient over some rows of one of the examples into the network; return the error."""
        shares = [rows[first : first + PART] for first in range(0, len(rows), PART)]
        found = self._find([one.detach().numpy() for one in network.parameters()], number, shares)
        weights = [len(share) / len(rows) for share in shares]
        for place, parameter in enumerate(network.parameters()):
            known = [(weight, own[place]) for weight, (_, own) in zip(weights, found, strict=True)]
            parts = [weight * gradient for weight, gradient in known if gradient is not None]
            parameter.grad = torch.from_numpy(sum(parts[1:], parts[0])) if parts else None
        return sum(weight * error for weight, (error, _) in zip(weights, found, strict=True))

    def close(self) -> None:
        """Let the other processes go."""
        for helper in self._helpers:
            helper.shutdown(wait=False, kill_workers=True)
        self._helpers = []

    def _find(self, values: Any, number: int, shares: Sequence[Any]) -> list[Found]:
        places = len(self._helpers) + 1
        asked = [
            (
                self._helpers[place % places - 1].submit(_work, values, number, share)
                if place % places
                else None
            )
            for place, share in enumerate(shares)
        ]
        own = {
            place: self._own.find(values, number, share)
            for place, share in enumerate(shares)
            if asked[place] is None
        }
        try:
            return [own[place] if one is None else one.result() for place, one in enumerate(asked)]
        except BrokenExecutor:  # a helper was killed: what it would have found is found here, to the last bit
            self.close()
            return [self._own.find(values, number, share) for share in shares]


class _Worker:
    """What one process needs to find gradients."""

    def __init__(
        self, network: Network, examples: Sequence[Examples], spreads: FloatArray, adapt: bool
    ) -> None:
        self.network, self.examples, self.spreads, self.adapt = deepcopy(network), examples, spreads, adapt

    def find(self, values: Sequence[FloatArray], number: int, rows: Any) -> Found:
        """The mean error of some rows, and its gradient for each parameter (None: it has none)."""
        with torch.no_grad():
            for parameter, value in zip(self.network.parameters(), values, strict=True):
                parameter.copy_(torch.from_numpy(value))
        spreads = torch.from_numpy(self.spreads.astype(np.float32))
        self.network.zero_grad()
        error = loss(self.network, self.examples[number], rows, spreads, adapt=self.adapt)
        error.backward()
        gradients = [
            None if one.grad is None else one.grad.numpy().copy() for one in self.network.parameters()
        ]
        return error.item(), gradients


_worker: _Worker | None = None
"""That of a helper's process."""


def _helpers(own: _Worker, count: int) -> list[Any]:
    """Processes that wait for parts, each an executor of its own.

    They read the examples from files that they hold open and that have no name any more once all have begun,
    so that nothing is left behind however this process ends.
    """
    from joblib.externals.loky import ProcessPoolExecutor

    with TemporaryDirectory(prefix="edgeopt-examples-") as folder:
        for number, part in enumerate(own.examples):
            for name, array in _arrays(part).items():
                np.save(Path(folder) / f"{number}-{name}.npy", array, allow_pickle=False)
        about = (own.network, folder, len(own.examples), own.spreads, own.adapt)
        helpers = [ProcessPoolExecutor(max_workers=1) for _ in range(count)]
        for begun in [helper.submit(_begin, *about) for helper in helpers]:
            begun.result()
    return helpers


def _begin(network: Network, folder: str, count: int, spreads: FloatArray, adapt: bool) -> None:
    global _worker  # noqa: PLW0603 - a process that helps does nothing else
    torch.set_num_threads(1)
    names = (*SEEN, "values", "known")
    examples = []
    for number in range(count):
        read = {name: np.load(Path(folder) / f"{number}-{name}.npy", mmap_mode="r") for name in names}
        examples.append(Examples({name: read[name] for name in SEEN}, read["values"], read["known"]))
    _worker = _Worker(network, examples, spreads, adapt)


def _work(values: Sequence[FloatArray], number: int, rows: Any) -> Found:
    assert _worker is not None  # begun
    return _worker.find(values, number, rows)


def _arrays(part: Examples) -> dict[str, Any]:
    return {**part.tokens, "values": part.values, "known": part.known}
