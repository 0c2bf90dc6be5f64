"""Whole runs: the same rows from any number of workers, honest ratios, and a report that shows them."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from edgeopt.benchmarks import Benchmark, Row, Settings, read_rows, run_benchmark
from edgeopt.benchmarks.tasks import Tuning
from edgeopt.benchmarks.work import _tuning_material
from edgeopt.problem import InvalidFile, InvalidOption, cloud_only_cost, evaluate, scenario
from edgeopt.solvers import policy, simulate, solve

SMALL: dict[str, Any] = {
    "scenarios": ("hotset", "stationary"),
    "sizes": ("small",),
    "policies": ("cloud-only", "lru", "index", "random", "look-ahead"),
    "seeds": 3,
    "tune_budget": 6,
    "validation_seeds": 2,
    "training_seeds": 1,
}


def untimed(rows: tuple[Row, ...] | list[Row]) -> list[Row]:
    """Rows without their wall times; repr makes nan equal to itself."""
    return [replace(row, seconds=0.0) for row in rows]


@pytest.fixture(scope="module")
def one_worker(tmp_path_factory: pytest.TempPathFactory) -> Benchmark:
    return run_benchmark(Settings(**SMALL), tmp_path_factory.mktemp("one"), workers=1, command=["edgeopt"])


def test_two_workers_give_the_same_bytes(one_worker: Benchmark, tmp_path: Path) -> None:
    two = run_benchmark(Settings(**SMALL), tmp_path, workers=2, command=["edgeopt"])
    assert repr(untimed(two.rows)) == repr(untimed(one_worker.rows))
    for name in ("summary.json", "run.json", "report.html"):
        assert (tmp_path / name).read_bytes() == (one_worker.folder / name).read_bytes()


def test_rows_are_complete_and_in_the_order_of_the_settings(one_worker: Benchmark) -> None:
    keys = [(row.instance, row.seed, row.policy) for row in one_worker.rows]
    policies = ("reference", *SMALL["policies"])
    assert keys == [
        (f"{name}-small", seed, policy)
        for name in SMALL["scenarios"]
        for seed in range(3)
        for policy in policies
    ]


def test_files_hold_the_rows(one_worker: Benchmark) -> None:
    for ending in ("csv", "json"):
        assert repr(read_rows(one_worker.folder / f"results.{ending}")) == repr(list(one_worker.rows))


def test_a_row_is_what_the_parts_say(one_worker: Benchmark) -> None:
    """Recompute one instance by hand: reference, an untunable policy, and the ratios."""
    instance = scenario("hotset", seed=1, size="small", split="test")
    solution = solve(instance)
    lru = policy("lru")
    rows = {row.policy: row for row in one_worker.rows if (row.instance, row.seed) == ("hotset-small", 1)}
    tuned = one_worker.provenance["tuned"]["hotset-small"]["lru"]
    cost = evaluate(instance, simulate(instance, lru.with_options(**tuned), seed=1)).total
    assert rows["reference"].cost == pytest.approx(solution.cost, rel=1e-6)
    assert rows["cloud-only"].cost == pytest.approx(cloud_only_cost(instance))
    assert math.isnan(rows["cloud-only"].mean_accuracy)
    assert rows["lru"].cost == cost
    best = min(row.cost for row in rows.values())
    assert {row.best_known for row in rows.values()} == {best}
    assert rows["lru"].gap_to_bound == cost / rows["lru"].lower_bound - 1
    assert rows["lru"].captured == (rows["cloud-only"].cost - cost) / (rows["cloud-only"].cost - best)


def test_terms_add_up_and_no_plan_beats_the_bound(one_worker: Benchmark) -> None:
    for row in one_worker.rows:
        parts = row.switching + row.transmission + row.computation + row.accuracy + row.cloud
        assert parts == pytest.approx(row.cost)
        assert row.lower_bound <= row.best_known * (1 + 1e-9)
        assert row.best_known <= row.cost
        assert row.gap_to_bound >= -1e-9


def test_summary_and_page_show_the_same_numbers(one_worker: Benchmark) -> None:
    page = (one_worker.folder / "report.html").read_text()
    for case in json.loads((one_worker.folder / "summary.json").read_text()):
        for policy_ in case["policies"]:
            assert f"{policy_['ratio']['value']:.3f}" in page
            assert f"{100 * policy_['captured']['value']:.1f} %".replace("-0.0", "0.0") in page
    marked = {policy_.policy for policy_ in one_worker.summaries[0].policies if policy_.clairvoyant}
    assert marked == {"reference", "look-ahead"}


def test_provenance_says_how_to_do_it_again(one_worker: Benchmark) -> None:
    run = json.loads((one_worker.folder / "run.json").read_text())
    assert run["settings"]["seeds"] == 3
    assert run["settings"]["policies"] == list(SMALL["policies"])
    instance = scenario("hotset", seed=1, size="small", split="test")
    digests = {(entry["instance"], entry["seed"]): entry["digest"] for entry in run["instances"]}
    assert digests[("hotset-small", 1)] == instance.digest()


def test_more_seeds_and_policies_add_only_what_is_new(one_worker: Benchmark, tmp_path: Path) -> None:
    journal = tmp_path / "journal.jsonl"
    journal.write_bytes((one_worker.folder / "journal.jsonl").read_bytes())
    before = journal.read_bytes()
    more = run_benchmark(Settings(**SMALL | {"policies": (*SMALL["policies"], "fifo")}), tmp_path, workers=1)
    after = journal.read_bytes()
    assert after.startswith(before)
    added = [json.loads(line)["task"] for line in after[len(before) :].splitlines()]
    assert {task["policy"] for task in added} == {"fifo"}
    assert len(added) == 2 * (1 + 3)
    old = [row for row in untimed(more.rows) if row.policy != "fifo"]
    assert repr([replace(row, best_known=0, captured=0) for row in old]) == repr(
        [replace(row, best_known=0, captured=0) for row in untimed(one_worker.rows)]
    )


TRACE = "".join(
    f"2023-11-16 18:{second // 60:02d}:{second % 60:02d}.0000000,{200 + second % 90},{50 + second % 40}\n"
    for second in range(0, 3600, 2)
)


def test_a_trace_is_scored_on_windows_of_its_last_part(tmp_path: Path) -> None:
    path = tmp_path / "hour.csv"
    path.write_text("TIMESTAMP,ContextTokens,GeneratedTokens\n" + TRACE)
    settings = Settings(
        traces=(path,), policies=("cloud-only", "static"), seeds=2, slot_seconds=20.0, models=4, tune_budget=0
    )
    result = run_benchmark(settings, tmp_path / "out", workers=1)
    assert {row.instance for row in result.rows} == {"hour"}
    # an hour of 20-s slots is 180; the test part is the last 54, which hold two windows of 24 slots or more
    assert sorted({row.seed for row in result.rows}) == [0, 1]
    assert all(row.cost > 0 for row in result.rows)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"scenarios": ("nowhere",)}, "unknown scenario 'nowhere'"),
        ({"policies": ("guess",)}, "guess"),
        ({"policies": ("lru", "lru")}, "given twice"),
        ({"sizes": ("huge",)}, "unknown size 'huge'"),
        ({"seeds": 0}, "seeds is 0"),
        ({"servers": -1}, "servers is -1"),
        ({"tune_budget": -1}, "tune_budget is -1"),
        ({"time_limit": 0.0}, "time_limit is 0.0"),
        ({"slot_seconds": 0.0}, "slot_seconds is 0.0"),
        ({"gap": -1.0}, "gap is -1.0"),
        ({"method": "oracle"}, "oracle"),
    ],
)
def test_bad_settings_are_refused_before_any_work(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidOption, match=message) as error:
        Settings(**SMALL | changes)
    assert "\n" not in str(error.value)


def test_a_short_trace_tunes_on_all_that_a_policy_has_not_seen() -> None:
    """One window decides by chance; who learnt from the training stretch may not be tuned on it."""

    class Short:
        """Two validation windows where eight are wanted."""

        def seeds(self, wanted: int, split: str) -> range:
            return range(1 if split == "train" else min(wanted, 2))

        def instance(self, seed: int, split: str) -> Any:
            return scenario("hotset", size="small", slots=12, seed=seed, split=split)

    def material(name: str, budget: int) -> list[str]:
        case: Any = Short()
        task = Tuning(case, name, budget, training_seeds=1, validation_seeds=8)
        return [instance.digest() for instance in _tuning_material(task, policy(name))[1]]

    training = Short().instance(0, "train").digest()
    assert len(material("lru-admission", 20)) == 3
    assert material("lru-admission", 20)[-1] == training
    assert training not in material("index-ar", 20)
    assert training not in material("lru-admission", 2), "two windows are as many as were wanted"


def test_missing_trace_and_bad_workers_and_folder(tmp_path: Path) -> None:
    with pytest.raises(InvalidFile, match="no such file"):
        Settings(traces=(tmp_path / "none.csv",))
    with pytest.raises(InvalidOption, match="workers is 0"):
        run_benchmark(Settings(**SMALL), tmp_path, workers=0)
    (tmp_path / "file").write_text("")
    with pytest.raises(InvalidOption, match="cannot use"):
        run_benchmark(Settings(**SMALL), tmp_path / "file", workers=1)
