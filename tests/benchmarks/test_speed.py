"""The speed measurement compares things that compute the same costs, and notices when they do not."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from edgeopt.benchmarks.speed import __main__ as command
from edgeopt.benchmarks.speed import throughput
from edgeopt.benchmarks.speed.plain_loop import PlainEnvironment
from edgeopt.benchmarks.speed.throughput import CostsDisagree, measure, random_plan
from edgeopt.problem import Instance, evaluate, violations


@pytest.fixture(scope="module")
def instance() -> Instance:
    """Two servers with limits on everything, five services on three models."""
    rng = np.random.default_rng(0)
    return Instance(
        requests=rng.integers(0, 9, size=(12, 2, 5)),
        service_model=[0, 0, 1, 2, 2],
        memory=[3.0, 2.0],
        footprint=[1.0, 2.0, 1.5],
        compute=[6.0, 4.0],
        work=rng.uniform(0.1, 1.0, size=(2, 5)),
        energy_budget=[9.0, np.inf],
        energy=rng.uniform(0.1, 1.0, size=(2, 5)),
        window=[3, 4, 5, 2, 6],
        gain=[1, 2, 1, 1, 3],
        vanish=[1, 0, 2, 1, 1],
        accuracy=lambda k: 1 - 0.7 * 0.8**k,
        load_cost=rng.uniform(1, 3, size=(2, 3)),
        transmission_cost=0.1,
        computation_cost=rng.uniform(0.1, 0.2, size=(2, 5)),
        accuracy_weight=[0.5, 1.0, 0.2, 0.9, 0.3],
        cloud_cost=rng.uniform(0.8, 1.2, size=(2, 5)),
    )


@pytest.mark.parametrize("seed", range(5))
def test_plain_loop_agrees_with_the_referee_term_by_term(instance: Instance, seed: int) -> None:
    plan = random_plan(instance, np.random.default_rng(seed))
    assert not violations(instance, plan)
    report = evaluate(instance, plan)
    environment = PlainEnvironment(instance)
    environment.reset()
    total, terms, truncated = 0.0, dict.fromkeys(("switching", "accuracy", "cloud"), 0.0), False
    for slot in range(instance.slots):
        assert not truncated
        _, reward, terminated, truncated, info = environment.step((plan.cached[slot], plan.served[slot]))
        assert not terminated
        total -= reward
        terms = {name: value + info[name] for name, value in terms.items()}
    assert truncated
    assert total == pytest.approx(report.total, rel=1e-12)
    for name, value in terms.items():
        assert value == pytest.approx(getattr(report, name), rel=1e-12)


def test_every_contestant_is_measured_against_the_plain_loop(instance: Instance) -> None:
    pytest.importorskip("torch")
    found = measure(instance, copies=(1, 3), repeats=1)
    names = ["plain loop", "referee", "batched numpy", "batched torch"]
    assert [(one.name, one.copies) for one in found] == [
        (name, copies) for copies in (1, 3) for name in names
    ]
    assert all(one.slots_per_second > 0 for one in found)
    assert [one.ratio for one in found if one.name == "plain loop"] == [1.0, 1.0]
    plain = found[4].slots_per_second
    assert found[6].ratio == pytest.approx(found[6].slots_per_second / plain)


def test_wrong_costs_stop_the_measurement(instance: Instance, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(throughput, "_plain_cost", lambda *_: 1.0)
    with pytest.raises(CostsDisagree, match="copy 0: referee finds"):
        measure(instance, copies=(1,), repeats=1)


def test_command_writes_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "speed.json"
    command.main(slots=5, servers=2, models=6, copies=[2], repeats=1, out=out)
    content = json.loads(out.read_text())
    assert {one["copies"] for one in content["measurements"]} == {2}
    assert "plain loop" in capsys.readouterr().out
