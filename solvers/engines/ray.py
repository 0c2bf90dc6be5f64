"""Ray: every task is a remote function of one core, which Ray itself starts again where its worker died."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from ..parallel import worker_count
from .call import Died, Outcome, pack, perform, unpack
from .crew import ATTEMPTS, Backend, EngineUnreachable
from .identity import identity
from .reach import library, reach

_STORE_BYTES = 256 * 2**20
"""Memory of a local cluster for tasks on their way; those are few, and about a megabyte each."""

_TRIAL = "import logging, ray, sys; ray.init(sys.argv[1], logging_level=logging.ERROR, log_to_driver=False)"


@contextmanager
def backend(address: str | None, workers: int | None) -> Iterator[Backend]:
    """Use the cluster that this process has joined, join the one at an address, or start one here."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    ray = library("ray", "ray")
    joined = not ray.is_initialized()
    if joined:
        quiet: dict[str, Any] = {"logging_level": logging.ERROR, "log_to_driver": False}
        if address is not None:
            reach(address, "ray", _TRIAL)
            ray.init(address=address, **quiet)
        else:
            _start(ray, worker_count(workers), quiet)
    cluster = _Cluster(ray, workers)
    try:
        if cluster.cores() < 1:
            raise EngineUnreachable(f"the ray cluster at {address} has no core to work on")
        yield cluster
    finally:
        cluster.give_up()
        if joined:
            ray.shutdown()


def _start(ray: Any, cores: int, quiet: dict[str, Any]) -> None:
    """Start a cluster on this machine; Ray gives up where that takes it more than half a minute."""
    store = _STORE_BYTES
    try:
        ray.init(address="local", num_cpus=cores, include_dashboard=False, object_store_memory=store, **quiet)
    except Exception as error:  # Ray raises this very class
        ray.shutdown()
        raise EngineUnreachable(f"ray does not start on this machine: {error}") from error


class _Cluster:
    def __init__(self, ray: Any, workers: int | None) -> None:
        self._ray = ray
        self._most = workers
        self._call = ray.remote(perform).options(num_cpus=1, max_retries=ATTEMPTS - 1)
        self._running: dict[Any, int] = {}

    def cores(self) -> int:
        return int(self._ray.cluster_resources().get("CPU", 0))

    def width(self) -> int:
        return self.cores() if self._most is None else min(self._most, self.cores())

    def window(self) -> int:
        return 2 * self.cores() if self._most is None else self._most

    def start(self, number: int, function: Callable[[Any], Any], task: Any) -> None:
        self._running[self._call.remote(identity(), pack(function, task))] = number

    def finished(self) -> list[tuple[int, Outcome]]:
        done, _ = self._ray.wait(list(self._running), num_returns=1)
        return [(self._running.pop(each), self._outcome(each)) for each in done]

    def give_up(self) -> None:
        """Cancel what is under way."""
        for each in self._running:
            self._ray.cancel(each, force=True)
        self._running.clear()

    def _outcome(self, reference: Any) -> Outcome:
        errors = self._ray.exceptions
        try:
            return unpack(self._ray.get(reference))
        except (errors.WorkerCrashedError, errors.OutOfMemoryError, errors.ObjectLostError):
            return Died(ATTEMPTS)
        except errors.RaySystemError as error:
            raise EngineUnreachable(f"a ray worker cannot start a task: {error}") from error
