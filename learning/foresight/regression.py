"""The regression of what came after on what had been seen: the network learns to foretell.

Demand does not depend on what a policy does, so this needs no exploration, no critic and no rollout: every
slot of every trace is an example. The targets know the future, the network does not: what is fitted is a
conditional mean given the past.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from ...problem.fields import FloatArray
from ..networks.network import Network
from .traces import Traces

SEEN = ("models", "server", "model_mask")
"""The tokens that `Network.read` and `Network.foretell` look at."""


@dataclass(frozen=True, eq=False)
class Examples:
    """Traces of equal sizes, as far as the network reads them (`SEEN`), with their `traces.targets`."""

    tokens: Mapping[str, Any]
    values: FloatArray
    known: FloatArray

    @classmethod
    def of(cls, traces: Traces, values: FloatArray, known: FloatArray) -> Examples:
        """The examples of some traces."""
        return cls({name: traces.tokens[name] for name in SEEN}, values, known)

    def __len__(self) -> int:
        return len(self.values)


def spread(parts: Sequence[Examples]) -> FloatArray:
    """Standard deviation (F,) of each target over all parts."""
    found = []
    for column in range(parts[0].values.shape[-1]):
        rows = [
            part.values[..., column][
                part.tokens["model_mask"].astype(bool) & (part.known[..., column, None] > 0)
            ]
            for part in parts
        ]
        together = np.concatenate(rows)
        found.append(together.std() if together.size else 1.0)
    return np.asarray(found, dtype=np.float64) + 1e-3


def batches(parts: Sequence[Examples], size: int, rng: np.random.Generator) -> Iterator[tuple[int, Any]]:
    """Go once through all traces in random order: which part, and which of its rows."""
    drawn = [
        (number, rows)
        for number, part in enumerate(parts)
        for rows in np.array_split(rng.permutation(len(part)), max(1, len(part) // size))
    ]
    for place in rng.permutation(len(drawn)):
        yield drawn[place]


def loss(network: Network, part: Examples, rows: Any, spreads: Any, *, adapt: bool = True) -> Any:
    """Mean squared error of the foretold, each target in units of its standard deviation: a scalar."""
    return error(foretell(network, part.tokens, rows, adapt=adapt), part, rows, spreads)


def foretell(network: Network, tokens: Mapping[str, Any], rows: Any, *, adapt: bool = True) -> Any:
    """What the network says of whole traces, a tensor (B, T, M, F): those of some rows."""
    seen = demand_tensors(tokens, rows)
    lanes, slots, models = seen["model_mask"].shape
    read, _ = network.read(seen, beginnings(lanes, slots), network.initial(lanes, models), adapt=adapt)
    return network.foretell(read, seen)


def error(said: Any, part: Examples, rows: Any, spreads: Any) -> Any:
    """Mean squared error of what is said (B, T, M, F) of some rows, in units of `spreads`: a scalar."""
    off = (said - torch.from_numpy(part.values[rows])) / spreads
    real = torch.from_numpy(np.asarray(part.tokens["model_mask"][rows], dtype=np.float32))
    weight = torch.from_numpy(part.known[rows])[:, :, None] * real[..., None]
    return (off**2 * weight).sum(dim=-1).mean()


def foretold(network: Network, traces: Traces, *, batch: int = 16, adapt: bool = True) -> FloatArray:
    """What the network says of whole traces (B, T, M, F), slot by slot from what had been seen."""
    out = []
    with torch.inference_mode():
        for first in range(0, len(traces.episodes), batch):
            rows = slice(first, first + batch)
            out.append(foretell(network, traces.tokens, rows, adapt=adapt).numpy())
    return np.concatenate(out).astype(np.float64)


def demand_tensors(tokens: Mapping[str, Any], rows: Any) -> dict[str, Any]:
    """The tokens `SEEN` of some rows, as tensors."""
    return {
        name: torch.from_numpy(np.ascontiguousarray(tokens[name][rows], dtype=np.float32)) for name in SEEN
    }


def beginnings(lanes: int, slots: int) -> Any:
    """Where an episode begins: bool (lanes, slots), at the first slot."""
    begun = torch.zeros(lanes, slots, dtype=torch.bool)
    begun[:, 0] = True
    return begun
