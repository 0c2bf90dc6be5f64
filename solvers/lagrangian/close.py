"""Runs the sweeps of ``sweep.py`` for one server: a better plan, a better bound, or both.

What keeps a sweep over many slots wide is that every state may still lose in later slots what all of them
must lose there. So blocks of slots are swept first, last block first, each from the open state: the least
excess of the slots from a block on is then known and charged to every state before it. A block's least
excess is small beside the slack of all slots together, and only plans below it need to be followed: a limit
starts low and grows until a block stays below it. So blocks stay narrow, and can be many and long.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .bound import Scaled
from .chains import best_chain
from .graph import FloatArray, IntArray
from .server import Server
from .sets import best_sets
from .sweep import LARGEST_MODELS, OPEN, expand

BoolArray = np.typing.NDArray[np.bool_]

_STEP = 10
_SPAN = 80
"""Slots from one block's start to the next one's, and slots of a block."""
_FIRST_SHARE = 64
"""Part of the slack that a block may use up before its limit is doubled."""


@dataclass(frozen=True)
class Sweep:
    """Result of a sweep.

    Attributes
    ----------
    cached
        (M, T) presence of the best plan reached; None if none beats the one known.
    cap
        Proven: no plan saves more than this, or than the figure that had to be beaten.
    complete
        No state was dropped for lack of room.
    """

    cached: BoolArray | None
    cap: float
    complete: bool


def sweep(
    server: Server, prices: FloatArray, known: float, width: int, stop: Callable[[], bool]
) -> Sweep | None:
    """Sweep the server's slots with at most ``width`` states alive.

    Parameters
    ----------
    prices
        (M + 2, T) prices.
    known
        Savings of the best plan known: states that cannot beat it are dropped.
    stop
        Asked once a slot; when true, None is returned.
    """
    if server.models > LARGEST_MODELS:
        return None
    field = _Field.of(server, prices)
    scaled, slots = field.scaled, server.slots
    target = float(np.floor((known - scaled.resource) * scaled.scale))
    ahead = np.zeros(slots + 1)
    for begin in range(_STEP * ((slots - 1) // _STEP), 0, -_STEP):
        least = _least_from(field, begin, ahead, field.root - target, width, stop)
        if least is None:
            return None
        ahead[: begin + 1] = max(least, ahead[begin])
    run = _run(field, 0, slots, target + ahead[1:], width, stop)
    if run is None:
        return None
    cap = max(run.best, run.dropped, target)
    found = _trace(run, server.models) if run.best > target else None
    return Sweep(found, cap / scaled.scale + scaled.resource, complete=run.dropped <= target)


def _least_from(
    field: _Field, begin: int, ahead: FloatArray, slack: float, width: int, stop: Callable[[], bool]
) -> float | None:
    """Least excess of the slots from ``begin`` on, up to ``slack``; None if stopped."""
    end = min(begin + _SPAN, ahead.size - 1)
    beyond = max(1.0, slack // _FIRST_SHARE)
    while True:
        limit = min(slack, ahead[end] + beyond)
        lowest = field.root - limit
        run = _run(field, begin, end, lowest + ahead[1:], width, stop)
        if run is None:
            return None
        least = field.root - max(run.best, run.dropped, lowest + ahead[end]) + ahead[end]
        if least < limit or limit >= slack:
            return float(least)
        beyond *= 2.0


@dataclass(frozen=True)
class _Field:
    """What the kernels read: the decomposition's values at given prices, in whole numbers."""

    scaled: Scaled
    root: float
    graph: tuple[IntArray, IntArray]
    costs: tuple[FloatArray, ...]
    shelf: tuple[FloatArray, float]
    codes: IntArray

    @classmethod
    def of(cls, server: Server, prices: FloatArray) -> _Field:
        scaled = Scaled.of(server, prices)
        graph, models, slots = server.graph, server.models, server.slots
        ahead, idle = np.zeros(scaled.value.size), np.zeros((models, slots + 2))
        for m in range(models):
            best_chain(
                m, graph.first, graph.successor, scaled.value, scaled.rent[m], scaled.load[m],
                ahead, idle[m], np.zeros(slots, dtype=np.bool_),
            )  # fmt: skip
        collected = np.zeros(slots)
        best_sets(scaled.rent, server.outer_shelf, collected, np.zeros(scaled.rent.shape, dtype=np.bool_))
        collected = np.ceil(collected * scaled.inflate)
        longest = int(np.diff(graph.first, axis=1).max())
        return cls(
            scaled=scaled,
            root=float(idle[:, 0].sum() + collected.sum()),
            graph=(graph.first, graph.successor),
            costs=(scaled.rent, scaled.load, ahead, idle, collected),
            shelf=(server.footprint, server.outer_shelf.capacity),
            codes=np.random.default_rng(7).integers(-(2**62), 2**62, size=(models, longest + 3)),
        )


@dataclass(frozen=True)
class _Run:
    """Best cap at the end (-inf if no state is left), best cap dropped after its charge, and the way back."""

    best: float
    dropped: float
    parents: list[IntArray]
    masks: list[IntArray]


def _run(
    field: _Field, begin: int, end: int, floors: FloatArray, width: int, stop: Callable[[], bool]
) -> _Run | None:
    """Sweep slots begin to end - 1; a state after slot t needs a cap above ``floors[t]``."""
    first, successor = field.graph
    models = first.shape[0]
    limits = (_since(begin, end, first, successor), first[:, 1:] - 1)
    state = np.zeros((width, models), dtype=np.int32)
    state[0] = OPEN if begin > 0 else 0
    caps, count = np.full(width, field.root), 1
    dropped = -np.inf
    parents, masks = [], []
    for t in range(begin, end):
        if stop():
            return None
        count, lost, parent, mask = expand(
            t, state, caps, count, field.graph, field.costs, limits, field.shelf, floors[t], field.codes,
            8 * width + 64,
        )  # fmt: skip
        dropped = max(dropped, lost - (floors[t] - floors[end - 1]))
        parents.append(parent)
        masks.append(mask)
        if count == 0:
            break
    return _Run(float(caps[:count].max(initial=-np.inf)), dropped, parents, masks)


def _since(begin: int, end: int, first: IntArray, successor: IntArray) -> IntArray:
    """(M, T) node of each model if it entered in slot ``begin`` and stayed."""
    node = np.zeros((first.shape[0], first.shape[1] - 1), dtype=np.int64)
    node[:, begin] = first[:, begin]
    for t in range(begin, end - 1):
        node[:, t + 1] = successor[node[:, t]]
    if end < node.shape[1]:
        node[:, end] = successor[node[:, end - 1]]
    return node


def _trace(run: _Run, models: int) -> BoolArray:
    """Presence (M, T) of the best final state, which is the first."""
    cached = np.zeros((models, len(run.parents)), dtype=np.bool_)
    at = 0
    for t in range(len(run.parents) - 1, -1, -1):
        cached[:, t] = (int(run.masks[t][at]) >> np.arange(models)) & 1
        at = int(run.parents[t][at])
    return cached
