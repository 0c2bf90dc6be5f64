"""An engine by its name: ``Engine("ray", address="ray://head:10001").open()``."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module

from ...problem.errors import InvalidOption
from ..parallel import worker_count
from .crew import Crew

BACKENDS = ("local", "ray", "dask")
"""Each is a file of this package with a context manager ``backend(address, workers)``."""


def engine_names() -> tuple[str, ...]:
    """Return the names of the engines."""
    return BACKENDS


@dataclass(frozen=True)
class Engine:
    """Where tasks are to be done; nothing is started or connected before `open`.

    Parameters
    ----------
    name
        ``"local"``: processes of this machine. ``"ray"`` or ``"dask"``: the cluster at ``address``.
    address
        Of the cluster's head or scheduler; None starts a cluster on this machine that ends with the work.
    workers
        Most tasks done at the same time; None for all cores there are.

    Raises
    ------
    InvalidOption
        If there is no such engine, processes of this machine are given an address, or ``workers`` is no
        whole number of 1 or more.
    """

    name: str = "local"
    address: str | None = None
    workers: int | None = None

    def __post_init__(self) -> None:
        if self.name not in BACKENDS:
            raise InvalidOption(f"unknown engine {self.name!r}: choose from {', '.join(BACKENDS)}")
        if self.name == "local" and self.address is not None:
            raise InvalidOption(
                f"engine 'local' has no address, {self.address!r} was given: choose engine ray or dask"
            )
        worker_count(self.workers)

    @contextmanager
    def open(self) -> Iterator[Crew]:
        """Start or reach the workers; what is under way when the block ends is given up.

        Raises
        ------
        MissingLibrary
            If the engine's package is not installed.
        EngineUnreachable
            If nothing answers at the address in time.
        """
        backend = import_module(f".{self.name}", __package__).backend
        with backend(self.address, self.workers) as workers:
            yield Crew(workers)
