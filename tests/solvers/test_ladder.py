"""The ladder: bounds in order, plans above them, a table and a picture that repeat what was found."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from hypothesis import assume, given, settings

from edgeopt.problem import Instance, cloud_only_cost, scenario
from edgeopt.problem.errors import InvalidOption
from edgeopt.solvers import solve
from edgeopt.solvers.bounds import Ladder, ladder, ladder_svg, plot_ladder
from edgeopt.solvers.brute import count_transitions
from strategies import instances

BOUNDS = ("compact", "perspective", "extended", "hull", "decomposition")
LP = 1e-7
"""Relative amount by which a linear programme's bound may miss its exact value (solver tolerances)."""
DUAL = 1e-4
"""The same for the decomposition where serving is a choice: its prices are improved in steps."""


def check(rungs: Ladder) -> None:
    """All inequalities of the ladder."""
    values = [rungs[name].value for name in BOUNDS]
    for looser, tighter in pairwise(values[:4]):
        assert looser <= tighter + LP * (1 + tighter)
    assert values[3] <= values[4] + DUAL * (1 + values[4])
    for rung in rungs.rungs:
        if rung.kind == "bound":
            assert rung.value <= rungs.best * (1 + 1e-12)
        else:
            assert rung.value >= rungs.best
        assert rung.value == pytest.approx((1 - rung.below_best) * rungs.best, abs=1e-9)


@settings(max_examples=15)
@given(instance=instances(max_slots=4, max_servers=2, max_models=4, max_services=4))
def test_rungs_are_in_order_on_random_instances(instance: Instance) -> None:
    assume(count_transitions(instance) <= 20_000)
    rungs = ladder(instance, policies=("cloud-only", "lru"))
    check(rungs)
    optimum = solve(instance, "brute").cost
    assert rungs["optimum"].value == pytest.approx(optimum, rel=1e-6)
    assert rungs["cloud-only"].value == pytest.approx(cloud_only_cost(instance))


@pytest.mark.parametrize("name", ["stationary", "workflow", "context-rich"])
def test_scenarios_climb_to_the_optimum(name: str) -> None:
    """The compact relaxation leaves per cents, both hulls together nothing."""
    rungs = ladder(scenario(name, size="small"))
    check(rungs)
    assert rungs["compact"].below_best > 0.02
    assert abs(rungs["hull"].below_best) < 1e-6
    assert abs(rungs["optimum"].below_best) < 1e-6
    assert rungs["static-hindsight"].below_best <= 0


def test_rows_say_what_the_rungs_say() -> None:
    rungs = ladder(scenario("hotset", size="small"), policies=("myopic", "lru"))
    rows = rungs.rows()
    assert [row["name"] for row in rows[:5]] == list(BOUNDS)
    assert {row["name"] for row in rows[5:]} == {"optimum", "myopic", "lru"}
    plans = [row["value"] for row in rows if row["kind"] == "plan"]
    assert plans == sorted(plans)
    for row in rows:
        assert row["seconds"] >= 0
        assert row["below_best_percent"] == 100 * rungs[row["name"]].below_best
    assert rungs.lower_bound == max(row["value"] for row in rows if row["kind"] == "bound")
    assert rungs.digest == scenario("hotset", size="small").digest()


def test_hard_instance_without_time_keeps_valid_rungs() -> None:
    """Rungs that ran out of time say so, and still hold."""
    rungs = ladder(scenario("workflow16"), time_limit=0.5, policies=("cloud-only",))
    assert not all(rung.finished for rung in rungs.rungs)
    for rung in rungs.rungs:
        assert (rung.value <= rungs.best) == (rung.kind == "bound" or rung.value == rungs.best)


def test_nothing_to_pay_gives_a_flat_ladder() -> None:
    free = Instance(
        requests=np.zeros((2, 1), dtype=int), service_model=[0], memory=1.0, footprint=[1.0], cloud_cost=[1.0]
    )
    assert {(rung.value, rung.below_best) for rung in ladder(free, policies=("lru",)).rungs} == {(0.0, 0.0)}


def test_picture_names_every_rung_and_is_reproducible(tmp_path: Path) -> None:
    rungs = ladder(scenario("onoff", size="small", slots=20), policies=("lru",))
    text = ladder_svg(rungs, title="onoff")
    assert text == ladder_svg(rungs, title="onoff")
    words = "".join(ET.fromstring(text).itertext())
    assert all(rung.name in words for rung in rungs.rungs)
    target = tmp_path / "ladder.png"
    plot_ladder(rungs).savefig(target)
    assert target.stat().st_size > 5_000


def test_mistakes_are_told_before_any_work() -> None:
    instance = scenario("onoff", size="small")
    with pytest.raises(InvalidOption, match="time_limit"):
        ladder(instance, time_limit=0)
    with pytest.raises(InvalidOption, match="no-such"):
        ladder(instance, policies=("no-such",))
    with pytest.raises(InvalidOption, match="only compact"):
        ladder(scenario("onoff", size="small", slots=5), policies=())["decompositon"]
