"""Dask: every task is a future of `distributed`, which gives it to another worker where one died.

How often it does so is the scheduler's own setting (``distributed.scheduler.allowed-failures``, 3).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from uuid import uuid4

from ..parallel import worker_count
from .call import Died, Outcome, pack, perform, unpack
from .crew import ATTEMPTS, CONNECT_SECONDS, Backend, EngineUnreachable
from .identity import identity
from .reach import library, reach

_TRIAL = "import distributed, sys; distributed.Client(sys.argv[1]).close()"


@contextmanager
def backend(address: str | None, workers: int | None) -> Iterator[Backend]:
    """Join the scheduler at an address, or start one here with its workers in processes."""
    distributed = library("distributed", "dask")
    with ExitStack() as held:
        if address is None:
            where = held.enter_context(
                distributed.LocalCluster(
                    n_workers=worker_count(workers),
                    threads_per_worker=1,
                    processes=True,
                    dashboard_address=None,
                    silence_logs=logging.CRITICAL,
                )
            )
        else:
            reach(address, "dask", _TRIAL)
            where = address
        try:
            client = held.enter_context(
                distributed.Client(where, timeout=CONNECT_SECONDS, set_as_default=False)
            )
            client.wait_for_workers(1, timeout=CONNECT_SECONDS)
        except (OSError, ValueError) as error:
            what = " ".join(str(error).split())[:200] or "no answer"
            raise EngineUnreachable(f"no dask cluster at {address}: {what}") from None
        yield _Cluster(distributed, client, workers)


class _Cluster:
    def __init__(self, distributed: Any, client: Any, workers: int | None) -> None:
        self._wait = distributed.wait
        self._killed = distributed.KilledWorker
        self._lost = distributed.CancelledError
        self._client = client
        self._most = workers
        self._run = uuid4().hex[:8]
        self._running: dict[Any, int] = {}

    def cores(self) -> int:
        return sum(self._client.nthreads().values())

    def width(self) -> int:
        return self.cores() if self._most is None else min(self._most, self.cores())

    def window(self) -> int:
        return 2 * self.cores() if self._most is None else self._most

    def start(self, number: int, function: Callable[[Any], Any], task: Any) -> None:
        key = f"edgeopt-{self._run}-{number}"
        self._running[self._client.submit(perform, identity(), pack(function, task), key=key)] = number

    def finished(self) -> list[tuple[int, Outcome]]:
        try:
            with self._client.as_current():
                done = self._wait(list(self._running), return_when="FIRST_COMPLETED").done
            return [(self._running.pop(each), self._outcome(each)) for each in done]
        except (self._lost, OSError) as error:
            raise EngineUnreachable(f"the dask cluster is lost ({error}); finished tasks are kept") from error

    def _outcome(self, future: Any) -> Outcome:
        try:
            return unpack(future.result())
        except self._killed:
            return Died(ATTEMPTS)
        except ImportError as error:
            raise EngineUnreachable(
                f"a dask worker cannot start a task ({error}): install the same edgeopt there"
            ) from error
