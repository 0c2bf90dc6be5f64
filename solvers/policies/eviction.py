"""Which cached model goes first: the orders of the classic caches, and the book-keeping they need.

fifo: the one loaded longest ago. lru: the one wanted longest ago. lfu: the one with fewest requests, older
ones fading. gdsf: GreedyDual-Size-Frequency (Cherkasova 1998), least L + requests x load cost / footprint,
where L is the rank of the last model evicted. least-context: the one whose services hold the least context,
as in the forerunner of the model (arXiv 2305.12130, "least age of thought"). Ties go to the one wanted
longest ago.
"""

from __future__ import annotations

import numpy as np

from ...problem.fields import BoolArray, FloatArray
from ..compiled import compiled
from .protocol import Site

ORDERS = ("fifo", "lru", "lfu", "gdsf", "least-context")
FIFO, LRU, LFU, GDSF, LEAST_CONTEXT = range(5)
# Rows of the book: order of loading and of last use, faded count of requests, GDSF's rank, context held.
LOADED, WANTED, COUNT, RANK, CONTEXT = range(5)
# Entries of the clock: accesses so far, and GDSF's L.
TICK, INFLATION = range(2)


class Book:
    """What is remembered about the models of one server, cached or not."""

    def __init__(self, site: Site) -> None:
        self.rows = np.zeros((5, site.models))
        self.clock = np.zeros(2)
        self.density: FloatArray = site.load_cost / site.footprint


@compiled
def record_use(
    model: int, requests: float, loaded: bool, density: FloatArray, rows: FloatArray, clock: FloatArray
) -> None:
    """Note that a model was wanted, and that it has just been loaded if so."""
    clock[TICK] += 1.0
    rows[WANTED, model] = clock[TICK]
    rows[COUNT, model] += requests
    rows[RANK, model] = clock[INFLATION] + rows[COUNT, model] * density[model]
    if loaded:
        rows[LOADED, model] = clock[TICK]
        rows[CONTEXT, model] = 0.0


@compiled
def next_victim(order: int, cached: BoolArray, rows: FloatArray) -> int:
    """Return the cached model that goes first, -1 when nothing is cached."""
    row = LOADED
    if order == LRU:
        row = WANTED
    elif order == LFU:
        row = COUNT
    elif order == GDSF:
        row = RANK
    elif order == LEAST_CONTEXT:
        row = CONTEXT
    victim = -1
    for model in range(cached.shape[0]):
        if not cached[model]:
            continue
        if (
            victim < 0
            or rows[row, model] < rows[row, victim]
            or (rows[row, model] == rows[row, victim] and rows[WANTED, model] < rows[WANTED, victim])
        ):
            victim = model
    return victim


@compiled
def evict(order: int, victim: int, cached: BoolArray, rows: FloatArray, clock: FloatArray) -> None:
    """Take a model out of the cache."""
    cached[victim] = False
    if order == GDSF:
        clock[INFLATION] = max(clock[INFLATION], rows[RANK, victim])
