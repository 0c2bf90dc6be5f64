"""The ambiguity bound against exact languages: it holds in all of them and is an equality in two contexts."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeopt.problem.convergence import (
    Language,
    accuracy_floor,
    geometric_curve,
    language_odds_bound,
    log_ambiguity_odds,
    log_odds_bound,
    random_language,
    thoughts_needed,
    wrong_probability,
)
from edgeopt.problem.errors import InvalidOption

seeds = st.integers(0, 2**32 - 1)
concentrations = st.sampled_from([0.05, 0.3, 1.0, 10.0, 1000.0])
any_contexts = st.integers(2, 7)


@st.composite
def conversations(draw, contexts=any_contexts):
    """A language, a context it can be in, and thoughts drawn in that context."""
    language = random_language(
        draw(contexts),
        draw(st.integers(1, 9)),
        seed=draw(seeds),
        concentration=draw(concentrations),
        prior_concentration=draw(concentrations),
        zeros=draw(st.sampled_from([0.0, 0.3, 0.8])),
    )
    possible = np.flatnonzero(language.prior > 0.0).tolist()
    true = draw(st.sampled_from(possible))
    return language, true, language.sample(true, draw(st.integers(1, 40)), runs=4, seed=draw(seeds))


@st.composite
def narrowing_conversations(draw):
    """The same where every thought of the true context has ambiguity below 1/2.

    The wrong contexts mostly say one thing that the true one never says, and the rest so rarely that their
    likelihood ratios together stay below ``share`` < 1.
    """
    rough, true, _ = draw(conversations())
    share = draw(st.floats(0.0, 0.99))
    right = rough.likelihood[true]
    crowd = rough.likelihood.sum(axis=0) - right
    said = right > 0.0
    rest = np.delete(np.arange(rough.contexts), true)
    ratio = np.divide(crowd, right, out=np.zeros_like(right), where=said).max()
    damping = min(1.0, share / ratio) if ratio > 0.0 else 1.0
    table = np.zeros((rough.contexts, rough.vocabulary + 1))
    table[true, :-1] = right
    table[rest, :-1] = damping * np.where(said, rough.likelihood[rest], 0.0)
    table[rest, -1] = 1.0 - table[rest].sum(axis=1)
    language = Language(np.maximum(table, 0.0), rough.prior)
    return language, true, language.sample(true, draw(st.integers(1, 40)), runs=4, seed=draw(seeds))


def rounding(language, thoughts):
    """What float64 sums of this many logarithms may be off by."""
    smallest = math.log(min(language.likelihood[language.likelihood > 0.0].min(), 1e-3))
    return 1e-13 * (50.0 - smallest * thoughts.shape[-1])


@given(conversations())
def test_the_bound_holds_after_every_thought_in_every_language(conversation):
    language, true, thoughts = conversation
    exact = language.log_posterior_odds(true, thoughts)
    bound = language_odds_bound(language, true, thoughts)
    assert exact.shape == bound.shape == thoughts.shape
    assert not np.isnan(exact).any()
    assert not np.isnan(bound).any()
    assert np.all(exact <= bound + rounding(language, thoughts))


@given(conversations(contexts=st.just(2)))
def test_in_two_contexts_the_bound_is_the_posterior_odds(conversation):
    """Whatever the prior: also when the true context is the likelier one and the skewness is below 1."""
    language, true, thoughts = conversation
    exact = language.log_posterior_odds(true, thoughts)
    bound = language_odds_bound(language, true, thoughts)
    np.testing.assert_array_equal(np.isinf(exact), np.isinf(bound))
    finite = np.isfinite(exact)
    np.testing.assert_allclose(bound[finite], exact[finite], rtol=0, atol=rounding(language, thoughts))


@given(conversations())
def test_both_sides_agree_with_exact_rational_arithmetic(conversation):
    """Floats are rationals: odds and bound recomputed from the definition of eps, without any rounding."""
    language, true, thoughts = conversation
    sequence = thoughts[0, :15]
    table = [[Fraction(float(q)) for q in row] for row in language.likelihood]
    prior = [Fraction(float(q)) for q in language.prior]
    odds, bound = _exact_odds(table, prior, true, sequence), _exact_bound(table, prior, true, sequence)
    assert odds <= bound
    for ours, exact in (
        (language.log_posterior_odds(true, sequence)[-1], odds),
        (language_odds_bound(language, true, sequence)[-1], bound),
    ):
        assert ours == pytest.approx(_log(exact), abs=rounding(language, sequence[None, :]))


def _exact_odds(table, prior, true, sequence):
    weights = list(prior)
    for z in sequence:
        weights = [w * row[z] for w, row in zip(weights, table, strict=True)]
    return (sum(weights) - weights[true]) / weights[true]


def _exact_bound(table, prior, true, sequence):
    bound = max(q for c, q in enumerate(prior) if c != true) / prior[true]
    for z in sequence:
        eps = 1 - table[true][z] / sum(row[z] for row in table)
        bound *= eps / (1 - eps)
    return bound


def _log(number):
    return math.log(number.numerator) - math.log(number.denominator) if number else -math.inf


def test_without_the_skewness_the_bound_fails():
    """Prior 1:9 against the true context, one thought twice as likely in it: odds 9/2, not 1/2."""
    language = Language([[0.8, 0.2], [0.4, 0.6]], [0.1, 0.9])
    odds = np.exp(language.log_posterior_odds(0, [0]))[0]
    assert odds == pytest.approx(4.5, rel=1e-12)
    assert language.ambiguity(0)[0] == pytest.approx(1 / 3, rel=1e-12)
    without = np.exp(log_odds_bound(language.log_ambiguity_odds(0)[[0]], 0.0))[0]
    assert without == pytest.approx(0.5, rel=1e-12)
    assert without < odds
    assert np.exp(language_odds_bound(language, 0, [0]))[0] == pytest.approx(odds, rel=1e-12)


def test_ambiguity_under_the_languages_own_prior_makes_no_bound():
    """Prior 9:1 for the true context: two uninformative thoughts leave the odds at 1/9, not (1/9)^3."""
    language = Language([[0.5, 0.5], [0.5, 0.5]], [0.9, 0.1])
    np.testing.assert_allclose(np.exp(language.log_posterior_odds(0, [0, 1])), [1 / 9, 1 / 9], rtol=1e-12)
    np.testing.assert_allclose(language.ambiguity(0), [0.5, 0.5], rtol=1e-12)
    np.testing.assert_allclose(np.exp(language_odds_bound(language, 0, [0, 1])), [1 / 9, 1 / 9], rtol=1e-12)
    eps = 1 - language.posterior(0, [0])[0, 0]
    wrong = log_odds_bound(log_ambiguity_odds([eps, eps]), language.log_skewness(0))[-1]
    assert wrong < language.log_posterior_odds(0, [0, 1])[-1]


def test_three_contexts_by_hand():
    """Ratios (1/2, 1/4) then (1/4, 1/2): odds 1/8 + 1/8 = 1/4 under a uniform prior, bound (3/4)^2 = 9/16."""
    language = Language([[0.4, 0.4, 0.2], [0.2, 0.1, 0.7], [0.1, 0.2, 0.7]], np.full(3, 1 / 3))
    np.testing.assert_allclose(np.exp(language.log_posterior_odds(0, [0, 1])), [3 / 4, 1 / 4], rtol=1e-12)
    np.testing.assert_allclose(np.exp(language_odds_bound(language, 0, [0, 1])), [3 / 4, 9 / 16], rtol=1e-12)
    np.testing.assert_allclose(language.posterior(0, [0, 1])[-1], [0.8, 0.1, 0.1], rtol=1e-12)
    np.testing.assert_allclose(language.ambiguity(0), [3 / 7, 3 / 7, 7 / 8], rtol=1e-12)
    rate = (3 / 4) ** 0.8 * 7**0.2
    assert language.contraction(0) == pytest.approx(rate, rel=1e-12)


def test_before_the_first_thought_there_is_no_bound():
    """With five contexts the empty product would claim odds of 1 where the uniform prior gives 4."""
    language = random_language(5, 4, seed=1)
    with pytest.raises(InvalidOption, match="at least one thought"):
        log_odds_bound([], 0.0)
    with pytest.raises(InvalidOption, match="at least one index"):
        language.log_posterior_odds(0, np.empty(0, dtype=np.int64))


def test_zero_likelihoods_rule_contexts_out():
    """Thought 0 belongs to the true context alone: one of it and every wrong context is impossible."""
    language = Language([[0.5, 0.5, 0.0], [0.0, 0.5, 0.5], [0.0, 1.0, 0.0]], [0.2, 0.5, 0.3])
    np.testing.assert_array_equal(language.log_posterior_odds(0, [1, 0, 1])[1:], [-np.inf, -np.inf])
    np.testing.assert_array_equal(language_odds_bound(language, 0, [1, 0, 1])[1:], [-np.inf, -np.inf])
    np.testing.assert_allclose(language.ambiguity(0), [0.0, 0.75, 1.0], rtol=1e-12)
    np.testing.assert_array_equal(language.posterior(0, [0])[-1], [1.0, 0.0, 0.0])
    assert language.contraction(0) == 0.0


def test_ten_thousand_thoughts_do_not_underflow():
    """Products of ten thousand likelihoods are far below the least float; their logarithms are not."""
    language = Language([[0.6, 0.4], [0.4, 0.6]], [0.5, 0.5])
    thoughts = np.zeros(10_000, dtype=np.int64)
    expected = 10_000 * math.log(2 / 3)
    assert language.log_posterior_odds(0, thoughts)[-1] == pytest.approx(expected, rel=1e-12)
    assert language_odds_bound(language, 0, thoughts)[-1] == pytest.approx(expected, rel=1e-12)


@given(conversations(), st.integers(1, 5), seeds)
def test_the_answer_is_as_near_to_the_context_aware_one_as_the_bound_says(conversation, answers, seed):
    """Total variation between q(y|thoughts) and q(y|true), for any table of answers per context."""
    language, true, thoughts = conversation
    rng = np.random.default_rng(np.random.SeedSequence([seed]))
    table = rng.dirichlet(np.full(answers, 0.3), size=language.contexts)
    spoken = language.posterior(true, thoughts) @ table
    distance = 0.5 * np.abs(spoken - table[true]).sum(axis=-1)
    assert np.all(distance <= wrong_probability(language_odds_bound(language, true, thoughts)) + 1e-9)


@given(narrowing_conversations(), st.floats(0.0, 1.0), st.floats(0.0, 1.0))
def test_the_accuracy_of_simulated_agents_stays_above_floor_and_geometric_curve(conversation, one, other):
    """Answers of the true context are right with probability ``limit``, of the others with ``wrong``."""
    language, true, thoughts = conversation
    wrong, limit = sorted([one, other])
    eps = float(language.ambiguity(true)[language.likelihood[true] > 0.0].max())
    skewness = math.exp(min(language.log_skewness(true), 700.0))
    assert eps < 0.5
    right = np.full(language.contexts, wrong)
    right[true] = limit
    accuracy = language.posterior(true, thoughts) @ right
    count = np.arange(1, thoughts.shape[-1] + 1)
    floor = accuracy_floor(eps, skewness, thoughts.shape[-1], limit=limit, wrong=wrong)
    assert np.all(accuracy >= floor(count) - 1e-9)
    assert floor(0) == pytest.approx(wrong, abs=1e-15)
    start = limit - skewness * (limit - wrong)
    if 0.0 <= start <= limit:
        curve = geometric_curve(eps, start=start, limit=limit)
        assert np.all(curve(count) <= floor(count) + 1e-12)


def test_the_floor_becomes_the_geometric_curve():
    """What is missing shrinks by rho = eps / (1 - eps) = 1/4 a thought, once it is small."""
    floor = accuracy_floor(0.2, 3.0, 12, limit=0.9, wrong=0.3)
    missing = 0.9 - floor(np.arange(13))
    assert missing[0] == pytest.approx(0.6, abs=1e-15)
    assert missing[1] == pytest.approx(0.6 * 0.75 / 1.75, rel=1e-12)
    assert missing[11] / missing[10] == pytest.approx(0.25, rel=1e-5)
    curve = geometric_curve(0.2, start=0.3, limit=0.9)
    np.testing.assert_allclose(0.9 - curve([0, 1, 2]), [0.6, 0.15, 0.0375], rtol=1e-12)


@given(st.floats(0.0, 0.499), st.floats(0.0, 1e6), st.floats(1e-9, 0.999))
def test_thoughts_needed_is_the_least_number_the_bound_allows(eps, skewness, target):
    needed = thoughts_needed(eps, skewness, target)

    def reached(count):
        with np.errstate(divide="ignore"):
            each = np.full(count, log_ambiguity_odds(eps))
            return wrong_probability(log_odds_bound(each, float(np.log(skewness)))[-1])

    assert needed >= 1
    assert reached(needed) <= target * (1 + 1e-9)
    assert needed == 1 or reached(needed - 1) > target


def test_thoughts_needed_by_hand():
    """At eps = 1/3 every thought halves the odds: odds 1/9 (target 10 %) take 4 halvings, from 8:1 seven."""
    assert thoughts_needed(1 / 3, 1.0, 0.1) == 4
    assert thoughts_needed(1 / 3, 8.0, 0.1) == 7
    exact = range(1, 15)
    for fold in (2, 3, 5, 9):  # every thought divides the odds by this, to the very target
        counts = [thoughts_needed(1 / (1 + fold), 1.0, 1 / (1 + fold**count)) for count in exact]
        assert counts == list(exact)
    assert thoughts_needed(0.0, 1e6, 1e-6) == 1
    assert thoughts_needed(1 / 3, 0.01, 0.1) == 1


def test_simulated_agents_know_their_context_after_the_thoughts_needed():
    """Every agent, not nearly every: the bound is not statistical. And the count is of the right size."""
    language = Language([[0.5, 0.3, 0.2], [0.15, 0.1, 0.75], [0.1, 0.1, 0.8]], [0.3, 0.4, 0.3])
    spoken = [0, 1]
    eps = float(language.ambiguity(0)[spoken].max())
    needed = thoughts_needed(eps, math.exp(language.log_skewness(0)), 0.01)
    rng = np.random.default_rng(np.random.SeedSequence([3]))
    thoughts = rng.choice(spoken, size=(200, needed))
    wrong = wrong_probability(language.log_posterior_odds(0, thoughts))
    assert wrong[:, -1].max() <= 0.01
    assert needed < 20


def test_the_contraction_is_the_long_run_rate_of_the_bound():
    language = random_language(4, 12, seed=5, concentration=0.5)
    thoughts = language.sample(2, 20_000, seed=9)
    slope = language_odds_bound(language, 2, thoughts)[0, -1] / 20_000
    weight = language.likelihood[2]
    spread = math.sqrt(weight @ (language.log_ambiguity_odds(2) - math.log(language.contraction(2))) ** 2)
    assert slope == pytest.approx(math.log(language.contraction(2)), abs=5 * spread / math.sqrt(20_000))


def test_sampling_follows_the_likelihoods_and_the_seed():
    language = Language([[0.5, 0.3, 0.2, 0.0], [0.25, 0.25, 0.25, 0.25]], [0.5, 0.5])
    thoughts = language.sample(0, 50, runs=1000, seed=4)
    assert thoughts.shape == (1000, 50)
    share = np.bincount(thoughts.ravel(), minlength=4) / thoughts.size
    np.testing.assert_allclose(share, language.likelihood[0], atol=0.01)
    assert share[3] == 0.0
    np.testing.assert_array_equal(thoughts, language.sample(0, 50, runs=1000, seed=4))
    assert not np.array_equal(thoughts, language.sample(0, 50, runs=1000, seed=5))


@given(st.integers(2, 6), st.integers(1, 8), seeds, st.floats(0.0, 0.99))
def test_random_languages_are_languages_and_repeat_with_their_seed(contexts, vocabulary, seed, zeros):
    language = random_language(contexts, vocabulary, seed=seed, concentration=0.2, zeros=zeros)
    assert (language.contexts, language.vocabulary) == (contexts, vocabulary)
    np.testing.assert_allclose(language.likelihood.sum(axis=1), 1.0, rtol=1e-12)
    again = random_language(contexts, vocabulary, seed=seed, concentration=0.2, zeros=zeros)
    np.testing.assert_array_equal(language.likelihood, again.likelihood)
    np.testing.assert_array_equal(language.prior, again.prior)
    with pytest.raises(ValueError, match="read-only"):
        language.likelihood[0, 0] = 0.5


def test_wrong_probability_at_the_ends():
    np.testing.assert_allclose(
        wrong_probability([-np.inf, 0.0, math.log(3.0), 800.0, np.inf]), [0, 0.5, 0.75, 1, 1], rtol=1e-14
    )
    assert wrong_probability(-600.0) == pytest.approx(math.exp(-600.0), rel=1e-12)


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: Language([[0.5, 0.6], [0.5, 0.5]], [0.5, 0.5]), "every row of likelihood must"),
        (lambda: Language([[1.5, -0.5], [0.5, 0.5]], [0.5, 0.5]), "every row of likelihood must"),
        (lambda: Language([[np.nan, 0.5], [0.5, 0.5]], [0.5, 0.5]), "every row of likelihood must"),
        (lambda: Language([[0.5, 0.5], [0.5, 0.5]], [0.5, 0.6]), "every row of prior must"),
        (lambda: Language([[0.5, 0.5]], [1.0]), r"needs \(C >= 2, Z >= 1\)"),
        (lambda: Language([[0.5, 0.5], [0.5, 0.5]], [1.0]), r"prior has shape \(1,\), needs \(2,\)"),
        (lambda: Language([[1.0], [1.0]], [0.0, 1.0]).log_skewness(0), "context 0 has prior 0"),
        (lambda: random_language(3, 3, seed=0).ambiguity(3), r"context 3 is not among 0\.\.2"),
        (lambda: random_language(3, 3, seed=0).posterior(0, [3]), r"every thought must be among 0\.\.2"),
        (lambda: random_language(3, 3, seed=0).posterior(0, [0.5]), "list of at least one index"),
        (lambda: Language([[1.0, 0], [0.5, 0.5]], [0.5, 0.5]).posterior(0, [1]), "cannot produce"),
        (lambda: random_language(1, 3, seed=0), "contexts >= 2"),
        (lambda: random_language(2, 3, seed=0, zeros=1.0), "zeros is 1"),
        (lambda: random_language(2, 3, seed=0, concentration=0.0), "concentration is 0"),
        (lambda: log_ambiguity_odds([0.2, 1.0]), r"must lie in \[0, 1\)"),
        (lambda: log_odds_bound([np.inf], 0.0), "must be finite or -inf"),
        (lambda: log_odds_bound([np.nan], 0.0), "must be finite or -inf"),
        (lambda: log_odds_bound([0.0], np.inf), "must be finite or -inf"),
        (lambda: thoughts_needed(0.5, 1.0, 0.1), "ambiguity is 0.5"),
        (lambda: thoughts_needed(0.2, -1.0, 0.1), "skewness is -1"),
        (lambda: thoughts_needed(0.2, 1.0, 0.0), "target is 0"),
        (lambda: geometric_curve(0.6, start=0.1, limit=0.9), "ambiguity is 0.6"),
        (lambda: accuracy_floor(0.2, 1.0, -1, limit=0.9), "thoughts is -1"),
        (lambda: accuracy_floor(0.2, 1.0, 3, limit=0.2, wrong=0.9), "wrong <= limit"),
    ],
)
def test_bad_arguments_are_refused_with_one_line(make, says):
    with pytest.raises(InvalidOption, match=says) as caught:
        make()
    assert "\n" not in str(caught.value)
