"""What is optimised: instances, plans, the dynamics, and the referee that prices them."""

from .errors import (
    EdgeoptError,
    InfeasiblePlan,
    InvalidFile,
    InvalidInstance,
    InvalidOption,
    InvalidPlan,
    InvalidTrace,
)
from .instance import Instance
from .plan import Plan
from .referee import CostReport, cloud_only_cost, evaluate, violations
from .scenarios import scenario, scenario_names
from .traces import from_trace
from .violation import Violation

__all__ = [
    "CostReport",
    "EdgeoptError",
    "InfeasiblePlan",
    "Instance",
    "InvalidFile",
    "InvalidInstance",
    "InvalidOption",
    "InvalidPlan",
    "InvalidTrace",
    "Plan",
    "Violation",
    "cloud_only_cost",
    "evaluate",
    "from_trace",
    "scenario",
    "scenario_names",
    "violations",
]
