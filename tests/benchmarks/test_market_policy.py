"""The policy that auctions memory: it obeys the same rules as every other policy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgeopt.benchmarks.auctions.market_policy import MarketPolicy
from edgeopt.benchmarks.auctions.rules import rule_names
from edgeopt.problem import Instance, evaluate
from edgeopt.problem.errors import InvalidOption
from edgeopt.solvers import policy, simulate
from edgeopt.solvers.policies import OnlinePolicy
from strategies import instances, random_instance

NAMES = rule_names()
PLACE = "edgeopt.benchmarks.auctions.market_policy:MarketPolicy"


def world(seed: int, **sizes: int) -> Instance:
    shape = {"slots": 20, "servers": 2, "models": 5, "services": 8} | sizes
    return random_instance(np.random.default_rng(seed), **shape)


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_every_plan_is_feasible(name: str, data: Any) -> None:
    instance = data.draw(instances(max_slots=8))
    twist = data.draw(st.sampled_from([{}, {"memory": 0.0}, {"compute": 0.0}, {"energy_budget": 0.0}]))
    instance = instance.replace(**twist)
    options = {option: data.draw(st.sampled_from(values)) for option, values in MarketPolicy.grid.items()}
    evaluate(instance, simulate(instance, MarketPolicy(name, **options), seed=data.draw(st.integers(0, 3))))


@pytest.mark.parametrize("name", NAMES)
def test_the_future_does_not_matter_and_runs_repeat(name: str) -> None:
    instance, chosen = world(1), MarketPolicy(name)
    changed = instance.requests.copy()
    changed[12:] = np.random.default_rng(0).integers(0, 9, changed[12:].shape)
    first, other = (simulate(one, chosen, seed=5) for one in (instance, instance.with_requests(changed)))
    np.testing.assert_array_equal(first.cached[:12], other.cached[:12])
    np.testing.assert_array_equal(first.served[:12], other.served[:12])
    assert simulate(instance, chosen, seed=5) == first


@pytest.mark.parametrize("name", NAMES)
def test_servers_do_not_couple_and_units_do_not_matter(name: str) -> None:
    instance, chosen = world(3), MarketPolicy(name)
    together = simulate(instance, chosen, seed=2)
    for server in range(instance.servers):
        alone = simulate(instance.server(server), chosen, seed=2)
        np.testing.assert_array_equal(together.cached[:, server], alone.cached[:, 0])
    parts = ("cloud_cost", "load_cost", "accuracy_weight", "transmission_cost", "computation_cost")
    scaled = instance.replace(
        **{part: 4 * getattr(instance, part) for part in parts},
        memory=8 * instance.memory,
        footprint=8 * instance.footprint,
    )
    assert simulate(scaled, chosen, seed=2) == together


def test_it_goes_by_name_like_a_policy_of_ones_own() -> None:
    chosen = policy(PLACE, mechanism="vcg", load_share=0.5)
    assert isinstance(chosen, MarketPolicy)
    assert (chosen.name, chosen.load_share, chosen.clairvoyant) == ("market-vcg", 0.5, False)
    named: OnlinePolicy = MarketPolicy("sbba")
    assert named.name == "market-sbba"
    with pytest.raises(InvalidOption, match="mechanism 'dutch': choose one of vcg"):
        policy(PLACE, mechanism="dutch")
    with pytest.raises(InvalidOption, match="load_share = -1"):
        policy(PLACE, load_share=-1)


def test_truthfulness_has_its_price_at_the_edge() -> None:
    """Equal footprints, no load cost, no context: each slot stands alone, and efficient clearing is optimal.

    VCG then costs what the exact slot optimum costs, and the rules that lose trades cost more.
    """
    instance = world(8, slots=40, servers=1, models=8, services=12).replace(
        footprint=[2.0] * 8,
        memory=8.5,
        load_cost=0.0,
        gain=0,
        window=0,
        compute=np.inf,
        energy_budget=np.inf,
        accuracy=1.0,
    )
    cost = {
        name: evaluate(
            instance, simulate(instance, MarketPolicy(name, load_share=1.0, reload_share=0.0))
        ).total
        for name in NAMES
    }
    best = evaluate(instance, simulate(instance, policy("myopic"))).total
    assert cost["vcg"] == pytest.approx(best)
    assert cost["k-double-auction"] == pytest.approx(best)
    assert cost["double-dutch"] == pytest.approx(best)
    assert cost["truthful-double-dutch"] == pytest.approx(cost["mcafee"])
    assert cost["mcafee"] > best + 1
    assert cost["trade-reduction"] > cost["mcafee"]
