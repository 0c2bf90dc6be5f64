"""Learners scored: shifts are what they say, comparisons by hand, the commands from end to end."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from benchmark_rows import rows_of
from edgeopt.benchmarks.cases import ScenarioCase
from edgeopt.benchmarks.future_tasks import FUTURES_SEED, future
from edgeopt.benchmarks.learning.changes import CHANGES, changed
from edgeopt.benchmarks.learning.controls import compare
from edgeopt.benchmarks.learning.headroom import OWN, SHIPPED
from edgeopt.benchmarks.learning.headroom import compare as shares
from edgeopt.benchmarks.learning.oracle import FIRST_TRIAL, KINDS, TRIALS, OracleChoice, work_or_ask
from edgeopt.benchmarks.learning.variants import VARIANTS, variants_of
from edgeopt.problem import cloud_only_cost, evaluate, from_trace, scenario
from edgeopt.problem.errors import InvalidOption, MissingLibrary
from edgeopt.problem.processes import stretch
from edgeopt.solvers import simulate, solve

SIZES = {"size": "small", "slots": 30}


@pytest.mark.parametrize("name", CHANGES)
def test_a_shift_leaves_the_first_half_and_the_world_alone(name: str) -> None:
    family = scenario("decoy", seed=3, split="test", **SIZES)
    found = changed(name, "decoy", 3, "test", **SIZES)
    assert found.slots == 2 * family.slots
    assert np.array_equal(found.requests[: family.slots], family.requests)
    for array in ("load_cost", "footprint", "cloud_cost", "service_model", "window"):
        assert np.array_equal(getattr(found, array), getattr(family, array))
    assert np.allclose(found.memory, CHANGES[name].memory * family.memory)
    assert found.digest() == changed(name, "decoy", 3, "test", **SIZES).digest()
    assert not np.array_equal(found.requests[family.slots :], family.requests)


@pytest.mark.parametrize("name", ["swapped", "new-model"])
def test_dealing_anew_keeps_what_is_asked_for_in_every_slot(name: str) -> None:
    after = scenario("decoy", seed=10_004, split="test", **SIZES)
    found = changed(name, "decoy", 4, "test", **SIZES).requests[30:]

    def per_model(requests: np.ndarray) -> np.ndarray:
        totals = np.zeros((after.models, len(requests)), np.int64)
        np.add.at(totals, after.service_model, requests[:, 0].T)
        return totals

    before_rows, rows = per_model(after.requests), per_model(found)
    assert sorted(map(tuple, rows)) == sorted(map(tuple, before_rows))
    moved = int((rows != before_rows).any(axis=1).sum())
    assert moved == 2 if name == "new-model" else moved > 2


@pytest.mark.parametrize("copies", [1, 40])
def test_a_shift_to_a_recorded_trace_keeps_the_level_of_demand(tmp_path: Path, copies: int) -> None:
    """Thinned or copied to the family's requests a slot; who is wanted when is the trace's."""
    path, minutes = tmp_path / "trace.csv", 400
    lines = ["arrived_at,num_prefill_tokens,num_decode_tokens"]
    for minute in range(minutes):
        lines += [f"{60 * minute + second}.0,{100 + minute % 7},20" for second in range(copies)]
    path.write_text("\n".join(lines) + "\n")
    sizes = {"size": "small", "slots": 50}
    found = changed("trace", "decoy", 1, "test", trace=path, **sizes)
    own, recorded = scenario("decoy", seed=1, **sizes), from_trace(path, models=found.models, split="test")
    assert np.array_equal(found.requests[:50], own.requests)
    after, before = found.requests[50:], recorded.requests[50:100]
    assert after.sum() == pytest.approx(own.requests.sum(), rel=0.1)
    wanted = before @ (recorded.service_model[:, None] == np.arange(recorded.models))
    served = after @ (found.service_model[:, None] == np.arange(found.models))
    assert (served[wanted == 0] == 0).all()
    assert served[wanted > 0].sum() == after.sum()
    assert found.digest() == changed("trace", "decoy", 1, "test", trace=path, **sizes).digest()
    assert found.digest() != changed("trace", "decoy", 0, "test", trace=path, **sizes).digest()


def test_a_shift_to_a_trace_that_is_missing_or_too_short_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidOption, match="needs a recorded trace"):
        changed("trace", "decoy", 0, "test", **SIZES)
    path = tmp_path / "short.csv"
    path.write_text("arrived_at,num_prefill_tokens,num_decode_tokens\n0.0,10,10\n900.0,10,10\n")
    with pytest.raises(InvalidOption, match="a longer trace"):
        changed("trace", "decoy", 0, "test", trace=path, **SIZES)


def test_comparison_by_hand() -> None:
    rows = rows_of(
        {
            "one": {
                "t2drl@0": [110, 120],
                "t2drl@1": [112, 118],
                "gru@0": [111, 119],
                "gru@1": [121, 129],
                "index": [130, 110],
            }
        }
    )
    found = {
        one.name: one
        for one in compare(
            rows, {"t2drl": ["t2drl@0", "t2drl@1"], "gru": ["gru@0", "gru@1"], "index": ["index"]}
        )
    }
    assert list(found) == ["t2drl", "gru", "index"] or list(found) == ["t2drl", "index", "gru"]
    assert found["t2drl"].ratio.value == pytest.approx((111 + 119) / 200)
    assert found["gru"].against.value == pytest.approx(230 / 240 - 1)
    assert found["gru"].wins == 1.0
    assert found["index"].wins == 0.5
    assert found["t2drl"].against.low == found["t2drl"].against.high == 0.0
    assert found["gru"].against.low <= found["gru"].against.value <= found["gru"].against.high
    assert found["index"].ratio.low < found["index"].ratio.value < found["index"].ratio.high


def test_variants_share_a_learner_exactly_where_only_the_test_differs(tmp_path: Path) -> None:
    places = {one.name: one.place(tmp_path, "decoy", 0) for one in VARIANTS}
    at_test = {one.name for one in VARIANTS if one.control}
    assert at_test == {"frozen", "reset", "placebo", "slow"}
    assert {places[name] for name in at_test} == {places["t2drl"]}
    assert len(set(places.values())) == len(VARIANTS) - len(at_test)
    names = [one.policy(tmp_path, "decoy", seed) for one in VARIANTS for seed in (0, 1)]
    assert len(set(names)) == len(names)
    assert [one.name for one in variants_of(["gru", "t2drl"])] == ["t2drl", "gru"]


def test_shares_by_hand() -> None:
    costs = {
        "index": [130.0, 110.0],
        "mpc": [120.0, 110.0],  # the best rule: 230
        "oracle": [105.0, 105.0],  # leads it by 20
        SHIPPED: [115.0, 110.0],
        OWN["t2drl"]: [114.0, 101.0],
        OWN["deviations"]: [109.0, 101.0],
        "best": [100.0, 100.0],
    }
    found = shares({name: np.array(cost) for name, cost in costs.items()}, ("index", "mpc"))
    own, better, shipped = found
    assert [one["learner"] for one in found] == [*OWN.values(), SHIPPED]
    assert better["share"][0] == pytest.approx(20 / 20)
    assert own["rule"] == shipped["rule"] == "mpc"
    assert own["share"][0] == pytest.approx(15 / 20)
    assert shipped["share"][0] == pytest.approx(5 / 20)
    assert own["over_rule"][0] == pytest.approx(215 / 230)
    assert own["ratio"][0] == pytest.approx(215 / 200)
    assert (own["rule_ratio"], own["oracle_ratio"]) == (pytest.approx(1.15), pytest.approx(1.05))
    assert own["share"][1] == pytest.approx(6 / 15)  # the ends: either future twice
    assert own["share"][2] == pytest.approx(9 / 5)


def test_there_is_no_share_of_a_lead_that_may_be_chance() -> None:
    costs = {
        "index": [130.0, 110.0],
        "oracle": [105.0, 115.0],  # cheaper in sum, dearer in one of two
        SHIPPED: [115.0, 110.0],
        OWN["t2drl"]: [114.0, 101.0],
        OWN["deviations"]: [109.0, 101.0],
        "best": [100.0, 100.0],
    }
    for one in shares({name: np.array(cost) for name, cost in costs.items()}, ("index",)):
        assert np.isnan(one["share"]).all()
        assert one["over_rule"][0] < 1.0


@pytest.mark.parametrize("name", TRIALS)
def test_the_oracle_is_chosen_on_other_futures_and_told_the_states_of_its_own(name: str) -> None:
    """It plays the futures that the policies play; told the states of others it pays more."""
    case = ScenarioCase("decoy", "small", 60)
    choice = OracleChoice(case, 2, 3)
    tried = choice.tried()
    assert all(one.first == FIRST_TRIAL and one.count == 2 for one in tried)
    assert len({one.key for one in tried}) == len(tried)
    wanted = [one for one in tried if one.name == name][1]
    results = {one.key: {"costs": [10.0, 5.0 - (one == wanted)]} for one in tried}
    test = choice.test(results)
    assert (test.name, test.options, test.first, test.count) == (name, wanted.options, 0, 3)
    found = work_or_ask(test)["costs"]
    assert found == work_or_ask(test)["costs"]
    assert len(found) == 3
    (process,) = case.processes()
    misled = 0.0
    for index, cost in enumerate(found):
        instance = future(case, index)
        assert solve(instance, time_limit=10.0).lower_bound - 1e-9 <= cost < cloud_only_cost(instance)
        others, _ = stretch(process, instance.slots, FUTURES_SEED, index + 7)
        oracle = KINDS[name](process=process, states=others, **dict(test.options))
        misled += evaluate(instance, simulate(instance, oracle, seed=index)).total
    assert sum(found) < misled


def test_without_the_libraries_one_line_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    from edgeopt.benchmarks.learning import variants

    monkeypatch.setattr(variants, "left_out", lambda: {"t2drl": "torch is not installed"})
    with pytest.raises(MissingLibrary, match="torch"):
        variants.require_learners()


def test_the_commands_from_end_to_end(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    pytest.importorskip("cma")
    from edgeopt.benchmarks.learning import __main__ as command

    app = typer.Typer()
    app.command()(command.main)
    parts = ["controls", "headroom", "shifts", "tiny"]
    done = CliRunner().invoke(app, [*parts, "--quick", "--out", str(tmp_path), "--json"])
    assert done.exit_code == 0, done.output
    content = json.loads((tmp_path / "controls.json").read_text())["parts"]["controls"]["findings"]
    by_name = {one["contestant"]: one for one in content}
    assert set(by_name) == {"reference", "index", "t2drl", "frozen", "none"}
    assert by_name["reference"]["ratio"][0] <= min(one["ratio"][0] for one in content) + 1e-9
    tiny = json.loads((tmp_path / "tiny.json").read_text())["parts"]["tiny"]["findings"]
    assert {one["world"] for one in tiny} == {"long and short", "in turns"}
    shifts = json.loads((tmp_path / "shifts.json").read_text())["parts"]["shifts"]["findings"]
    assert {one["shift"] for one in shifts} == {"swapped", "capacity"}
    assert all(one["recovered"][0] == 0.0 for one in shifts if one["policy"] == "frozen")
    assert all(min(one["curve"]) > 0.5 for one in shifts)
    headroom = json.loads((tmp_path / "headroom.json").read_text())["parts"]["headroom"]["findings"]
    assert [one["learner"] for one in headroom] == [*OWN.values(), SHIPPED]
    assert all(one["ratio"][0] >= 1.0 and one["oracle_ratio"] >= 1.0 for one in headroom)
    hidden = CliRunner().invoke(app, ["headroom", "--family", "flash", "--quick", "--out", str(tmp_path)])
    assert hidden.exit_code == 2
    assert "no oracle" in hidden.stderr
    refused = CliRunner().invoke(app, ["nonsense", "--out", str(tmp_path)])
    assert refused.exit_code == 2
