"""Proven optima: what the decomposition leaves open is closed by sweeps, enumeration, branching and HiGHS."""

from .method import solve_exact

__all__ = ["solve_exact"]
