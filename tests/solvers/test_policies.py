"""Policies against numbers from outside: Belady's string, the knapsack P01, brute force."""

from __future__ import annotations

import itertools
import sys
from types import ModuleType

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeopt.problem import Instance, Plan, cloud_only_cost, evaluate
from edgeopt.problem.capacity import fits
from edgeopt.problem.errors import InvalidOption
from edgeopt.solvers.policies import Site, policy
from edgeopt.solvers.policies.fixed_set import best_fixed_set
from edgeopt.solvers.policies.reference import CloudOnly
from edgeopt.solvers.simulation import simulate
from strategies import instances, random_instance

BELADY = [7, 0, 1, 2, 0, 3, 0, 4, 2, 3, 0, 3, 2, 1, 2, 0, 1, 7, 0, 1]


def paging(string: list[int], frames: int, *, cloud: float = 100.0, load: float = 1.0) -> Instance:
    pages = max(string) + 1
    return Instance(
        requests=np.eye(pages, dtype=int)[string],
        service_model=np.arange(pages),
        memory=frames,
        footprint=np.ones(pages),
        load_cost=load,
        cloud_cost=cloud,
        gain=0,
    )


@pytest.mark.parametrize(("name", "faults"), [("lru", 12), ("fifo", 15), ("belady", 9)])
def test_page_faults_of_belady_s_string(name: str, faults: int) -> None:
    report = evaluate(paging(BELADY, 3), simulate(paging(BELADY, 3), policy(name)))
    assert (report.loads, report.total) == (faults, faults)


def test_belady_s_anomaly() -> None:
    """1,2,3,4,1,2,5,1,2,3,4,5: FIFO makes 9 faults with 3 frames and 10 with 4."""
    string = [1, 2, 3, 4, 1, 2, 5, 1, 2, 3, 4, 5]
    loads = [evaluate(paging(string, f), simulate(paging(string, f), policy("fifo"))).loads for f in (3, 4)]
    assert loads == [9, 10]


@given(string=st.lists(st.integers(0, 4), min_size=1, max_size=25), frames=st.integers(1, 4))
def test_nobody_beats_belady_at_paging(string: list[int], frames: int) -> None:
    instance = paging(string, frames)
    best = evaluate(instance, simulate(instance, policy("belady"))).loads
    for name in ("lru", "fifo", "lfu", "gdsf", "least-context", "random"):
        plan = simulate(instance, policy(name))
        if (plan.served == instance.requests).all():
            assert evaluate(instance, plan).loads >= best


def test_gdsf_keeps_what_is_dear_for_its_size() -> None:
    """Equal counts: the model of 2 bytes and load cost 1 goes before the one of 1 byte and load cost 3."""
    instance = Instance(
        requests=np.array([[1, 0, 0], [0, 1, 0], [0, 0, 1]]),
        service_model=[0, 1, 2],
        memory=3,
        footprint=[2, 1, 1],
        load_cost=[[1, 3, 1]],
        cloud_cost=100,
    )
    last = simulate(instance, policy("gdsf")).cached[2, 0]
    assert last.tolist() == [False, True, True]
    # Least recently used would put out the same; with the dear one loaded first the two differ.
    swapped = instance.with_requests(instance.requests[[1, 0, 2]])
    assert simulate(swapped, policy("gdsf")).cached[2, 0].tolist() == [False, True, True]
    assert simulate(swapped, policy("lru")).cached[2, 0].tolist() == [True, False, True]


def test_least_context_goes_first() -> None:
    """Model 0 has served three requests, model 1 one: room for model 2 is made by model 1, though newer."""
    instance = Instance(
        requests=np.array([[3, 0, 0], [0, 1, 0], [0, 0, 1]]),
        service_model=[0, 1, 2],
        memory=2,
        footprint=np.ones(3),
        window=5,
        cloud_cost=100,
    )
    assert simulate(instance, policy("least-context")).cached[2, 0].tolist() == [True, False, True]
    assert simulate(instance, policy("lru")).cached[2, 0].tolist() == [False, True, True]


def test_lfu_counts_and_fades() -> None:
    requests = np.zeros((6, 3), dtype=int)
    requests[0, 0], requests[3, 1], requests[5, 2] = 3, 2, 1
    instance = Instance(
        requests=requests, service_model=[0, 1, 2], memory=2, footprint=np.ones(3), cloud_cost=100
    )
    assert simulate(instance, policy("lfu")).cached[5, 0].tolist() == [True, False, True]
    assert simulate(instance, policy("lfu", fading=0.5)).cached[5, 0].tolist() == [False, True, True]


@pytest.mark.parametrize("order", ["fifo", "lru", "lfu", "gdsf", "least-context"])
def test_admission_loads_one_a_slot_and_asks_for_its_price(order: str) -> None:
    instance = random_instance(np.random.default_rng(1), slots=60, servers=2, models=6, services=10)
    for threshold in (0.0, 0.2):
        plan = simulate(instance, policy(f"{order}-admission", threshold=threshold))
        before = np.concatenate([np.zeros_like(plan.cached[:1]), plan.cached[:-1]])
        assert (plan.cached & ~before).sum(axis=2).max() == 1
    none = simulate(instance.replace(load_cost=1.0), policy(f"{order}-admission", threshold=1e6))
    assert not none.cached.any()
    with pytest.raises(InvalidOption, match="another order has another name"):
        policy(f"{order}-admission", order="lru")


def test_myopic_solves_the_knapsack_p01() -> None:
    weights = [23, 31, 29, 44, 53, 38, 63, 85, 89, 82]
    profits = np.array([92, 57, 49, 68, 60, 43, 67, 84, 87, 72], dtype=float)
    instance = Instance(
        requests=np.ones((1, 10)),
        service_model=np.arange(10),
        memory=165,
        footprint=weights,
        cloud_cost=profits,
    )
    for name in ("myopic", "index", "index-ar", "forecast", "static", "static-hindsight", "look-ahead"):
        assert evaluate(instance, simulate(instance, policy(name))).total == 679 - 309


@given(instance=instances(max_slots=8))
def test_myopic_never_costs_more_than_the_cloud_in_any_slot(instance: Instance) -> None:
    report = evaluate(instance, simulate(instance, policy("myopic")))
    cloud = (instance.requests * instance.cloud_cost).sum(axis=(1, 2))
    assert (report.by_slot.sum(axis=1) <= cloud * (1 + 1e-12) + 1e-9).all()


@given(instance=instances(max_slots=1, max_servers=1))
def test_myopic_takes_the_best_set_of_a_slot(instance: Instance) -> None:
    """Exact without limits; with them never worse than 10 % of the best saving of any set (brute force)."""
    free = instance.replace(compute=np.inf, energy_budget=np.inf)
    total = evaluate(free, simulate(free, policy("myopic"))).total
    best = cloud_only_cost(free)
    for picks in itertools.product([False, True], repeat=free.models):
        cached = np.array(picks)
        if not fits(free.footprint[cached].sum(), free.memory[0]):
            continue
        worth = free.saving[0, :, 0]
        served = np.where(cached[free.service_model] & (worth > 0), free.requests[0, 0], 0)
        best = min(best, evaluate(free, Plan(cached[None, None], served[None, None])).total)
    assert total == pytest.approx(best, rel=1e-12, abs=1e-12)


@pytest.mark.parametrize("seed", range(4))
def test_the_static_set_is_the_best_of_all_sets(seed: int) -> None:
    """Without limits, against every set that fits, held through the run by the referee's account."""
    instance = random_instance(np.random.default_rng(seed), slots=30, servers=1, models=5, services=7)
    instance = instance.replace(compute=np.inf, energy_budget=np.inf)
    site = Site.of(instance, 0)
    hindsight = evaluate(instance, simulate(instance, policy("static-hindsight"))).total
    trained = evaluate(instance, simulate(instance, policy("static").fit([instance]))).total
    _, eager = best_fixed_set(site, [instance.requests[:, 0]])
    totals = []
    for picks in itertools.product([False, True], repeat=5):
        chosen = np.array(picks)
        if fits(site.footprint[chosen].sum(), site.memory):
            totals.append(_held(instance, chosen, eager))
    assert trained == hindsight == pytest.approx(min(totals), rel=1e-12)


def _held(instance: Instance, chosen: np.ndarray, eager: np.ndarray) -> float:
    """Cost of holding a set and serving whatever pays, eager services always when a full window pays."""
    served = np.zeros((instance.slots, 1, instance.services), dtype=np.int64)
    context = np.zeros(instance.services, dtype=np.int64)
    saving = instance.saving[0]
    for slot in range(instance.slots):
        pays = saving[np.arange(instance.services), context] > 0
        pays |= eager & (saving[:, -1] > 0)
        served[slot, 0] = np.where(chosen[instance.service_model] & pays, instance.requests[slot, 0], 0)
        context = np.clip(context + instance.gain * served[slot, 0] - instance.vanish, 0, instance.window)
        context = np.where(chosen[instance.service_model], context, 0)
    cached = np.broadcast_to(chosen, (instance.slots, 1, instance.models))
    return evaluate(instance, Plan(cached, served)).total


def test_the_limited_static_set_gains_by_search() -> None:
    """Compute for one of two dear models: alone they are worth most, together one of them is useless."""
    instance = Instance(
        requests=np.tile([4, 4, 4], (20, 1)),
        service_model=[0, 1, 2],
        memory=2,
        footprint=[1, 1, 1],
        compute=6,
        work=[1.5, 1.5, 0.0],
        cloud_cost=[1.0, 1.0, 0.9],
    )
    plan = simulate(instance, policy("static-hindsight"))
    assert plan.cached[0, 0, 2]
    assert plan.cached[0, 0, :2].sum() == 1
    assert evaluate(instance, plan).total == pytest.approx(20 * 4.0)


def test_names_and_options_that_do_not_exist() -> None:
    with pytest.raises(InvalidOption, match=r"policy 'lfo': choose one of cloud-only, .*module:Class"):
        policy("lfo")
    with pytest.raises(InvalidOption, match="memory = 2 must be a number from 0 to 1"):
        policy("index", memory=2)
    with pytest.raises(InvalidOption, match="must be a number"):
        policy("index", horizon="long")
    with pytest.raises(InvalidOption, match="cannot be made"):
        policy("no_such_module:Policy")


def test_a_policy_of_one_s_own(monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("my_policies")
    module.Mine = CloudOnly  # type: ignore[attr-defined]
    module.Nothing = object  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "my_policies", module)
    assert policy("my_policies:Mine") == CloudOnly()
    with pytest.raises(InvalidOption, match="is no OnlinePolicy: it has no name, clairvoyant"):
        policy("my_policies:Nothing")
