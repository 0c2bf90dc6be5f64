"""The compact mixed-integer model, written in PuLP and solved exactly by HiGHS."""

from .highs import HighsOutcome, require_highs, run_highs
from .method import solve_milp
from .model_files import write_model
from .modelling import PulpModel, to_pulp

__all__ = [
    "HighsOutcome",
    "PulpModel",
    "require_highs",
    "run_highs",
    "solve_milp",
    "to_pulp",
    "write_model",
]
