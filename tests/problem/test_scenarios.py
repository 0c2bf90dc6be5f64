"""Scenarios: one world however it is drawn, independent stretches, sizes, knobs and normalised costs."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgeopt.problem import InvalidOption, Plan, cloud_only_cost, evaluate
from edgeopt.problem.scenarios import (
    scenario,
    scenario_info,
    scenario_names,
    scenario_workloads,
    statistics,
)
from edgeopt.problem.scenarios.prices import FOOTPRINTS
from edgeopt.problem.scenarios.realistic import SHELF
from edgeopt.problem.scenarios.statistics import hot_durations

NAMES = scenario_names()
NORMALISED = tuple(name for name in NAMES if name != "realistic")


def world_of(instance) -> dict[str, bytes]:
    return {name: array.tobytes() for name, array in instance.arrays().items() if name != "requests"}


def test_every_scenario_of_the_specification_is_there() -> None:
    wanted = {
        "stationary", "drift", "regimes", "hotset", "onoff", "sessions", "flash", "decoy", "workflow",
        "workflow16", "context-rich", "realistic", "paper", "diurnal",
    }  # fmt: skip
    assert set(NAMES) == wanted


@pytest.mark.parametrize("name", NAMES)
def test_info_says_what_it_stresses_where_a_learner_ties_and_what_the_knobs_mean(name: str) -> None:
    info = scenario_info(name)
    assert "\n" not in info.summary
    assert len(info.summary) < 110
    assert len(info.stresses) > 30
    assert len(info.ties) > 20
    assert all(len(knob.meaning) > 5 for knob in info.knobs)
    assert len({knob.name for knob in info.knobs}) == len(info.knobs)


@pytest.mark.parametrize("name", NAMES)
def test_splits_and_seeds_change_the_arrivals_and_nothing_else(name: str) -> None:
    reference = scenario(name, slots=50)
    drawn = {reference.requests.tobytes()}
    for split in ("train", "validation", "test"):
        for seed in (0, 1, 2**80):
            other = scenario(name, slots=50, split=split, seed=seed)
            assert world_of(other) == world_of(reference)
            drawn.add(other.requests.tobytes())
    assert len(drawn) == 9


@pytest.mark.parametrize("name", NAMES)
def test_another_world_has_other_costs(name: str) -> None:
    here, there = scenario(name, slots=20), scenario(name, slots=20, world=1)
    assert not np.array_equal(here.cloud_cost, there.cloud_cost)
    assert not np.array_equal(here.requests, there.requests)


def test_equal_arguments_give_equal_bytes_in_another_process() -> None:
    code = (
        "from edgeopt.problem.scenarios import scenario, scenario_names\n"
        "print(*(scenario(n, slots=30, seed=5, split='train').digest() for n in scenario_names()))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"PYTHONHASHSEED": "4711"},
        capture_output=True,
        text=True,
        check=True,
    )
    here = [scenario(name, slots=30, seed=5, split="train").digest() for name in NAMES]
    assert done.stdout.split() == here


@pytest.mark.parametrize("name", NAMES)
def test_servers_share_the_world_and_draw_their_own_arrivals(name: str) -> None:
    instance = scenario(name, slots=40, servers=3)
    assert instance.servers == 3
    assert np.array_equal(instance.cloud_cost[0], instance.cloud_cost[2])
    assert len({instance.requests[:, n].tobytes() for n in range(3)}) == 3
    assert np.array_equal(instance.requests[:, :1], scenario(name, slots=40).requests)


def test_rotation_gives_each_server_its_own_favourite() -> None:
    instance = scenario("stationary", slots=400, servers=3, services=12, rotation=1, exponent=2)
    favourites = [int(instance.service_model[instance.requests[:, n].sum(axis=0).argmax()]) for n in range(3)]
    assert [(f - favourites[0]) % 12 for f in favourites] == [0, 1, 2]


@pytest.mark.parametrize("name", NAMES)
def test_stretches_of_all_splits_are_statistically_equal(name: str) -> None:
    load = [
        np.mean(
            [scenario(name, slots=800, split=split, seed=s).requests.sum(axis=2).mean() for s in range(6)]
        )
        for split in ("train", "validation", "test")
    ]
    expected = 40.0
    assert load == pytest.approx([expected] * 3, rel=0.2)


@pytest.mark.parametrize("name", NORMALISED)
def test_normalised_prices_are_those_of_the_study(name: str) -> None:
    instance = scenario(name, slots=5)
    knobs = {knob.name: knob.default for knob in scenario_info(name).knobs}
    relative = instance.footprint[instance.service_model] / 10
    computation = instance.computation_cost[0] / relative
    assert set(instance.footprint) <= set(FOOTPRINTS) == {6, 8, 10, 12, 16}
    assert instance.memory[0] == pytest.approx(knobs["memory"] * instance.footprint.sum())
    assert instance.load_cost[0] == pytest.approx(
        knobs["load"] * instance.footprint / instance.footprint.mean()
    )
    assert (np.abs(instance.cloud_cost - 1) <= 0.15).all()
    assert ((computation >= 0.03) & (computation <= 0.07)).all()
    assert (instance.transmission_cost == 0.05).all()
    window = int(knobs["window"])
    assert (instance.window == window).all()
    k = np.arange(window + 1)
    error = knobs["residual_error"] + knobs["context_error"] * (
        1 - np.log2(1 + k**0.8) / np.log2(1 + window**0.8)
    )
    assert instance.accuracy_weight[:, None] * (1 - instance.accuracy) == pytest.approx(
        np.tile(error, (instance.services, 1)), abs=1e-12
    )
    assert (instance.gain == 1).all()
    assert (instance.vanish == 1).all()


def test_a_request_saves_a_quarter_without_context_and_three_quarters_with_it() -> None:
    instance = scenario("stationary", slots=5, services=400)
    assert instance.saving[0, :, 0].mean() == pytest.approx(0.25, abs=0.02)
    assert instance.saving[0, :, -1].mean() == pytest.approx(0.75, abs=0.02)


@pytest.mark.parametrize(
    ("name", "models", "services", "defaults"),
    [
        ("stationary", 12, 24, {"exponent": 0.9, "load": 10, "memory": 0.35}),
        ("hotset", 12, 24, {"mean_hot": 25, "noise": 0.15, "load": 20}),
        ("decoy", 12, 24, {"mean_on": 80, "duty": 0.4, "decoy_mean_on": 3, "decoy_duty": 0.25, "load": 20}),
        ("workflow", 12, 24, {"dwell": 6, "jitter": 1, "noise": 0.1, "load": 10, "memory": 0.42}),
        ("workflow16", 16, 32, {"dwell": 6, "jitter": 1, "noise": 0.1, "load": 10, "memory": 0.38}),
        (
            "context-rich",
            12,
            24,
            {"mean_on": 40, "duty": 0.4, "decoy_mean_on": 3, "window": 128, "context_error": 0.7, "load": 15},
        ),
        ("paper", 20, 36, {"mean_hot": 20, "noise": 0.1, "residual_error": 0.02, "load": 12}),
        ("realistic", 12, 24, {"slot_seconds": 30, "engine_start": 60, "mean_on": 80, "decoy_mean_on": 3}),
    ],
)
def test_knobs_of_the_study(name: str, models: int, services: int, defaults: dict[str, float]) -> None:
    knobs = {knob.name: knob.default for knob in scenario_info(name).knobs}
    assert {key: knobs[key] for key in defaults} == defaults
    instance = scenario(name)
    assert (instance.slots, instance.servers, instance.models, instance.services) == (
        300,
        1,
        models,
        services,
    )


def test_counts_of_the_study_follow_from_the_size() -> None:
    assert scenario_workloads("hotset")[0].hot == 4
    assert scenario_workloads("paper")[0].hot == 4
    assert sorted(scenario_workloads("decoy")[0].mean_on) == [3.0] * 6 + [80.0] * 6
    assert [len(cycle) for cycle in scenario_workloads("workflow")[0].cycles] == [4] * 3
    assert [len(cycle) for cycle in scenario_workloads("workflow16")[0].cycles] == [4] * 4
    assert [len(cycle) for cycle in scenario_workloads("workflow", size="small")[0].cycles] == [3, 3]


@pytest.mark.parametrize("name", NAMES)
def test_presets_grow_and_keep_the_requests_of_a_model(name: str) -> None:
    small, medium, large = (scenario(name, size=size) for size in ("small", "medium", "large"))
    assert small.slots * small.models < medium.slots * medium.models < large.slots * large.models
    assert (small.models, small.slots) == (6, 40)
    assert large.slots == 1000
    by_size = [i.requests.sum() / (i.slots * i.models) for i in (medium, large)]
    assert by_size[1] == pytest.approx(by_size[0], rel=0.35)


@pytest.mark.parametrize("name", NAMES)
def test_something_can_be_cached_and_served_within_every_limit(name: str) -> None:
    instance = scenario(name, slots=60)
    fits = np.flatnonzero(instance.footprint <= instance.memory[0])
    assert fits.size > 0
    assert fits.size < instance.models or instance.footprint.sum() > instance.memory[0]
    model = fits[0]
    cached = np.zeros((60, 1, instance.models), dtype=bool)
    cached[:, :, model] = True
    service = int(np.flatnonzero(instance.service_model == model)[0])
    served = np.zeros_like(instance.requests)
    served[:, :, service] = instance.requests[:, :, service]
    report = evaluate(instance, Plan(cached=cached, served=served))
    nothing = Plan(cached=np.zeros_like(cached), served=np.zeros_like(served))
    assert report.served_share > 0
    assert evaluate(instance, nothing).total == pytest.approx(cloud_only_cost(instance))


def test_realistic_binds_an_l40s_in_cents() -> None:
    instance = scenario("realistic", slots=1500)
    needed = (instance.requests * instance.work).sum(axis=(1, 2))
    assert instance.slot_seconds == 30
    assert instance.compute[0] == 30
    assert instance.memory[0] == pytest.approx(0.9 * 48e9)
    assert 20 <= needed.mean() <= 37  # the study's L40S at 40 requests a slot
    assert 54 <= needed.max() <= 100
    assert 0.3 < instance.cloud_cost.mean() < 1.5  # gpt-4o: 250 and 1000 cents per million tokens
    assert instance.model_names == tuple(name for name, _ in SHELF)
    gpu_cents = instance.computation_cost / instance.work  # 86.4 c/h, and 300 W x 0.8 at 15 c/kWh
    assert gpu_cents == pytest.approx(86.4 / 3600 + 240 / 3.6e6 * 15, rel=1e-6)


def test_more_models_than_the_shelf_holds_are_fine_tunes() -> None:
    instance = scenario("realistic", slots=5, models=14)
    assert instance.model_names[12:] == ("Llama-3.1-8B tune 1", "Qwen2.5-7B tune 1")
    assert instance.compute[0] == pytest.approx(35)


def test_statistics_of_the_control() -> None:
    instance = scenario("stationary", slots=2000)
    figures = statistics(instance)
    assert figures.requests_per_slot == pytest.approx(40, rel=0.02)
    assert figures.dispersion == pytest.approx(1, abs=0.15)
    assert figures.zipf_exponent == pytest.approx(0.9, abs=0.03)
    assert figures.memory_share == pytest.approx(0.35)
    assert figures.hot_slots == 2000
    assert figures.cloud_only_per_request == pytest.approx(
        cloud_only_cost(instance) / instance.requests.sum()
    )


@pytest.mark.parametrize(
    ("name", "mean", "within"), [("hotset", 25, 0.3), ("workflow", 6, 0.2), ("paper", 20, 0.3)]
)
def test_statistics_find_the_hot_durations(name: str, mean: float, within: float) -> None:
    assert statistics(scenario(name, slots=4000)).hot_slots == pytest.approx(mean, rel=within)


def test_a_rare_burst_is_found_and_the_noise_around_it_is_not() -> None:
    counts = np.random.default_rng(0).poisson(0.2, 1000).astype(float)
    counts[500:510] = 20
    assert hot_durations(counts[:, None, None]).tolist() == [10]


def test_memoryless_families_lie_in_the_interesting_zone() -> None:
    for name in ("hotset", "paper", "drift"):
        assert 0.1 < statistics(scenario(name)).theta < 1
    assert statistics(scenario("stationary")).theta < 0.05


@given(
    name=st.sampled_from(NAMES),
    slots=st.integers(1, 30),
    servers=st.integers(1, 3),
    models=st.integers(1, 14),
    extra=st.integers(0, 10),
    seed=st.integers(0, 2**66),
    split=st.sampled_from(("train", "validation", "test")),
)
@settings(max_examples=80)
def test_any_size_makes_a_valid_instance(
    name: str, slots: int, servers: int, models: int, extra: int, seed: int, split: str
) -> None:
    instance = scenario(
        name, slots=slots, servers=servers, models=models, services=models + extra, seed=seed, split=split
    )
    assert instance.requests.shape == (slots, servers, models + extra)
    assert instance.models == models
    assert (instance.footprint.min() <= instance.memory).all()
    statistics(instance)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"name": "nope"}, "'nope' is unknown; there are stationary"),
        ({"name": "decoy", "size": "huge"}, "'huge' is unknown; there are small, medium, large"),
        ({"name": "decoy", "split": "dev"}, "'dev' is unknown; there are train"),
        ({"name": "decoy", "foo": 1}, "no knob 'foo'; it has alpha"),
        ({"name": "decoy", "noise": 2}, "noise=2.0"),
        ({"name": "decoy", "noise": float("nan")}, "noise=nan"),
        ({"name": "decoy", "noise": True}, "noise=True"),
        ({"name": "decoy", "noise": "much"}, "noise='much'"),
        ({"name": "decoy", "window": 1.5}, "window=1.5: must be a whole number"),
        ({"name": "decoy", "load": None}, "load=None"),
        ({"name": "decoy", "load": -1}, "load=-1"),
        ({"name": "decoy", "context_error": 0.9}, "at most 1 together"),
        ({"name": "decoy", "requests": 1e300}, "requests=1e\\+300"),
        ({"name": "decoy", "seed": -1}, "seed=-1"),
        ({"name": "decoy", "world": 0.5}, "world=0.5"),
        ({"name": "decoy", "slots": 0}, "slots=0"),
        ({"name": "decoy", "slots": 10**12}, "too large"),
        ({"name": "decoy", "models": 8, "services": 7}, "services=7"),
        ({"name": "realistic", "gpus": 0}, "gpus=0"),
    ],
)
def test_bad_arguments_are_named_in_one_line(arguments: dict, message: str) -> None:
    with pytest.raises(InvalidOption, match=message) as caught:
        scenario(**arguments)
    assert "\n" not in str(caught.value)
