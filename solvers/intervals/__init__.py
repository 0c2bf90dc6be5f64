"""The strong formulation: caching intervals x feasible sets of models, by column generation on HiGHS."""

from .method import solve_intervals

__all__ = ["solve_intervals"]
