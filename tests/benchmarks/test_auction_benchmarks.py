"""The auction benchmarks on tiny sizes: published figures, honest peers, money that adds up, one command."""

from __future__ import annotations

import json
import math
import sys
from fractions import Fraction
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import typer

from edgeopt.benchmarks.auctions import __main__ as command
from edgeopt.benchmarks.auctions import edge, peers, schedules, shares, speed, table
from edgeopt.benchmarks.auctions.market_policy import MarketPolicy
from edgeopt.benchmarks.auctions.rules import TRUTHFUL_WITHOUT_DEFICIT, rule, rule_names
from edgeopt.benchmarks.study import document, duration, percent, seconds_of
from edgeopt.mechanisms import KDoubleAuction, Market, McAfee
from edgeopt.problem import evaluate, scenario
from edgeopt.problem.errors import InvalidOption
from edgeopt.solvers import simulate


@pytest.mark.parametrize("name", TRUTHFUL_WITHOUT_DEFICIT)
@pytest.mark.parametrize("traders", [2, 5, 25])
def test_random_markets_give_the_published_shares(name: str, traders: int) -> None:
    """A table of 50,000 markets by other people's code; the seed is fixed."""
    found = table.shares(name, traders, 20_000)
    total, kept = table.PUBLISHED[name][traders]
    assert 100 * found.total == pytest.approx(total, abs=1.0)
    assert 100 * found.kept == pytest.approx(kept, abs=1.0)
    assert found.kept <= found.total <= 1
    assert 0 <= found.all_trades <= 1


def test_batches_change_little(monkeypatch: pytest.MonkeyPatch) -> None:
    """Other batches draw other markets of the same kind; the same batches draw the same ones."""
    together = table.shares("mcafee", 3, 4000)
    monkeypatch.setattr(table, "_BATCH", 600)
    apart = table.shares("mcafee", 3, 4000)
    assert apart == table.shares("mcafee", 3, 4000)
    assert apart.total == pytest.approx(together.total, abs=0.02)


def test_ceiling_table() -> None:
    report = shares.run(quick=True)
    (found,) = report.findings
    assert found["dsic"]["welfare"] == pytest.approx(0.144)
    assert found["bic"]["welfare"] == pytest.approx(0.16)
    assert found["posted price"] == pytest.approx(1.0)
    assert found["mcafee"] == 0.0
    assert all(len(row) == len(report.headings) for row in report.rows)


def test_edge_runs_add_up() -> None:
    """The watched policy does what the policy does; welfare is at most the first best of its markets."""
    instance = scenario("hotset", slots=30, servers=1)
    found = {run.mechanism: run for run in edge.measure(instance, "hotset")}
    assert tuple(found) == rule_names()
    for name, each in found.items():
        plan = simulate(instance, MarketPolicy(name, block_share=edge.BLOCK_SHARE))
        assert each.cost == pytest.approx(evaluate(instance, plan).total)
        assert -1e-9 <= each.welfare <= each.first_best + 1e-9
        assert each.lower_bound <= each.cost + 1e-9
        assert each.captured <= 1 + 1e-9
    assert found["vcg"].price_of_incentives == 0.0
    assert found["vcg"].welfare == pytest.approx(found["vcg"].first_best)
    assert found["vcg"].surplus <= 1e-9
    assert found["sbba"].surplus == pytest.approx(0.0, abs=1e-9)
    assert min(found[name].surplus for name in ("mcafee", "trade-reduction")) >= -1e-9


def test_all_regrets_of_mcafee_are_zero() -> None:
    assert speed.all_regrets(Market([9, 8, 4], [3, 4, 8])) == 0


def without(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    for name in names:
        monkeypatch.setitem(sys.modules, name, None)


def test_missing_peers_are_reported_as_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    without(monkeypatch, "pymarket", "mechaudit")
    report = speed.run(quick=True)
    missing = [row for row in report.rows if row[2] == "not installed"]
    assert {row[1] for row in missing} == {"pymarket (MUDA)", "mechaudit"}
    assert all(row[3] == "" for row in missing)
    measured = [each for each in report.findings if each["seconds"] is not None]
    assert all(each["seconds"] > 0 and each["ratio"] > 0 for each in measured)
    json.dumps(document([report], ["x"]), allow_nan=False)


def test_a_peer_is_timed_when_it_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stand-in with pymarket's interface: it gets every bid, and is asked for MUDA."""
    seen: list[Any] = []

    class Book:
        def accept_bid(self, *bid: Any) -> None:
            seen.append(bid)

        def run(self, algorithm: str, *, r: Any) -> str:
            assert r is not None
            return algorithm

    library = ModuleType("pymarket")
    library.Market = Book  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "pymarket", library)
    task = peers.pymarket_muda(np.array([9.0, 8.0]), np.array([3.0]))
    assert task is not None
    assert task() == "muda"
    assert seen == [(1, 9.0, 0, True), (1, 8.0, 1, True), (1, 3.0, 2, False)]


def test_mechaudit_agrees() -> None:
    pytest.importorskip("mechaudit")
    types = [Fraction(1), Fraction(3), Fraction(5)]
    for mechanism, holds in ((McAfee(), True), (KDoubleAuction(Fraction(1, 2)), False)):
        task = peers.mechaudit_audit(mechanism, types, 2, 2)
        assert task is not None
        assert task() is holds


def test_rules_by_name() -> None:
    assert set(TRUTHFUL_WITHOUT_DEFICIT) < set(rule_names())
    with pytest.raises(InvalidOption, match="mechanism 'x': choose one of vcg"):
        rule("x")


def test_words_and_clock() -> None:
    assert (duration(2.0), duration(0.0123), duration(4.2e-6)) == ("2 s", "12.3 ms", "4.2 us")
    assert percent(0.12345, 2) == "12.35 %"
    runs: list[int] = []
    assert 0 <= seconds_of(lambda: runs.append(1), least=math.inf, most_runs=3) < 60
    assert len(runs) == 3


def run(tmp_path: Path, *parts: str, **options: Any) -> None:
    command.main(list(parts), **{"quick": True, "out": tmp_path, "as_json": False} | options)


def test_the_command_writes_what_it_prints(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(tmp_path, "table", "edge", as_json=True)
    printed = json.loads(capsys.readouterr().out)
    written = json.loads((tmp_path / "auctions.json").read_text())
    assert set(printed["parts"]) == set(written["parts"]) == {"table", "edge"}
    assert printed["parts"]["table"]["findings"] == written["parts"]["table"]["findings"]
    run(tmp_path, "table")
    assert "published" in capsys.readouterr().out


def test_an_unknown_part_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit) as stopped:
        run(tmp_path, "weather")
    assert stopped.value.exit_code == 2
    assert "unknown part 'weather': choose from table" in capsys.readouterr().err


def test_schedules_part_measures_every_family() -> None:
    report = schedules.run(quick=True)
    found = [(x["auction"], x["schedule"]) for x in report.findings]
    families = ["continuous", "ticks of 1", "fixed", "geometric", "quantile"]
    assert found == [(name, x) for name in ("double Dutch", "truthful double Dutch") for x in families]
    unit, fixed = report.findings[1], report.findings[2]
    assert fixed["rounds"] < unit["rounds"]
    assert all(len(row) == len(report.headings) for row in report.rows)
