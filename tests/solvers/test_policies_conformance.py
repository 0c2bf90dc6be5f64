"""What every policy must do, whatever its name: feasible, no look ahead, the same again, nothing leaks."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgeopt.problem import Instance, evaluate
from edgeopt.problem.errors import InvalidOption
from edgeopt.solvers.policies import OnlinePolicy, policy, policy_names
from edgeopt.solvers.simulation import simulate
from strategies import instances, random_instance

NAMES = policy_names()
ONLINE = tuple(name for name in NAMES if not policy(name).clairvoyant)


def world(seed: int, **sizes: int) -> Instance:
    shape = {"slots": 25, "servers": 2, "models": 5, "services": 8} | sizes
    return random_instance(np.random.default_rng(seed), **shape)


def other_days(instance: Instance, count: int = 2) -> list[Instance]:
    rng = np.random.default_rng(99)
    return [instance.with_requests(rng.permutation(instance.requests)) for _ in range(count)]


def any_settings(grid: Any, draw: Any) -> dict[str, Any]:
    return {name: draw(st.sampled_from(values)) for name, values in grid.items()}


@st.composite
def hard_instances(draw: Any) -> Instance:
    """The usual random ones, also with nothing to do or no room to do it in."""
    instance = draw(instances(max_slots=8))
    twist = draw(
        st.sampled_from(["none", "no memory", "too large", "no requests", "no compute", "no energy"])
    )
    if twist == "no memory":
        return instance.replace(memory=0.0)
    if twist == "too large":
        return instance.replace(footprint=instance.footprint + float(instance.memory.max()))
    if twist == "no requests":
        return instance.with_requests(np.zeros_like(instance.requests))
    if twist == "no compute":
        return instance.replace(compute=0.0)
    if twist == "no energy":
        return instance.replace(energy_budget=0.0)
    return instance


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=30)
@given(data=st.data())
def test_every_plan_is_feasible(name: str, data: Any) -> None:
    """Whatever the instance and the options, trained or not; `evaluate` refuses a plan that is not."""
    instance = data.draw(hard_instances())
    chosen = policy(name)
    chosen = chosen.with_options(**any_settings(chosen.grid, data.draw))
    if data.draw(st.booleans()):
        chosen = chosen.fit(other_days(instance))
    evaluate(instance, simulate(instance, chosen, seed=data.draw(st.integers(0, 3))))


@pytest.mark.parametrize("name", ONLINE)
@pytest.mark.parametrize("fitted", [False, True])
def test_the_future_does_not_matter(name: str, fitted: bool) -> None:
    """Two instances that agree up to slot 11 get the same decisions up to slot 11."""
    for seed in range(3):
        instance = world(seed)
        changed = instance.requests.copy()
        changed[12:] = np.random.default_rng(seed).integers(0, 9, changed[12:].shape)
        chosen = policy(name).fit(other_days(instance)) if fitted else policy(name)
        plans = [simulate(one, chosen, seed=5) for one in (instance, instance.with_requests(changed))]
        np.testing.assert_array_equal(plans[0].cached[:12], plans[1].cached[:12])
        np.testing.assert_array_equal(plans[0].served[:12], plans[1].served[:12])


@pytest.mark.parametrize("name", sorted(set(NAMES) - set(ONLINE)))
def test_a_clairvoyant_policy_uses_the_future(name: str) -> None:
    """It is marked so because some change of the future changes what it does before."""
    differs = False
    for seed in range(6):
        instance = world(seed)
        sparse = instance.requests * (np.random.default_rng(seed).random(instance.requests.shape) < 0.2)
        stops = np.where(np.arange(instance.slots)[:, None, None] < 12, sparse, 0)
        plans = [simulate(instance.with_requests(rows), policy(name)) for rows in (sparse, stops)]
        differs = differs or not np.array_equal(plans[0].cached[:12], plans[1].cached[:12])
    assert differs


@pytest.mark.parametrize("name", NAMES)
def test_runs_repeat_and_do_not_leak(name: str) -> None:
    """The same seed gives the same plan, also after the same object has run on something else."""
    instance, chosen = world(1), policy(name)
    first = simulate(instance, chosen, seed=7)
    simulate(world(2), chosen, seed=7)
    chosen.fit(other_days(instance))
    assert simulate(instance, chosen, seed=7) == first


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("fitted", [False, True])
def test_servers_do_not_couple(name: str, fitted: bool) -> None:
    instance = world(3, servers=3)
    chosen = policy(name).fit(other_days(instance)) if fitted else policy(name)
    together = simulate(instance, chosen, seed=2)
    for server in range(instance.servers):
        alone = simulate(instance.server(server), chosen, seed=2)
        np.testing.assert_array_equal(together.cached[:, server], alone.cached[:, 0])
        np.testing.assert_array_equal(together.served[:, server], alone.served[:, 0])


@pytest.mark.parametrize("name", NAMES)
def test_units_do_not_matter(name: str) -> None:
    """Costs in another currency, memory in another unit: the same plan. Powers of two keep floats exact."""
    instance = world(4)
    scaled = instance.replace(
        **{part: 4 * getattr(instance, part) for part in ("cloud_cost", "load_cost", "accuracy_weight")},
        transmission_cost=4 * instance.transmission_cost,
        computation_cost=4 * instance.computation_cost,
        memory=8 * instance.memory,
        footprint=8 * instance.footprint,
        compute=2 * instance.compute,
        work=2 * instance.work,
    )
    assert simulate(scaled, policy(name)) == simulate(instance, policy(name))


@pytest.mark.parametrize("name", sorted(set(NAMES) - {"random"}))
def test_a_model_nobody_asks_for_changes_nothing(name: str) -> None:
    instance = world(5)
    larger = instance.replace(
        footprint=np.append(instance.footprint, 2.0),
        load_cost=np.concatenate([instance.load_cost, np.ones((2, 1))], axis=1),
        model_names=(*instance.model_names, "idle"),
    )
    plan, with_idle = simulate(instance, policy(name)), simulate(larger, policy(name))
    np.testing.assert_array_equal(with_idle.cached[:, :, :-1], plan.cached)
    assert not with_idle.cached[:, :, -1].any()


@pytest.mark.parametrize("name", NAMES)
def test_options_are_checked_and_kept(name: str) -> None:
    """Each value of the grid can be set; training survives a change of options; nonsense is refused."""
    chosen: OnlinePolicy = policy(name)
    assert chosen.name == name
    for option, values in chosen.grid.items():
        assert len(set(values)) == len(values) > 1
        assert getattr(chosen, option) in values
        for value in values:
            assert getattr(chosen.with_options(**{option: value}), option) == value
    with pytest.raises(InvalidOption, match=r"unknown option 'colour'"):
        policy(name, colour="red")
    instance = world(6)
    fitted = chosen.fit(other_days(instance))
    other = {option: values[-1] for option, values in chosen.grid.items()}
    same = chosen.with_options(**other).fit(other_days(instance))
    assert simulate(instance, fitted.with_options(**other)) == simulate(instance, same)


@pytest.mark.parametrize("name", ["static", "forecast", "index", "index-ar"])
def test_training_on_another_server_is_refused(name: str) -> None:
    instance = world(7)
    fitted = policy(name).fit([instance.server(0)])
    with pytest.raises(InvalidOption, match=r"was fitted on .*, not on server"):
        simulate(instance.server(1), fitted)
    with pytest.raises(InvalidOption, match="at least one training instance"):
        policy(name).fit([])
