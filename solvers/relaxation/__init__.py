"""Convex relaxations through cvxpy: safe lower bounds, and prices of memory, compute and energy."""

from .method import KINDS, relaxation, solve_relaxation
from .modelling import CvxpyModel, to_cvxpy

__all__ = ["KINDS", "CvxpyModel", "relaxation", "solve_relaxation", "to_cvxpy"]
