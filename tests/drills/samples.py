"""Valid files of every kind that edgeopt reads: what the fuzzing starts from."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from edgeopt.benchmarks import COLUMNS, Row
from edgeopt.benchmarks.journal import Journal
from edgeopt.benchmarks.results import rows_as_csv, rows_as_json, rows_as_parquet
from edgeopt.learning import T2DRL
from edgeopt.learning.scores.features import first_weights
from edgeopt.learning.t2drl.checkpoint import CARD_FILE, WEIGHT_FILE
from edgeopt.learning.t2drl.config import Config
from edgeopt.mechanisms import Market
from edgeopt.problem import Instance, Plan, scenario
from edgeopt.problem.exchange import INSTANCE_SUFFIXES, save_instance, save_plan_csv
from edgeopt.solvers import solve

TRACES = Path(__file__).resolve().parents[1] / "problem" / "traces_samples"


def small_instance() -> Instance:
    """An instance with every array away from its default, and names beyond ASCII."""
    instance = scenario("hotset", size="small", slots=6, models=3, services=4)
    names = [f"modèle {number}" for number in range(instance.models)]
    return instance.replace(model_names=names, energy=0.5, energy_budget=1e6, slot_seconds=30)


def write_samples(folder: Path) -> Iterator[tuple[str, Path]]:
    """Write a valid file of every kind and format; yield what it is and where it lies."""
    instance = small_instance()
    plan = Plan.cloud_only(instance.slots, instance.servers, instance.models, instance.services)
    cached = plan.cached.copy()
    cached[2:4, 0, 0] = True
    plan = Plan(cached, plan.served)
    for suffix in INSTANCE_SUFFIXES:
        save_instance(instance, folder / f"instance{suffix}")
        yield "instance", folder / f"instance{suffix}"
    save_plan_csv(plan, instance, folder / "plan.csv")
    yield "plan", folder / "plan.csv"
    solution = solve(instance, method="lagrangian")
    for suffix in (".npz", ".json"):
        plan.save(folder / f"plan{suffix}")
        yield "plan", folder / f"plan{suffix}"
        solution.save(folder / f"solution{suffix}")
        yield "solution", folder / f"solution{suffix}"
    Market(values=[9, 7, 5, 2], costs=[1, 3, 4, 8]).save(folder / "market.json")
    yield "market", folder / "market.json"
    values = dict.fromkeys(COLUMNS, 0.5) | {"instance": "hotset", "policy": "lru", "seed": 3}
    rows = [Row(**values | {"seed": seed}) for seed in range(4)]  # type: ignore[arg-type]
    for suffix, content in (
        (".csv", rows_as_csv(rows)), (".json", rows_as_json(rows)), (".parquet", rows_as_parquet(rows)),
    ):  # fmt: skip
        (folder / f"results{suffix}").write_bytes(content)
        yield "results", folder / f"results{suffix}"
    with Journal.open(folder) as journal:
        for number in range(4):
            journal.append(f"key-{number}", {"task": number}, {"cost": 1.5, "seconds": 0.1})
    yield "journal", folder / "journal.jsonl"
    for path in sorted(TRACES.iterdir()):
        (folder / path.name).write_bytes(path.read_bytes())
        yield "trace", folder / path.name
    (folder / "zipped.csv.gz").write_bytes(gzip.compress((TRACES / "canonical.csv").read_bytes(), mtime=0))
    yield "trace", folder / "zipped.csv.gz"
    long = {"values": np.arange(1, 60).tolist(), "costs": ["17/2", 0.25, *range(40)]}
    (folder / "fractions.json").write_text(json.dumps(long))
    yield "market", folder / "fractions.json"
    write_learner(folder / "learner")
    for name in (CARD_FILE, WEIGHT_FILE):
        yield "learner", folder / "learner" / name


def write_learner(folder: Path) -> None:
    """Write an untrained learner with two profiles."""
    config = Config(width=8)
    profiles = {name: first_weights() for name in ("hotset", "general")}
    T2DRL(config.network(), config, profiles, "foresight", {"seed": 0}).save(folder)
