"""Markets of traders who want or offer several units each, and the mechanisms for them."""

from .huang import HuangMultiUnit
from .market import MultiUnitMarket, optimal_welfare
from .misreport import QuantityMisreport, quantity_misreport
from .muda import MUDA, Split
from .outcome import MultiUnitOutcome

__all__ = [
    "MUDA",
    "HuangMultiUnit",
    "MultiUnitMarket",
    "MultiUnitOutcome",
    "QuantityMisreport",
    "Split",
    "optimal_welfare",
    "quantity_misreport",
]
