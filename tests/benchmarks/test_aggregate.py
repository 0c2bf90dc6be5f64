"""What is said about a policy is what its rows say, computed here by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from edgeopt.benchmarks.aggregate import ReferenceRecord, paired_interval, summaries_as_records, summarise
from edgeopt.benchmarks.results import Row, captured_savings, gap_to_bound
from edgeopt.benchmarks.words import finding, standing


def made(policy: str, seed: int, cost: float, *, bound: float, best: float, cloud: float) -> Row:
    return Row(
        instance="case",
        policy=policy,
        seed=seed,
        cost=cost,
        switching=0.25 * cost,
        transmission=0.0,
        computation=0.0,
        accuracy=0.0,
        cloud=0.75 * cost,
        mean_accuracy=0.5 if policy != "cloud-only" else math.nan,
        lower_bound=bound,
        best_known=best,
        gap_to_bound=gap_to_bound(cost, bound),
        captured=captured_savings(cost, best, cloud),
        seconds=1.0,
    )


# seed 0: bound 90, best 100, cloud 200; seed 1: bound = best = 10, cloud 12
ROWS = [
    made("reference", 0, 100.0, bound=90.0, best=100.0, cloud=200.0),
    made("cloud-only", 0, 200.0, bound=90.0, best=100.0, cloud=200.0),
    made("lru", 0, 120.0, bound=90.0, best=100.0, cloud=200.0),
    made("reference", 1, 10.0, bound=10.0, best=10.0, cloud=12.0),
    made("cloud-only", 1, 12.0, bound=10.0, best=10.0, cloud=12.0),
    made("lru", 1, 13.0, bound=10.0, best=10.0, cloud=12.0),
]
RECORDS = [
    ReferenceRecord("case", 0, 200.0, 101.0, "feasible", "milp", "ab"),
    ReferenceRecord("case", 1, 12.0, 10.0, "optimal", "milp", "cd"),
]


def test_sums_not_means_of_ratios() -> None:
    (summary,) = summarise(ROWS, RECORDS, set())
    assert [policy.policy for policy in summary.policies] == ["reference", "lru", "cloud-only"]
    lru = summary.policies[1]
    assert lru.cost == pytest.approx(133 / 2)
    assert lru.ratio.value == pytest.approx(133 / 110)
    assert lru.captured.value == pytest.approx((80 - 1) / (100 + 2))
    assert lru.gap_to_bound == pytest.approx((120 / 90 - 1 + 13 / 10 - 1) / 2)
    assert lru.terms["switching"] == pytest.approx(0.25 * 133 / 2)
    assert lru.mean_accuracy == 0.5
    assert math.isnan(summary.policies[2].mean_accuracy)
    assert (summary.seeds, summary.proven) == (2, 1)
    assert summary.cloud_ratio == pytest.approx(212 / 110)
    assert summary.static_ratio == pytest.approx(111 / 110)


def test_a_case_that_says_nothing_is_named() -> None:
    (summary,) = summarise(ROWS, RECORDS, set())
    assert summary.warning is not None
    assert "best fixed set" in summary.warning
    assert "cloud" not in summary.warning
    assert "1.927" in standing(summary)
    telling = [
        ReferenceRecord("case", seed, record.cloud_only, 1e9, "optimal", "milp", "")
        for seed, record in enumerate(RECORDS)
    ]
    assert summarise(ROWS, telling, set())[0].warning is None


def test_clairvoyant_policies_are_never_the_best_online_policy() -> None:
    assert "lru, costs 20.9 %" in finding(summarise(ROWS, RECORDS, set())[0])
    assert "cloud-only, costs 92.7 %" in finding(summarise(ROWS, RECORDS, {"lru"})[0])


def test_a_policy_without_all_seeds_is_not_compared() -> None:
    (summary,) = summarise(ROWS[:-1], RECORDS, set())
    assert "lru" not in [policy.policy for policy in summary.policies]


def test_interval_is_paired_and_seeded() -> None:
    bottom = np.array([1.0, 10.0, 100.0, 1000.0])
    constant = paired_interval(1.1 * bottom, bottom)
    assert constant.value == pytest.approx(1.1)
    assert (constant.low, constant.high) == (pytest.approx(1.1), pytest.approx(1.1))
    top = bottom * np.array([1.0, 1.2, 1.1, 1.3])
    one, two = paired_interval(top, bottom), paired_interval(top, bottom)
    assert one == two
    assert 1.0 <= one.low < one.value < one.high <= 1.3


def test_interval_covers_the_truth_about_as_often_as_it_says() -> None:
    rng = np.random.default_rng(5)
    hits = 0
    for _ in range(200):
        bottom = rng.uniform(50, 150, size=30)
        found = paired_interval(bottom * 1.2 + rng.normal(0, 5, size=30), bottom)
        hits += found.low <= 1.2 <= found.high
    assert 0.88 <= hits / 200 <= 0.99


def test_one_seed_has_no_interval() -> None:
    found = paired_interval(np.array([3.0]), np.array([2.0]))
    assert found.value == 1.5
    assert math.isnan(found.low)
    assert math.isnan(found.high)


def test_records_hold_no_nan() -> None:
    record = summaries_as_records(summarise(ROWS, RECORDS, set()))[0]
    assert record["policies"][2]["mean_accuracy"] is None
    assert record["policies"][1]["ratio"]["value"] == pytest.approx(133 / 110)
