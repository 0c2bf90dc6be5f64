"""Reference solutions and bounds for an instance, and the online policies measured against them.

Policies and models are imported when they are first used, so that checking a certificate needs no compiled
kernel and a command that simulates nothing starts at once.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .solution import Solution, relative_gap
from .solve import method_names, solve

if TYPE_CHECKING:
    from .milp import to_pulp, write_model
    from .policies import Agent, Decision, Observation, OnlinePolicy, Site, policy, policy_names
    from .relaxation import to_cvxpy
    from .simulation import simulate, warm_up
    from .tuner import tune, tuning

_FILES = {
    "milp": ("to_pulp", "write_model"),
    "policies": ("Agent", "Decision", "Observation", "OnlinePolicy", "Site", "policy", "policy_names"),
    "relaxation": ("to_cvxpy",),
    "simulation": ("simulate", "warm_up"),
    "tuner": ("tune", "tuning"),
}

__all__ = [
    "Agent",
    "Decision",
    "Observation",
    "OnlinePolicy",
    "Site",
    "Solution",
    "method_names",
    "policy",
    "policy_names",
    "relative_gap",
    "simulate",
    "solve",
    "to_cvxpy",
    "to_pulp",
    "tune",
    "tuning",
    "warm_up",
    "write_model",
]


def __getattr__(name: str) -> Any:
    """Import the file that a public name stands in."""
    for file, names in _FILES.items():
        if name in names:
            return getattr(import_module(f".{file}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
