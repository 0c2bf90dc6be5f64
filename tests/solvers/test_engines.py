"""Tasks on engines: each result once, a dead worker's task again, and one line for what cannot be used."""

from __future__ import annotations

import os
import signal
import socket
import sys
import time
from collections import deque
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from edgeopt.cli.app import run
from edgeopt.problem import EdgeoptError, InvalidOption
from edgeopt.problem.errors import MissingLibrary
from edgeopt.solvers.engines import Engine, WorkerDied, reach
from edgeopt.solvers.engines.call import Done, Refused, pack, perform, unpack
from edgeopt.solvers.engines.identity import identity


def square(number: int) -> int:
    if number < 0:
        raise EdgeoptError("negative numbers are out")
    return number * number


def die_first(marks: tuple[Path, int]) -> int:
    """Kill the own process so many times, then say how many processes tried."""
    folder, deaths = marks
    (folder / str(time.monotonic_ns())).touch()
    tried = len(list(folder.iterdir()))
    if tried <= deaths:
        os.kill(os.getpid(), signal.SIGKILL)
    return tried


@pytest.mark.parametrize("workers", [1, 2])
def test_every_task_once_and_those_added_on_the_way(workers: int) -> None:
    tasks = deque([1, 2, 3])
    found = {}
    with Engine(workers=workers).open() as hands:
        for task, result in hands.results(square, tasks):
            assert task not in found
            found[task] = result
            if task < 3:
                tasks.append(task + 10)
    assert found == {number: number * number for number in (1, 2, 3, 11, 12)}


def test_no_more_data_is_made_than_workers_need() -> None:
    made: list[int] = []

    def data(task: int) -> int:
        made.append(task)
        return task

    with Engine(workers=2).open() as hands:
        results = hands.results(square, deque(range(50)), data=data)
        next(results)
        assert len(made) == 2


def test_refusal_names_the_task_and_comes_with_any_number_of_workers() -> None:
    for workers in (1, 2):
        with (
            pytest.raises(EdgeoptError, match=r"^task -1: negative numbers are out$"),
            Engine(workers=workers).open() as hands,
        ):
            list(hands.results(square, deque([1, -1]), label=lambda task: f"task {task}"))


def test_task_of_a_killed_worker_is_done_again(tmp_path: Path) -> None:
    with Engine(workers=2).open() as hands:
        tasks = deque([(tmp_path, 2)])
        assert list(hands.results(die_first, tasks)) == [((tmp_path, 2), 3)]
        assert dict(hands.results(square, deque([5, 6]))) == {5: 25, 6: 36}


def test_task_that_kills_every_worker_is_given_up_and_the_others_are_done(tmp_path: Path) -> None:
    deadly, fine = (tmp_path / "deadly", 99), (tmp_path / "fine", 0)
    for folder, _ in (deadly, fine):
        folder.mkdir()
    with Engine(workers=2).open() as hands:
        results = hands.results(die_first, deque([deadly, fine]))
        assert next(results) == (fine, 1)
        with pytest.raises(WorkerDied, match=r"a worker process died \(.*\), 4 times in a row"):
            next(results)
    assert len(list(deadly[0].iterdir())) == 4


@pytest.fixture
def silent_port() -> Iterator[int]:
    """Yield a port that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.mark.parametrize("name", ["ray", "dask"])
@pytest.mark.parametrize("command", [["solve", "decoy", "--size", "small"], ["benchmark"]])
def test_missing_package_is_one_line(
    name: str,
    command: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    module = {"ray": "ray", "dask": "distributed"}[name]
    monkeypatch.setitem(sys.modules, module, None)
    monkeypatch.chdir(tmp_path)
    assert run([*command, "--engine", name]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert f'needs the package {module}, which is not installed: pip install "edgeopt[{name}]"' in said
    with pytest.raises(MissingLibrary):
        reach.library(module, name)


@pytest.mark.parametrize("name", ["ray", "dask"])
def test_address_where_nobody_answers_is_one_line(
    name: str, silent_port: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(reach, "CONNECT_SECONDS", 1.0)
    command = ["solve", "decoy", "--size", "small", "--engine", name, "--address"]
    for address, reason in (
        ("127.0.0.1:1", "Connection refused"),
        (f"127.0.0.1:{silent_port}", "within 1"),
        ("no-port", "a host and a port are needed"),
        ("host:99999", "a host and a port are needed"),
    ):
        assert run([*command, address]) == 2
        said = capsys.readouterr().err
        assert said.count("\n") == 1
        assert reason in said


def test_options_that_make_no_engine_are_refused() -> None:
    with pytest.raises(InvalidOption, match="unknown engine 'slurm': choose from local, ray, dask"):
        Engine("slurm")
    with pytest.raises(InvalidOption, match="engine 'local' has no address"):
        Engine(address="head:6379")
    with pytest.raises(InvalidOption, match="workers is 0"):
        Engine(workers=0)


def test_worker_with_another_edgeopt_refuses() -> None:
    answer = unpack(perform("0.0.1 (sources 123)", pack(np.sqrt, 4.0)))
    assert isinstance(answer, Refused)
    assert "0.0.1 (sources 123): install the same" in str(answer.reason)
    assert unpack(perform(identity(), pack(np.sqrt, 4.0))) == Done(2.0)
