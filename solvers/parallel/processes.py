"""Work on servers in processes of their own: what runs in Python runs in parallel too.

The processes are loky's: they start without running the caller's script again, and stay for the next call,
in a pool of this module's own. (The pool that joblib shares among its callers will not do: joblib expects to
find there what only joblib puts in it.) They read the monotonic clock of the machine, which is the same for
all, and learn that they must stop from one byte of a file that all have mapped. Ctrl-C is the caller's
business: they ignore it.
"""

from __future__ import annotations

import mmap
import signal
import tempfile
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor, Executor, Future
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from .work import Runner, Stop, W

_WAKE = 0.1
_IDLE_SECONDS = 300
_GO, _HALT = b"\0", b"\1"


@contextmanager
def elsewhere(workers: int) -> Iterator[Runner]:
    """Yield a function that does the work of a server in one of so many processes; threads may share it.

    Whether to stop is asked ten times a second while one waits; if so, all works are told. Gaps on the way
    are not reported.
    """
    pool = _POOL.of(workers)
    with ExitStack() as held:
        folder = held.enter_context(tempfile.TemporaryDirectory())
        flag = Path(folder) / "stop"
        flag.write_bytes(_GO)
        file = held.enter_context(flag.open("r+b"))
        byte = held.enter_context(mmap.mmap(file.fileno(), 1))

        def run(work: W, end: float, stop: Stop, report: Callable[[float], None]) -> W:  # noqa: ARG001
            future: Future[W] = pool.submit(_there, work, end, str(flag))
            while True:
                try:
                    return future.result(timeout=_WAKE)
                except TimeoutError:
                    if future.done():
                        raise
                    if stop():
                        byte[:1] = _HALT

        try:
            yield run
        except BrokenExecutor:
            _POOL.forget(pool)
            raise
        finally:
            byte[:1] = _HALT


class _Pool:
    """The processes that stay for the next call; others take their place when more are asked for."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pool: Executor | None = None
        self._workers = 0

    def of(self, workers: int) -> Executor:
        """Return a pool of so many processes or more."""
        from joblib.externals.loky import ProcessPoolExecutor

        with self._lock:
            if self._pool is None or workers > self._workers:
                if self._pool is not None:
                    self._pool.shutdown(wait=False)
                self._workers = workers
                self._pool = ProcessPoolExecutor(
                    max_workers=workers, timeout=_IDLE_SECONDS, initializer=_ignore_interrupts
                )
            return self._pool

    def forget(self, pool: Executor) -> None:
        """Have the next call start processes anew, since one of these has died."""
        with self._lock:
            if self._pool is pool:
                self._pool = None


_POOL = _Pool()


def _ignore_interrupts() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _there(work: Any, end: float, flag: str) -> Any:
    """Do the work in this process until ``end``, or until the file's byte says stop."""
    with Path(flag).open("rb") as file, mmap.mmap(file.fileno(), 1, access=mmap.ACCESS_READ) as byte:
        work.run(end, lambda: byte[:1] == _HALT, lambda _gap: None)
    return work
