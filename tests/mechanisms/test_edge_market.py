"""A slot of a server as a market: by hand, and the efficient swaps against an exact knapsack."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgeopt.mechanisms import (
    VCG,
    KDoubleAuction,
    McAfee,
    Outcome,
    StronglyBudgetBalanced,
    TradeReduction,
    optimal_welfare,
)
from edgeopt.mechanisms.edge_market import EdgeState, Lease, block_size, market_from_instance
from edgeopt.problem import Instance, Plan, evaluate
from edgeopt.problem.errors import InvalidOption
from edgeopt.solvers.knapsack import best_subset
from strategies import random_instance

RULES = (McAfee(), TradeReduction(), StronglyBudgetBalanced(), KDoubleAuction(0.5))


def small(**changes: Any) -> Instance:
    """Three models of size 2 in a memory of 5; model 0 is cached and hot, 1 is hotter, 2 is not asked for."""
    arrays: dict[str, Any] = {
        "requests": [[4, 6, 0]],
        "service_model": [0, 1, 2],
        "memory": 5.0,
        "footprint": [2.0, 2.0, 2.0],
        "cloud_cost": 3.0,
        "transmission_cost": 0.25,
        "computation_cost": 0.75,
        "load_cost": 5.0,
    }
    return Instance(**arrays | changes)


def holding(instance: Instance, *models: int) -> EdgeState:
    state = EdgeState.empty(instance)
    state.cached[0, list(models)] = True
    return state


def test_values_and_costs_by_hand() -> None:
    """A request saves 3 - 0.25 - 0.75 = 2; two blocks of 2 fit 5 bytes; model 2 is asked for by nobody."""
    instance = small()
    offered = market_from_instance(instance, 0, holding(instance, 0))
    assert offered.buyers == (1,)
    assert offered.holders == (0, None)
    assert offered.block == 2.0
    np.testing.assert_allclose(offered.market.values, [6 * 2 - 5])
    np.testing.assert_allclose(offered.market.costs, [4 * 2, 0])
    lease = Lease(load_share=0.2, reload_share=0.4, energy_price=0.5)
    priced = market_from_instance(small(energy=1.0), 0, holding(instance, 0), lease=lease)
    np.testing.assert_allclose(priced.market.values, [6 * 1.5 - 1])
    np.testing.assert_allclose(priced.market.costs, [4 * 1.5 + 2, 0])


def test_context_counts_for_who_stays_only() -> None:
    instance = small(window=4, accuracy=[0.0, 0.25, 0.5, 0.75, 1.0], accuracy_weight=1.0)
    state = EdgeState(holding(instance, 0).cached, np.full((1, 3), 4))
    offered = market_from_instance(instance, 0, state)
    np.testing.assert_allclose(offered.market.costs, [4 * 2, 0])
    np.testing.assert_allclose(offered.market.values, [6 * (2 - 1) - 5])


def test_swaps_change_the_cache() -> None:
    instance = small()
    offered = market_from_instance(instance, 0, holding(instance, 0))
    assert offered.cache_after(VCG().clear(offered.market)).tolist() == [True, True, False]
    swap = Outcome((0,), (0,), (0,), (0, 0))
    assert offered.cache_after(swap).tolist() == [False, True, False]
    assert offered.cached.tolist() == [True, False, False]
    for bad in (Outcome((0,), (), (0,), (0, 0)), Outcome((0, 0), (0, 1), (0,), (0, 0))):
        with pytest.raises(InvalidOption, match="a trade is one of each"):
            offered.cache_after(bad)


def equal_sizes(seed: int, blocks: int) -> tuple[Instance, EdgeState, int]:
    """A random instance with equal footprints and no other limit, a state, and a slot."""
    rng = np.random.default_rng(seed)
    instance = random_instance(rng, slots=3, servers=1, models=6, services=9).replace(
        footprint=[2.0] * 6, memory=2.0 * blocks + 0.5, compute=np.inf, energy_budget=np.inf
    )
    cached = np.zeros((1, 6), dtype=bool)
    cached[0, rng.choice(6, rng.integers(0, blocks + 1), replace=False)] = True
    stays = cached[:, instance.service_model]
    return instance, EdgeState(cached, rng.integers(0, instance.window + 1) * stays), 2


def slot_worth(instance: Instance, slot: int, state: EdgeState) -> np.ndarray:
    """(M,) cost a cached model saves in the slot, less its load: written a second time."""
    worth = np.where(state.cached[0], 0.0, -instance.load_cost[0])
    for s, m in enumerate(instance.service_model):
        context = state.context[0, s] if state.cached[0, m] else 0
        worth[m] += instance.requests[slot, 0, s] * max(instance.saving[0, s, context], 0.0)
    return worth


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), blocks=st.integers(1, 5))
def test_efficient_swaps_lead_to_the_optimum_of_the_slot(seed: int, blocks: int) -> None:
    """With equal footprints; every other rule saves less, and what it saves is the welfare of its trades."""
    instance, state, slot = equal_sizes(seed, blocks)
    worth = slot_worth(instance, slot, state)
    best = best_subset(worth, instance.footprint, float(instance.memory[0]))[1]
    offered = market_from_instance(instance, slot, state)
    held = float(worth[state.cached[0]].sum())
    assert held + float(optimal_welfare(offered.market)) == pytest.approx(best, abs=1e-9)
    efficient = offered.cache_after(VCG().clear(offered.market))
    assert float(worth[efficient].sum()) == pytest.approx(best, abs=1e-9)
    for rule in RULES:
        outcome = rule.clear(offered.market)
        reached = float(worth[offered.cache_after(outcome)].sum())
        assert reached == pytest.approx(held + float(outcome.welfare(offered.market)), abs=1e-9)
        assert reached <= best + 1e-9


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), share=st.sampled_from([None, 2.0, 4.0, 20.0]))
def test_what_is_cleared_fits_the_memory(seed: int, share: float | None) -> None:
    """Unequal footprints: never more than the memory, never more welfare than the exact knapsack's."""
    rng = np.random.default_rng(seed)
    instance = random_instance(rng, slots=2, servers=1, models=5, services=8)
    state, lease = EdgeState.empty(instance), Lease(share)
    offered = market_from_instance(instance, 1, state, lease=lease)
    best = best_subset(slot_worth(instance, 1, state), instance.footprint, float(instance.memory[0]))[1]
    for rule in (VCG(), *RULES):
        outcome = rule.clear(offered.market)
        cached = np.zeros((2, 1, 5), dtype=bool)
        cached[1, 0] = offered.cache_after(outcome)
        evaluate(instance, Plan(cached, np.zeros((2, 1, 8), dtype=np.int64)))
        assert outcome.welfare(offered.market) <= best + 1e-9


def test_nothing_fits_or_nobody_asks() -> None:
    nothing = market_from_instance(small(memory=1.0), 0)
    assert (nothing.buyers, nothing.holders) == ((), ())
    quiet = market_from_instance(small(requests=[[0, 0, 0]]), 0)
    assert (quiet.buyers, quiet.holders) == ((), (None, None))
    assert block_size(np.array([2.0, 3.0]), 4.0, 8.0) is None
    assert block_size(np.array([2.0, 3.0, 9.0]), 4.0) == 3.0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"slot": 1}, "slot 1: there are only slots 0 to 0"),
        ({"server": 2}, "server 2: there are only servers 0 to 0"),
        ({"cached": (0, 1, 2)}, "3 models are cached, the memory has 2 blocks"),
    ],
)
def test_bad_questions(change: dict[str, Any], message: str) -> None:
    instance = small()
    state = holding(instance, *change.get("cached", ()))
    with pytest.raises(InvalidOption, match=message):
        market_from_instance(instance, change.get("slot", 0), state, server=change.get("server", 0))


@pytest.mark.parametrize("bad", [{"block": 0.0}, {"load_share": -1.0}, {"energy_price": np.nan}])
def test_bad_leases(bad: dict[str, float]) -> None:
    with pytest.raises(InvalidOption, match="expected"):
        Lease(**bad)
