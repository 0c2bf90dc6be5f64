"""The referee against hand-computed costs, a plain re-telling of the model, and broken plans."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given

from edgeopt.problem import InfeasiblePlan, Instance, InvalidPlan, Plan, cloud_only_cost, evaluate, violations
from edgeopt.problem.capacity import fits, usable
from strategies import instances_with_plans


def one_service(**changes: object) -> Instance:
    """One model, one service, window 4, vanish 1: the worked example whose optimum is 5.60."""
    arrays: dict[str, object] = {
        "requests": [[2], [2], [0], [2]],
        "service_model": [0],
        "memory": 1.0,
        "footprint": [1.0],
        "cloud_cost": 1.0,
        "window": 4,
        "gain": 1,
        "vanish": 1,
        "accuracy": [[0.2, 0.5, 0.75, 0.9, 1.0]],
        "accuracy_weight": 1.0,
        "load_cost": 0.5,
        "computation_cost": 0.25,
    }
    return Instance(**(arrays | changes))  # type: ignore[arg-type]


def serve_all(instance: Instance) -> Plan:
    return Plan(np.ones((instance.slots, instance.servers, instance.models), bool), instance.requests)


def test_worked_example_term_by_term() -> None:
    """Contexts 0, 1, 2, 1 by hand: errors .8, .5, -, .5 on two requests each."""
    report = evaluate(one_service(), serve_all(one_service()))
    assert report.context[:, 0, 0].tolist() == [0, 1, 2, 1]
    assert report.switching == 0.5
    assert report.computation == 6 * 0.25
    assert report.accuracy == pytest.approx(2 * 0.8 + 2 * 0.5 + 2 * 0.5, abs=1e-15)
    assert report.cloud == report.transmission == 0.0
    assert report.total == pytest.approx(5.60, abs=1e-12)
    assert report.mean_accuracy == pytest.approx(2.4 / 6, abs=1e-15)
    assert (report.loads, report.served_share) == (1, 1.0)


def test_evicting_a_model_forgets_its_context() -> None:
    instance = one_service(requests=[[3], [3], [3]])
    cached = np.array([True, False, True]).reshape(3, 1, 1)
    report = evaluate(instance, Plan(cached, [[[3]], [[0]], [[3]]]))
    assert report.context[:, 0, 0].tolist() == [0, 0, 0]
    assert report.loads == 2
    assert report.switching == 1.0


def test_context_stops_at_the_window_and_at_zero() -> None:
    instance = one_service(requests=[[9], [0], [0], [0], [0], [0], [0]], vanish=2)
    report = evaluate(instance, serve_all(instance))
    assert report.context[:, 0, 0].tolist() == [0, 4, 2, 0, 0, 0, 0]


def by_the_book(instance: Instance, plan: Plan) -> float:
    """Tell the model's page again in scalar Python, sharing no line with the library."""
    total = 0.0
    for n in range(instance.servers):
        kappa = [0] * instance.services
        for t in range(instance.slots):
            for m in range(instance.models):
                was = t > 0 and plan.cached[t - 1, n, m]
                if plan.cached[t, n, m] and not was:
                    total += float(instance.load_cost[n, m])
            for s in range(instance.services):
                m = int(instance.service_model[s])
                x, r = int(plan.served[t, n, s]), int(instance.requests[t, n, s])
                kept = plan.cached[t, n, m] and t > 0 and plan.cached[t - 1, n, m]
                k = kappa[s] if kept else 0
                wrong = 1 - float(instance.accuracy[s, k])
                local = float(instance.transmission_cost[n, s] + instance.computation_cost[n, s])
                total += x * local + float(instance.accuracy_weight[s]) * x * wrong
                total += (r - x) * float(instance.cloud_cost[n, s])
                grown = k + int(instance.gain[s]) * x - int(instance.vanish[s])
                kappa[s] = min(int(instance.window[s]), max(0, grown)) if plan.cached[t, n, m] else 0
    return total


@given(instances_with_plans())
def test_agrees_with_the_model_told_again(pair: tuple[Instance, Plan]) -> None:
    instance, plan = pair
    assert evaluate(instance, plan).total == pytest.approx(by_the_book(instance, plan), rel=1e-12, abs=1e-12)


@given(instances_with_plans())
def test_accounts_add_up(pair: tuple[Instance, Plan]) -> None:
    instance, plan = pair
    report = evaluate(instance, plan)
    terms = [report.switching, report.transmission, report.computation, report.accuracy, report.cloud]
    assert report.total == pytest.approx(math.fsum(terms), rel=1e-12)
    assert report.by_slot.sum(axis=0) == pytest.approx(terms, rel=1e-12, abs=1e-12)
    assert report.by_server.sum(axis=0) == pytest.approx(terms, rel=1e-12, abs=1e-12)


@given(instances_with_plans())
def test_servers_do_not_couple(pair: tuple[Instance, Plan]) -> None:
    instance, plan = pair
    report = evaluate(instance, plan)
    alone = [
        evaluate(instance.server(n), Plan(plan.cached[:, n : n + 1], plan.served[:, n : n + 1]))
        for n in range(instance.servers)
    ]
    assert report.total == pytest.approx(math.fsum(one.total for one in alone), rel=1e-12)
    assert report.by_server.shape == (instance.servers, 5)
    for n, one in enumerate(alone):
        terms = [one.switching, one.transmission, one.computation, one.accuracy, one.cloud]
        assert report.by_server[n] == pytest.approx(terms, rel=1e-12, abs=1e-12)


@given(instances_with_plans())
def test_saving_table_explains_the_difference_to_the_cloud(pair: tuple[Instance, Plan]) -> None:
    """Total = cloud-only + loads - sum of x g(k): what the solvers maximise is what the referee counts."""
    instance, plan = pair
    report = evaluate(instance, plan)
    n, s = np.indices(plan.served.shape[1:])
    saved = (plan.served * instance.saving[n[None], s[None], report.context]).sum()
    assert report.total == pytest.approx(
        cloud_only_cost(instance) + report.switching - saved, rel=1e-9, abs=1e-9
    )


def test_cost_does_not_depend_on_the_block_size(monkeypatch: pytest.MonkeyPatch) -> None:
    from edgeopt.problem import referee

    instance = one_service(requests=np.arange(40).reshape(40, 1) % 3)
    whole = evaluate(instance, serve_all(instance))
    monkeypatch.setattr(referee, "_BLOCK", 7)
    split = evaluate(instance, serve_all(instance))
    assert (whole.total, whole.mean_accuracy) == (split.total, split.mean_accuracy)


@pytest.mark.parametrize(
    ("changes", "rule", "load", "limit"),
    [
        ({"memory": 0.5}, "memory", 1.0, 0.5),
        ({"work": 2.0, "compute": 3.0}, "compute", 4.0, 3.0),
        ({"energy": 2.0, "energy_budget": 3.5}, "energy", 4.0, 3.5),
    ],
)
def test_overloads_are_refused(changes: dict[str, object], rule: str, load: float, limit: float) -> None:
    instance = one_service(**changes)
    with pytest.raises(InfeasiblePlan, match=rule) as caught:
        evaluate(instance, serve_all(instance))
    first = caught.value.violations[0]
    assert (first.rule, first.slot, first.server, first.load, first.limit) == (rule, 0, 0, load, limit)
    assert len(caught.value.violations) == (4 if rule == "memory" else 3)


def test_serving_without_the_model_and_more_than_asked_are_refused() -> None:
    instance = one_service()
    cached = np.array([True, True, False, False]).reshape(4, 1, 1)
    broken = violations(instance, Plan(cached, [[[3]], [[2]], [[0]], [[2]]]))
    assert [(v.rule, v.slot, v.service, v.load, v.limit) for v in broken] == [
        ("too many", 0, 0, 3, 2),
        ("not cached", 3, 0, 2, 0),
    ]


def test_a_single_request_needs_its_model_too() -> None:
    broken = violations(one_service(), Plan(np.zeros((4, 1, 1), bool), [[[0]], [[1]], [[0]], [[0]]]))
    assert [(v.rule, v.slot, v.load) for v in broken] == [("not cached", 1, 1)]
    assert str(broken[0]) == "not cached at slot 1, server 0, service 0: 1 of at most 0 requests"


def test_the_tolerance_includes_its_end() -> None:
    """All solvers share it, so that none counts a plan as legal that another refuses."""
    assert fits(usable(3.0), 3.0)
    assert not fits(np.nextafter(usable(3.0), 4.0), 3.0)
    assert usable(1.0) == 1.0 + 1e-9


def test_rounding_is_forgiven_and_no_more() -> None:
    """0.1 + 0.2 > 0.3 in floats, yet three tenths fit; a part in a million does not."""
    instance = one_service(footprint=[0.1, 0.2], memory=0.3, service_model=[0])
    plan = Plan(np.ones((4, 1, 2), bool), instance.requests)
    assert violations(instance, plan) == ()
    assert violations(instance.replace(memory=0.3 * (1 - 1e-6)), plan)


def test_a_plan_of_another_shape_is_refused() -> None:
    with pytest.raises(InvalidPlan, match=r"cached: shape \(3, 1, 1\)"):
        evaluate(one_service(), Plan(np.ones((3, 1, 1), bool), np.zeros((3, 1, 1), int)))


def test_no_requests_means_no_accuracy_rather_than_a_division() -> None:
    report = evaluate(one_service(requests=[[0]]), Plan.cloud_only(1, 1, 1, 1))
    assert math.isnan(report.mean_accuracy)
    assert report.summary()["mean_accuracy"] is None
    assert report.total == 0.0
