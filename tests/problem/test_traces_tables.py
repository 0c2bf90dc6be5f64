"""Blocks read as bytes say exactly what the csv module and Python's own parsers say."""

from __future__ import annotations

import csv
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeopt.problem.traces import load_trace
from edgeopt.problem.traces.formats.byte_table import ByteTable
from edgeopt.problem.traces.formats.columns import parse_clock, parse_counts, parse_seconds

NUMBER = st.one_of(
    st.integers(0, 10**16).map(str),
    st.floats(0, 1e9).map(repr),
    st.decimals(0, 10**8, places=4).map(str),
    st.from_regex(r"[0-9]{0,9}\.?[0-9]{0,9}", fullmatch=True),
)
ODD = st.sampled_from(["", ".", "-1", "nan", "1e3", "x", "1.2.3", "007", "12.", ".5", "+3", " 4"])
CLOCK = st.datetimes().map(str) | st.sampled_from(
    [
        "2024-05-10 00:00:00.009930+00:00",
        "2024-05-10T01:02:03",
        "2023-11-16 18:15:46.6805900",
        "2024-02-30 00:00:00",
    ]
)


@pytest.mark.parametrize(
    ("method", "parser"), [("seconds", parse_seconds), ("counts", parse_counts), ("clock", parse_clock)]
)
@given(data=st.data(), newline=st.sampled_from(["\n", "\r\n"]))
def test_numbers_are_bit_for_bit_those_of_python(method, parser, data, newline):
    kinds = {"seconds": NUMBER | ODD, "counts": NUMBER | ODD, "clock": CLOCK | ODD}
    plain = {"seconds": NUMBER, "counts": st.integers(0, 10**6).map(str), "clock": CLOCK}
    field = data.draw(st.sampled_from([kinds[method], plain[method]]))
    texts = data.draw(st.lists(field, min_size=1, max_size=12))
    block = "".join(f"a,{text},b{newline}" for text in texts).encode()
    table = ByteTable.of(block, 3)
    assert table is not None
    values, bad = getattr(table, method)(1)
    expected, expected_bad = parser(texts)
    np.testing.assert_array_equal(bad, expected_bad)
    np.testing.assert_array_equal(values[~bad], expected[~bad])
    assert table.texts(1) == texts


@given(
    rows=st.lists(
        st.lists(st.text('ab1."\r \n,é', max_size=4), min_size=1, max_size=4), min_size=1, max_size=6
    ),
    width=st.integers(1, 4),
)
def test_a_block_is_taken_only_if_the_csv_module_sees_the_same_fields(rows, width):
    block = "".join(",".join(row) + "\n" for row in rows).encode()
    table = ByteTable.of(block, width)
    if table is not None:
        seen = list(csv.reader(block.decode().split("\n")[:-1], strict=True))
        assert [len(row) for row in seen] == [width] * len(table)
        for place in range(width):
            assert table.texts(place) == [row[place] for row in seen]
            marked = np.arange(len(table)) % 2 == 0
            assert table.texts(place, marked) == [row[place] for row in seen][::2]


@given(
    requests=st.lists(
        st.tuples(
            st.integers(0, 10**7), st.integers(0, 9999), st.integers(0, 999), st.sampled_from(["", "s", "tt"])
        ),
        min_size=1,
        max_size=30,
    ),
    spoilt=st.sampled_from(["", "7\n", "\n", "1,2,3,4,5\n", "nan,1,1,s\n"]),
    end=st.sampled_from(["", "\n"]),
)
def test_quoting_a_field_changes_nothing(requests, spoilt, end):
    header = "arrived_at,num_prefill_tokens,num_decode_tokens,session_id\n"
    lines = [f"{when / 1000},{prompt},{answer}," for when, prompt, answer, _ in requests]
    bodies = [
        spoilt
        + "\n".join(line + mark + who + mark for line, (*_, who) in zip(lines, requests, strict=True))
        + end
        for mark in ("", '"')
    ]
    outcomes = []
    for body in bodies:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "trace.csv"
            path.write_text(header + body)
            try:
                trace = load_trace(path)
            except ValueError as error:
                outcomes.append(str(error))
            else:
                columns = (trace.arrived_at, trace.num_prefill_tokens, trace.session, trace.turn)
                outcomes.append(([column.tolist() for column in columns], trace.accounting))
    assert outcomes[0] == outcomes[1]


def test_a_quoted_field_may_run_over_the_end_of_a_block(tmp_path):
    path = tmp_path / "trace.csv"
    rows = [f'{second},10,1,"a name, and\na second line"\n' for second in range(60_000)]
    path.write_text("arrived_at,num_prefill_tokens,num_decode_tokens,model\n" + "".join(rows))
    assert path.stat().st_size > 2**21
    trace = load_trace(path)
    assert len(trace) == 60_000
    assert trace.model_names == ("a name, and\na second line",)
