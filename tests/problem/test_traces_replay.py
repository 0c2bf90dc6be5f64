"""Instances from traces: every request in one slot, one service, one server; no look at the test part."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeopt.problem import Instance
from edgeopt.problem.errors import EdgeoptError, InvalidOption, InvalidTrace
from edgeopt.problem.traces import EdgeSite, Trace, from_trace, load_trace
from edgeopt.problem.traces.hashing import conversation_keys, uniform
from edgeopt.problem.traces.services import map_services
from edgeopt.problem.traces.trace import Accounting, Provenance

SAMPLES = Path(__file__).parent / "traces_samples"


def make_trace(arrived_at, session=None, model=None, prompt=None, model_names=(), answer=10):
    times = np.asarray(arrived_at, dtype=np.float64)
    rows = times.size

    def codes(values, absent):
        return np.full(rows, absent, dtype=np.int32) if values is None else np.asarray(values, dtype=np.int32)

    return Trace(
        arrived_at=times,
        num_prefill_tokens=np.full(rows, 100) if prompt is None else np.asarray(prompt, dtype=np.int64),
        num_decode_tokens=np.full(rows, answer),
        session=codes(session, -1),
        turn=np.zeros(rows, dtype=np.int32),
        model=codes(model, -1),
        client=codes(None, -1),
        model_names=model_names,
        client_names=(),
        accounting=Accounting(rows, rows),
        provenance=Provenance("made.csv", "canonical"),
    )


@st.composite
def traces(draw):
    times = sorted(draw(st.lists(st.floats(0, 3000), min_size=1, max_size=60)))
    times = np.array(times) - times[0]
    session = draw(st.lists(st.integers(-1, 6), min_size=times.size, max_size=times.size))
    model = draw(st.lists(st.integers(-1, 2), min_size=times.size, max_size=times.size))
    return make_trace(times, session, model, model_names=("a", "b", "c"))


@given(
    trace=traces(),
    slot_seconds=st.floats(10.0, 400.0),
    servers=st.integers(1, 4),
    services=st.integers(1, 9),
    group=st.sampled_from(["auto", "hash", "length"]),
)
def test_every_request_lands_in_exactly_one_slot(trace, slot_seconds, servers, services, group):
    instance = from_trace(trace, slot_seconds=slot_seconds, servers=servers, services=services, group=group)
    per_slot = np.bincount(np.floor(trace.arrived_at / slot_seconds).astype(int), minlength=instance.slots)
    np.testing.assert_array_equal(instance.requests.sum(axis=(1, 2)), per_slot)
    assert (instance.servers, instance.services) == (servers, services)
    assert len(set(instance.service_names)) == services


@given(trace=traces(), services=st.integers(1, 9), servers=st.integers(1, 5))
def test_a_conversation_stays_with_one_service_of_its_model_and_one_server(trace, services, servers):
    mapped = map_services(trace, np.ones(len(trace), dtype=bool), services)
    for session in set(trace.session[trace.session >= 0].tolist()):
        for model in range(-1, 3):
            rows = (trace.session == session) & (trace.model == model)
            assert np.unique(mapped.service[rows]).size <= 1
    one = make_trace(trace.arrived_at, np.zeros(len(trace)))
    requests = from_trace(one, services=services, servers=servers).requests
    assert np.count_nonzero(requests.sum(axis=0)) == 1


@given(trace=traces(), factor=st.integers(1, 4))
def test_a_whole_scale_multiplies_every_service_exactly(trace, factor):
    once, more = from_trace(trace), from_trace(trace, scale=float(factor))
    np.testing.assert_array_equal(more.requests, factor * once.requests)


@given(trace=traces(), seed=st.integers(0, 5))
def test_thinning_leaves_out_whole_conversations(trace, seed):
    whole, part = from_trace(trace), from_trace(trace, scale=0.4, seed=seed)
    assert np.all(part.requests <= whole.requests)
    one = make_trace(trace.arrived_at, np.zeros(len(trace)))
    assert from_trace(one, scale=0.4, seed=seed).requests.sum() in (0, len(trace))


def test_thinning_keeps_its_share():
    trace = make_trace(np.arange(20_000) * 0.1)
    for scale in (0.1, 0.5, 1.7):
        kept = from_trace(trace, scale=scale).requests.sum()
        assert kept == pytest.approx(scale * 20_000, rel=0.05)


def test_popularity_is_zipf_and_servers_share_evenly():
    requests = from_trace(make_trace(np.arange(60_000) * 0.01), services=8, servers=4, zipf=1.0).requests
    by_service = requests.sum(axis=(0, 1)) / 60_000
    weights = 1 / np.arange(1, 9)
    np.testing.assert_allclose(by_service, weights / weights.sum(), atol=0.01)
    np.testing.assert_allclose(requests.sum(axis=(0, 2)) / 60_000, 0.25, atol=0.01)


def test_services_go_to_the_models_of_the_trace_by_demand():
    trace = make_trace(np.arange(900.0), model=[0] * 600 + [1] * 300, model_names=("much", "little"))
    instance = from_trace(trace, services=6, stop=900.0)
    # The training half holds only the first model; the other still gets its one service.
    assert [name.split(":")[1].split("/")[0] for name in instance.service_names].count("little") == 1


def test_ten_services_are_shared_as_dhondt_shares_seats():
    model = [0] * 60 + [1] * 30 + [2] * 10
    order = np.random.default_rng(1).permutation(100)
    trace = make_trace(np.arange(100.0), model=np.array(model)[order], model_names=("x", "y", "z"))
    names = map_services(trace, np.ones(100, dtype=bool), 10).names
    assert [sum(name.split(":")[1].startswith(letter) for name in names) for letter in "xyz"] == [6, 3, 1]


def test_more_models_than_services_are_dealt_by_demand():
    model = [0] * 10 + [1] * 40 + [2] * 30
    order = np.random.default_rng(0).permutation(80)
    trace = make_trace(np.arange(80.0), model=np.array(model)[order], model_names=("x", "y", "z"))
    instance = from_trace(trace, services=2, slot_seconds=80.0)
    assert instance.requests.ravel().tolist() == [50, 30]
    assert [name.split(":")[1] for name in instance.service_names] == ["y/0", "z/0"]


def test_clients_are_services(tmp_path):
    path = SAMPLES / "client_rates.csv"
    trace = load_trace(path, rate_scale=0.5)
    instance = from_trace(path, scale=0.5, services=3, slot_seconds=30.0)
    np.testing.assert_array_equal(instance.requests.sum(axis=(0, 1)), np.bincount(trace.client)[[0, 1, 2]])


def test_length_classes_share_the_training_requests_evenly():
    prompt = np.random.default_rng(3).integers(1, 10_000, 4000)
    requests = from_trace(make_trace(np.arange(4000.0), prompt=prompt), services=5, group="length").requests
    np.testing.assert_allclose(requests.sum(axis=(0, 1)) / 4000, 0.2, atol=0.03)


def test_the_parts_are_the_whole_cut_at_one_half_and_seven_tenths():
    trace = make_trace(np.arange(1000.0))
    parts = [from_trace(trace, slot_seconds=10.0, split=split) for split in ("train", "validation", "test")]
    whole = from_trace(trace, slot_seconds=10.0)
    assert [part.slots for part in parts] == [50, 20, 30]
    np.testing.assert_array_equal(np.concatenate([part.requests for part in parts]), whole.requests)
    assert all(part.with_requests(whole.requests) == whole for part in parts)


@pytest.mark.parametrize("group", ["auto", "length"])
def test_nothing_is_learnt_from_the_test_part(group):
    rng = np.random.default_rng(5)
    times, prompt = np.sort(rng.uniform(0, 1000, 3000)), rng.integers(1, 4000, 3000)
    times[0], times[-1] = 0.0, 999.9
    late = times >= 700.0
    changed_times = np.where(late, 700.0 + (times - 700.0) ** 2 / 300.0, times)
    model = rng.integers(0, 2, 3000)
    here = make_trace(times, None, model, prompt, ("a", "b"))
    there = make_trace(
        changed_times, None, np.where(late, 1 - model, model), np.where(late, 9 * prompt, prompt), ("a", "b")
    )
    options = {"slot_seconds": 10.0, "group": group}
    for split in ("train", "validation"):
        assert from_trace(here, split=split, **options) == from_trace(there, split=split, **options)
    ours, theirs = (from_trace(trace, split="test", **options) for trace in (here, there))
    assert ours != theirs
    assert ours.with_requests(theirs.requests) == theirs  # the world is the same, the arrivals are not


def test_the_seed_changes_what_is_drawn_and_the_world_who_goes_where():
    trace = make_trace(np.arange(2000.0), np.arange(2000) // 4)
    base = from_trace(trace, servers=2)
    assert from_trace(trace, servers=2) == base
    assert from_trace(trace, servers=2, seed=1) == base
    assert from_trace(trace, servers=2, world=1) != base
    thin = [from_trace(trace, scale=0.5, seed=seed) for seed in (0, 1)]
    assert thin[0] != thin[1]


def test_stretches_add_up():
    trace = make_trace(np.arange(600.0))
    whole = from_trace(trace).requests
    halves = [from_trace(trace, start=start, stop=start + 300.0).requests for start in (0.0, 300.0)]
    np.testing.assert_array_equal(np.concatenate(halves).sum(axis=(1, 2)), whole.sum(axis=(1, 2)))


def test_the_default_site_makes_caching_a_decision():
    trace = make_trace(np.arange(0, 3600, 0.25), prompt=np.full(14_400, 1155), answer=211)
    instance = from_trace(trace)
    assert 0.25 < instance.memory[0] / instance.footprint.sum() < 0.45
    assert instance.footprint.max() / instance.footprint.min() < 3
    assert np.all(instance.saving[:, :, 0] > 0)
    assert np.all(instance.compute == 60.0)
    assert (instance.requests * instance.work).sum(axis=(1, 2)).mean() > 60.0  # more than the GPU can do
    assert np.all(instance.load_cost > 0)


def test_overrides_site_models_and_device_reach_the_instance():
    path = SAMPLES / "burstgpt_v3.csv"
    instance = from_trace(
        path,
        models=["Phi-4:int4", "Qwen3-4B"],
        device="A100 SXM 80GB",
        memory=2e10,
        cloud_cost=1.0,
        site=EdgeSite(window=4),
    )
    assert instance.model_names == ("Phi-4", "Qwen3-4B")
    assert instance.memory.tolist() == [2e10]
    assert np.all(instance.cloud_cost == 1.0)
    assert set(instance.window.tolist()) == {4}
    assert instance.accuracy[0, -1] == pytest.approx(0.9)
    assert from_trace(path, models=3).models == 3


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"slot_seconds": 0.0}, "slot_seconds"),
        ({"slot_seconds": float("nan")}, "slot_seconds"),
        ({"slot_seconds": 1e-6}, "slots"),
        ({"servers": 0}, "servers"),
        ({"services": 0}, "services"),
        ({"scale": 0.0}, "scale"),
        ({"scale": float("inf")}, "scale"),
        ({"split": "dev"}, "split"),
        ({"slot_seconds": 1e9, "split": "test"}, "no slot left"),
        ({"start": 9.0, "stop": 3.0}, "start"),
        ({"start": 1e6}, "no request between"),
        ({"group": "prompt"}, "group"),
        ({"zipf": -1.0}, "zipf"),
        ({"seed": -1}, "seed"),
        ({"models": 99}, "models"),
        ({"models": ["GPT-9"]}, "GPT-9"),
        ({"models": ["Phi-4", "Phi-4"]}, "differ"),
        ({"device": "Abacus"}, "Abacus"),
        ({"memory": -1.0}, "memory"),
    ],
)
def test_bad_options_are_refused_in_one_line(options, message):
    with pytest.raises(EdgeoptError, match=message) as error:
        from_trace(SAMPLES / "burstgpt_v3.csv", **options)
    assert "\n" not in str(error.value)
    assert isinstance(error.value, (InvalidOption, InvalidTrace, EdgeoptError))


def test_an_instance_of_a_trace_survives_a_file(tmp_path):
    instance = from_trace(SAMPLES / "qwen.jsonl", servers=2)
    instance.save(tmp_path / "replay.npz")
    assert Instance.load(tmp_path / "replay.npz") == instance


def test_hashed_numbers_are_uniform_and_unrelated_between_salts():
    keys = conversation_keys(make_trace(np.arange(20_000.0)))
    first, second = uniform(keys, 1), uniform(keys, 2)
    assert first.min() >= 0
    assert first.max() < 1
    np.testing.assert_allclose(np.histogram(first, 10, (0, 1))[0] / 20_000, 0.1, atol=0.01)
    assert abs(np.corrcoef(first, second)[0, 1]) < 0.03
    assert abs(np.corrcoef(first[1:], first[:-1])[0, 1]) < 0.03


@pytest.mark.parametrize(
    "name",
    [
        "azure_llm_2023/AzureLLMInferenceTrace_conv.csv.gz",
        "burstgpt/BurstGPT_3.head400.csv.gz",
        "mooncake_fast25/conversation_trace.jsonl.gz",
    ],
)
def test_real_traces_keep_every_request(shared_data, name):
    trace = load_trace(shared_data / name)
    instance = from_trace(trace, servers=2)
    per_slot = np.bincount((trace.arrived_at // 60.0).astype(int))
    np.testing.assert_array_equal(instance.requests.sum(axis=(1, 2)), per_slot)
