"""Runs the sweeps of ``sweep.py`` for one server: a better plan, a better bound, or both.

What keeps a sweep over many slots wide is that every state may still lose in later slots what all of them
must lose there. So sweeps from the open state are done first, from every other slot, the last one first: the
least excess of the slots from there on is then known, and charged to every state of a sweep that begins
before it. From one beginning to the next the least excess grows little. So its limit starts just above what
is known, and is raised until a sweep stays below it: such a sweep follows few states, and can go far.
"""

from __future__ import annotations

import math
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

_STEP, _SPAN = 2, 250
"""Slots from one sweep's beginning to the next one's, and the most slots of one that bounds what is ahead."""
_FIRST_RISE, _FASTER = 2.0, 1.5
"""Rise of a limit, in parts of the slack as if all slots used it up alike; how much faster it then rises."""


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
    ahead
        (T + 1,) proven: what the slots from each slot on cost a plan at least, beside the cap that the prices
        alone prove (cost).
    """

    cached: BoolArray | None
    cap: float
    complete: bool
    ahead: FloatArray


def sweep(
    server: Server, prices: FloatArray, known: float, width: int, stop: Callable[[], bool]
) -> Sweep | None:
    """Sweep the server's slots (None: there are too many models) with at most ``width`` states alive.

    Parameters
    ----------
    prices
        (M + 2, T) prices.
    known
        Savings of the best plan known: states that cannot beat it are dropped.
    stop
        Asked once a slot; when true, what is proved so far is returned.
    """
    if server.models > LARGEST_MODELS:
        return None
    field = _Field.of(server, prices)
    scaled, slots = field.scaled, server.slots
    target = float(np.floor((known - scaled.resource) * scaled.scale))
    ahead = _least_excess(field, field.root - target, width, stop)
    cap = max(field.root - ahead[0], target)
    run = _run(field, 0, slots, target, ahead, width, stop)
    if run is None:
        return Sweep(None, cap / scaled.scale + scaled.resource, complete=False, ahead=ahead / scaled.scale)
    cap = min(cap, max(run.cap, target))
    found = _trace(run, server.models) if run.best > target else None
    return Sweep(
        found, cap / scaled.scale + scaled.resource, run.dropped <= target, ahead=ahead / scaled.scale
    )


def _least_excess(field: _Field, slack: float, width: int, stop: Callable[[], bool]) -> FloatArray:
    """Least excess (T + 1,) of the slots from each slot on, whatever the state there; at most ``slack``.

    What is known so far if stopped: less, and valid.
    """
    slots = field.graph[0].shape[1] - 1
    ahead = np.zeros(slots + 1)
    for begin in range(_STEP * ((slots - 1) // _STEP), 0, -_STEP):
        rise = max(1.0, _FIRST_RISE * slack * _STEP / slots)
        least = ahead[begin]
        while least < slack:
            limit = min(slack, ahead[begin] + math.ceil(rise))  # whole, so that it is met exactly
            lowest, end = field.root - limit, min(begin + _SPAN, slots)
            run = _run(field, begin, end, lowest, ahead, width, stop, narrow=True)
            if run is None:
                break
            reached = field.root - max(run.cap, lowest)
            least = max(least, reached)
            if reached < limit:
                break
            rise *= _FASTER
        ahead[: begin + 1] = least
        if stop():
            break
    return ahead


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
    """Proven cap on every plan; best cap left at the end (-inf: none) and best one dropped; the way back.

    All caps are taken after what is ahead is charged.
    """

    cap: float
    best: float
    dropped: float
    parents: list[IntArray]
    masks: list[IntArray]


def _run(
    field: _Field,
    begin: int,
    end: int,
    lowest: float,
    ahead: FloatArray,
    width: int,
    stop: Callable[[], bool],
    *,
    narrow: bool = False,
) -> _Run | None:
    """Sweep slots begin to end - 1; a state after slot t needs a cap above ``lowest + ahead[t + 1]``.

    The best cap alive or dropped holds for all plans after any slot, so the least of these is proven.
    ``narrow`` does only what can lower it: it leaves out states that do not beat the best one dropped.
    """
    first, successor = field.graph
    models = first.shape[0]
    limits = (_since(begin, end, first, successor), first[:, 1:] - 1)
    state = np.zeros((width, models), dtype=np.int32)
    state[0] = OPEN if begin > 0 else 0
    caps, count = np.full(width, field.root), 1
    cap, best, dropped = math.inf, -math.inf, -math.inf
    parents, masks = [], []
    for t in range(begin, end):
        if stop():
            return None
        charge = ahead[t + 1]
        floor = (max(lowest, dropped) if narrow else lowest) + charge
        count, lost, parent, mask = expand(
            t, state, caps, count, field.graph, field.costs, limits, field.shelf, floor, field.codes,
            8 * width + 64,
        )  # fmt: skip
        dropped = max(dropped, lost - charge)
        parents.append(parent)
        masks.append(mask)
        best = float(caps[:count].max(initial=-np.inf)) - charge
        cap = min(cap, max(best, dropped))
        if count == 0 or (narrow and dropped >= cap):
            break
    return _Run(cap, best, dropped, parents, masks)


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
