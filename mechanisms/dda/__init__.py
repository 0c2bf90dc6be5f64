"""The double Dutch auction: its clearing, its protocol, the policies that choose its clocks' steps."""

from .auction import DoubleDutchAuction
from .policy import ClockPolicy, PolicyAuction, SlowAfterFirst, StepSchedule
from .policy_audit import PolicyAudit, policy_audit
from .replies import BestResponding, best_reply
from .sessions import session
from .ticks import Ticks, fixed_ticks, geometric_ticks, quantile_ticks, stepped_ticks
from .truthful import TruthfulDoubleDutchAuction

__all__ = [
    "BestResponding",
    "ClockPolicy",
    "DoubleDutchAuction",
    "PolicyAuction",
    "PolicyAudit",
    "SlowAfterFirst",
    "StepSchedule",
    "Ticks",
    "TruthfulDoubleDutchAuction",
    "best_reply",
    "fixed_ticks",
    "geometric_ticks",
    "policy_audit",
    "quantile_ticks",
    "session",
    "stepped_ticks",
]
