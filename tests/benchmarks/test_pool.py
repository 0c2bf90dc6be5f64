"""Tasks are finished once each, whatever the number of processes, and failures keep what is finished."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from edgeopt.benchmarks.journal import Journal
from edgeopt.benchmarks.pool import finish
from edgeopt.problem import EdgeoptError
from edgeopt.solvers.engines import Engine


@dataclass(frozen=True)
class Square:
    number: int
    then: tuple[int, ...] = ()
    behaviour: str = ""

    @property
    def key(self) -> str:
        return str(self.number)

    @property
    def label(self) -> str:
        return f"square of {self.number}"

    def spec(self) -> dict[str, Any]:
        return {"number": self.number}


def square(job: Square) -> dict[str, Any]:
    if job.behaviour == "bad":
        raise EdgeoptError("squares are out")
    if job.behaviour == "die":
        os._exit(3)
    if job.behaviour == "slow":
        time.sleep(60)
    return {"square": job.number**2, "process": os.getpid()}


def follow(job: Square, result: dict[str, Any]) -> Iterable[Square]:
    return [Square(number) for number in job.then]


@pytest.mark.parametrize("workers", [1, 2])
def test_every_job_and_every_follower_is_finished_once(tmp_path: Path, workers: int) -> None:
    jobs = [Square(2, then=(3, 4)), Square(5), Square(6, then=(7,))]
    finished: list[int] = []

    def note(job: Square) -> None:
        finished.append(job.number)

    with Journal.open(tmp_path) as journal:
        finish(
            jobs,
            square,
            journal,
            engine=Engine(workers=workers),
            follow=follow,
            on_finished=note,
        )
        assert {key: result["square"] for key, result in journal.results.items()} == {
            str(n): n * n for n in range(2, 8)
        }
        processes = {result["process"] for result in journal.results.values()}
    assert sorted(finished) == [2, 3, 4, 5, 6, 7]
    assert (os.getpid() in processes) == (workers == 1)
    finished.clear()
    before = (tmp_path / "journal.jsonl").read_bytes()
    with Journal.open(tmp_path) as journal:
        finish(jobs, square, journal, engine=Engine(workers=workers), follow=follow, on_finished=note)
    assert sorted(finished) == [2, 3, 4, 5, 6, 7]
    assert (tmp_path / "journal.jsonl").read_bytes() == before


@pytest.mark.parametrize("workers", [1, 2])
def test_failure_names_the_job_and_keeps_what_is_finished(tmp_path: Path, workers: int) -> None:
    jobs = [Square(2), Square(3), Square(4, behaviour="bad")]
    with Journal.open(tmp_path) as journal, pytest.raises(EdgeoptError, match="square of 4: squares are out"):
        finish(jobs, square, journal, engine=Engine(workers=workers))
    with Journal.open(tmp_path) as journal:
        finish(jobs[:2], square, journal, engine=Engine(workers=1))
        assert set(journal.results) == {"2", "3"}


def test_failure_does_not_wait_for_other_workers(tmp_path: Path) -> None:
    jobs = [Square(1, behaviour="slow"), Square(2, behaviour="bad")]
    start = time.monotonic()
    with Journal.open(tmp_path) as journal, pytest.raises(EdgeoptError, match="squares are out"):
        finish(jobs, square, journal, engine=Engine(workers=2))
    assert time.monotonic() - start < 30


def test_worker_that_dies_is_one_clear_line(tmp_path: Path) -> None:
    with (
        Journal.open(tmp_path) as journal,
        pytest.raises(EdgeoptError, match="a worker process died") as error,
    ):
        finish(
            [Square(2, behaviour="die"), Square(3, behaviour="die")],
            square,
            journal,
            engine=Engine(workers=2),
        )
    assert "\n" not in str(error.value)
