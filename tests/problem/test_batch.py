"""Many copies at once cost what each costs alone, in numpy and in torch."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgeopt.problem import Instance, InvalidOption, Plan, evaluate, violations
from edgeopt.problem.batch import BatchedStepper
from strategies import random_instance, random_plan


def to_library(array: np.ndarray, library: str) -> object:
    if library == "numpy":
        return array
    return pytest.importorskip("torch").as_tensor(array)


def run(instances: Instance | list[Instance], plans: list[Plan], library: str) -> np.ndarray:
    """Step every plan at once and return the terms (T, B, N, 5)."""
    stepper = BatchedStepper(instances, len(plans), library=library)
    terms = []
    for slot in range(stepper.slots):
        cached = np.stack([plan.cached[slot] for plan in plans])
        served = np.stack([plan.served[slot] for plan in plans])
        action = (to_library(cached, library), to_library(served, library))
        assert bool(stepper.feasible(*action).all())
        terms.append(np.asarray(stepper.step(*action)))
    return np.stack(terms)


def family(seed: int, copies: int) -> tuple[list[Instance], list[Plan]]:
    """Draw different instances of equal sizes, which share only who runs on which model."""
    rng = np.random.default_rng(seed)
    drawn = [random_instance(rng, slots=5, servers=2, models=3, services=4) for _ in range(copies)]
    group = [instance.replace(service_model=drawn[0].service_model) for instance in drawn]
    return group, [random_plan(instance, rng) for instance in group]


@pytest.mark.parametrize("library", ["numpy", "torch"])
@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=25)
def test_a_batch_of_instances_costs_what_the_referee_says(library: str, seed: int) -> None:
    group, plans = family(seed, 3)
    terms = run(group, plans, library)
    for copy, (instance, plan) in enumerate(zip(group, plans, strict=True)):
        report = evaluate(instance, plan)
        assert terms[:, copy].sum(axis=1) == pytest.approx(report.by_slot, rel=1e-12, abs=1e-13)


@pytest.mark.parametrize("library", ["numpy", "torch"])
def test_copies_of_one_instance_follow_their_own_plans(library: str) -> None:
    (instance, *_), _ = family(3, 1)
    rng = np.random.default_rng(4)
    plans = [random_plan(instance, rng) for _ in range(6)]
    totals = run(instance, plans, library).sum(axis=(0, 2, 3))
    assert totals == pytest.approx([evaluate(instance, plan).total for plan in plans], rel=1e-12)
    assert len({round(total, 9) for total in totals}) > 1


@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=15)
def test_numpy_and_torch_agree(seed: int) -> None:
    pytest.importorskip("torch")
    group, plans = family(seed, 2)
    assert run(group, plans, "torch") == pytest.approx(run(group, plans, "numpy"), rel=1e-12, abs=1e-13)


@given(seed=st.integers(0, 2**32 - 1))
def test_feasible_is_the_referees_word(seed: int) -> None:
    """Random actions, mostly illegal, are judged as `violations` judges them."""
    rng = np.random.default_rng(seed)
    instance = random_instance(rng, slots=1, servers=2, models=3, services=4)
    cached = rng.random((1, 8, 2, 3)) < 0.5
    served = rng.integers(0, 3, (1, 8, 2, 4)) * (rng.random((1, 8, 2, 4)) < 0.4)
    verdict = BatchedStepper(instance, 8).feasible(cached[0], served[0])
    for copy in range(8):
        broken = {item.server for item in violations(instance, Plan(cached[:, copy], served[:, copy]))}
        assert [bool(x) for x in verdict[copy]] == [server not in broken for server in range(2)]


def test_reset_starts_again_and_the_horizon_ends() -> None:
    (instance, *_), (plan, *_) = family(5, 1)
    stepper = BatchedStepper(instance)
    first = stepper.step(plan.cached[:1], plan.served[:1])
    again = stepper.reset().step(plan.cached[:1], plan.served[:1])
    assert np.array_equal(first, again)
    stepper.slot = instance.slots
    with pytest.raises(InvalidOption, match="only slots 0 to 4"):
        stepper.step(plan.cached[:1], plan.served[:1])


def test_unequal_instances_and_unknown_libraries_are_refused() -> None:
    group, _ = family(6, 2)
    with pytest.raises(InvalidOption, match=r"instances\[1\]: sizes differ"):
        BatchedStepper([group[0], group[1].window_slots(0, 3)])
    with pytest.raises(InvalidOption, match="service_model differs"):
        BatchedStepper([group[0], group[1].replace(service_model=(group[0].service_model + 1) % 3)])
    with pytest.raises(InvalidOption, match="must be numpy or torch"):
        BatchedStepper(group, library="jax")
    with pytest.raises(InvalidOption, match="as many as copies"):
        BatchedStepper(group, 5)
