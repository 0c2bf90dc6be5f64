"""A policy's gap is split by hand numbers, on the futures that the bound was computed from."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from edgeopt.benchmarks import Benchmark, Settings, run_benchmark
from edgeopt.benchmarks.cases import ScenarioCase
from edgeopt.benchmarks.future_tasks import FUTURES_SEED, no_process
from edgeopt.benchmarks.gaps import OnlineSummary, summarise_futures
from edgeopt.benchmarks.report.gaps import online_section
from edgeopt.benchmarks.words import gap_cells, reach
from edgeopt.problem import evaluate, scenario
from edgeopt.problem.processes import process_of, sampled_instance
from edgeopt.problem.scenarios import scenario_workloads
from edgeopt.solvers import policy, simulate
from edgeopt.solvers.online import online_bound

BOUND: dict[str, Any] = {
    "unavailable": None,
    "online": [110.0, 112.0, 108.0, 110.0],
    "clairvoyant": [90.0, 99.0, 98.0, 103.0],
    "luck": [[0.0, 0.0]] * 4,
}
PLANS = [
    {"status": "optimal", "cost": 101.0, "lower_bound": 100.0},
    {"status": "optimal", "cost": 101.0, "lower_bound": 99.0},
    {"status": "feasible", "cost": 100.0, "lower_bound": 97.0},
    {"status": "optimal", "cost": 104.0, "lower_bound": 103.0},
]
COSTS = {"dear": [130.0, 120.0, 131.0, 119.0], "near": [112.0, 113.0, 99.0, 120.0]}
"""Bounds on the futures are 100, 99, 98, 103 (mean 100), best plans 101, 101, 99, 104 (mean 101.25)."""


def test_parts_by_hand() -> None:
    found = summarise_futures(BOUND, PLANS, COSTS)
    assert (found.samples, found.proven) == (4, 3)
    assert (found.clairvoyant, found.best_plan, found.online) == pytest.approx((100.0, 101.25, 110.0))
    assert [gap.policy for gap in found.gaps] == ["near", "dear"]
    near, dear = found.gaps
    assert (near.cost, near.total, near.against_online) == pytest.approx((111.0, 11.0, 1.0))
    assert (dear.cost, dear.total, dear.against_online) == pytest.approx((125.0, 25.0, 15.0))
    for gap in found.gaps:
        assert (gap.foresight, gap.relaxation) == pytest.approx((8.75, 1.25))
        assert gap.against_online + gap.foresight + gap.relaxation == pytest.approx(gap.total)
    assert dear.unreachable == pytest.approx(10 / 25)
    # 20, 8, 23, 9 above the bound: deviation 7.6158, t(3) = 3.18245
    assert dear.half_width == pytest.approx(3.18245 * 7.615773 / 2, rel=1e-4)


def test_an_online_bound_below_the_clairvoyant_one_is_replaced_by_it() -> None:
    found = summarise_futures({**BOUND, "online": [95.0] * 4}, PLANS, COSTS)
    dear = found.gaps[1]
    assert (dear.against_online, dear.foresight, dear.relaxation) == pytest.approx((25.0, 0.0, 0.0))
    # now above 100, 99, 98, 103: 30, 21, 33, 16
    assert dear.half_width == pytest.approx(3.18245 * 7.874008 / 2, rel=1e-4)


def test_futures_without_a_plan_count_by_the_best_policy() -> None:
    plans = [{**plan, "cost": None} for plan in PLANS]
    assert summarise_futures(BOUND, plans, COSTS).best_plan == pytest.approx(100 + (12 + 14 + 1 + 16) / 4)


def test_words_and_page_show_the_parts() -> None:
    found = summarise_futures(BOUND, PLANS, COSTS)
    cells = gap_cells(found.gaps[1], found)
    assert cells == ["24.7 %", "14.8 ± 12.0 %", "8.6 %", "1.2 %", "40 %"]
    assert "proven optimal in 3 of them" in reach(found)
    assert "lies on average 9.9 ± " in reach(found)
    page = online_section(found)
    assert all(cell in page for cell in cells)
    assert 'class="left" style="width:60.00%"' in page
    assert online_section(None) == ""
    assert "<table>" not in online_section(OnlineSummary("no process"))
    assert gap_cells(replace(found.gaps[0], unreachable=math.nan), found)[-1] == "–"


def test_dear_policies_do_not_squeeze_the_bars_of_the_others() -> None:
    page = online_section(summarise_futures(BOUND, PLANS, {**COSTS, "awful": [990.0, 999.0, 1010.0, 1001.0]}))
    assert page.count('<span class="name">') == 2  # 25 is less than 4 x 11, 900 is not
    assert "Dearer policies are in the table only." in page
    assert '<th scope="row">awful</th>' in page
    assert "Dearer" not in online_section(summarise_futures(BOUND, PLANS, COSTS))


SETTINGS: dict[str, Any] = {
    "scenarios": ("hotset", "sessions"),
    "sizes": ("small",),
    "policies": ("index", "belady"),
    "seeds": 1,
    "tune_budget": 0,
    "online_samples": 6,
}


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Benchmark:
    return run_benchmark(Settings(**SETTINGS), tmp_path_factory.mktemp("gaps"), workers=1)


def test_a_run_says_what_the_parts_say(finished: Benchmark) -> None:
    """The bound and the policy's cost on the same futures, computed here without the benchmark."""
    world = scenario("hotset", size="small", split="test")
    processes = [process_of(workload) for workload in scenario_workloads("hotset", size="small")]
    bound = online_bound(world, processes, samples=6, seed=FUTURES_SEED)
    futures = [sampled_instance(world, processes, FUTURES_SEED, index) for index in range(6)]
    index = policy("index").fit(
        [scenario("hotset", seed=seed, size="small", split="train") for seed in range(4)]
    )
    paid = [evaluate(each, simulate(each, index, seed=number)).total for number, each in enumerate(futures)]
    cost, above = bound.compare(paid)
    summary = finished.summaries[0].online
    assert summary is not None
    assert summary.online == pytest.approx(bound.online.mean)
    (gap,) = summary.gaps  # belady sees the future: no online bound holds for it
    assert gap.policy == "index"
    assert gap.cost == pytest.approx(cost.mean)
    if bound.online.mean >= summary.clairvoyant:
        assert (gap.against_online, gap.half_width) == pytest.approx((above.mean, above.half_width))


def test_scenarios_without_a_process_say_so(finished: Benchmark) -> None:
    summary = finished.summaries[1].online
    assert summary is not None
    assert summary.unavailable == "the arrivals of sessions are no finite Markov chain with Poisson counts"
    assert no_process(ScenarioCase("workflow", "medium")) is None
    assert summary.unavailable in (finished.folder / "report.html").read_text()


def test_an_interrupted_run_goes_on_and_a_finished_one_does_nothing(
    finished: Benchmark, tmp_path: Path
) -> None:
    lines = (finished.folder / "journal.jsonl").read_bytes().splitlines(keepends=True)
    kinds = [line.count(b'"kind": "future plan"') + line.count(b'"kind": "future runs"') for line in lines]
    assert sum(kinds) == 6 + 1
    journal = tmp_path / "journal.jsonl"
    journal.write_bytes(b"".join(lines[:4]) + lines[4][:30])
    again = run_benchmark(Settings(**SETTINGS), tmp_path, workers=1)
    assert again.summaries[0].online == finished.summaries[0].online
    whole = journal.read_bytes()
    assert whole.startswith(b"".join(lines[:4]))
    assert len(whole.splitlines()) == len(lines)
    run_benchmark(Settings(**SETTINGS), tmp_path, workers=1)
    assert journal.read_bytes() == whole


def test_off_unless_asked_for(finished: Benchmark, tmp_path: Path) -> None:
    off = run_benchmark(Settings(**SETTINGS | {"online_samples": 0}), tmp_path, workers=1)
    assert all(summary.online is None and summary.ladder is None for summary in off.summaries)
    assert b"future" not in (tmp_path / "journal.jsonl").read_bytes()
    assert "Where the gap comes from" not in (tmp_path / "report.html").read_text()
    assert "Where the gap comes from" in (finished.folder / "report.html").read_text()
