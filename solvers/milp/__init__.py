"""The compact mixed-integer model, written in PuLP and solved exactly by HiGHS."""

from .highs import HighsOutcome, require_highs, run_highs
from .method import solve_milp

__all__ = ["HighsOutcome", "require_highs", "run_highs", "solve_milp"]
