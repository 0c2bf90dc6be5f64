"""The simulator tells a policy the truth, nothing of the future, and believes well-formed answers only."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given

from edgeopt.problem import Instance, Plan, evaluate
from edgeopt.problem.errors import InvalidOption, InvalidPlan
from edgeopt.solvers.policies import Agent, Decision, Observation, Site, policy
from edgeopt.solvers.policies.fluid import future_saving
from edgeopt.solvers.policies.slot_choice import choose_set
from edgeopt.solvers.serving import fill_slot
from edgeopt.solvers.simulation import next_context, simulate, warm_up
from strategies import instances, random_instance


class Recorder:
    """Runs another policy and keeps what it was shown."""

    name = "recorder"
    clairvoyant = False

    def __init__(self, inner: Any) -> None:
        self.inner, self.seen, self.sites = inner, [], []  # type: ignore[var-annotated]

    def start(self, site: Site, rng: np.random.Generator, future: Any) -> Agent:
        assert future is None
        agent, seen = self.inner.start(site, rng, None), self.seen
        self.sites.append(site)

        class Watching:
            def decide(self, observation: Observation) -> Decision:
                seen.append(observation)
                decision: Decision = agent.decide(observation)
                return decision

        return Watching()


class Fixed:
    """Answers the same thing in every slot."""

    name = "fixed"
    clairvoyant = False

    def __init__(self, cached: Any, served: Any) -> None:
        self.answer = Decision(cached, served)

    def start(self, *_: Any) -> Any:
        return self

    def decide(self, _: Observation) -> Decision:
        return self.answer


@given(instance=instances(max_slots=12))
def test_the_context_shown_is_the_referee_s(instance: Instance) -> None:
    """Where a model stays cached, the context a policy was shown is the one the referee counts."""
    watch = Recorder(policy("lru", eager=True))
    plan = simulate(instance, watch)  # type: ignore[arg-type]
    counted = evaluate(instance, plan).context
    shown = np.stack([one.context for one in watch.seen]).reshape(instance.servers, instance.slots, -1)
    stays = plan.cached[:, :, instance.service_model]
    np.testing.assert_array_equal(np.where(stays, shown.transpose(1, 0, 2), 0), counted)
    before = np.stack([one.cached for one in watch.seen]).reshape(instance.servers, instance.slots, -1)
    np.testing.assert_array_equal(before[:, 1:].transpose(1, 0, 2), plan.cached[:-1])
    assert not before[:, 0].any()


def test_the_future_cannot_be_reached_from_an_observation() -> None:
    """Arrays are read-only, own their memory, and the site has no arrivals."""
    instance = random_instance(np.random.default_rng(0), slots=5, servers=2, models=3, services=4)
    watch = Recorder(policy("lru"))
    simulate(instance, watch)  # type: ignore[arg-type]
    for observation in watch.seen:
        for array in (observation.requests, observation.cached, observation.context):
            assert not isinstance(array.base, np.ndarray)
            assert not array.flags.writeable
    for site in watch.sites:
        assert not hasattr(site, "requests")
        assert not any(np.shares_memory(np.asarray(part), instance.requests) for part in vars(site).values())


def test_a_site_is_the_instance_without_server_axis() -> None:
    instance = random_instance(np.random.default_rng(1), slots=5, servers=3, models=3, services=4)
    site, alone = Site.of(instance, 2), instance.server(2)
    assert (site.name, site.models, site.services, site.slots) == (instance.server_names[2], 3, 4, 5)
    for part in ("work", "energy", "saving", "load_cost", "cloud_cost", "transmission_cost"):
        np.testing.assert_array_equal(getattr(site, part), getattr(alone, part)[0])
    assert (site.memory, site.compute) == (alone.memory[0], alone.compute[0])


@pytest.mark.parametrize(
    ("cached", "served", "line"),
    [
        (np.zeros(2, bool), np.zeros(3, np.int64), "cached must be an array of 3 booleans"),
        (np.zeros(3, np.int64), np.zeros(3, np.int64), "cached must be an array of 3 booleans"),
        (np.zeros(3, bool), np.zeros(3), "served must be an array of 4 integers"),
        (np.zeros(3, bool), [0, 0, 0, 0], "served must be an array of 4 integers"),
    ],
)
def test_a_malformed_answer_is_refused(cached: Any, served: Any, line: str) -> None:
    instance = random_instance(np.random.default_rng(2), slots=5, servers=1, models=3, services=4)
    with pytest.raises(InvalidPlan, match=rf"policy fixed, server .*, slot 0: {line}"):
        simulate(instance, Fixed(cached, served))  # type: ignore[arg-type]


def test_what_a_policy_answers_is_the_plan_even_if_infeasible() -> None:
    """The simulator does not repair: the referee shall see what the policy did."""
    instance = random_instance(np.random.default_rng(3), slots=5, servers=1, models=3, services=4)
    plan = simulate(instance, Fixed(np.ones(3, bool), np.full(4, 7)))  # type: ignore[arg-type]
    assert plan == Plan(np.ones((5, 1, 3), bool), np.full((5, 1, 4), 7))


def test_seeds() -> None:
    instance = random_instance(np.random.default_rng(4), slots=30, servers=1, models=6, services=6)
    assert simulate(instance, policy("random"), seed=1) == simulate(instance, policy("random"), seed=1)
    assert simulate(instance, policy("random"), seed=1) != simulate(instance, policy("random"), seed=2)
    with pytest.raises(InvalidOption, match="must not be negative"):
        simulate(instance, policy("random"), seed=-1)


@pytest.mark.parametrize("name", ["index", "index-ar", "look-ahead", "lru", "static"])
def test_after_warming_up_nothing_is_compiled(name: str) -> None:
    instance = random_instance(np.random.default_rng(5), slots=30, servers=1, models=4, services=6)
    kernels: list[Any] = [choose_set, fill_slot, future_saving, next_context]
    warm_up(instance, policy(name))
    before = [len(kernel.signatures) for kernel in kernels]
    simulate(instance, policy(name))
    assert [len(kernel.signatures) for kernel in kernels] == before
