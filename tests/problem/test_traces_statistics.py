"""Statistics: by hand on the samples, and the figures known of the real traces."""

from __future__ import annotations

import csv
import gzip
from pathlib import Path

import numpy as np
import pytest

from edgeopt.problem.errors import InvalidTrace
from edgeopt.problem.traces import infer_sessions, load_trace, trace_statistics

SAMPLES = Path(__file__).parent / "traces_samples"


def test_sessions_turns_and_think_time_by_hand():
    figures = trace_statistics(load_trace(SAMPLES / "burstgpt_v3.csv"))
    assert (figures.requests, figures.sessions, figures.requests_in_sessions) == (5, 2, 4)
    assert figures.turns_per_session == 2.0
    assert figures.longest_session == 3
    assert figures.think_seconds == 150.0  # gaps of session aaaa: 90 and 210 s
    assert figures.models == {"ChatGPT": 0.6, "GPT-4": 0.4}
    assert figures.rate == pytest.approx(5 / 300)


def test_burstiness_is_the_coefficient_of_variation_of_the_gaps():
    figures = trace_statistics(load_trace(SAMPLES / "burstgpt_v3.csv"))
    gaps = np.array([10.0, 50.0, 30.0, 210.0])
    assert figures.burstiness == pytest.approx(gaps.std() / gaps.mean())


def test_prefix_hits_are_the_leading_blocks_seen_before():
    # 11 blocks; seen before: [1] of the second request and [1, 2] of the third. Block 2 of the
    # fourth does not count: it does not stand in an unbroken prefix.
    figures = trace_statistics(load_trace(SAMPLES / "mooncake.jsonl"))
    assert figures.prefix_hit_share == pytest.approx(3 / 11)
    assert figures.prefix_hit_token_share == pytest.approx(3 * 512 / (1100 + 900 + 1700 + 600))


def test_what_a_format_cannot_say_is_none():
    figures = trace_statistics(load_trace(SAMPLES / "azure_2023.csv"))
    assert figures.sessions is None
    assert figures.think_seconds is None
    assert figures.prefix_hit_share is None
    assert figures.models == {}


def test_a_single_request_has_no_rate(tmp_path):
    path = tmp_path / "one.csv"
    path.write_text("arrived_at,num_prefill_tokens,num_decode_tokens\n5,3,2\n")
    figures = trace_statistics(load_trace(path))
    assert (figures.rate, figures.burstiness, figures.span_seconds) == (None, None, 0.0)


def test_sessions_are_inferred_from_the_last_full_block():
    # Request 1 (900 tokens) ends its last full block with block 1, request 0 (1100) with block 2.
    # Request 2 contains both and is long enough for either: the later one is its parent. Request 3
    # contains block 2 but is shorter than request 0.
    trace = infer_sessions(load_trace(SAMPLES / "mooncake.jsonl"))
    assert trace.session.tolist() == [0, 1, 1, 2]
    assert trace.turn.tolist() == [1, 1, 2, 1]
    assert trace.provenance.sessions == "inferred"


@pytest.mark.parametrize(
    ("second", "joined"),
    [
        ('{"timestamp": 3000, "input_length": 1120, "output_length": 9, "hash_ids": [1, 2, 5]}', True),
        ('{"timestamp": 3000, "input_length": 1119, "output_length": 9, "hash_ids": [1, 2, 5]}', False),
        ('{"timestamp": 0, "input_length": 1120, "output_length": 9, "hash_ids": [1, 2, 5]}', False),
        ('{"timestamp": 3000, "input_length": 1120, "output_length": 9, "hash_ids": [1, 4, 5]}', False),
    ],
)
def test_a_parent_is_earlier_fits_with_half_its_answer_and_shares_its_last_full_block(
    tmp_path, second, joined
):
    first = '{"timestamp": 0, "input_length": 1100, "output_length": 40, "hash_ids": [1, 2, 3]}'
    path = tmp_path / "two.jsonl"
    path.write_text(f"{first}\n{second}\n")
    session = infer_sessions(load_trace(path)).session.tolist()
    assert session == ([0, 0] if joined else [0, 1])
    crowded = infer_sessions(load_trace(path), popular=2).session.tolist()
    assert crowded == [0, 1]  # blocks in two prompts count as common


def test_sessions_cannot_be_inferred_without_blocks():
    with pytest.raises(InvalidTrace, match="prefix block ids"):
        infer_sessions(load_trace(SAMPLES / "azure_2023.csv"))


def test_azure_conversation_trace(shared_data):
    trace = load_trace(shared_data / "azure_llm_2023" / "AzureLLMInferenceTrace_conv.csv.gz")
    figures = trace_statistics(trace)
    assert figures.requests == trace.accounting.rows_read == 19_366
    assert round(figures.prefill.mean) == 1155
    assert round(figures.decode.mean) == 211


def test_mooncake_conversation_trace(shared_data):
    trace = load_trace(shared_data / "mooncake_fast25" / "conversation_trace.jsonl.gz")
    figures = trace_statistics(trace)
    assert figures.requests == trace.accounting.rows_read == 12_031
    assert round(figures.prefill.mean) == 12_035
    assert round(figures.decode.mean) == 343
    assert figures.prefix_hit_share == pytest.approx(0.366, abs=5e-4)
    assert np.unique(trace.arrived_at).size == 1180


def test_mooncake_sessions_agree_with_an_independent_reading_of_the_rule(shared_data):
    folder = shared_data / "mooncake_fast25"
    ours = trace_statistics(infer_sessions(load_trace(folder / "conversation_trace.jsonl.gz")))
    theirs = trace_statistics(load_trace(folder / "conversation.canonical.csv.gz"))
    assert theirs.sessions is not None
    assert ours.sessions == pytest.approx(theirs.sessions, rel=0.01)
    assert ours.think_seconds == theirs.think_seconds
    with gzip.open(folder / "conversation.canonical.csv.gz", "rt") as file:
        hits = sum(int(row["cached_prefix_tokens_inf"]) for row in csv.DictReader(file))
    assert ours.prefix_hit_token_share == pytest.approx(hits / (12_031 * theirs.prefill.mean))


def test_burstgpt_slice(shared_data):
    trace = load_trace(shared_data / "burstgpt" / "BurstGPT_3.head400.csv.gz")
    figures = trace_statistics(trace)
    assert trace.accounting.rows_read == 400
    assert trace.accounting.dropped == {"zero_tokens": 1}
    assert (figures.requests, figures.sessions, figures.longest_session) == (399, 134, 24)
    assert figures.turns_per_session == pytest.approx(2.93, abs=5e-3)
    assert figures.think_seconds == 123.0
    assert figures.span_seconds == 41_453.0


@pytest.mark.parametrize(
    ("raw", "canonical"),
    [
        ("azure_llm_2023/AzureLLMInferenceTrace_conv.csv.gz", "azure_llm_2023/conv.canonical.csv.gz"),
        ("burstgpt/BurstGPT_3.head400.csv.gz", "burstgpt/head400.canonical.csv.gz"),
    ],
)
def test_raw_and_canonical_files_tell_the_same(shared_data, raw, canonical):
    ours, theirs = load_trace(shared_data / raw), load_trace(shared_data / canonical)
    np.testing.assert_allclose(ours.arrived_at, theirs.arrived_at, atol=1e-4)
    np.testing.assert_array_equal(ours.num_prefill_tokens, theirs.num_prefill_tokens)
    np.testing.assert_array_equal(ours.num_decode_tokens, theirs.num_decode_tokens)
    np.testing.assert_array_equal(ours.session, theirs.session)
    np.testing.assert_array_equal(ours.turn, theirs.turn)
