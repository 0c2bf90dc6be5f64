"""``edgeopt audit`` and ``edgeopt clear``: figures, exit statuses, transcripts and pictures."""

from __future__ import annotations

import json
import subprocess
import sys
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from edgeopt.cli.app import run
from edgeopt.mechanisms import Claims, Market, Outcome
from edgeopt.mechanisms.registry import mechanism, mechanism_names


class Boastful:
    """Declares the mid price truthful."""

    claims = Claims(truthful=True, budget="strong")

    def clear(self, market: Market) -> Outcome:
        inner: Any = mechanism("k-double-auction", k=1)
        outcome: Outcome = inner.clear(market)
        return outcome


@pytest.fixture
def textbook(tmp_path: Path) -> str:
    path = tmp_path / "market.json"
    Market([17, 14, 13, 9, 6], [1, 4, 5, 8, 11]).save(path)
    return str(path)


def printed(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(capsys.readouterr().out)
    return content


@pytest.mark.parametrize(
    ("words", "price", "trades", "surplus"),
    [
        (["--mechanism", "dda"], 8, 4, 0),
        (["--mechanism", "dda", "--first", "sellers"], 9, 4, 0),
        (["--mechanism", "dda", "--pricing", "last-pair", "--option", "weight=1"], 9, 4, 0),
        (["--mechanism", "truthful-dda", "--ticks", "1", "--option", "high=20"], "17/2", 4, 0),
        (["--mechanism", "truthful-dda", "--option", "case-a=false"], None, 3, 3),
        (["--mechanism", "vcg"], None, 4, -4),
        (["--mechanism", "k-double-auction", "--option", "k=1/4"], "33/4", 4, 0),
    ],
)
def test_clear_prints_exact_figures(
    textbook: str, capsys: pytest.CaptureFixture[str], words: list[str], price: Any, trades: int, surplus: int
) -> None:
    assert run(["clear", textbook, *words, "--json"]) == 0
    content = printed(capsys)
    assert (content["price"], content["trades"], content["budget_surplus"]) == (price, trades, surplus)
    assert content["optimal_welfare"] == 35


def test_transcript_tells_every_round(textbook: str, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["clear", textbook, "--mechanism", "truthful-dda", "--ticks", "1", "--option", "high=20"]
    assert run([*words, "--transcript"]) == 0
    text = capsys.readouterr().out
    assert "23  buyers' clock       6" in text
    assert "buyer 4 (6) accepts  [after the clocks have met]" in text
    assert "The clocks meet at 8. Trading at 17/2 (case A): buyer 0 with seller 0" in text
    assert run([*words, "--transcript", "--json"]) == 0
    content = printed(capsys)
    assert len(content["transcript"]) == content["rounds"] == 26
    heard = sum(len(x["buyers"]) + len(x["sellers"]) for x in content["transcript"])
    assert heard == 10


def test_an_auction_without_a_trade_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Market([1], [5]).save(tmp_path / "no.json")
    words = ["--mechanism", "dda", "--ticks", "1", "--option", "high=6", "--transcript"]
    assert run(["clear", str(tmp_path / "no.json"), *words]) == 0
    assert "nobody trades" in capsys.readouterr().out


@pytest.mark.parametrize("suffix", ["svg", "png"])
def test_plot_is_written_and_the_same_each_time(
    textbook: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], suffix: str
) -> None:
    picture = tmp_path / f"clocks.{suffix}"
    assert run(["clear", textbook, "--ticks", "1", "--option", "high=20", "--plot", str(picture)]) == 0
    start = {"svg": b"<?xml", "png": b"\x89PNG"}[suffix]
    assert picture.read_bytes().startswith(start)
    assert "wrote" in capsys.readouterr().out


def test_audit_refutes_what_was_never_claimed_without_failing(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["audit", "dda", "--pricing", "last-pair", "--markets", "20", "--json"]) == 0
    content = printed(capsys)
    assert (content["truthful"], content["budget"], content["failed_claims"]) == ("refuted", "strong", [])
    assert run(["audit", "dda", "--pricing", "last-pair", "--markets", "20"]) == 0
    assert "refuted (not claimed)" in capsys.readouterr().out


def test_truthful_clocks_with_ticks_claim_no_more_than_they_keep(capsys: pytest.CaptureFixture[str]) -> None:
    """Continuous ones are certified; ticks of 7 leave less than a tick to gain, and claim nothing."""
    assert run(["audit", "truthful-dda", "--markets", "20", "--json"]) == 0
    assert printed(capsys)["truthful"] == "certified"
    assert run(["audit", "truthful-dda", "--ticks", "7", "--markets", "20", "--json"]) == 0
    content = printed(capsys)
    assert content["truthful"] == "refuted"
    assert 0 < Fraction(content["max_regret"]) < 7


def test_audit_certifies_on_the_market_given(textbook: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["audit", "truthful-dda", "--market", textbook, "--json"]) == 0
    content = printed(capsys)
    assert (content["truthful"], content["markets"], content["traders"]) == ("certified", 1, 10)


def test_a_declared_claim_that_fails_is_status_one(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "boastful", sys.modules[__name__])
    assert run(["audit", "boastful:Boastful", "--markets", "20", "--json"]) == 1
    assert "truthful" in printed(capsys)["failed_claims"]


@pytest.mark.parametrize("name", mechanism_names())
def test_every_name_is_made_and_clears(name: str) -> None:
    needed = {"k-double-auction": {"k": 1}, "posted-price": {"price": 8}}.get(name, {})
    outcome = mechanism(name, **needed).clear(Market([17, 14], [1, 4]))
    assert outcome.trades in {1, 2}


@pytest.mark.parametrize(
    "words",
    [
        ["audit", "no-such-rule"],
        ["audit", "no.such.module:rule"],
        ["audit", "json:no_such_rule"],
        ["audit", "posted-price"],
        ["audit", "vcg", "--option", "k=1"],
        ["audit", "vcg", "--option", "k"],
        ["audit", "dda", "--pricing", "dear"],
        ["audit", "vcg", "--markets", "0"],
        ["audit", "vcg", "--market", "no-such-file.json"],
        ["clear", "no-such-file.json"],
        ["clear", "MARKET", "--mechanism", "vcg", "--transcript"],
        ["clear", "MARKET", "--plot", "clocks.txt"],
    ],
)
def test_bad_input_is_one_line_and_status_two(
    textbook: str, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([textbook if word == "MARKET" else word for word in words]) == 2
    streams = capsys.readouterr()
    assert (streams.out, len(streams.err.strip().splitlines())) == ("", 1)


def test_a_mechanism_in_the_current_folder_is_found(textbook: str, tmp_path: Path) -> None:
    """By the installed command too; ``-P`` starts Python as it does, without the current folder."""
    (tmp_path / "my_auctions.py").write_text("def idle(values, costs):\n    return (), (), 0\n")
    words = ["clear", textbook, "--mechanism", "my_auctions:idle", "--json"]
    done = subprocess.run(
        [sys.executable, "-P", "-m", "edgeopt", *words],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["trades"] == 0
