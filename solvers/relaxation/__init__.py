"""Convex relaxations through cvxpy: safe lower bounds, and prices of memory, compute and energy."""

from .method import KINDS, relaxation, solve_relaxation

__all__ = ["KINDS", "relaxation", "solve_relaxation"]
