"""What memory is worth on training instances: the mean of its prices in their Lagrangian relaxation."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ...problem.fields import IntArray
from ..knapsack import knapsack_limit
from .mpc_intervals import interval_savings
from .mpc_prices import MemoryPrices
from .protocol import Site

# Runs are cut into blocks of this length; the work of a block grows with its square.
BLOCK = 150
ITERATIONS = 80


def mean_price(site: Site, stretches: Sequence[IntArray]) -> float:
    """Return the mean price of a byte and slot over runs (T, S) of arrivals, all of them known.

    Every request is served where that pays over the block; compute and energy are taken for free, since the
    policies price them as they go.
    """
    total, slots = 0.0, 0
    for stretch in stretches:
        for begin in range(0, stretch.shape[0], BLOCK):
            block = stretch[begin : begin + BLOCK]
            total += _sum_of_prices(site, block)
            slots += block.shape[0]
    return total / slots


def _sum_of_prices(site: Site, block: IntArray) -> float:
    """Add up the prices of the slots of a block that begins with an empty cache."""
    later = block.shape[0] - 1
    first = site.gain * block[0] - site.vanish
    table = np.empty((site.models, later, later + 1))
    interval_savings(
        first.astype(np.float64), block[1:].astype(np.float64), np.zeros(site.services), site.service_model,
        site.gain, site.vanish, site.window, site.saving, table,
    )  # fmt: skip
    now = np.bincount(
        site.service_model, weights=block[0] * np.maximum(0.0, site.saving[:, 0]), minlength=site.models
    ).astype(np.float64)
    prices = MemoryPrices(later)
    prices.improve(
        table, now, site.load_cost, np.zeros(site.models, dtype=np.bool_), site.footprint,
        knapsack_limit(site.memory), ITERATIONS,
    )  # fmt: skip
    return float(prices.price.sum())
