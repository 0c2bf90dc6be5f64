"""Markets and auctions: mechanisms, their exact audit, and the best that any mechanism could do.

Names are imported when they are first used, so that clearing a market loads nothing that an audit needs.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .market import Market, Markets
from .outcome import Outcome, Outcomes
from .ranking import optimal_welfare, optimal_welfare_many
from .rule import Claims, Mechanism

if TYPE_CHECKING:
    from .rules.mcafee import McAfee
    from .rules.vcg import VCG

_FILES = {
    "rules.mcafee": ("McAfee",),
    "rules.vcg": ("VCG",),
}

__all__ = [
    "VCG",
    "Claims",
    "Market",
    "Markets",
    "McAfee",
    "Mechanism",
    "Outcome",
    "Outcomes",
    "optimal_welfare",
    "optimal_welfare_many",
]


def __getattr__(name: str) -> Any:
    """Import the file that a public name stands in."""
    for file, names in _FILES.items():
        if name in names:
            return getattr(import_module(f".{file}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
