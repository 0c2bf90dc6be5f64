"""Calibration: an engine simulated step by step must be read back exactly; real runs must be close."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edgeopt.problem.catalogue import QUANTISATIONS, Efficiency, devices, models
from edgeopt.problem.catalogue.calibration import compare, fit, fit_profile
from edgeopt.problem.catalogue.inference import decode_step_bytes, prefill_flops
from edgeopt.problem.catalogue.measured import Run, measure, read_run, step_clock
from edgeopt.problem.errors import InvalidTrace

LLAMA = models()["Llama-3.1-8B"]
ADA, PRO = devices()["RTX 4090"], devices()["RTX PRO 6000 Blackwell Server"]
RUNS = {
    "RTX4090_Llama-3.1-8B": (LLAMA, ADA),
    "RTXPRO6000_Llama-3.1-8B": (LLAMA, PRO),
    "RTXPRO6000_Qwen3-32B": (models()["Qwen3-32B"], PRO),
    "RTXPRO6000_Qwen3-30B-A3B-Instruct-2507": (models()["Qwen3-30B-A3B"], PRO),
}


def simulate(truth: Efficiency, *, requests: int = 120, slots: int = 16, seed: int = 0) -> tuple[Run, int]:
    """Run an engine that reads one prompt at a time between decode steps; also how many steps it took."""
    rng = np.random.default_rng(seed)
    prompt = rng.integers(100, 1500, requests).astype(float)
    output = rng.integers(50, 400, requests).astype(float)
    scheduled, first, last = np.zeros(requests), np.zeros(requests), np.zeros(requests)
    queue, running, written, now, steps = list(range(requests)), [], np.zeros(requests), 0.0, 0
    while queue or running:
        if queue and len(running) < slots:
            new = queue.pop(0)
            scheduled[new] = now
            now += prefill_flops(LLAMA, prompt[new]) / (ADA.bf16_flops * truth.prefill)
            first[new], written[new] = now, 1
            running.append(new)
        lengths = prompt[running] + written[running]
        moved = decode_step_bytes(
            LLAMA, QUANTISATIONS["fp16"], batch=len(running), length=float(lengths.mean())
        )
        now += moved / (ADA.bandwidth * truth.decode)
        steps += 1
        written[running] += 1
        for done in [each for each in running if written[each] >= output[each]]:
            last[done] = now
            running.remove(done)
    run = Run(
        prompt=prompt, output=output, queued=np.zeros(requests), scheduled=scheduled, first=first, last=last
    )
    return run, steps


@pytest.mark.parametrize("truth", [Efficiency(prefill=0.4, decode=0.8), Efficiency(prefill=0.7, decode=0.6)])
def test_the_efficiencies_of_a_simulated_engine_are_found(truth):
    run, _ = simulate(truth)
    found = fit(run, LLAMA, ADA)
    assert found.decode == pytest.approx(truth.decode, rel=0.03)
    assert found.prefill == pytest.approx(truth.prefill, rel=0.08)
    assert found.residual < 0.03
    assert found.within_ten_per_cent > 0.97


def test_the_step_clock_counts_the_steps_of_a_simulated_engine():
    run, steps = simulate(Efficiency(prefill=0.5, decode=0.7))
    clock = step_clock(run)
    assert clock.steps.sum() == pytest.approx(steps, rel=0.02)
    assert clock.batch.max() <= 16 + 1e-9
    assert measure(run).batch == pytest.approx((run.output - 1).sum() / steps, rel=0.02)


def test_the_formula_predicts_a_simulated_engine():
    truth = Efficiency(prefill=0.5, decode=0.7)
    run, _ = simulate(truth)
    seen = compare(run, LLAMA, ADA, efficiency=truth)
    assert seen.gpu_ratio == pytest.approx(1.0, abs=0.05)
    assert seen.step_ratio == pytest.approx(1.0, abs=0.03)
    assert seen.token_seconds[1] == pytest.approx(seen.token_seconds[0], rel=0.15)
    assert seen.first_token_seconds[1] == pytest.approx(seen.first_token_seconds[0], rel=1e-9)


def test_a_preempted_request_does_not_move_the_clock():
    run, _ = simulate(Efficiency(prefill=0.5, decode=0.7))
    fewer = run.output.copy()
    fewer[::15] = np.floor(fewer[::15] * 0.6)
    assert step_clock(replace(run, output=fewer)).steps.sum() == pytest.approx(
        step_clock(run).steps.sum(), rel=0.02
    )


def test_measures_of_two_requests_by_hand():
    """Two requests on two devices, 10 and 20 tokens; the second waits 2 s for its turn."""
    run = Run(
        prompt=np.array([100.0, 300.0]),
        output=np.array([11.0, 21.0]),
        queued=np.array([0.0, 0.0]),
        scheduled=np.array([0.0, 2.0]),
        first=np.array([0.5, 2.5]),
        last=np.array([1.5, 6.5]),
        gpus=2,
    )
    seen = measure(run)
    assert (seen.requests, seen.prompt_tokens, seen.output_tokens) == (2, 200, 16)
    assert seen.busy_seconds == 6.5
    assert seen.gpu_seconds_per_request == 6.5
    assert seen.output_tokens_per_second == pytest.approx(32 / 6.5)
    assert seen.seconds_per_output_token == pytest.approx((0.1 + 0.2) / 2)
    assert (seen.unqueued, seen.first_token_seconds) == (1, 0.5)


def test_nothing_is_said_of_first_tokens_when_all_queue():
    run, _ = simulate(Efficiency(), requests=40)
    late = replace(run, queued=run.queued - 1.0)
    assert measure(late).unqueued == 0
    assert measure(late).first_token_seconds is None


def test_a_run_that_ends_with_its_last_prompt_cannot_be_fitted():
    run, _ = simulate(Efficiency(), requests=40)
    cut = replace(run, first=np.append(run.first[:-1], run.last.max() - 0.1))
    with pytest.raises(InvalidTrace, match="no drain"):
        fit(cut, LLAMA, ADA)


def line(**changes) -> str:
    row = {"input_toks": 5, "output_toks": 4, "queued_ts": 1.0, "scheduled_ts": 1.0}
    return json.dumps(row | {"first_token_ts": 2.0, "last_token_ts": 3.0} | changes) + "\n"


def test_runs_are_read_packed_or_plain_with_their_devices(tmp_path: Path):
    (tmp_path / "a.requests.jsonl").write_text(line() + line(queued_ts=0.5))
    with gzip.open(tmp_path / "b.requests.jsonl.gz", "wt") as stream:
        stream.write(line() + line(queued_ts=0.5))
    engine = {"engine_kwargs": {"tensor_parallel_size": 2, "data_parallel_size": 2}}
    (tmp_path / "b.meta.json").write_text(json.dumps(engine))
    plain, packed = read_run(tmp_path / "a.requests.jsonl"), read_run(tmp_path / "b.requests.jsonl.gz")
    assert (plain.gpus, packed.gpus) == (1, 4)
    assert list(plain.queued) == [0.5, 0.0]
    assert list(packed.last) == [2.5, 2.5]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "0 requests, at least two"),
        (line() + "{", "line 2: not a measured request"),
        (line() + line(input_toks="many"), "line 2: not a measured request"),
        (line() + '{"input_toks": 3}', "line 2: not a measured request .*needed: input_toks"),
        (line() + line(last_token_ts=1.5), "line 2: .*in the order"),
        (line() + line(output_toks=0), "line 2: tokens must be positive"),
        (line(queued_ts=float("nan")) + line(), "line 1: "),
        (line(output_toks=1) + line(output_toks=1), "no request took time to decode"),
    ],
)
def test_broken_runs_are_refused_with_the_line(tmp_path: Path, text, message):
    path = tmp_path / "x.requests.jsonl"
    path.write_text(text)
    with pytest.raises(InvalidTrace, match=message):
        read_run(path)


def test_unreadable_files_are_refused(tmp_path: Path):
    with pytest.raises(InvalidTrace, match="cannot be read"):
        read_run(tmp_path / "missing.requests.jsonl")
    (tmp_path / "x.requests.jsonl.gz").write_bytes(b"\x1f\x8b no gzip")
    with pytest.raises(InvalidTrace, match="cannot be read"):
        read_run(tmp_path / "x.requests.jsonl.gz")
    (tmp_path / "y.requests.jsonl").write_text(line() * 2)
    (tmp_path / "y.meta.json").write_text("[]")
    with pytest.raises(InvalidTrace, match=r"y\.meta\.json: cannot be read"):
        read_run(tmp_path / "y.requests.jsonl")


def test_a_profile_without_the_rows_is_refused(tmp_path: Path):
    (tmp_path / "d.csv").write_text("layer,tokens,time_us\nqkv_proj,1,5\n")
    (tmp_path / "a.csv").write_text("prefill_chunk,kv_prefill,n_decode,kv_decode,time_us\n")
    with pytest.raises(InvalidTrace, match="no row or column"):
        fit_profile(tmp_path / "d.csv", tmp_path / "a.csv", LLAMA, ADA)


def test_a_profile_by_hand(tmp_path: Path):
    """Layers of (8.03e9 - 2 x 128256 x 4096) / 32 weights; every kernel takes a millisecond.

    Four weight layers read 2 bytes a weight in 4 ms; they and attention take 5 ms for 1024 tokens with
    4 x 32 x 128 x 1024^2 / 2 operations of attention; 8 x 512 tokens of 4096 bytes are read in 1 ms.
    """
    layers = ["qkv_proj", "o_proj", "gate_up_proj", "down_proj"]
    rows = [f"{layer},{tokens},1000" for layer in layers for tokens in (1, 1024)]
    (tmp_path / "d.csv").write_text("\n".join(["layer,tokens,time_us", *rows]))
    head = "prefill_chunk,kv_prefill,n_decode,kv_decode,time_us"
    (tmp_path / "a.csv").write_text(f"{head}\n1024,0,0,0,1000\n0,0,8,512,1000\n")
    found = fit_profile(
        tmp_path / "d.csv", tmp_path / "a.csv", LLAMA, ADA, chunk=1024, sequences=8, length=512
    )
    weights = (8.03e9 - 2 * 128_256 * 4096) / 32
    assert found.weights == pytest.approx(2 * weights / 0.004 / 1010e9)
    operations = 2 * weights * 1024 + 4 * 32 * 128 * 1024**2 / 2
    assert found.prefill == pytest.approx(operations / 0.005 / 165.2e12)
    assert found.cache == pytest.approx(8 * 512 * 4096 / 0.001 / 1010e9)


def folder_of(shared_data: Path) -> Path:
    folder = shared_data / "llmservingsim_measured"
    if not folder.is_dir():
        pytest.skip("no llmservingsim_measured among the shared data")
    return folder


@pytest.fixture(params=list(RUNS))
def measured(request, shared_data: Path):
    model, device = RUNS[request.param]
    return read_run(folder_of(shared_data) / f"{request.param}.requests.jsonl.gz"), model, device


def test_decode_steps_of_measured_runs_are_within_a_factor_of_1_5(measured):
    """Default efficiency; runs on two devices pay for their communication, which the formula ignores."""
    run, model, device = measured
    assert 1 / 1.5 < compare(run, model, device).step_ratio < 1.5


def test_gpu_seconds_of_the_rtx_4090_run_are_within_a_factor_of_1_25(shared_data: Path):
    run = read_run(folder_of(shared_data) / "RTX4090_Llama-3.1-8B.requests.jsonl.gz")
    assert 1 / 1.25 < compare(run, LLAMA, ADA).gpu_ratio < 1.25
    found = fit(run, LLAMA, ADA)
    fitted = Efficiency(prefill=found.prefill, decode=found.decode)
    assert compare(run, LLAMA, ADA, efficiency=fitted).gpu_ratio == pytest.approx(1.0, abs=0.05)


def test_a_device_without_a_peak_gets_a_speed_but_no_efficiency(shared_data: Path):
    run = read_run(folder_of(shared_data) / "RTXPRO6000_Llama-3.1-8B.requests.jsonl.gz")
    found = fit(run, LLAMA, PRO)
    assert found.prefill is None
    assert 1e14 < found.prefill_flops < 1e15
    assert compare(run, LLAMA, PRO).gpu_ratio is None


def test_fits_explain_nearly_all_requests(measured):
    found = fit(*measured)
    assert 0.5 < found.decode < 0.95
    assert found.within_ten_per_cent > 0.85


def test_throughput_of_the_rtx_4090_run(shared_data: Path):
    """195,753 tokens of 300 requests in 183.567 s, by the first and last time stamps of the file."""
    seen = measure(read_run(folder_of(shared_data) / "RTX4090_Llama-3.1-8B.requests.jsonl.gz"))
    assert seen.output_tokens_per_second == pytest.approx(195_753 / 183.567455, rel=1e-6)
    assert seen.gpu_seconds_per_request == pytest.approx(0.61189152, rel=1e-6)


def test_layers_come_closer_to_the_peaks_than_engines(shared_data: Path):
    folder = folder_of(shared_data)
    stem = folder / "RTX4090_Llama-3.1-8B.profile_"
    layers = fit_profile(f"{stem}dense.csv.gz", f"{stem}attention.csv.gz", LLAMA, ADA)
    engine = fit(read_run(folder / "RTX4090_Llama-3.1-8B.requests.jsonl.gz"), LLAMA, ADA)
    assert 0.85 < layers.weights < 1
    assert 0.85 < layers.cache < 1
    assert engine.prefill < layers.prefill < 1


def test_the_cache_pool_of_the_rtx_4090_fits_its_memory(shared_data: Path):
    """Weights, the engine's 41,408 cached tokens and some overhead are its 0.9 of the device."""
    meta = json.loads((folder_of(shared_data) / "RTX4090_Llama-3.1-8B.meta.json").read_text())
    offered = meta["kv_cache"]["gpu_memory_utilization"] * meta["hardware"]["device_total_memory_bytes"]
    used = 16.06e9 + meta["kv_cache"]["num_kv_tokens"] * 131_072
    assert 0 < offered - used < 1.5e9
    assert 0.9 * ADA.memory_bytes < offered
