"""Sets drawn model by model: they fit, and they are as likely as they say."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

torch = pytest.importorskip("torch")
pytest.importorskip("gymnasium")

from edgeopt.learning.algorithms.sampling import Draw, draw, log_probability  # noqa: E402
from edgeopt.learning.serving.sites import Sites, empty_sites  # noqa: E402


def served_by(footprint: list[float], memory: float, lanes: int, padding: int = 1) -> Sites:
    sites = empty_sites(lanes, len(footprint) + padding, 1)
    sites.models[:], sites.memory[:] = len(footprint), memory
    sites.footprint[:, : len(footprint)] = footprint
    return sites


def drawn(scores: list[float], footprint: list[float], memory: float, lanes: int, seed: int = 0) -> Any:
    """Draws of so many lanes, their sites and the padded scores."""
    padded = np.tile([*scores, 0.0], (lanes, 1))
    sites = served_by(footprint, memory, lanes)
    return draw(sites, padded, padded, 1.5, np.random.default_rng(seed)), sites, padded


def judged(found: Draw, sites: Sites, scores: Any, temperature: float = 1.5) -> Any:
    tensors = Draw(*(torch.from_numpy(one) for one in found))
    footprint = torch.from_numpy(np.where(sites.footprint > 0.0, sites.footprint, 1.0))
    return log_probability(torch.from_numpy(scores), footprint, tensors, temperature)


def probability(
    asked: list[int], scores: list[float], footprint: list[float], room: float
) -> dict[Any, float]:
    """Probability of every set by the definition: a tree of decisions, prices from fractional fills."""
    if not asked:
        return {frozenset(): 1.0}
    model, rest = asked[0], asked[1:]
    if footprint[model] > room:
        return probability(rest, scores, footprint, room)

    def worth(memory: float) -> float:
        total = 0.0
        for other in sorted(rest, key=lambda one: -scores[one] / footprint[one]):
            part = min(1.0, max(0.0, memory) / footprint[other])
            total += part * max(scores[other], 0.0)
            memory -= part * footprint[other]
        return total

    price = worth(room) - worth(room - footprint[model])
    keep = 1.0 / (1.0 + math.exp(-(scores[model] - price) / 1.5))
    found: dict[Any, float] = {}
    for kept, share in ((True, keep), (False, 1.0 - keep)):
        left = room - footprint[model] if kept else room
        for chosen, chance in probability(rest, scores, footprint, left).items():
            key = chosen | {model} if kept else chosen
            found[key] = found.get(key, 0.0) + share * chance
    return found


CASE = ([3.0, 2.5, 1.0, -0.5], [2.0, 1.0, 1.0, 2.0], 3.0)


def test_frequencies_and_log_probabilities_are_those_of_the_definition() -> None:
    scores, footprint, memory = CASE
    order = sorted(range(4), key=lambda one: -scores[one] / footprint[one])
    exact = probability(order, scores, footprint, memory)
    assert sum(exact.values()) == pytest.approx(1.0)
    lanes = 20_000
    found, sites, padded = drawn(scores, footprint, memory, lanes)
    again, _ = judged(found, sites, padded)
    assert np.allclose(again.numpy(), found.log_probability, atol=1e-9)
    left = np.ones(lanes, np.bool_)
    for chosen, chance in exact.items():
        here = (found.cached == [model in chosen for model in range(5)]).all(axis=1)
        assert np.allclose(found.log_probability[here], math.log(chance), atol=1e-9)
        assert abs(here.mean() - chance) < 5.0 * math.sqrt(chance * (1.0 - chance) / lanes)
        left &= ~here
    assert not left.any()


def test_entropy_is_minus_the_mean_log_probability() -> None:
    """The mean over draws of the entropies met on the way is the entropy of the sets."""
    scores, footprint, memory = CASE
    found, sites, padded = drawn(scores, footprint, memory, 20_000)
    entropy = judged(found, sites, padded)[1].numpy()
    surprise = -found.log_probability
    assert entropy.mean() == pytest.approx(surprise.mean(), abs=5.0 * surprise.std() / math.sqrt(20_000))


@settings(max_examples=60, deadline=None)
@given(data=st.data(), models=st.integers(1, 6), seed=st.integers(0, 2**31))
def test_sets_fit_and_other_scores_judge_them_as_they_were_drawn(
    data: st.DataObject, models: int, seed: int
) -> None:
    """Also where scores, footprints and densities are tied, and whatever order the base gives."""
    few = st.sampled_from([-2.0, 0.0, 1.0, 1.5, 3.0, 40.0])
    scores = data.draw(st.lists(few, min_size=models, max_size=models))
    base = data.draw(st.lists(few, min_size=models, max_size=models))
    footprint = data.draw(st.lists(st.sampled_from([1.0, 2.0, 3.5]), min_size=models, max_size=models))
    memory = data.draw(st.sampled_from([0.5, 2.0, 4.5, 20.0]))
    sites = served_by(footprint, memory, 8)
    padded, start = (np.tile([*each, 0.0], (8, 1)) for each in (scores, base))
    found = draw(sites, start, padded, 1.5, np.random.default_rng(seed))
    assert ((found.cached * sites.footprint).sum(axis=1) <= memory).all()
    assert not found.cached[:, models:].any()
    again, entropy = judged(found, sites, padded)
    assert np.allclose(again.numpy(), found.log_probability, atol=1e-9)
    assert (entropy.numpy() >= -1e-12).all()


def test_without_chance_memory_is_filled_in_order() -> None:
    """At a temperature near 0: 3 and 1 fill the memory of 3; 2.5 + 1 would be worth less than 3 + 2.5."""
    scores, footprint, memory = CASE
    padded = np.tile([*scores, 0.0], (5, 1))
    found = draw(served_by(footprint, memory, 5), padded, padded, 1e-6, np.random.default_rng(0))
    assert (found.cached == [True, True, False, False, False]).all()
    assert np.allclose(found.log_probability, 0.0)


def test_gradients_are_those_of_small_differences() -> None:
    """The price moves with the scores of the models it is made of, and the gradient knows it."""
    scores, footprint, memory = CASE
    found, sites, padded = drawn(scores, footprint, memory, 6)
    tensors = Draw(*(torch.from_numpy(one) for one in found))
    size = torch.from_numpy(np.where(sites.footprint > 0.0, sites.footprint, 1.0))
    real = torch.from_numpy(padded[:, :-1].copy()).requires_grad_()

    def judge(one: Any) -> Any:
        return log_probability(torch.nn.functional.pad(one, (0, 1)), size, tensors, 1.5)

    assert torch.autograd.gradcheck(judge, real)
