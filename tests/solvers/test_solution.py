"""A solution states the refereed cost, contradicts itself nowhere, and survives files to the last bit."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgeopt.problem import (
    InfeasiblePlan,
    Instance,
    InvalidFile,
    InvalidOption,
    Plan,
    cloud_only_cost,
    evaluate,
    storage,
)
from edgeopt.solvers.solution import RefusedClaim, Solution, bound_only, plain, refereed, relative_gap

INSTANCE = Instance(
    requests=np.array([[[2, 1]], [[2, 1]], [[0, 3]]]),
    service_model=[0, 1],
    memory=1,
    footprint=[1, 1],
    load_cost=1 / 3,
    cloud_cost=[0.7, 1.1],
)
PLAN = Plan(np.array([[[1, 0]], [[1, 0]], [[0, 1]]]), np.array([[[2, 0]], [[2, 0]], [[0, 3]]]))
DETAILS = {
    "bound": "prices",
    "prices": np.array([[0.1, 1 / 3], [math.inf, -0.0]]),
    "counts": np.arange(3),
    "flags": np.array([True, False]),
    "nothing": np.zeros((0, 2)),
    "steps": [
        {"seconds": 0.1 + 0.2, "best": math.inf, "worst": -math.inf, "unknown": math.nan},
        None,
        7,
        True,
    ],
    "$odd": "a dollar",
}


def solution(**changes: Any) -> Solution:
    known: dict[str, Any] = {"lower_bound": 2.5, "method": "test", "seconds": 0.25, "details": DETAILS}
    return refereed(INSTANCE, PLAN, **(known | changes))


def same(left: Any, right: Any) -> bool:
    """Compare to the last bit, the sign of zero and NaN included."""
    if isinstance(left, np.ndarray):
        return (left.dtype, left.shape, left.tobytes()) == (right.dtype, right.shape, right.tobytes())
    if isinstance(left, dict):
        return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
    if isinstance(left, list):
        return len(left) == len(right) and all(map(same, left, right))
    return type(left) is type(right) and repr(left) == repr(right)


def test_the_cost_is_the_referees() -> None:
    found = solution()
    assert found.cost == evaluate(INSTANCE, PLAN).total == pytest.approx(2 / 3 + 2 * 1.1)
    assert found.gap == found.cost / 2.5 - 1
    assert found.status == "feasible"
    assert found.check(INSTANCE).total == found.cost


def test_optimal_means_within_the_gap_asked_for() -> None:
    assert solution(gap=0.2).status == "optimal"
    assert solution(gap=0.1).status == "feasible"
    assert solution(lower_bound=evaluate(INSTANCE, PLAN).total, gap=0.0).status == "optimal"


def test_a_bound_above_the_plan_by_rounding_is_lowered_to_it() -> None:
    cost = evaluate(INSTANCE, PLAN).total
    found = solution(lower_bound=cost * (1 + 1e-12))
    assert (found.lower_bound, found.gap) == (cost, 0.0)


@pytest.mark.parametrize(
    "claims",
    [
        {"claimed": 2.8},
        {"claimed": 2.8667 * (1 + 1e-4)},
        {"claimed": math.nan},
        {"lower_bound": 2.9},
        {"lower_bound": math.inf},
    ],
)
def test_claims_that_the_referee_contradicts_are_refused(claims: dict[str, float]) -> None:
    with pytest.raises(RefusedClaim, match=r"the referee finds 2\.866"):
        solution(**claims)


def test_a_claim_within_one_millionth_is_accepted() -> None:
    cost = evaluate(INSTANCE, PLAN).total
    assert solution(claimed=cost * (1 + 5e-7)).cost == cost


def test_an_infeasible_plan_is_refused() -> None:
    both = Plan(np.ones((3, 1, 2), bool), np.zeros((3, 1, 2), np.int64))
    with pytest.raises(InfeasiblePlan, match="memory at slot 0"):
        refereed(INSTANCE, both, lower_bound=0, method="test", seconds=0)


def test_checking_finds_a_solution_of_another_instance() -> None:
    with pytest.raises(RefusedClaim):
        solution().check(INSTANCE.replace(cloud_cost=[0.7, 1.2]))
    with pytest.raises(RefusedClaim, match="bound only"):
        bound_only(1.0, method="test", seconds=0).check(INSTANCE)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"cost": 2.7}, "gap is"),
        ({"gap": 0.0}, "gap is"),
        ({"lower_bound": 2.9}, "lies above"),
        ({"status": "Optimal"}, "must be one of optimal, feasible, bound"),
        ({"status": "bound"}, "no plan"),
        ({"plan": None}, "no plan"),
        ({"cost": math.inf}, "must be finite with a plan"),
        ({"seconds": math.nan}, "seconds of a solution is NaN"),
        ({"details": {"key": object()}}, r"details\['key'\] is a object"),
        ({"details": {"key": {1: 2}}}, r"details\['key'\] is a dict"),
    ],
)
def test_fields_that_contradict_each_other_are_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidOption, match=message):
        replace(solution(), **change)


def test_relative_gap() -> None:
    assert relative_gap(3.0, 2.0) == 0.5
    assert relative_gap(0.0, 0.0) == 0.0
    assert relative_gap(1.0, 0.0) == math.inf
    assert relative_gap(1.0, -math.inf) == math.inf


def test_details_become_plain_and_read_only() -> None:
    source = np.zeros(2)
    kept = plain({"array": source, "number": np.float64(2.5), "pair": (np.int64(1), True)})
    source[0] = 1
    assert kept["array"].tolist() == [0, 0]
    assert not kept["array"].flags.writeable
    assert kept["pair"] == [1, True]
    assert type(kept["number"]) is float


@pytest.mark.parametrize("suffix", [".npz", ".json"])
@pytest.mark.parametrize(
    "found", [solution(), bound_only(-math.inf, method="test", seconds=1, details=DETAILS)]
)
def test_round_trips_are_bit_exact(tmp_path: Path, suffix: str, found: Solution) -> None:
    found.save(tmp_path / f"solution{suffix}")
    back = Solution.load(tmp_path / f"solution{suffix}")
    for name in ("cost", "lower_bound", "gap", "status", "method", "seconds"):
        assert same(getattr(found, name), getattr(back, name)), name
    assert same(dict(found.details), dict(back.details))
    assert found.plan == back.plan


@pytest.mark.parametrize(
    ("entry", "value"),
    [
        ("cost", 2.0),
        ("lower_bound", 2.6),
        ("lower_bound", "much"),
        ("gap", {"$number": "nan"}),
        ("status", "optimum"),
        ("status", None),
        ("seconds", True),
        ("details", []),
        ("details", {"a": {"$array": "object", "shape": [1], "values": [1]}}),
        ("details", {"a": {"$array": "float64", "shape": [3], "values": [1]}}),
        ("details", {"a": {"$array": "float64"}}),
        ("plan", {"cached": [[[1]]], "served": [[[-1]]]}),
        ("plan", {"cached": [[[1]]]}),
        ("plan", 3),
        ("plan", None),
        ("edgeopt", "plan/1"),
        ("stranger", 1),
    ],
)
def test_tampered_json_is_refused_in_one_line(tmp_path: Path, entry: str, value: Any) -> None:
    path = tmp_path / "solution.json"
    solution().save(path)
    content = json.loads(path.read_text())
    path.write_text(json.dumps(content | {entry: value}))
    with pytest.raises(InvalidFile, match=r"solution\.json: ") as caught:
        Solution.load(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", "nonsense", '{"edgeopt": "solution/1", "cost": NaN}', "[" * 10**5]
)
def test_files_that_are_no_solution_are_refused(tmp_path: Path, text: str) -> None:
    for suffix in (".json", ".npz"):
        path = tmp_path / f"solution{suffix}"
        path.write_text(text)
        with pytest.raises(InvalidFile):
            Solution.load(path)


def test_tampered_npz_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "solution.npz"
    solution().save(path)
    with np.load(path) as content:
        arrays = {name: content[name] for name in content.files if name != "edgeopt_kind"}
    record = json.loads(arrays["record"].tobytes())
    for change in ({"cost": 1.0}, {"method": 3}, {"gap": None}):
        text = np.frombuffer(json.dumps(record | change).encode(), dtype=np.uint8)
        storage.save(path, "solution/1", arrays | {"record": text})
        with pytest.raises(InvalidFile, match=r"solution\.npz: "):
            Solution.load(path)
    storage.save(path, "solution/1", arrays | {"record": np.zeros(3)})
    with pytest.raises(InvalidFile, match="row of bytes"):
        Solution.load(path)
    with pytest.raises(InvalidFile, match=r"missing\.npz"):
        Solution.load(tmp_path / "missing.npz")
    with pytest.raises(InvalidFile, match="unknown suffix"):
        solution().save(tmp_path / "solution.txt")


def test_cloud_only_is_a_solution_too() -> None:
    idle = Plan.cloud_only(3, 1, 2, 2)
    assert refereed(INSTANCE, idle, lower_bound=0, method="test", seconds=0).cost == cloud_only_cost(INSTANCE)
