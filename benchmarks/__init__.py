"""Suites that score online policies against certified references, and speed measurements."""

from .results import COLUMNS, Row, read_rows
from .settings import Settings
from .suite import Benchmark, run_benchmark

__all__ = ["COLUMNS", "Benchmark", "Row", "Settings", "read_rows", "run_benchmark"]
