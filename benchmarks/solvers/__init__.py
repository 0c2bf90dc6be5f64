"""How fast the solvers prove what they find: against the compact model, against time, against size."""

from .cases import PagingCase, ScenarioCase, TraceCase
from .runs import Job, Outcome, perform

__all__ = ["Job", "Outcome", "PagingCase", "ScenarioCase", "TraceCase", "perform"]
