"""Optimal baselines, auction audits and honest RL benchmarks for LLM caching and offloading at the edge.

Import what you need from `edgeopt.problem` and `edgeopt.solvers`.
"""

from ._version import __version__

__all__ = ["__version__"]
