"""Where tasks are done: in processes of this machine, on a Ray cluster or on a Dask cluster."""

from .crew import Crew, WorkerDied
from .engine import Engine, engine_names
from .identity import source_digest

__all__ = ["Crew", "Engine", "WorkerDied", "engine_names", "source_digest"]
