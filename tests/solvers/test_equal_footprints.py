"""Exact prices where all footprints are equal: paging is proved, and no bound is ever too high."""

from __future__ import annotations

import numpy as np
import pytest

from edgeopt.benchmarks.solvers.cases import PagingCase
from edgeopt.benchmarks.solvers.paging import belady_faults
from edgeopt.problem import Instance, scenario
from edgeopt.solvers import solve
from edgeopt.solvers.bounds import ladder
from edgeopt.solvers.certificate import check_certificate
from edgeopt.solvers.lagrangian.bound import safe_bound
from edgeopt.solvers.lagrangian.dual import Dual
from edgeopt.solvers.lagrangian.equal import equal_prices
from edgeopt.solvers.lagrangian.server import Server


@pytest.mark.parametrize("case", [PagingCase(6, 120, 3), PagingCase(10, 500, 4), PagingCase(12, 400, 9)])
def test_the_prices_prove_the_faults_of_belady(case: PagingCase) -> None:
    server = Server.of(case.instance(), 0)
    prices = equal_prices(server, Dual(server).value, 60.0)
    assert prices is not None
    faults = belady_faults([int(page) for page in case.string()], case.frames)
    assert safe_bound(server, prices) == pytest.approx(faults, rel=1e-7)


def test_paging_is_proved_and_verified() -> None:
    case = PagingCase(20, 1000, 7)
    solution = solve(case.instance(), "lagrangian")
    assert solution.status == "optimal"
    assert solution.cost == belady_faults([int(page) for page in case.string()], case.frames)
    assert check_certificate(case.instance(), solution).proved


@pytest.mark.parametrize("seed", range(3))
def test_with_contexts_the_prices_reach_the_hull(seed: int) -> None:
    """The bound of the cardinality row is that of all feasible sets: the matrix of one row is integral."""
    instance = scenario("workflow", seed=seed, size="small")
    instance = instance.replace(footprint=np.ones(instance.models), memory=2.5)
    server = Server.of(instance, 0)
    prices = equal_prices(server, Dual(server).value, 60.0)
    assert prices is not None
    found = safe_bound(server, prices)
    hull = ladder(instance, policies=())["hull"].value
    assert found == pytest.approx(hull, rel=1e-6)
    assert found <= solve(instance, "milp", time_limit=20).cost * (1 + 1e-9)


def test_idle_slots_between_requests_lose_context() -> None:
    """Requests at a distance: the interval passes over slots that have no node of their own."""
    instance = Instance(
        requests=[[3, 0], [0, 0], [0, 2], [0, 0], [4, 1], [3, 3]],
        service_model=[0, 1],
        memory=1.0,
        footprint=[1.0, 1.0],
        window=6,
        vanish=1,
        gain=1,
        accuracy=np.linspace(0.1, 1.0, 7),
        accuracy_weight=1.0,
        load_cost=0.4,
        cloud_cost=1.2,
    )
    server = Server.of(instance, 0)
    prices = equal_prices(server, Dual(server).value, 10.0)
    assert prices is not None
    assert safe_bound(server, prices) == pytest.approx(solve(instance, "brute").cost, rel=1e-7)


def test_other_footprints_have_none() -> None:
    server = Server.of(scenario("decoy", size="small"), 0)
    assert equal_prices(server, Dual(server).value, 10.0) is None


def test_no_time_gives_none() -> None:
    server = Server.of(PagingCase(5, 50, 2).instance(), 0)
    assert equal_prices(server, Dual(server).value, 0.0) is None
    assert equal_prices(server, Dual(server).value, 10.0, lambda: True) is None
