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
    from .audits.audit import audit
    from .audits.best_response import BestResponse, best_response
    from .audits.verdicts.report import AuditReport
    from .ceilings.design import Ceiling, second_best
    from .ceilings.shares import WelfareShare, welfare_share
    from .edge_market import EdgeMarket, EdgeState, Lease, market_from_instance
    from .lottery import expectation
    from .multi_unit import MUDA, HuangMultiUnit, MultiUnitMarket, quantity_misreport
    from .rules.iterative import IterativeDoubleAuction
    from .rules.k_double_auction import KDoubleAuction
    from .rules.mcafee import McAfee
    from .rules.posted_price import PostedPrice
    from .rules.strongly_balanced import StronglyBudgetBalanced
    from .rules.trade_reduction import TradeReduction
    from .rules.vcg import VCG

_FILES = {
    "audits.audit": ("audit",),
    "audits.verdicts.report": ("AuditReport",),
    "audits.best_response": ("BestResponse", "best_response"),
    "ceilings.design": ("Ceiling", "second_best"),
    "ceilings.shares": ("WelfareShare", "welfare_share"),
    "edge_market": ("EdgeMarket", "EdgeState", "Lease", "market_from_instance"),
    "lottery": ("expectation",),
    "multi_unit": ("MUDA", "HuangMultiUnit", "MultiUnitMarket", "quantity_misreport"),
    "rules.iterative": ("IterativeDoubleAuction",),
    "rules.k_double_auction": ("KDoubleAuction",),
    "rules.mcafee": ("McAfee",),
    "rules.posted_price": ("PostedPrice",),
    "rules.strongly_balanced": ("StronglyBudgetBalanced",),
    "rules.trade_reduction": ("TradeReduction",),
    "rules.vcg": ("VCG",),
}

__all__ = [
    "MUDA",
    "VCG",
    "AuditReport",
    "BestResponse",
    "Ceiling",
    "Claims",
    "EdgeMarket",
    "EdgeState",
    "HuangMultiUnit",
    "IterativeDoubleAuction",
    "KDoubleAuction",
    "Lease",
    "Market",
    "Markets",
    "McAfee",
    "Mechanism",
    "MultiUnitMarket",
    "Outcome",
    "Outcomes",
    "PostedPrice",
    "StronglyBudgetBalanced",
    "TradeReduction",
    "WelfareShare",
    "audit",
    "best_response",
    "expectation",
    "market_from_instance",
    "optimal_welfare",
    "optimal_welfare_many",
    "quantity_misreport",
    "second_best",
    "welfare_share",
]


def __getattr__(name: str) -> Any:
    """Import the file that a public name stands in."""
    for file, names in _FILES.items():
        if name in names:
            return getattr(import_module(f".{file}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
