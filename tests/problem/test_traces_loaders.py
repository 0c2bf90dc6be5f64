"""Loaders: each format from a small sample, the rows accounted for, and files that are not traces."""

from __future__ import annotations

import gzip
import math
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeopt.problem.errors import EdgeoptError, InvalidOption, InvalidTrace
from edgeopt.problem.traces import Trace, load_trace

SAMPLES = Path(__file__).parent / "traces_samples"
HEADERS = (
    b"arrived_at,num_prefill_tokens,num_decode_tokens,session_id,turn,model\n",
    b"TIMESTAMP,ContextTokens,GeneratedTokens\n",
    b"Timestamp,Model,Request tokens,Response tokens,Total tokens,Log Type\n",
    b'{"timestamp": 0, "input_length": 1, "output_length": 1, "hash_ids": [1]}\n',
    b'{"chat_id": 1, "parent_chat_id": -1, "timestamp": 0, "input_length": 1, "output_length": 1}\n',
    b"model,client_id,window_start_s,rate_rps,cv,pattern,param1,param2\n",
    b"",
)


def read(content: bytes | str, format_name: str = "auto") -> Trace:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "trace.any"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return load_trace(path, format_name)


def accounted(trace: Trace) -> bool:
    account = trace.accounting
    return account.rows_read == len(trace) + sum(account.dropped.values()) and account.emitted == len(trace)


def test_azure_2023_is_read_with_100_ns_digits_and_sorted_when_the_clock_steps_back():
    trace = load_trace(SAMPLES / "azure_2023.csv")
    np.testing.assert_allclose(trace.arrived_at, [0.0, 0.5, 1.2500001], atol=3e-7)
    assert trace.num_prefill_tokens.tolist() == [100, 200, 300]
    assert trace.num_decode_tokens.tolist() == [20, 30, 40]
    assert trace.provenance.format == "azure"
    assert trace.accounting.reordered == 1
    assert accounted(trace)


def test_azure_2024_has_time_zones_and_times_without_fractions():
    trace = load_trace(SAMPLES / "azure_2024.csv")
    np.testing.assert_allclose(trace.arrived_at, [0.0, 1.25, 2.0], atol=3e-7)
    assert set(trace.session.tolist()) == {-1}


def test_burstgpt_1_drops_failures_and_has_no_sessions():
    trace = load_trace(SAMPLES / "burstgpt_v1.csv")
    assert trace.arrived_at.tolist() == [0.0, 40.0, 296.0]
    assert trace.accounting.dropped == {"failed": 1, "zero_tokens": 1}
    assert [trace.model_names[code] for code in trace.model] == ["ChatGPT", "GPT-4", "GPT-4"]
    assert trace.provenance.sessions == "absent"
    assert accounted(trace)


def test_burstgpt_3_is_read_by_name_although_two_columns_were_inserted():
    trace = load_trace(SAMPLES / "burstgpt_v3.csv")
    assert trace.num_prefill_tokens.tolist() == [100, 50, 30, 150, 220]
    assert trace.session.tolist() == [0, -1, 1, 0, 0]
    assert trace.turn.tolist() == [1, 0, 1, 2, 3]
    assert trace.accounting.dropped == {"zero_tokens": 1}


def test_canonical_columns_may_come_in_any_order():
    trace = load_trace(SAMPLES / "canonical.csv")
    assert trace.arrived_at.tolist() == [0.0, 0.5, 2.0]
    assert trace.num_prefill_tokens.tolist() == [101, 102, 103]
    assert trace.model_names == ("small", "large, tuned")
    assert trace.turn.tolist() == [1, 1, 2]


def test_vidur_columns_with_an_index_and_whole_floats():
    trace = load_trace(SAMPLES / "vidur.csv", "vidur")
    assert trace.num_decode_tokens.tolist() == [64, 128, 32]
    assert trace.provenance.format == "canonical"


def test_mooncake_counts_milliseconds_and_keeps_the_blocks():
    trace = load_trace(SAMPLES / "mooncake.jsonl")
    assert trace.arrived_at.tolist() == [0.0, 0.0, 3.0, 6.0]
    assert trace.blocks is not None
    assert trace.blocks.block_tokens == 512
    assert trace.blocks.ids.tolist() == [1, 2, 3, 1, 4, 1, 2, 5, 6, 7, 2]
    assert trace.blocks.offsets.tolist() == [0, 3, 5, 9, 11]


def test_qwen_conversations_follow_the_links_also_to_a_parent_that_was_cut_off():
    trace = load_trace(SAMPLES / "qwen.jsonl")
    assert trace.session.tolist() == [0, 1, 0, 2, 0, 2]
    assert trace.turn.tolist() == [1, 1, 2, 3, 3, 3]
    assert trace.arrived_at.tolist() == [0.0, 0.5, 31.0, 39.5, 61.0, 70.0]
    assert trace.blocks is not None
    assert trace.blocks.block_tokens == 16


def test_gzip_is_told_by_its_content_and_reads_the_same(tmp_path):
    for sample in sorted(SAMPLES.glob("[!c]*")):
        zipped = tmp_path / "no-such-suffix"
        zipped.write_bytes(gzip.compress(sample.read_bytes()))
        plain, same = load_trace(sample), load_trace(zipped)
        np.testing.assert_array_equal(plain.arrived_at, same.arrived_at)
        assert plain.accounting == same.accounting


def test_every_bad_row_is_counted_under_its_own_reason():
    trace = read(
        "arrived_at,num_prefill_tokens,num_decode_tokens\n"
        "1.0,10,1\nnan,10,1\ninf,10,1\n2.0,-3,1\n2.0,0,0\nsoon,10,1\n2.0,ten,1\n2.0,10\n\n2.0,1e30,1\n3.0,10.5,1\n4.0,5,0\n"
    )
    assert trace.accounting.dropped == {
        "blank": 1,
        "malformed": 5,
        "bad_time": 2,
        "negative": 1,
        "zero_tokens": 1,
    }
    assert trace.arrived_at.tolist() == [0.0, 3.0]
    assert accounted(trace)


def test_bad_json_rows_are_counted_and_do_not_shift_the_blocks():
    good = '{"timestamp": %d, "input_length": 8, "output_length": 1, "hash_ids": [%d, 9]}\n'
    trace = read(
        good % (1000, 1)
        + "{\n[]\n7\n\n"
        + '{"timestamp": NaN, "input_length": 8, "output_length": 1, "hash_ids": [5]}\n'
        + '{"timestamp": 1, "input_length": true, "output_length": 1}\n'
        + '{"timestamp": 1, "input_length": 8, "output_length": 1, "hash_ids": [0.5]}\n'
        + "[" * 5000
        + "\n"
        + good % (500, 2)
    )
    assert trace.accounting.dropped == {"malformed": 6, "blank": 1, "bad_time": 1}
    assert trace.accounting.reordered == 1
    assert trace.blocks is not None
    assert trace.blocks.ids.tolist() == [2, 9, 1, 9]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "empty"),
        (b"\n\n", "empty"),
        (b"a,b,c\n1,2,3\n", "no known format"),
        (b"arrived_at,num_prefill_tokens,num_decode_tokens\n", "no request in 0 rows"),
        (b"arrived_at,num_prefill_tokens,num_decode_tokens\nnan,1,1\n", "1 bad_time"),
        (b"arrived_at,num_prefill_tokens,num_decode_tokens,turn,turn\n1,1,1,1,1\n", "twice"),
        (b'arrived_at,num_prefill_tokens,num_decode_tokens\n1,"1,1\n', "is not CSV"),
        (b'{"prompt": 1}\n', "fit no known format"),
        (b'{"timestamp": \n', "complete JSON object"),
        (b"x" * 5_000_000, "longer than 4 MiB"),
        (
            gzip.compress(b"arrived_at,num_prefill_tokens,num_decode_tokens\n1,1,1\n", mtime=0)[:-9],
            "truncated gzip",
        ),
        (gzip.compress(b"arrived_at,num_prefill_tokens\n" * 99, mtime=0)[:30], "truncated gzip"),
        (b"\x1f\x8bnot gzip", "gzip"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_file_that_is_no_trace_is_refused_in_one_line(content, message):
    with pytest.raises(InvalidTrace, match=message) as error:
        read(content)
    assert "\n" not in str(error.value)


def test_a_missing_column_is_named_when_the_format_was_asked_for():
    with pytest.raises(InvalidTrace, match="no column contexttokens, generatedtokens"):
        read("TIMESTAMP,Tokens\n2023-01-01 00:00:00,3\n", "azure")


def test_an_unknown_format_a_folder_and_a_missing_file(tmp_path):
    with pytest.raises(InvalidOption, match="must be auto"):
        read("x", "parquet")
    for path in (tmp_path, tmp_path / "none.csv"):
        with pytest.raises(InvalidTrace, match="cannot be read"):
            load_trace(path)


@given(
    header=st.sampled_from(HEADERS),
    body=st.binary(max_size=300),
    zipped=st.booleans(),
    cut=st.integers(0, 30),
)
def test_random_bytes_end_in_a_trace_or_in_one_line(header, body, zipped, cut):
    content = header + body
    if zipped:
        content = gzip.compress(content, mtime=0)
        content = content[: len(content) - cut]
    try:
        trace = read(content)
    except EdgeoptError as error:
        assert "\n" not in str(error)
        assert str(error)
    else:
        assert np.all(np.diff(trace.arrived_at) >= 0)
        account = trace.accounting
        assert account.rows_read == account.emitted + sum(account.dropped.values())


FIELD = st.sampled_from(
    ["", "0", "7", "-1", "12.0", "1.5", "nan", "inf", "1e400", "abc", "9" * 30, '"', "١", "2023-11-16"]
)


@given(
    rows=st.lists(st.lists(FIELD, min_size=0, max_size=7), max_size=20), header=st.sampled_from(HEADERS[:3])
)
def test_rows_of_odd_fields_are_all_accounted_for(rows, header):
    content = header.decode() + "".join(",".join(row) + "\n" for row in rows)
    try:
        trace = read(content)
    except InvalidTrace as error:
        assert "\n" not in str(error)
    else:
        assert accounted(trace)
        assert trace.accounting.rows_read == len(rows)
        assert int(trace.num_prefill_tokens.min()) >= 0


@given(
    times=st.lists(st.floats(-1e6, 1e6, allow_nan=False).map(lambda x: round(x, 3)), min_size=1, max_size=40),
    data=st.data(),
)
def test_any_order_of_rows_gives_the_same_sorted_requests(times, data):
    order = data.draw(st.permutations(range(len(times))))
    lines = [f"{times[i]!r},{i + 1},1" for i in order]
    trace = read("arrived_at,num_prefill_tokens,num_decode_tokens\n" + "\n".join(lines))
    assert accounted(trace)
    assert sorted(trace.num_prefill_tokens.tolist()) == list(range(1, len(times) + 1))
    np.testing.assert_allclose(trace.arrived_at, np.sort(times) - min(times))
    read_times = [times[i] for i in order]
    behind = sum(time < max(read_times[: place + 1]) for place, time in enumerate(read_times))
    assert trace.accounting.reordered == behind
    assert not math.isnan(trace.arrived_at[-1])
