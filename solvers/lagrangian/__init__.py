"""Lagrangian decomposition: prices split the problem into chains of models and knapsacks of slots."""

from .bound import bound_from_prices
from .solve import solve_lagrangian

__all__ = ["bound_from_prices", "solve_lagrangian"]
