"""Servers as tasks: the parts add up, the joined proof holds, and what is kept is not done again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from edgeopt.problem import Instance, InvalidFile, InvalidOption, evaluate, scenario
from edgeopt.solvers import Solution, across, solve
from edgeopt.solvers.certificate import check_certificate
from edgeopt.solvers.engines import Engine
from edgeopt.solvers.engines import local as local_engine

PATIENCE = 120
"""Seconds after which a run counts as stuck."""


def bytes_of(solution: Solution) -> list[bytes | str]:
    """Return all of a solution but its times."""
    assert solution.plan is not None
    assert solution.certificate is not None
    proof = solution.certificate
    arrays = [solution.plan.cached, solution.plan.served, proof.presence, proof.compute, proof.energy]
    arrays += [proof.service, proof.ahead, proof.bounds]
    servers = [{**server, "seconds": 0} for server in solution.details["servers"]]
    plain = [solution.cost, solution.lower_bound, solution.gap, solution.status, proof.scale, proof.width]
    return [*(array.tobytes() for array in arrays), repr([*plain, servers, solution.details["chosen"]])]


@pytest.fixture(scope="module")
def instance() -> Instance:
    return scenario("decoy", servers=4, models=6, slots=40)


@pytest.fixture(scope="module")
def solution(instance: Instance) -> Solution:
    return solve(instance, engine="local", workers=1)


def test_parts_add_up_and_the_joined_certificate_proves_it(instance: Instance, solution: Solution) -> None:
    parts = [solve(instance.server(n), workers=1) for n in range(instance.servers)]
    assert solution.cost == pytest.approx(sum(part.cost for part in parts), rel=1e-12)
    assert solution.plan is not None
    assert evaluate(instance, solution.plan).total == solution.cost
    for n, part in enumerate(parts):
        assert part.plan is not None
        assert np.array_equal(solution.plan.cached[:, [n]], part.plan.cached)
        assert np.array_equal(solution.plan.served[:, [n]], part.plan.served)
    assert solution.status == "optimal"
    verdict = check_certificate(instance, solution)
    assert verdict.proved, verdict.reasons
    assert verdict.lower_bound == pytest.approx(sum(part.lower_bound for part in parts), rel=1e-9)
    assert verdict.lower_bound <= solution.cost
    whole = solve(instance)
    assert whole.cost == pytest.approx(solution.cost, rel=2e-6)


def test_two_processes_give_the_same_bytes(instance: Instance, solution: Solution) -> None:
    assert bytes_of(solve(instance, engine="local", workers=2)) == bytes_of(solution)


def test_certificates_of_very_different_servers_are_joined() -> None:
    """One server with few cheap requests, one with many dear ones: their scales lie far apart."""
    rng = np.random.default_rng(5)
    instance = Instance(
        requests=rng.poisson(3.0, (12, 2, 4)) * np.array([1, 1000])[None, :, None],
        service_model=[0, 1, 2, 2],
        memory=[2.0, 2.0],
        footprint=[1.0, 1.5, 1.0],
        load_cost=[[1e-4], [3.0]],
        cloud_cost=[[1e-5] * 4, [7.0] * 4],
    )
    found = solve(instance, "lagrangian", engine="local", workers=1)
    scales = [solve(instance.server(n), "lagrangian").certificate for n in (0, 1)]
    assert scales[0] is not None
    assert scales[1] is not None
    assert scales[0].scale - scales[1].scale > 20
    assert found.certificate is not None
    assert found.certificate.scale == scales[1].scale
    verdict = check_certificate(instance, found)
    assert verdict.proved, verdict.reasons


def test_method_without_plan_adds_up_bounds() -> None:
    instance = scenario("decoy", servers=2, models=3, slots=6)
    found = solve(instance, "relaxation", engine="local", workers=1)
    parts = [solve(instance.server(n), "relaxation").lower_bound for n in range(instance.servers)]
    assert found.plan is None
    assert found.lower_bound == pytest.approx(sum(parts), rel=1e-12)


def test_time_is_shared_among_servers(monkeypatch: pytest.MonkeyPatch, instance: Instance) -> None:
    shares = []

    def note(task: across.ServerTask) -> Solution:
        assert task.time_limit is not None
        shares.append(task.time_limit)
        return solve(task.server, workers=1)

    across.solve_across(instance, "auto", Engine(workers=1), note, time_limit=1000.0)
    assert 1000 / 4 - 1 < shares[0] <= 1000 / 4
    assert shares == sorted(shares), "what a server does not need goes to those after it"
    assert 900 < shares[-1] <= 1000


def test_kept_servers_are_not_solved_again(
    tmp_path: Path, instance: Instance, solution: Solution, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert bytes_of(solve(instance, keep=tmp_path, workers=1)) == bytes_of(solution)
    files = sorted(tmp_path.iterdir())
    assert len(files) == instance.servers

    solved: list[object] = []
    honest = local_engine.outcome_of

    def counted(function: object, task: object) -> object:
        solved.append(task)
        return honest(function, task)  # type: ignore[arg-type]

    monkeypatch.setattr(local_engine, "outcome_of", counted)
    files[1].unlink()
    assert bytes_of(solve(instance, keep=tmp_path, workers=1)) == bytes_of(solution)
    assert len(solved) == 1
    assert bytes_of(solve(instance, keep=tmp_path, engine="ray", address="nowhere:1")) == bytes_of(solution)
    assert len(solved) == 1, "nothing is left to do, so no engine is needed"
    solve(instance, keep=tmp_path, workers=1, gap=1e-3)
    assert len(solved) == 1 + instance.servers, "another gap is another question"


def test_kept_file_that_is_none_of_this_server_is_refused(tmp_path: Path, instance: Instance) -> None:
    solve(instance, keep=tmp_path, workers=1)
    first, second = sorted(tmp_path.iterdir())[:2]
    honest = first.read_bytes()
    first.write_bytes(honest[: len(honest) // 2])
    with pytest.raises(InvalidFile, match="damaged"):
        solve(instance, keep=tmp_path, workers=1)
    first.write_bytes(second.read_bytes())
    with pytest.raises(InvalidFile, match="not the solution of this server"):
        solve(instance, keep=tmp_path, workers=1)
    with pytest.raises(InvalidOption, match="cannot keep anything in"):
        solve(instance, keep=first)


def test_interrupted_run_goes_on_where_it_stopped(tmp_path: Path) -> None:
    words = ["solve", "decoy", "--servers", "8", "--models", "6", "--slots", "200", "--json"]
    command = [sys.executable, "-m", "edgeopt", *words, "--workers", "1", "--keep", "kept"]
    kept = tmp_path / "kept"
    run = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    end = time.monotonic() + PATIENCE
    while len(list(kept.glob("*.npz"))) < 2:
        assert run.poll() is None
        assert time.monotonic() < end
        time.sleep(0.01)
    os.kill(run.pid, signal.SIGINT)
    said = run.communicate(timeout=PATIENCE)[1].decode()
    assert run.returncode == 130
    assert said.count("\n") == 1
    assert "finished servers are in kept: give the same command again to continue" in said
    before = {path.name: path.stat().st_mtime_ns for path in kept.glob("*.npz")}
    assert 2 <= len(before) < 8
    again = subprocess.run([*command, "--out", "again.npz"], cwd=tmp_path, capture_output=True, check=False)
    assert again.returncode == 0, again.stderr.decode()
    after = {path.name: path.stat().st_mtime_ns for path in kept.glob("*.npz")}
    assert len(after) == 8
    assert before.items() <= after.items()
    instance = scenario("decoy", servers=8, models=6, slots=200)
    found = Solution.load(tmp_path / "again.npz")
    assert bytes_of(found) == bytes_of(solve(instance, engine="local", workers=1))
    assert check_certificate(instance, found).proved
