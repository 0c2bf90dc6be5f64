"""An auctioneer that learns where the clocks of a double Dutch auction should stop.

It sees public statistics of earlier markets only, never the reports of the one to be cleared, so that its
ticks do not depend on reports and truthful clearing stays truthful within the market.
"""

from .auctioneer import ClockAuctioneer
from .families import FAMILIES, ORACLES, Family
from .forecast import Model
from .sequences import KINDS, Sequences, draw_sequences
from .statistics import Past, Prior, Statistics
from .training import Tuned, tune

__all__ = [
    "FAMILIES",
    "KINDS",
    "ORACLES",
    "ClockAuctioneer",
    "Family",
    "Model",
    "Past",
    "Prior",
    "Sequences",
    "Statistics",
    "Tuned",
    "draw_sequences",
    "tune",
]
