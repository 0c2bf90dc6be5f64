"""Servers in threads: the same result from any number of workers, and fair shares of the time."""

from __future__ import annotations

import math
import signal
import threading
import time
from collections.abc import Callable

import numpy as np
import pytest
from timing import returns_within

from edgeopt.problem import Instance, InvalidOption, scenario
from edgeopt.solvers import solve
from edgeopt.solvers.parallel.servers import work_on_servers, worker_count


@pytest.fixture(scope="module")
def three() -> Instance:
    return scenario("workflow", slots=24, servers=3, models=5, services=10)


@pytest.mark.parametrize("method", ["lagrangian", "exact", "intervals", "milp", "auto"])
def test_the_result_does_not_depend_on_the_workers(three: Instance, method: str) -> None:
    one, *others = (solve(three, method, workers=n) for n in (1, 2, 3))
    assert one.plan is not None
    for other in others:
        assert other.plan is not None
        assert (other.cost, other.lower_bound) == (one.cost, one.lower_bound)
        assert np.array_equal(other.plan.cached, one.plan.cached)
        assert np.array_equal(other.plan.served, one.plan.served)


@pytest.mark.parametrize("workers", [0, -1, 1.5, True])
def test_a_number_of_workers_that_is_none_is_refused(three: Instance, workers: int) -> None:
    with pytest.raises(InvalidOption, match=f"workers is {workers}"):
        solve(three, "milp", workers=workers)


def test_no_number_means_all_cores() -> None:
    assert worker_count(None) >= 1
    assert worker_count(7) == 7


class Job:
    """Work that is a function."""

    def __init__(self, run: Callable[[float, Callable[[], bool], Callable[[float], None]], None]) -> None:
        self.run = run


@pytest.mark.parametrize(("workers", "parts"), [(1, (4, 3, 2, 1)), (2, (2, 2, 1, 1)), (3, (2, 1, 1, 1))])
def test_equal_parts_of_the_time_left(workers: int, parts: tuple[int, ...]) -> None:
    """Jobs that need no time leave all of it to those that follow."""
    begin, ends, turn = time.monotonic(), {}, threading.Lock()

    def job(n: int) -> Job:
        def run(deadline: float, stop: Callable[[], bool], report: Callable[[float], None]) -> None:
            with turn:
                ends[n] = deadline - begin

        return Job(run)

    work_on_servers([job(n) for n in range(4)], begin + 1000.0, lambda: False, workers)
    assert [ends[n] for n in range(4)] == pytest.approx([1000.0 / part for part in parts], abs=30.0)


def test_an_error_stops_the_other_jobs_and_is_raised() -> None:
    def fail(deadline: float, stop: Callable[[], bool], report: Callable[[float], None]) -> None:
        raise ValueError("broken server")

    def wait(deadline: float, stop: Callable[[], bool], report: Callable[[float], None]) -> None:
        while not stop():
            time.sleep(0.01)

    with pytest.raises(ValueError, match="broken server"):
        work_on_servers([Job(wait), Job(fail)], math.inf, lambda: False, 2)


def test_a_time_limit_holds_for_all_servers_together() -> None:
    instance = scenario("workflow16", slots=60, servers=5)
    found = returns_within(2.0, lambda: solve(instance, "lagrangian", time_limit=2.0, gap=0.0, workers=2))
    assert 0 < found.lower_bound <= found.cost


def test_control_c_returns_what_threads_have_found() -> None:
    instance = scenario("workflow16", slots=200, servers=3)
    solve(instance.window_slots(0, 3), "lagrangian")
    timer = threading.Timer(1.0, signal.raise_signal, [signal.SIGINT])
    timer.start()
    found = solve(instance, "lagrangian", gap=0.0, workers=2)
    assert found.details["interrupted"]
    assert 0 < found.lower_bound < found.cost
