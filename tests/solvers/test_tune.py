"""Tuning keeps to its budget, repeats itself, and finds the best setting where it can try them all."""

from __future__ import annotations

import numpy as np
import pytest

from edgeopt.problem import Instance, evaluate
from edgeopt.problem.errors import InvalidOption
from edgeopt.solvers.policies import policy
from edgeopt.solvers.simulation import simulate
from edgeopt.solvers.tuner import tune, tuning
from strategies import random_instance


def days(count: int) -> list[Instance]:
    base = random_instance(np.random.default_rng(11), slots=40, servers=1, models=5, services=8)
    rng = np.random.default_rng(12)
    return [base.with_requests(rng.permutation(base.requests)) for _ in range(count)]


def cost(name: str, instances: list[Instance], **options: float) -> float:
    return sum(evaluate(one, simulate(one, policy(name, **options))).total for one in instances)


def test_with_budget_enough_the_best_of_the_grid_is_found_on_one_instance() -> None:
    one = days(1)
    grid = policy("myopic").grid["stickiness"]
    found = tune(policy("myopic"), one, budget=100)
    assert cost("myopic", one, stickiness=found.stickiness) == min(  # type: ignore[attr-defined]
        cost("myopic", one, stickiness=value) for value in grid
    )


def test_a_grid_that_the_budget_pays_for_is_tried_on_all_instances() -> None:
    """Nothing is thrown away for what it cost on a few of them."""
    instances = days(7)
    grid = policy("myopic").grid["stickiness"]
    result = tuning(policy("myopic"), instances, 7 * len(grid))
    assert {trial.instances for trial in result.trials} == {7}
    assert len(result.trials) == len(grid)  # the policy's own setting is one of them, and not tried twice
    assert result.simulations == 7 * len(grid)
    best = min(cost("myopic", instances, stickiness=value) for value in grid)
    assert cost("myopic", instances, stickiness=result.policy.stickiness) == best  # type: ignore[attr-defined]
    fewer = tuning(policy("myopic"), instances, 7 * len(grid) - 1)
    assert min(trial.instances for trial in fewer.trials) < 7


@pytest.mark.parametrize(("budget", "count"), [(4, 4), (10, 3), (60, 5), (200, 9)])
def test_the_budget_is_kept_and_accounted_for(budget: int, count: int) -> None:
    instances = days(count)
    spent: list[int] = []

    class Counting(type(policy("index"))):  # type: ignore[misc]
        def start(self, *arguments: object) -> object:
            spent.append(1)
            return super().start(*arguments)

    result = tuning(Counting(), instances, budget)
    assert len(spent) == result.simulations <= budget
    assert result.simulations > budget // 3
    assert result.trials[0].options == {}
    last = [trial for trial in result.trials if trial.instances == count]
    assert min(trial.cost for trial in last) == pytest.approx(
        sum(evaluate(one, simulate(one, result.policy)).total for one in instances), rel=1e-12
    )


def test_it_repeats_itself_whatever_the_workers() -> None:
    instances = days(3)
    once, again = (tuning(policy("lru-admission"), instances, 40, seed=5, workers=n) for n in (1, 2))
    assert once.trials == again.trials
    assert once.policy == again.policy
    other = tuning(policy("lru-admission"), instances, 40, seed=6)
    assert other.trials != once.trials


def test_a_policy_without_options_comes_back_as_it_is() -> None:
    result = tuning(policy("cloud-only"), days(2), 50)
    assert result.policy == policy("cloud-only")
    assert result.simulations == 2


def test_training_survives_tuning() -> None:
    instances = days(3)
    tuned = tune(policy("index").fit(instances), instances, 30)
    assert tuned._means is not None  # type: ignore[attr-defined]


def test_impossible_requests_are_refused() -> None:
    with pytest.raises(InvalidOption, match="at least one validation instance"):
        tune(policy("index"), [], 10)
    with pytest.raises(InvalidOption, match="budget = 2 does not pay for one setting on 3 instances"):
        tune(policy("index"), days(3), 2)
