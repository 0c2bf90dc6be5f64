"""The benchmark of the learned auctioneer on a tiny size: every schedule, paired ratios, honest audits."""

from __future__ import annotations

import pytest

from edgeopt.benchmarks.auctions import __main__ as command
from edgeopt.benchmarks.auctions import auctioneer
from edgeopt.benchmarks.study import chosen
from edgeopt.learning.auctioneer import FAMILIES, ORACLES
from edgeopt.problem.errors import InvalidOption


def test_every_schedule_has_a_row_and_the_audits_say_what_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    small = auctioneer.Size(
        seeds=2, training=2, validation=2, testing=2, length=4, evaluations=4, fitting=20, audited=1
    )
    monkeypatch.setattr(auctioneer, "QUICK", small)
    report = auctioneer.run(quick=True)
    rows = [each for each in report.findings if "schedule" in each]
    assert [each["schedule"] for each in rows] == 2 * ["continuous", *FAMILIES, *ORACLES]
    for each in rows:
        assert each["ratio_interval"][0] <= each["ratio"] + 1e-12
        assert each["ratio"] <= each["ratio_interval"][1] + 1e-12
        if each["schedule"] in {"continuous", "learned"}:
            assert each["kept" if each["schedule"] == "continuous" else "ratio"] == pytest.approx(1.0)
    verdicts = {(each["audit"], each["types"]): each for each in report.findings if "audit" in each}
    critical = verdicts["critical ticks", "as drawn"]
    assert (critical["truthful"], critical["max_regret"], critical["deficit"]) == ("certified", 0.0, False)
    assert verdicts["double Dutch", "as drawn"]["truthful"] == "refuted"
    assert verdicts["truthful double Dutch", "moved to ticks"]["max_regret"] == 0.0
    assert all(len(row) == len(report.headings) for row in report.rows)


def test_it_runs_only_when_it_is_named() -> None:
    def parts(named: list[str] | None) -> list[str]:
        return chosen(named, tuple(command.PARTS), apart=command.NAMED_ONLY)

    assert "auctioneer" not in parts(None)
    assert parts(["auctioneer", "auctioneer"]) == ["auctioneer"]
    with pytest.raises(InvalidOption, match="unknown part 'auctoneer': choose from"):
        parts(["auctoneer"])
