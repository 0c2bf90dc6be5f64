"""Every column of the observation equals what its row in the tables says, computed plainly with numpy."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from edgeopt.problem import Instance
from edgeopt.problem.errors import InvalidOption
from edgeopt.problem.fields import FIELDS, FloatArray
from strategies import random_instance

pytest.importorskip("gymnasium")

from edgeopt.learning import EdgeServingEnv, WithHistory, as_source
from edgeopt.learning.networks.network import DEMAND_COLUMNS, SERVER_COLUMNS
from edgeopt.learning.serving.demand import history, phase_length
from edgeopt.learning.serving.observation import MODEL_FEATURES, SERVER_FEATURES, SERVICE_FEATURES


def root(value: FloatArray) -> FloatArray:
    return np.sign(value) * np.sqrt(np.abs(value))


def span(value: Any) -> Any:
    return value / (value + 8.0)


def ratio(part: FloatArray, whole: FloatArray) -> FloatArray:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(part > 0, np.minimum(part / whole, 2.0), 0.0)


def means(requests: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Fast and slow mean of arrivals (t, S) by their closed forms (fewer than 100 slots)."""
    ages = np.arange(len(requests))[::-1]
    weights = np.where(ages == len(requests) - 1, 1.0, 0.3) * 0.7**ages
    return weights @ requests, requests.mean(axis=0)


@dataclasses.dataclass(frozen=True, eq=False)
class Seen:
    """A slot of an instance of one server: what the columns are worked out from."""

    instance: Instance
    slot: int
    cached: Any
    context: Any
    now: FloatArray
    fast: FloatArray
    slow: FloatArray
    held: FloatArray
    empty: FloatArray
    full: FloatArray

    @classmethod
    def of(cls, instance: Instance, slot: int, cached: Any, context: Any) -> Seen:
        arrived = instance.requests[: slot + 1, 0].astype(float)
        fast, slow = means(arrived)
        saving = instance.saving[0] / instance.cloud_cost[0].mean()
        rows = np.arange(instance.services)
        held, empty, full = saving[rows, context], saving[:, 0], saving[rows, instance.window]
        return cls(instance, slot, cached, context, arrived[-1], fast, slow, held, empty, full)

    def per_model(self, values: FloatArray) -> FloatArray:
        return np.bincount(self.instance.service_model, values, self.instance.models)


def expected(seen: Seen) -> dict[str, dict[str, Any]]:
    """Columns by name, but for those on phases."""
    return {"models": of_models(seen), "services": of_services(seen), "server": of_server(seen)}


def of_models(seen: Seen) -> dict[str, Any]:
    instance, per_model = seen.instance, seen.per_model
    load = instance.load_cost[0] / instance.cloud_cost[0].mean()
    now, fast, slow = per_model(seen.now), per_model(seen.fast), per_model(seen.slow)
    gain = np.maximum(per_model(seen.fast * seen.full), 0)
    return {
        "size": ratio(instance.footprint, instance.memory),
        "load": np.sqrt(load),
        "cached": seen.cached,
        "requests": np.sqrt(now),
        "fast": np.sqrt(fast),
        "slow": np.sqrt(slow),
        "surprise": (now - fast) / np.sqrt(1 + slow),
        "saving": root(per_model(seen.now * seen.held)),
        "saving_fast": root(per_model(seen.fast * seen.held)),
        "saving_slow": root(per_model(seen.slow * seen.held)),
        "potential_fast": root(per_model(seen.fast * seen.full)),
        "potential_slow": root(per_model(seen.slow * seen.full)),
        "context_worth": root(per_model(seen.fast * (seen.held - seen.empty))),
        "payback": np.where(gain > 0, gain / np.where(gain > 0, gain + load, 1), 0),
        "bulk": np.sqrt(instance.footprint / instance.footprint.mean()),
    }


def of_services(seen: Seen) -> dict[str, Any]:
    instance, window, context = seen.instance, seen.instance.window, seen.context
    grown = np.clip(context + instance.gain * seen.now - instance.vanish, 0, window)
    return {
        "work": ratio(instance.work[0], instance.compute),
        "energy": ratio(instance.energy[0], instance.energy_budget),
        "window": np.sqrt(window),
        "gain": np.where((window == 0) & (instance.gain > 0), 2, ratio(instance.gain, window)),
        "vanish": np.where((window == 0) & (instance.vanish > 0), 2, ratio(instance.vanish, window)),
        "saving_empty": seen.empty,
        "saving_full": seen.full,
        "cached": seen.cached[instance.service_model],
        "context": context / np.maximum(window, 1),
        "context_next": grown / np.maximum(window, 1),
        "saving": seen.held,
        "requests": np.sqrt(seen.now),
        "fast": np.sqrt(seen.fast),
        "slow": np.sqrt(seen.slow),
        "surprise": (seen.now - seen.fast) / np.sqrt(1 + seen.slow),
    }


def of_server(seen: Seen) -> dict[str, Any]:
    instance, slot, memory = seen.instance, seen.slot, seen.instance.memory
    compute, budget = instance.compute, instance.energy_budget
    day = 2 * np.pi * slot * instance.slot_seconds / 86400
    return {
        "memory": ratio(memory, instance.footprint.sum())[0],
        "compute_limited": np.isfinite(compute)[0],
        "energy_limited": np.isfinite(budget)[0],
        "occupied": (seen.cached @ instance.footprint / memory)[0],
        "requests": np.sqrt(seen.now.sum() / instance.models),
        "fast": np.sqrt(seen.fast.sum() / instance.models),
        "slow": np.sqrt(seen.slow.sum() / instance.models),
        "compute_load": ratio(seen.now @ instance.work[0], compute)[0],
        "energy_load": ratio(seen.now @ instance.energy[0], budget)[0],
        "remaining": min(1.0, (instance.slots - slot) / 64),
        "seen": span(slot),
        "day_sin": np.sin(day),
        "day_cos": np.cos(day),
    }


@pytest.mark.parametrize("seed", range(6))
def test_every_column_is_what_its_row_says(seed: int) -> None:
    rng = np.random.default_rng(seed)
    instance = random_instance(rng, slots=12, servers=1, models=4, services=7)
    names = {"models": MODEL_FEATURES, "services": SERVICE_FEATURES, "server": SERVER_FEATURES}
    env = EdgeServingEnv(instance)
    seen, _ = env.reset(seed=0)
    for slot in range(instance.slots):
        found = expected(Seen.of(instance, slot, env.lanes.cached[0], env.lanes.context[0]))
        for part, columns in found.items():
            order = [name for name, _ in names[part]]
            for name, values in columns.items():
                have = seen[part][..., order.index(name)]
                assert have == pytest.approx(np.asarray(values, float), rel=1e-5, abs=1e-6), name
        seen = env.step(rng.uniform(-1, 1, env.action_space.shape))[0]


TWICE_AS_MANY = (
    *("requests", "footprint", "load_cost", "window", "gain", "vanish", "work", "energy"),
    *("transmission_cost", "computation_cost", "accuracy_weight", "cloud_cost"),
)


def test_twice_the_server_shows_the_network_the_same_demand() -> None:
    """Every model and service twice, twice the memory, GPU time and energy: only who follows whom differs."""
    rng = np.random.default_rng(3)
    single = random_instance(rng, slots=12, servers=1, models=4, services=7)
    given = {name: getattr(single, name) for name in FIELDS}
    given |= {name: np.concatenate([given[name]] * 2, axis=-1) for name in TWICE_AS_MANY}
    given |= {name: 2 * given[name] for name in ("memory", "compute", "energy_budget")}
    given["accuracy"] = np.concatenate([single.accuracy] * 2)
    given["service_model"] = np.concatenate([single.service_model, single.service_model + single.models])
    double = Instance(**given, slot_seconds=single.slot_seconds)
    order = [name for name, _ in MODEL_FEATURES]
    columns = [one for one in DEMAND_COLUMNS if order[one].split("_")[0] not in ("succession", "leader")]
    envs = EdgeServingEnv(single), EdgeServingEnv(double)
    seen = [env.reset(seed=0)[0] for env in envs]
    for _ in range(single.slots):
        one, two = ([*part["models"][:, columns], part["server"][list(SERVER_COLUMNS)]] for part in seen)
        assert np.array(two[:4]) == pytest.approx(np.array(one[:4]), rel=1e-5)
        assert np.array(two[4:8]) == pytest.approx(np.array(one[:4]), rel=1e-5)
        assert two[8] == pytest.approx(one[4], rel=1e-5)
        seen = [env.step(np.zeros(env.action_space.shape))[0] for env in envs]


def test_phases_ages_and_successors_by_hand() -> None:
    """Two models take turns of four slots: after two turns ages, lengths and the successor are known."""
    turn = [[8, 0]] * 4 + [[0, 8]] * 4
    instance = Instance(
        requests=np.array(turn * 3), service_model=[0, 1], memory=1.0, footprint=[1.0, 1.0], cloud_cost=1.0
    )
    env = EdgeServingEnv(instance)
    seen, _ = env.reset(seed=0)
    order = [name for name, _ in MODEL_FEATURES]
    columns = [
        order.index(name)
        for name in ("hot", "age", "hot_length", "succession", "hot_spread", "leader_hot", "leader_age")
    ]
    rows = []
    for _ in range(23):
        seen = env.step(np.zeros(4))[0]
        rows.append(seen["models"][:, columns])
    hot = np.array(rows)[:, :, 0]
    assert not (hot[:, 0] * hot[:, 1]).any()
    late = np.array(rows[12:])
    for slot, both in enumerate(late):
        for model in range(2):
            other = both[1 - model]
            cold_for = other[1] * 8 / (1 - other[1])
            leads = other[0] == 1 or cold_for < 3 - 1e-6
            assert both[model, 3] == (1.0 if leads else 0.0), slot
            assert both[model, 5] == (other[0] if leads else 0.0)
            assert both[model, 6] == pytest.approx(other[1] if leads else 0.0)
    assert late[:, 1, 2] == pytest.approx(span(4.0), abs=0.06)
    assert late[:, :, 1].max() <= span(5.0) + 1e-6
    assert late[:, 1, 4].max() < 0.3


def test_spreads_are_those_of_numpy() -> None:
    """A model hot for 3, 5 and 10 slots: the mean of two slots makes that 4, 6 and 11."""
    run = [[1]] * 20 + [[9]] * 3 + [[1]] * 20 + [[9]] * 5 + [[1]] * 20 + [[9]] * 10 + [[1]] * 20
    learnt = history([np.array(run)], np.array([0]), 1)
    mean, spread = phase_length(learnt, 0, 0, 1)
    lengths = np.array([4, 6, 11])
    assert mean == pytest.approx(lengths.mean())
    assert spread == pytest.approx(lengths.std() / lengths.mean())


def test_a_history_is_what_an_episode_begins_with() -> None:
    """Statistics go on from the history, nothing of its last slot does, and other lanes know nothing."""
    rng = np.random.default_rng(0)
    episodes = [random_instance(rng, slots=20, servers=1, models=3, services=4) for _ in range(3)]
    episodes = [dataclasses.replace(episodes[0], requests=one.requests) for one in episodes]
    source = WithHistory(as_source(episodes), 2)
    env = EdgeServingEnv(source)
    env.reset(options={"episode": 1})
    learnt = history([episodes[2].requests[:, 0], episodes[0].requests[:, 0]], episodes[0].service_model, 3)
    assert env.lanes.demand.seen[0] == 41
    assert env.lanes.demand.slow[0] == pytest.approx((learnt.slow[0] * 40 + episodes[1].requests[0, 0]) / 41)
    assert not learnt.hot.any()
    assert not learnt.age.any()
    plain = EdgeServingEnv(as_source(episodes))
    plain.reset(options={"episode": 1})
    assert plain.lanes.demand.seen[0] == 1
    with pytest.raises(InvalidOption, match="runs = 3: must be between 1 and 2"):
        WithHistory(as_source(episodes), 3)


def test_what_is_seen_of_finished_phases_is_always_up_to_date() -> None:
    """Also in the first slot after a history, and in an episode that takes the place of another."""
    rng = np.random.default_rng(1)
    first = random_instance(rng, slots=30, servers=1, models=3, services=4)
    waves = rng.poisson(np.where(rng.random((3, 30, 1, 4)) < 0.5, 0.2, 8.0))
    source = WithHistory(as_source([dataclasses.replace(first, requests=one) for one in waves]), 2)
    env = EdgeServingEnv(source)
    order = [name for name, _ in MODEL_FEATURES]
    for episode in (1, 0):
        seen, _ = env.reset(options={"episode": episode})
        for _ in range(30):
            for state, phase in enumerate(("cold", "hot")):
                known = np.array([phase_length(env.lanes.demand, 0, model, state) for model in range(3)])
                assert seen["models"][:, order.index(f"{phase}_length")] == pytest.approx(span(known[:, 0]))
                assert seen["models"][:, order.index(f"{phase}_spread")] == pytest.approx(known[:, 1])
            seen = env.step(np.zeros(7))[0]
