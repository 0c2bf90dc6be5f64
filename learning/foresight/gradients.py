"""The gradient of one step of the regression, in parts that several processes find at the same time.

A step's traces are split into parts of `PART`, whatever the number of processes, and the parts' gradients are
added up in order: so the weights do not depend on that number, bit for bit.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from copy import deepcopy
from multiprocessing import Pipe
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
            helper.close()
        self._helpers = []

    def _find(self, values: Any, number: int, shares: Sequence[Any]) -> list[Found]:
        found: list[Found] = []
        crew = len(self._helpers) + 1
        try:
            for first in range(0, len(shares), crew):
                own, *others = shares[first : first + crew]
                busy = self._helpers[: len(others)]
                for helper, share in zip(busy, others, strict=True):
                    helper.ask((values, number, share))
                found.append(self._own.find(values, number, own))
                found += [helper.answer() for helper in busy]
        except (EOFError, OSError):  # a helper was killed: what it would have found is found here
            self.close()
            return [self._own.find(values, number, share) for share in shares]
        return found


class _Worker:
    """What one process needs to find gradients."""

    def __init__(
        self, network: Network, examples: Sequence[Examples], spreads: FloatArray, adapt: bool
    ) -> None:
        torch.set_num_threads(1)  # sums differ in their last bits with the number of threads
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


class _Helper:
    """A process that waits for parts; it ends when nobody can ask it any more."""

    def __init__(self, worker: _Worker, folder: str) -> None:
        from joblib.externals.loky.backend.process import LokyProcess

        self._line, line = Pipe()
        about = (line, worker.network, folder, len(worker.examples), worker.spreads, worker.adapt)
        # Of the ways to start a process, this one does not run the caller's script again.
        self.process = LokyProcess(target=_serve, args=about, daemon=True)
        self.process.start()
        line.close()

    def ask(self, job: tuple[Any, ...]) -> None:
        self._line.send(job)

    def answer(self) -> Any:
        return self._line.recv()

    def close(self) -> None:
        self._line.close()
        self.process.join()


def _helpers(own: _Worker, count: int) -> list[_Helper]:
    """Processes that have opened the examples.

    Their files lose their names once all have begun, so that nothing is left behind however this one ends.
    """
    with TemporaryDirectory(prefix="edgeopt-examples-") as folder:
        for number, part in enumerate(own.examples):
            for name, array in {**part.tokens, "values": part.values, "known": part.known}.items():
                np.save(Path(folder) / f"{number}-{name}.npy", array, allow_pickle=False)
        helpers = [_Helper(own, folder) for _ in range(count)]
        for helper in helpers:
            helper.answer()
    return helpers


def _serve(line: Any, network: Network, folder: str, count: int, spreads: FloatArray, adapt: bool) -> None:
    """The life of a helper."""
    names = (*SEEN, "values", "known")
    examples = []
    for number in range(count):
        read = {name: np.load(Path(folder) / f"{number}-{name}.npy", mmap_mode="r") for name in names}
        examples.append(Examples({name: read[name] for name in SEEN}, read["values"], read["known"]))
    worker = _Worker(network, examples, spreads, adapt)
    line.send("begun")
    with suppress(EOFError, OSError):
        while True:
            line.send(worker.find(*line.recv()))
