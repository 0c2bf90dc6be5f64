"""The command: tables for people, JSON for machines, an instance file, one line for bad input."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from edgeopt.cli.app import run
from edgeopt.problem import Instance
from edgeopt.problem.traces import from_trace

SAMPLES = Path(__file__).parent / "traces_samples"


def test_tables_show_figures_and_account_for_rows(capsys):
    assert run(["trace", str(SAMPLES / "burstgpt_v3.csv")]) == 0
    shown = capsys.readouterr().out
    for text in ("burstgpt_v3.csv (burstgpt)", "2.00 / 3", "150 s", "ChatGPT", "60.0%", "zero_tokens"):
        assert text in shown


def test_json_holds_provenance_accounting_statistics_and_instance(capsys, tmp_path):
    out = tmp_path / "instance.npz"
    options = ["--json", "--out", str(out), "--slot-seconds", "30", "--servers", "2", "--services", "5"]
    assert run(["trace", str(SAMPLES / "qwen.jsonl"), *options]) == 0
    content = json.loads(capsys.readouterr().out)
    assert content["accounting"]["rows_read"] == content["accounting"]["emitted"] == 6
    assert content["statistics"]["sessions"] == 3
    assert content["provenance"]["format"] == "qwen"
    assert content["instance"]["requests"] == 6
    expected = from_trace(SAMPLES / "qwen.jsonl", slot_seconds=30.0, servers=2, services=5)
    assert Instance.load(out) == expected
    assert content["instance"]["digest"] == expected.digest()


def test_inferred_sessions_are_marked(capsys):
    assert run(["trace", str(SAMPLES / "mooncake.jsonl"), "--infer-sessions"]) == 0
    shown = capsys.readouterr().out
    assert "sessions (inferred)" in shown
    assert "27.3%" in shown


def test_scale_draws_requests_from_rates(capsys):
    assert run(["trace", str(SAMPLES / "client_rates.csv"), "--scale", "0.5", "--json"]) == 0
    content = json.loads(capsys.readouterr().out)
    assert content["provenance"]["sampled"] is True
    assert 800 < content["statistics"]["requests"] < 1500


@pytest.mark.parametrize(
    "arguments",
    [
        ["no-such-file.csv"],
        [str(SAMPLES)],
        [str(Path(__file__))],
        [str(SAMPLES / "canonical.csv"), "--format", "excel"],
        [str(SAMPLES / "canonical.csv"), "--infer-sessions"],
        [str(SAMPLES / "canonical.csv"), "--out", "x.npz", "--models", "No-Such-Model"],
        [str(SAMPLES / "canonical.csv"), "--out", "x.xlsx"],
        [str(SAMPLES / "canonical.csv"), "--out", "x.npz", "--split", "everything"],
        [str(SAMPLES / "canonical.csv"), "--servers", "two"],
    ],
)
def test_bad_input_ends_with_status_2_and_one_line(arguments, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert run(["trace", *arguments]) == 2
    captured = capsys.readouterr()
    assert len(captured.err.strip().splitlines()) == 1
    assert captured.out == ""
    assert list(tmp_path.iterdir()) == []
