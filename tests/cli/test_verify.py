"""``edgeopt verify``: its exit statuses, what it prints, and what it does without."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from edgeopt.cli.app import run
from edgeopt.problem import scenario
from edgeopt.solvers import solve

OPTIONS = ["--instance", "stationary", "--size", "small", "--slots", "30"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    where = tmp_path_factory.mktemp("verify")
    instance = scenario("stationary", size="small", slots=30)
    instance.save(where / "instance.npz")
    instance.replace(load_cost=instance.load_cost + 1).save(where / "other.npz")
    instance.window_slots(0, 5).save(where / "short.npz")
    solution = solve(instance, "lagrangian")
    solution.save(where / "solution.json")
    solution.save(where / "solution.npz")
    solve(instance, "relaxation").save(where / "bare.json")
    return where


@pytest.mark.parametrize("suffix", ["json", "npz"])
@pytest.mark.parametrize("exact", [[], ["--exact"]])
def test_a_true_claim_exits_with_zero(
    folder: Path, capsys: pytest.CaptureFixture[str], suffix: str, exact: list[str]
) -> None:
    assert run(["verify", str(folder / f"solution.{suffix}"), *OPTIONS, "--json", *exact]) == 0
    verdict = json.loads(capsys.readouterr().out)
    assert verdict["proved"] is True
    assert verdict["reasons"] == []
    assert verdict["gap"] <= 1e-6
    assert (
        run(["verify", str(folder / f"solution.{suffix}"), "--instance", str(folder / "instance.npz")]) == 0
    )
    assert "proved" in capsys.readouterr().out


def changed(folder: Path, name: str, **changes: object) -> str:
    record = json.loads((folder / "solution.json").read_text())
    for key, value in changes.items():
        place = record["certificate"] if key in record["certificate"] else record
        place[key] = value
    path = folder / f"{name}.json"
    path.write_text(json.dumps(record))
    return str(path)


def test_a_false_claim_exits_with_one_and_the_truth(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    record = json.loads((folder / "solution.json").read_text())
    presence = record["certificate"]["presence"]
    no_prices = {**presence, "values": [0] * len(presence["values"])}
    served = np.array(record["plan"]["served"])
    served[np.unravel_index(served.argmax(), served.shape)] -= 1
    for name, tampered, reason in (
        ("prices", {"presence": no_prices}, "claims a lower bound"),
        ("plan", {"plan": {**record["plan"], "served": served.tolist()}}, "claims a cost"),
        ("digest", {"instance": "f" * 64}, "another instance"),
        ("bound", {"bounds": {"$array": "float64", "shape": [1], "values": [1e6]}}, "claims a lower bound"),
    ):
        assert run(["verify", changed(folder, name, **tampered), *OPTIONS, "--json"]) == 1, name
        verdict = json.loads(capsys.readouterr().out)
        assert verdict["proved"] is False
        assert any(reason in text for text in verdict["reasons"])
        assert verdict["lower_bound"] <= record["cost"]
    cost = record["cost"] * 0.9
    lower = record["lower_bound"] * 0.9
    both = changed(folder, "cost", cost=cost, lower_bound=lower, gap=cost / lower - 1.0)
    assert run(["verify", both, *OPTIONS]) == 1
    assert "not proved: " in capsys.readouterr().out


def test_another_instance_exits_with_one(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["verify", str(folder / "solution.npz"), "--instance", str(folder / "other.npz")]) == 1
    assert "another instance" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["{}/bare.json", *OPTIONS], "carries no certificate"),
        (["{}/solution.npz", "--instance", "{}/short.npz"], "the instance has"),
        (["{}/missing.npz", *OPTIONS], "cannot be read"),
        (["{}/instance.npz", *OPTIONS], "unknown entry"),
        (["{}/solution.npz"], "--instance"),
        (["{}/solution.npz", *OPTIONS, "--gap", "-1"], "gap is -1.0"),
        (["{}/wide.json", *OPTIONS], "--exact"),
    ],
)
def test_bad_input_exits_with_two_and_one_line(
    folder: Path, capsys: pytest.CaptureFixture[str], words: list[str], complaint: str
) -> None:
    changed(folder, "wide", scale=70)
    assert run(["verify", *(word.format(folder) for word in words)]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert complaint in captured.err
    assert captured.err.count("\n") == 1


def loaded(folder: Path) -> set[str]:
    """Modules that a run of the command has imported in the end."""
    words = ["verify", str(folder / "solution.json"), *OPTIONS]
    code = (
        "import sys; from edgeopt.cli.app import run\n"
        f"assert run({words!r}) == 0\n"
        "print('modules', *sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.splitlines()[-1].split())


def test_no_solver_takes_part(folder: Path) -> None:
    modules = loaded(folder)
    assert not {"pulp", "highspy", "cvxpy", "torch"} & modules
    solvers = ("lagrangian", "milp", "relaxation", "intervals", "brute", "auto")
    assert not any(name.startswith(f"edgeopt.solvers.{each}") for name in modules for each in solvers)
    assert "edgeopt.solvers.certificate.bound" in modules


def test_nothing_compiled_takes_part(folder: Path) -> None:
    assert not {"numba", "scipy"} & loaded(folder)
