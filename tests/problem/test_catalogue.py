"""The catalogue's facts and formulas, against numbers worked out by hand and published tables."""

from __future__ import annotations

import csv
from dataclasses import FrozenInstanceError, replace
from importlib.resources import files
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeopt.problem.catalogue import (
    QUANTISATIONS,
    Economics,
    Efficiency,
    Tokens,
    amortised_cents_per_hour,
    devices,
    models,
    prices,
)
from edgeopt.problem.catalogue.economics import (
    api_cents,
    cloud_cents,
    computation_cents,
    energy_cents,
    gpu_cents_per_second,
    load_cents,
    load_seconds,
    transmission_cents,
)
from edgeopt.problem.catalogue.footprint import (
    Quantisation,
    kv_bytes_per_token,
    kv_pool_bytes,
    quantisation,
    visible_tokens,
    weight_bytes,
)
from edgeopt.problem.catalogue.inference import (
    decode_step_bytes,
    decode_step_seconds,
    peak_flops,
    prefill_flops,
    prefill_seconds,
    request_joules,
    request_seconds,
    response_seconds,
    touched_weight_bytes,
)
from edgeopt.problem.catalogue.tables import _table
from edgeopt.problem.errors import InvalidFile, InvalidOption

LLAMA, MOE, GEMMA = models()["Llama-3.1-8B"], models()["Qwen3-30B-A3B"], models()["Gemma-2-9B"]
L40S, PRO = devices()["L40S"], devices()["RTX PRO 6000 Blackwell Server"]
GPT4O = prices()["openai/gpt-4o"]
FP16, INT4 = QUANTISATIONS["fp16"], QUANTISATIONS["int4"]
HALF = Efficiency(prefill=0.45, decode=0.8)

names_of_models = st.sampled_from(sorted(models()))
formats = st.sampled_from(sorted(QUANTISATIONS)).map(QUANTISATIONS.__getitem__)
rated_devices = st.sampled_from([d for d in devices().values() if d.bf16_flops and d.int8_ops])
counts = st.floats(0, 20_000)


def test_the_catalogue_has_all_models_devices_and_prices():
    assert (len(models()), len(devices()), len(prices())) == (36, 26, 20)


def test_records_are_typed_frozen_and_keep_their_sources():
    assert LLAMA.parameters == 8.03e9
    assert (LLAMA.layers, LLAMA.kv_heads, LLAMA.head_dim, LLAMA.context_window) == (32, 8, 128, 131072)
    assert (LLAMA.mmlu.percent, LLAMA.mmlu.setting) == (69.4, "5s,instr")
    assert (L40S.memory_bytes, L40S.bandwidth, L40S.power) == (48e9, 864e9, 300)
    assert L40S.bf16_flops == pytest.approx(362.05e12)
    assert (GPT4O.input, GPT4O.cached_input, GPT4O.output) == (250, 125, 1000)
    assert "litgpt" in LLAMA.architecture_source
    with pytest.raises(FrozenInstanceError):
        LLAMA.layers = 1


def test_what_is_unknown_is_none():
    assert PRO.bf16_flops is None
    assert PRO.int8_ops is None
    assert models()["Phi-2"].mmlu is None
    assert LLAMA.sliding_window is None
    assert prices()["openai/gpt-3.5-turbo"].cached_input is None
    assert prices()["together/Llama-3.3-70B-Instruct-Turbo"].context_window is None


def test_doubts_of_the_sources_are_kept():
    assert any("unverified" in doubt for doubt in L40S.caveats)
    assert any("not found" in doubt for doubt in PRO.caveats)
    assert any("memory" in doubt for doubt in devices()["A2"].caveats)
    assert any("unverified" in doubt for doubt in models()["Qwen2.5-7B"].caveats)
    assert LLAMA.caveats == ()


@pytest.mark.parametrize(
    ("facts", "wrong", "right"),
    [
        (models(), "llama-3.1-8b", "Llama-3.1-8B"),
        (devices(), "L40", "L40S"),
        (prices(), "gpt-4o", "openai/gpt-4o"),
    ],
)
def test_an_unknown_name_is_answered_with_the_nearest(facts, wrong, right):
    with pytest.raises(InvalidOption, match=f"unknown .*{wrong}.*{right}"):
        facts[wrong]
    assert wrong not in facts
    assert facts.get(wrong) is None
    assert right in facts


def test_a_name_like_nothing_known_gets_examples():
    with pytest.raises(InvalidOption, match="there are 26, such as"):
        devices()["????"]


def test_a_broken_table_is_refused_with_the_line():
    with pytest.raises(InvalidFile, match=r"models\.csv, line 2: cannot be read"):
        _table("models.csv", lambda row: replace(LLAMA, layers=int(row["name"])))
    with pytest.raises(InvalidFile, match=r"prices\.csv, line 3: 'openai/gpt-4o' stands there twice"):
        _table("prices.csv", lambda _: GPT4O)


def test_bytes_per_token_of_every_model_follow_from_its_shape():
    """2 x layers x key-value heads x head dimension x 2 bytes is the table's own column."""
    for model in models().values():
        assert kv_bytes_per_token(model, FP16) == model.kv_bytes_per_token


def test_weights_and_operations_agree_with_the_columns_of_the_table():
    text = (files("edgeopt.problem.catalogue") / "models.csv").read_text(encoding="utf-8")
    for row in csv.DictReader(text.splitlines()):
        model = models()[row["name"]]
        for stored in ("fp16", "int8", "int4"):
            stated = float(row[f"weights_gb_{stored}"]) * 1e9
            assert weight_bytes(model, QUANTISATIONS[stored]) == pytest.approx(stated, abs=0.0151e9)
        stated = float(row["gflops_per_token_2N"]) * 1e9
        assert 2 * model.active_parameters == pytest.approx(stated, abs=0.0151e9)


def test_the_package_holds_the_shared_tables(shared_data: Path):
    for ours, theirs in (
        ("models.csv", "models.csv"),
        ("devices.csv", "gpus.csv"),
        ("prices.csv", "prices.csv"),
    ):
        text = (files("edgeopt.problem.catalogue") / ours).read_text(encoding="utf-8")
        with (shared_data / theirs).open(encoding="utf-8", newline="") as stream:
            shared = list(csv.DictReader(stream))
        packaged = list(csv.DictReader(text.splitlines()))
        assert [{key: row[key] for key in shared[0]} for row in packaged] == shared


def test_footprint_parts_of_llama_by_hand():
    """8.03e9 x 0.5 bytes; 2 x 32 x 8 x 128 x 2 bytes a token; 4 sequences of 3200 + 1155 + 211 tokens."""
    assert weight_bytes(LLAMA, INT4) == 4_015_000_000
    assert kv_bytes_per_token(LLAMA, INT4) == 131_072
    assert kv_pool_bytes(LLAMA, INT4, length=4566, sequences=4) == 2_393_899_008
    assert kv_pool_bytes(LLAMA, QUANTISATIONS["int4+kv8"], length=4566, sequences=4) == 1_196_949_504


def test_a_sliding_window_caps_half_of_gemmas_layers():
    assert visible_tokens(GEMMA, 4000) == 4000
    assert visible_tokens(GEMMA, 8192) == 0.5 * 8192 + 0.5 * 4096
    assert visible_tokens(LLAMA, 8192) == 8192
    assert kv_pool_bytes(GEMMA, FP16, length=8192, sequences=1) == 6144 * 344_064


def test_prefill_of_a_thousand_tokens_on_an_l40s_by_hand():
    """2 x 8.03e9 x 1000 + 4 x 32 x 32 x 128 x 1000 x 500 operations at 0.45 x 362.05e12 a second."""
    assert prefill_flops(LLAMA, 1000) == pytest.approx(1.606e13 + 2.62144e11)
    assert prefill_seconds(LLAMA, L40S, FP16, 1000, efficiency=HALF) == pytest.approx(0.100183486, rel=1e-7)


def test_attention_operations_are_the_sum_over_tokens():
    """Token i attends to context + i - 1/2 tokens: 2 products of 2 operations a head dimension."""
    each = [4 * 32 * 32 * 128 * (700 + i + 0.5) for i in range(300)]
    assert prefill_flops(LLAMA, 300, 700) - 2 * 8.03e9 * 300 == pytest.approx(sum(each))


def test_decode_step_on_an_l40s_by_hand():
    """(16.06e9 + 8 x 131072 x 1000) bytes at 0.8 x 864e9 bytes a second."""
    step = decode_step_seconds(LLAMA, L40S, FP16, batch=8, length=1000, efficiency=HALF)
    assert step == pytest.approx(17_108_576_000 / 691.2e9, rel=1e-12)
    assert step == pytest.approx(0.024751991, rel=1e-6)


def test_large_batches_are_bound_by_arithmetic():
    """2 x 8.03e9 x 400 / (0.45 x 362.05e12) s is more than the weights' 16.06e9 / (0.8 x 864e9) s."""
    step = decode_step_seconds(LLAMA, L40S, FP16, batch=400, efficiency=HALF)
    assert step == pytest.approx(2 * 8.03e9 * 400 / (0.45 * 362.05e12))


def test_a_mixture_of_experts_reads_its_active_part_first_and_all_of_it_at_last():
    """a = 3.042 / 30.532; two sequences touch 1 - (1 - a)^2 of the weights."""
    assert touched_weight_bytes(MOE, FP16, 1) == pytest.approx(2 * 3.042e9)
    active = 3.042 / 30.532
    assert touched_weight_bytes(MOE, FP16, 2) == pytest.approx(61.064e9 * (2 * active - active**2))
    assert touched_weight_bytes(MOE, FP16, 1000) == pytest.approx(61.064e9)
    assert prefill_flops(MOE, 1) == pytest.approx(2 * 3.042e9, rel=1e-3)
    assert touched_weight_bytes(LLAMA, FP16, 7) == 16.06e9


def test_work_and_energy_of_a_request_by_hand():
    """0.1001835 s of prefill + 200 x 17.2134336e9 / 691.2e9 / 8 s; 300 W x 0.8."""
    tokens = Tokens(prompt=1000, output=200)
    work = request_seconds(LLAMA, L40S, FP16, tokens, batch=8, efficiency=HALF)
    assert work == pytest.approx(0.100183486 + 200 * 17_213_433_600 / 691.2e9 / 8, rel=1e-7)
    assert work == pytest.approx(0.7227758, rel=1e-6)
    assert request_joules(L40S, work) == pytest.approx(173.4662, rel=1e-6)
    wait = response_seconds(LLAMA, L40S, FP16, tokens, batch=8, efficiency=HALF)
    assert wait == pytest.approx(0.100183486 + 200 * 17_213_433_600 / 691.2e9, rel=1e-7)


def test_int8_arithmetic_uses_its_own_peak():
    assert peak_flops(L40S, QUANTISATIONS["w8a8"]) == 733e12
    assert peak_flops(L40S, QUANTISATIONS["int8"]) == pytest.approx(362.05e12)


def test_computation_cost_by_hand():
    """0.5 GPU-seconds at 86.4 c/h, 120 J at 15 c/kWh, and 2 s of waiting at 0.01 c/s."""
    costs = Economics(latency_cents_per_second=0.01)
    assert gpu_cents_per_second(L40S, costs) == pytest.approx(86.4 / 3600)
    assert energy_cents(120, costs) == pytest.approx(0.0005)
    cents = computation_cents(L40S, gpu_seconds=0.5, joules=120, response_seconds=2, economics=costs)
    assert cents == pytest.approx(0.012 + 0.0005 + 0.02)
    assert gpu_cents_per_second(L40S, Economics(gpu_cents_per_hour=180)) == pytest.approx(0.05)


def test_energy_is_a_few_per_cent_of_the_gpu_cost():
    share = energy_cents(request_joules(L40S, 1.0), Economics()) / gpu_cents_per_second(L40S, Economics())
    assert 0.03 < share < 0.05


def test_cloud_cost_from_the_price_table_by_hand():
    """gpt-4o, 600 fresh, 400 cached tokens, 200 out: (600 x 250 + 400 x 125 + 200 x 1000) / 1e6 cents."""
    assert api_cents(GPT4O, input_tokens=1000, output_tokens=200) == pytest.approx(0.45)
    assert api_cents(GPT4O, input_tokens=1000, output_tokens=200, cached_tokens=400) == pytest.approx(0.4)
    sent = Tokens(prompt=600, output=200, context=400)
    costs = Economics(latency_cents_per_second=0.02)
    cents = cloud_cents(GPT4O, sent, costs, cached_tokens=400, error_cents=0.03)
    assert cents == pytest.approx(0.4 + 1200 * 4 / 1e9 * 10 + 0.03 + 0.02 * (0.1 + 200 / 100))


def test_a_provider_without_a_cached_price_bills_in_full():
    plain = prices()["groq/llama-3.1-8b-instant"]
    full = api_cents(plain, input_tokens=1000, output_tokens=0)
    assert (
        api_cents(plain, input_tokens=1000, output_tokens=0, cached_tokens=900)
        == full
        == pytest.approx(0.005)
    )


def test_transmission_cost_by_hand():
    assert transmission_cents(1200, Economics()) == pytest.approx(4.8e-6)
    assert transmission_cents(0, Economics(latency_cents_per_second=0.5)) == pytest.approx(0.01)


def test_load_time_and_cost_by_hand():
    """60 s + 16.06e9 / 6e9 s; 0.024 c a second, and 4 c a slot of 30 s lost."""
    seconds = load_seconds(LLAMA, L40S, FP16, Economics())
    assert seconds == pytest.approx(62.676667, rel=1e-6)
    cents = load_cents(L40S, seconds=seconds, lost_cents_per_slot=4, slot_seconds=30, economics=Economics())
    assert cents == pytest.approx(1.50424 + 8.3568889, rel=1e-6)
    quick = Economics(engine_start_seconds=0, load_source="host")
    assert load_seconds(LLAMA, L40S, FP16, quick) == pytest.approx(16.06 / 12)


def test_amortisation_by_hand():
    """8760 dollars x 1.3 over 4 years, busy half of the time: 0.65 dollars an hour."""
    assert amortised_cents_per_hour(876_000) == pytest.approx(65.0)


@pytest.mark.parametrize(
    ("attempt", "message"),
    [
        (lambda: quantisation("int5"), "unknown quantisation 'int5'; known are fp16"),
        (lambda: Quantisation(name="q", weight_bytes=0), "weight_bytes = 0, must be in"),
        (lambda: Quantisation(name="q", weight_bytes=1, arithmetic="fp4"), "'fp4', must be 'bf16' or 'int8'"),
        (lambda: Efficiency(prefill=1.2), r"prefill = 1.2, must be in \(0, 1\]"),
        (lambda: Efficiency(decode=float("nan")), "decode = nan"),
        (lambda: Tokens(prompt=-1, output=2), "prompt = -1"),
        (lambda: decode_step_seconds(LLAMA, L40S, FP16, batch=0.5), "batch = 0.5, .* at least 1"),
        (
            lambda: prefill_seconds(LLAMA, PRO, FP16, 10),
            "no bf16_flops in the catalogue.*replace",
        ),
        (lambda: Economics(electricity_cents_per_kwh=-1), "electricity_cents_per_kwh = -1"),
        (lambda: Economics(load_source="tape"), "'tape', must be 'nvme' or 'host'"),
        (lambda: Economics(cloud_tokens_per_second=0), "must be positive"),
        (lambda: api_cents(GPT4O, input_tokens=5, output_tokens=0, cached_tokens=6), r"must be in \[0, 5\]"),
        (lambda: amortised_cents_per_hour(1, busy_share=0), "amortisation"),
    ],
)
def test_bad_input_is_one_clear_line(attempt, message):
    with pytest.raises(InvalidOption, match=message) as caught:
        attempt()
    assert "\n" not in str(caught.value)


def test_a_missing_peak_can_be_given():
    known = replace(PRO, bf16_flops=500e12)
    assert prefill_seconds(LLAMA, known, FP16, 10) > 0
    assert decode_step_seconds(LLAMA, PRO, FP16) == decode_step_seconds(LLAMA, known, FP16)


@given(names_of_models, rated_devices, formats, counts, counts, counts, st.floats(1, 300), st.floats(1, 500))
def test_more_tokens_never_mean_less_work(name, device, stored, prompt, output, context, batch, more):
    model = models()[name]

    def work(**tokens: float) -> float:
        return request_seconds(model, device, stored, Tokens(**tokens), batch=batch)

    base = work(prompt=prompt, output=output, context=context)
    assert work(prompt=prompt + more, output=output, context=context) > base
    assert work(prompt=prompt, output=output + more, context=context) > base
    assert work(prompt=prompt, output=output, context=context + more) >= base * (1 - 1e-12)


@given(names_of_models, rated_devices, formats, counts, counts, st.floats(1, 300), st.floats(1, 4))
def test_sharing_steps_makes_requests_cheaper_and_slower(name, device, stored, prompt, output, batch, factor):
    model, tokens = models()[name], Tokens(prompt=prompt, output=output)
    alone, together = (
        (
            request_seconds(model, device, stored, tokens, batch=size),
            response_seconds(model, device, stored, tokens, batch=size),
        )
        for size in (batch, batch * factor)
    )
    assert together[0] <= alone[0] * (1 + 1e-9)
    assert together[1] >= alone[1] * (1 - 1e-9)


@given(names_of_models, formats, st.floats(1, 1000), counts)
def test_touched_weights_lie_between_the_active_part_and_all(name, stored, batch, length):
    model = models()[name]
    touched = touched_weight_bytes(model, stored, batch)
    active = min(1.0, model.active_parameters / model.parameters) * weight_bytes(model, stored)
    assert active * (1 - 1e-12) <= touched <= weight_bytes(model, stored)
    assert decode_step_bytes(model, stored, batch=batch, length=length) >= touched


@given(names_of_models, counts, st.floats(0, 5000))
def test_visible_tokens_grow_with_the_sequence_and_never_exceed_it(name, length, more):
    model = models()[name]
    assert visible_tokens(model, length) <= length * (1 + 1e-12)
    assert visible_tokens(model, length + more) >= visible_tokens(model, length) * (1 - 1e-12)
