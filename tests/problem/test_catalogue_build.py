"""From services on devices to an instance: the assembled numbers, and every way to ask for nonsense."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeopt.problem import Instance
from edgeopt.problem.catalogue import Economics, Efficiency, Service, build, devices, models, prices
from edgeopt.problem.errors import InvalidOption

LLAMA, L40S = models()["Llama-3.1-8B"], devices()["L40S"]
EXACT = Efficiency(prefill=0.45, decode=0.8)


def chat(name: str = "chat", model: str = "Llama-3.1-8B", **changes) -> Service:
    settings = {
        "price": "openai/gpt-4o",
        "prompt_tokens": 1000,
        "output_tokens": 200,
        "window": 32,
        "unit_tokens": 100,
        "context_share": 0.5,
        "concurrency": 4,
    }
    return Service(name=name, model=model, **(settings | changes))


def test_one_service_by_hand():
    """Llama-3.1-8B, int4, on an L40S: each array from the definitions, worked out on paper.

    footprint  4.015e9 + 4 x (3200 + 1000 + 200) x 131072 bytes
    work       prefill (1.606e13 + 524288 x 1000 x (1600 + 500)) / (0.45 x 362.05e12) s
               + 200 x (4.015e9 + 4 x 131072 x (1600 + 1000 + 100)) / (0.8 x 864e9) / 4 s
    energy     work x 240 W; cost work x 0.024 c/s + energy x 15 / 3.6e6 c
    cloud      (1000 x 250 + 200 x 1000) / 1e6 c + 1200 x 4e-9 GB x 10 c
    load       t = 60 + 4.015 / 6 s: t x 0.024 c + 10 x saving x t / 30
    """
    built = build("L40S", [chat(hot_requests=10)], quantised="int4", batch=8, efficiency=EXACT)
    work = (1.606e13 + 524_288 * 1000 * 2100) / 162.9225e12
    work += 200 * (4.015e9 + 4 * 131_072 * 2700) / 691.2e9 / 4
    energy = work * 240
    computation = work * 0.024 + energy * 15 / 3.6e6
    cloud, transmission = 0.45 + 4.8e-5, 4.8e-6
    seconds = 60 + 4.015 / 6
    load = seconds * 0.024 + 10 * (cloud - transmission - computation) * seconds / 30
    assert built.footprint == pytest.approx([4.015e9 + 4 * 4400 * 131_072])
    assert built.work == pytest.approx([work])
    assert built.energy == pytest.approx([energy])
    assert built.computation_cost == pytest.approx([computation])
    assert built.transmission_cost == pytest.approx([transmission])
    assert built.cloud_cost == pytest.approx([cloud])
    assert built.load_cost == pytest.approx([load])
    assert (built.memory, built.compute, built.energy_budget) == (pytest.approx(43.2e9), 30, np.inf)
    assert (built.model_names, built.service_names) == (("Llama-3.1-8B",), ("chat",))


def test_the_arrays_make_an_instance_with_any_number_of_equal_servers():
    built = build("L40S", [chat(), chat("code", "Qwen2.5-7B")])
    ask = np.ones((3, 2, 2), dtype=int)
    instance = Instance(requests=ask, accuracy=np.linspace(0.5, 1, 33), **built.arrays())
    assert instance.work.shape == (2, 2)
    assert np.array_equal(instance.load_cost[0], built.load_cost)
    assert instance.slot_seconds == 30
    assert instance.model_names == ("Llama-3.1-8B", "Qwen2.5-7B")


def test_different_devices_give_a_row_each():
    services = [chat(), chat("code", "Qwen2.5-7B")]
    built = build(["L40S", "H100 SXM 80GB"], services)
    instance = Instance(requests=np.ones((3, 2, 2), dtype=int), **built.arrays())
    assert instance.memory == pytest.approx([43.2e9, 72e9])
    for row, device in enumerate(("L40S", "H100 SXM 80GB")):
        alone = build(device, services)
        for name in ("work", "energy", "load_cost", "computation_cost"):
            assert getattr(built, name)[row] == pytest.approx(getattr(alone, name))
    assert (built.work[1] < built.work[0]).all()


def test_services_of_one_model_share_its_weights_and_add_their_pools():
    one, two = build("L40S", [chat()]), build("L40S", [chat(), chat("more", concurrency=2)])
    assert two.footprint[0] - one.footprint[0] == pytest.approx(2 * 4400 * 131_072)
    assert list(two.service_model) == [0, 0]


def test_a_batch_is_no_larger_than_the_windows_reserved():
    narrow = build("L40S", [chat(concurrency=2)], batch=8)
    assert narrow.work == pytest.approx(build("L40S", [chat(concurrency=2)], batch=2).work)
    shared = build("L40S", [chat(concurrency=2), chat("more", concurrency=6)], batch=8)
    assert shared.work[0] == pytest.approx(build("L40S", [chat(concurrency=8)], batch=8).work[0])


def test_models_without_services_occupy_their_weights():
    built = build("L40S", [chat()], models=["Qwen2.5-7B", "Llama-3.1-8B"], quantised={"Qwen2.5-7B": "int8"})
    assert built.model_names == ("Qwen2.5-7B", "Llama-3.1-8B")
    assert list(built.service_model) == [1]
    assert built.footprint == pytest.approx([7.615e9, 16.06e9 + 4 * 4400 * 131_072])


def test_lost_context_is_read_again():
    kept, lost = (build("L40S", [chat(recomputed_share=share)]).work[0] for share in (0.0, 1.0))
    more = (524_288 * 2600 * 1300 + 2 * 8.03e9 * 2600) - (524_288 * 1000 * 2100 + 2 * 8.03e9 * 1000)
    assert lost - kept == pytest.approx(more / 162.9225e12)


def test_context_sent_to_the_cloud_is_billed_and_cached_input_is_cheaper():
    """1600 tokens of context at 250 c, or at 125 c from the provider's cache, per million."""
    wire = 1600 * 4e-9 * 10
    plain, sent, cached = (
        build("L40S", [chat(cloud_context_share=share, cloud_cached_share=part)]).cloud_cost[0]
        for share, part in ((0, 0), (1, 0), (1, 1))
    )
    assert sent - plain == pytest.approx(0.4 + wire)
    assert cached - plain == pytest.approx(0.2 + wire)


def test_errors_have_a_price():
    base = build("L40S", [chat(hot_requests=10)])
    erring = build("L40S", [chat(hot_requests=10, cloud_error_cents=0.1, local_error_cents=0.1)])
    assert erring.cloud_cost - base.cloud_cost == pytest.approx([0.1])
    assert erring.load_cost == pytest.approx(base.load_cost)
    assert build("L40S", [chat(hot_requests=10, local_error_cents=9)]).load_cost == pytest.approx(
        build("L40S", [chat()]).load_cost
    )


def test_own_records_take_the_place_of_names():
    slow = replace(L40S, name="slow", bandwidth=L40S.bandwidth / 2)
    service = replace(chat(), model=replace(LLAMA, name="tuned"), price=prices()["openai/gpt-5"])
    built = build(slow, [service])
    assert built.model_names == ("tuned",)
    assert (built.work > build("L40S", [chat()]).work).all()


def test_forty_requests_a_slot_keep_an_l40s_busy_for_most_of_it():
    """20-37 GPU-seconds of a 30-s slot at 40 requests of the Azure conversation lengths, int8, batch 8."""
    names = ["Llama-3.1-8B", "Qwen2.5-7B", "Qwen2.5-14B", "Gemma-2-9B", "Mistral-7B-v0.3", "Qwen3-8B"]
    services = [chat(n, n, prompt_tokens=1155, output_tokens=211, concurrency=8) for n in names]
    work = build("L40S", services, quantised="int8").work
    assert 20 < 40 * work.mean() < 37


def test_oversize_models_are_refused_unless_allowed():
    with pytest.raises(InvalidOption, match=r"'Llama-3.1-70B' needs 14\d.\d\d GB .* L40S offers 43.20 GB"):
        build("L40S", [chat(model="Llama-3.1-70B")])
    with pytest.raises(InvalidOption, match="L4 offers"):
        build(["H100 SXM 80GB", "L4"], [chat(model="Qwen2.5-14B")])
    built = build("L40S", [chat(model="Llama-3.1-70B")], allow_oversize=True)
    assert built.footprint[0] > built.memory


@pytest.mark.parametrize(
    ("attempt", "message"),
    [
        (lambda: build("L40S", []), "at least one service"),
        (lambda: build([], [chat()]), "at least one device"),
        (lambda: build("L40", [chat()]), "unknown device 'L40'; did you mean 'L40S'"),
        (lambda: build("L40S", [chat(model="Llama-3.1-8")]), "unknown model .* 'Llama-3.1-8B'"),
        (lambda: build("L40S", [chat(price="gpt-4o")]), "unknown price .* 'openai/gpt-4o'"),
        (lambda: build("L40S", [chat(), chat()]), "'chat' stands there twice"),
        (lambda: build("L40S", [chat()], models=["Phi-2"]), "'Llama-3.1-8B' is not among"),
        (lambda: build("L40S", [chat()], models=["Llama-3.1-8B"] * 2), "models must have names that differ"),
        (lambda: build("L40S", [chat()], quantised={"Phi-2": "int4"}), "'Phi-2', which is no model"),
        (lambda: build("L40S", [chat()], quantised="int5"), "unknown quantisation 'int5'"),
        (lambda: build("L40S", [chat()], batch=0), "batch = 0"),
        (lambda: build("L40S", [chat()], slot_seconds=0), "slot_seconds = 0, must be finite and positive"),
        (lambda: build("L40S", [chat()], memory_share=1.1), "memory_share = 1.1"),
        (lambda: build("L40S", [chat()], energy_budget=float("nan")), "energy_budget = nan"),
        (lambda: build("RTX 5090", [chat()]), "'RTX 5090' has no bf16_flops"),
        (
            lambda: build("L40S", [chat(model="Phi-2", window=64)]),
            "take 7600 tokens, Phi-2 reads at most",
        ),
        (
            lambda: build(
                "L40S",
                [chat(price="openai/gpt-3.5-turbo", window=400, cloud_context_share=1)],
            ),
            "21200 tokens go to the cloud, openai/gpt-3.5-turbo reads at most 16385",
        ),
        (lambda: chat(concurrency=0.5), "concurrency = 0.5, must be at least 1"),
        (lambda: chat(window=1.5), "window = 1.5, must be a whole number"),
        (lambda: chat(context_share=1.5), r"context_share = 1.5, must be in \[0, 1\]"),
        (lambda: chat(prompt_tokens=float("inf")), "prompt_tokens = inf, must be finite"),
    ],
)
def test_bad_input_is_one_clear_line(attempt, message):
    with pytest.raises(InvalidOption, match=message) as caught:
        attempt()
    assert "\n" not in str(caught.value)


@given(
    st.integers(0, 64),
    st.floats(0, 200),
    st.floats(1, 8),
    st.integers(1, 32),
    st.sampled_from(["fp16", "int4+kv8"]),
)
def test_larger_windows_and_more_of_them_never_shrink_anything(window, unit, concurrency, more, stored):
    small = chat(window=window, unit_tokens=unit, concurrency=concurrency, hot_requests=5)
    large = replace(small, window=window + more)
    wider = replace(small, concurrency=concurrency + more)
    arrays = [build("L40S", [each], quantised=stored, allow_oversize=True) for each in (small, large, wider)]
    assert arrays[1].footprint >= arrays[0].footprint
    assert arrays[1].work >= arrays[0].work * (1 - 1e-12)
    assert arrays[2].footprint > arrays[0].footprint
    assert arrays[2].work <= arrays[0].work * (1 + 1e-12)
    assert arrays[1].cloud_cost == arrays[0].cloud_cost


@given(st.floats(0, 500), st.floats(0, 100), st.floats(0.1, 4))
def test_costs_are_linear_in_prices(gpu, power, factor):
    costs = Economics(gpu_cents_per_hour=gpu, electricity_cents_per_kwh=power)
    dearer = Economics(gpu_cents_per_hour=gpu * factor, electricity_cents_per_kwh=power * factor)
    base, raised = (build("L40S", [chat()], economics=each) for each in (costs, dearer))
    assert raised.computation_cost == pytest.approx(base.computation_cost * factor)
    assert raised.load_cost == pytest.approx(base.load_cost * factor)
