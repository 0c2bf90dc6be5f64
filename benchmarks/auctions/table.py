"""The experiment of McAfee (1992), table I: what is lost in random markets, by the number of traders.

Values and costs are drawn independently and uniformly from 1, 2, ..., 1000, with as many buyers as sellers.
The total is the gain from trade over the first best; the traders' share leaves out what stays with the
auctioneer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ...mechanisms import Markets, optimal_welfare_many
from ...mechanisms.ceilings.shares import mean_welfare
from ..study import Report, percent
from .rules import TRUTHFUL_WITHOUT_DEFICIT, rule

TRADERS = (2, 3, 4, 5, 10, 15, 25, 50, 100)
MARKETS = 200_000
_BATCH = 2_000_000

PUBLISHED: Mapping[str, Mapping[int, tuple[float, float]]] = {
    "mcafee": {
        2: (77.18, 69.01), 3: (88.08, 80.05), 4: (92.45, 83.9), 5: (94.61, 86.08), 10: (98.37, 91.78),
        15: (99.22, 94.18), 25: (99.71, 96.35), 50: (99.92, 98.08), 100: (99.98, 99.01),
    },
    "sbba": {
        2: (62.69, 62.69), 3: (77.75, 77.75), 4: (84.39, 84.39), 5: (88.03, 88.03), 10: (94.53, 94.53),
        15: (96.46, 96.46), 25: (97.92, 97.92), 50: (98.98, 98.98), 100: (99.49, 99.49),
    },
    "trade-reduction": {
        2: (24.96, 16.57), 3: (52.45, 33.55), 4: (69.11, 44.98), 5: (79.11, 53.42), 10: (94.32, 73.46),
        15: (97.43, 81.59), 25: (99.06, 88.57), 50: (99.76, 94.16), 100: (99.94, 97.04),
    },
}  # fmt: skip
"""Per cent of the first best, total and traders', of 50,000 markets a row.

Source: E. Segal-Halevi, github.com/erelsgl/auctions, results/experiment_comparing_mcafee_to_sbb_concise.csv
at commit 6adb280 (columns mcafee, extcomp and mcafeenh), the experiment of his AAAI 2020 paper.
"""


@dataclass(frozen=True)
class Shares:
    """Welfare of a mechanism over many random markets.

    Parameters
    ----------
    mechanism, traders, markets
        Which, with how many on each side, and in how many markets.
    total, kept
        Gain from trade, and its part that the traders keep, over the first best (sums over the markets).
    all_trades
        Share of the markets in which no efficient trade was lost.
    """

    mechanism: str
    traders: int
    markets: int
    total: float
    kept: float
    all_trades: float


def shares(name: str, traders: int, markets: int, seed: int = 0) -> Shares:
    """Measure one mechanism; lots are averaged out, not drawn."""
    rng, mechanism = np.random.default_rng([seed, traders]), rule(name)
    best = welfare = surplus = complete = 0.0
    size = max(_BATCH // (2 * traders), 1)
    for first in range(0, markets, size):
        shape = (min(size, markets - first), traders)
        drawn = Markets(*rng.integers(1, 1001, (2, *shape)).astype(np.float64))
        gains, left = mean_welfare(mechanism, drawn)
        optimal = optimal_welfare_many(drawn)
        best += float(optimal.sum())
        welfare += float(gains.sum())
        surplus += float(left.sum())
        complete += float((gains >= optimal - 1e-6).sum())
    return Shares(name, traders, markets, welfare / best, (welfare - surplus) / best, complete / markets)


def run(quick: bool) -> Report:
    """Measure the truthful mechanisms without a deficit."""
    counts, markets = ((2, 5), 2_000) if quick else (TRADERS, MARKETS)
    found = [shares(name, n, markets) for n in counts for name in TRUTHFUL_WITHOUT_DEFICIT]
    rows = [_row(each) for each in found]
    return Report(
        "table",
        f"Share of the first best, {markets:,} random markets a row",
        ("mechanism", "traders a side", "total", "traders'", "nothing lost", "published"),
        rows,
        [
            "Uniform values and costs from 1 to 1000 as in McAfee (1992), table I; total / traders' share.",
            "Published: the same experiment by E. Segal-Halevi's own code (github.com/erelsgl/auctions, "
            "6adb280), 50,000 markets a row.",
        ],
        [vars(each) | {"published": PUBLISHED[each.mechanism].get(each.traders)} for each in found],
    )


def _row(each: Shares) -> tuple[str, ...]:
    published = PUBLISHED[each.mechanism].get(each.traders)
    return (
        each.mechanism,
        str(each.traders),
        percent(each.total, 2),
        percent(each.kept, 2),
        percent(each.all_trades),
        "" if published is None else f"{published[0]:.2f} / {published[1]:.2f}",
    )
