"""``edgeopt convert``: every pair of formats, the three kinds of content, and what it refuses."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import highspy
import numpy as np
import pytest

from edgeopt.benchmarks import COLUMNS, Row, read_rows
from edgeopt.benchmarks.results import rows_as_csv
from edgeopt.cli.app import run
from edgeopt.problem import Instance, Plan, scenario
from edgeopt.problem.exchange import INSTANCE_SUFFIXES, load_instance
from edgeopt.solvers import solve

SKI = Instance(
    requests=np.ones((6, 1)), service_model=[0], memory=1, footprint=[1], load_cost=4, cloud_cost=1 / 3
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Unicode and a space in the path, on purpose."""
    path = tmp_path / "Ünïted results"
    path.mkdir()
    return path


def test_there_and_back_between_all_pairs(folder: Path) -> None:
    for suffix in INSTANCE_SUFFIXES:
        SKI.save(folder / "ski.npz")
        assert run(["convert", str(folder / "ski.npz"), str(folder / f"a{suffix}")]) == 0
    for first, second in itertools.permutations(INSTANCE_SUFFIXES, 2):
        out = folder / f"b{second}"
        assert run(["convert", str(folder / f"a{first}"), str(out)]) == 0
        assert load_instance(out) == SKI
        out.unlink()


def test_any_command_takes_any_format(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    SKI.save(folder / "ski.npz")
    assert run(["convert", str(folder / "ski.npz"), str(folder / "ski.nc"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["instance"] == SKI.digest()
    assert run(["simulate", str(folder / "ski.nc"), "--policy", "cloud-only", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["total"] == pytest.approx(2)


@pytest.mark.parametrize("suffix", [".mps", ".lp"])
def test_a_scenario_becomes_a_model_with_its_optimum(folder: Path, suffix: str) -> None:
    words = ["convert", "hotset", str(folder / f"hotset{suffix}"), "--size", "small", "--slots", "8"]
    for more in ([], ["--whole-model"]):
        assert run([*words, *more]) == 0
        model = highspy.Highs()
        model.setOptionValue("output_flag", False)
        model.readModel(str(folder / f"hotset{suffix}"))
        model.setOptionValue("mip_rel_gap", 0.0)
        model.run()
        best = solve(scenario("hotset", size="small", slots=8), method="milp").cost
        assert model.getInfo().objective_function_value == pytest.approx(best, rel=1e-6)


def test_plans(folder: Path) -> None:
    SKI.save(folder / "ski.npz")
    plan = Plan(np.ones((6, 1, 1)), np.ones((6, 1, 1)))
    plan.save(folder / "plan.npz")
    given = ["--instance", str(folder / "ski.npz")]
    assert run(["convert", str(folder / "plan.npz"), str(folder / "plan.csv"), *given]) == 0
    assert run(["convert", str(folder / "plan.csv"), str(folder / "again.json"), *given]) == 0
    assert Plan.load(folder / "again.json") == plan
    solution = solve(SKI)
    solution.save(folder / "solution.json")
    assert run(["convert", str(folder / "solution.json"), str(folder / "best.npz"), *given]) == 0
    assert Plan.load(folder / "best.npz") == solution.plan


def test_results(folder: Path) -> None:
    values = dict.fromkeys(COLUMNS, 0.1 + 0.2) | {"instance": "a", "policy": "lru", "seed": 3}
    rows = [Row(**values), Row(**values | {"captured": float("nan")})]  # type: ignore[arg-type]
    (folder / "results.csv").write_bytes(rows_as_csv(rows))
    chain = ["results.csv", "results.parquet", "results.json", "b.parquet", "b.csv"]
    for source, target in itertools.pairwise(chain):
        assert run(["convert", str(folder / source), str(folder / target)]) == 0
        assert repr(read_rows(folder / target)) == repr(rows)
    assert (folder / "b.csv").read_bytes() == (folder / "results.csv").read_bytes()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["none.npz", "a.nc"], "none.npz: cannot be read"),
        (["no-such-scenario", "a.nc"], "no-such-scenario"),
        (["ski.npz", "a.xlsx"], "unknown suffix '.xlsx' for an instance"),
        (["ski.npz", "no/a.nc"], "the folder no does not exist"),
        (["ski.npz", "folder.nc"], "is a folder"),
        (["results.csv", "a.nc"], "unknown suffix '.nc' for benchmark results"),
        (["ski.npz", "a.csv", "--instance", "ski.npz"], "known are cached, served, as a plan"),
        (["plan.csv", "a.mps", "--instance", "ski.npz"], "unknown suffix '.mps'"),
        (["text.csv", "a.npz"], "column 'array' is missing"),
    ],
)
def test_bad_input_is_one_line(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: list[str],
    said: str,
) -> None:
    monkeypatch.chdir(folder)
    SKI.save("ski.npz")
    Path("folder.nc").mkdir()
    Path("results.csv").write_bytes(rows_as_csv([]))
    Path("plan.csv").write_text("decision,slot,server,name,value\n")
    Path("text.csv").write_text("a,b\n1,2\n")
    assert run(["convert", *words]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert said in error
