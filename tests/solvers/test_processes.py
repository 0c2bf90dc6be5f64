"""Servers in processes: the same results, errors come back, and all stop when told to."""

from __future__ import annotations

import math
import os
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import BrokenExecutor
from importlib import import_module
from typing import Any

import numpy as np
import pytest

from edgeopt.problem import InvalidOption, scenario
from edgeopt.solvers import solve
from edgeopt.solvers.certificate import check_certificate
from edgeopt.solvers.parallel import work_on_servers

MODULES = {
    "exact": "exact.method",
    "intervals": "intervals.method",
    "milp": "milp.method",
}


@pytest.mark.parametrize("method", MODULES)
def test_processes_find_what_one_worker_finds(method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    module = import_module(f"edgeopt.solvers.{MODULES[method]}")
    instance = scenario("workflow", slots=20, servers=3, models=4, services=8)
    one = solve(instance, method, workers=1)
    monkeypatch.setattr(module, "PROCESS_CELLS", 0)
    other = solve(instance, method, workers=2)
    assert one.plan is not None
    assert other.plan is not None
    assert (other.cost, other.lower_bound) == (one.cost, one.lower_bound)
    assert np.array_equal(other.plan.cached, one.plan.cached)
    assert np.array_equal(other.plan.served, one.plan.served)
    assert check_certificate(instance, other).proved


def waiting() -> Any:
    """Make work that lasts until told to stop, of a local class: no other process can import this file."""

    class Waiting:
        stopped = False

        def run(
            self, deadline: float, asked_to_stop: Callable[[], bool], report: Callable[[float], None]
        ) -> None:
            del report
            while not asked_to_stop() and time.monotonic() < deadline:
                time.sleep(0.01)
            self.stopped = asked_to_stop()

    return Waiting()


def broken() -> Any:
    """Make work that fails at once."""

    class Broken:
        def run(
            self, deadline: float, asked_to_stop: Callable[[], bool], report: Callable[[float], None]
        ) -> None:
            del deadline, asked_to_stop, report
            raise InvalidOption("broken server")

    return Broken()


def test_a_stop_reaches_all_processes_and_their_work_comes_back() -> None:
    works, begun = [waiting() for _ in range(3)], time.monotonic()
    work_on_servers(works, math.inf, lambda: time.monotonic() > begun + 1.0, 2, processes=True)
    assert all(work.stopped for work in works)


def test_an_error_in_a_process_is_raised_and_stops_the_others() -> None:
    works = [waiting(), broken()]
    with pytest.raises(InvalidOption, match="broken server"):
        work_on_servers(works, math.inf, lambda: False, 2, processes=True)


def fatal() -> Any:
    """Make work that takes its process with it."""

    class Fatal:
        def run(
            self, deadline: float, asked_to_stop: Callable[[], bool], report: Callable[[float], None]
        ) -> None:
            del deadline, asked_to_stop, report
            os._exit(1)

    return Fatal()


def test_after_a_process_died_others_take_its_place() -> None:
    with pytest.raises(BrokenExecutor):
        work_on_servers([waiting(), fatal()], math.inf, lambda: False, 2, processes=True)
    test_a_stop_reaches_all_processes_and_their_work_comes_back()


def test_more_processes_than_last_time() -> None:
    for workers in (2, 3):
        works, begun = [waiting() for _ in range(3)], time.monotonic()
        work_on_servers(works, math.inf, lambda: time.monotonic() > begun + 0.5, workers, processes=True)  # noqa: B023
        assert all(work.stopped for work in works)


def test_a_caller_may_use_joblib_afterwards() -> None:
    """In a process of its own: what joblib keeps of earlier calls decides whether that works."""
    script = """if True:
        import math, time
        from joblib import Parallel, delayed
        from edgeopt.solvers.parallel import work_on_servers

        def nothing():
            class Nothing:
                def run(self, deadline, asked_to_stop, report):
                    pass
            return Nothing()

        work_on_servers([nothing(), nothing()], math.inf, lambda: False, 2, processes=True)
        print(sum(Parallel(n_jobs=2)(delayed(abs)(-one) for one in range(4))))
    """
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (done.stdout, done.returncode) == ("6\n", 0), done.stderr
