"""Every profile of a grid: against a loop over everything, and against what is known of each rule."""

from __future__ import annotations

from fractions import Fraction
from itertools import product
from math import comb
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgeopt.mechanisms import (
    VCG,
    KDoubleAuction,
    Market,
    McAfee,
    PostedPrice,
    StronglyBudgetBalanced,
    TradeReduction,
)
from edgeopt.mechanisms.audits.grid import prove_on_grid
from edgeopt.mechanisms.audits.subject import as_mechanism, clear, coins
from edgeopt.mechanisms.audits.trials.measures import utilities
from edgeopt.problem.errors import InvalidOption

HALF = KDoubleAuction(Fraction(1, 2))


def largest_failures(mechanism: Any, types: list[Fraction], buyers: int, sellers: int) -> list[Fraction]:
    """Loop over every profile, trader and misreport, with nothing clever."""
    gain = loss = deficit = Fraction(0)
    for reports in product(types, repeat=buyers + sellers):
        market = Market(reports[:buyers], reports[buyers:])
        for coin in coins(mechanism, market):
            outcome = clear(mechanism, market, coin)
            deficit = max(deficit, -outcome.budget_surplus)
            for trader, payoff in utilities(outcome, market).items():
                loss = max(loss, -payoff)
                for report in types:
                    changed = market.with_report(trader.side, trader.index, report)
                    other = clear(mechanism, changed, coin)
                    gain = max(gain, other.utility(market, trader.side, trader.index) - payoff)
    return [gain, loss, deficit]


@pytest.mark.parametrize(
    "mechanism",
    [
        VCG(),
        McAfee(),
        McAfee("support", (0, 4)),
        TradeReduction(),
        HALF,
        KDoubleAuction(1),
        PostedPrice(2),
        StronglyBudgetBalanced(),
    ],
    ids=str,
)
@pytest.mark.parametrize(("buyers", "sellers"), [(2, 1), (2, 2)])
def test_figures_are_those_of_a_loop_over_everything(mechanism: Any, buyers: int, sellers: int) -> None:
    types = [Fraction(x) for x in (0, 1, 3, 4)]
    proof = prove_on_grid(mechanism, types, buyers=buyers, sellers=sellers)
    assert [f.figure for f in proof.findings] == largest_failures(mechanism, types, buyers, sellers)
    for finding in proof.findings:
        assert finding.holds == (finding.figure == 0)
        if finding.witness is not None:
            assert finding.witness.gain == finding.figure
            assert finding.witness.replay().confirmed


def ties_by_last_index(values: Any, costs: Any) -> Any:
    """Not a `Rule`: the last of the highest values pays the lowest cost."""
    if not values or not costs or max(values) < min(costs):
        return (), (), 0
    best = max(range(len(values)), key=lambda i: (values[i], i))
    return (best,), (costs.index(min(costs)),), min(costs)


def test_functions_are_checked_in_every_order() -> None:
    types = [Fraction(x) for x in (0, 2, 3)]
    proof = prove_on_grid(ties_by_last_index, types, buyers=2, sellers=2)
    assert not proof.symmetric
    assert proof.profiles == 3**4
    expected = largest_failures(as_mechanism(ties_by_last_index), types, 2, 2)
    assert [f.figure for f in proof.findings] == expected
    assert proof["truthful"].verdict == "refuted"


def test_sorted_profiles_stand_for_all_their_orders() -> None:
    proof = prove_on_grid(McAfee(), range(6), buyers=3, sellers=2)
    assert proof.symmetric
    assert proof.profiles == comb(8, 3) * comb(7, 2)
    assert proof.proved
    assert proof["truthful"].scope == "every profile of 6 types, 3 x 2"


class LastIndexWins(McAfee):
    """Clears for itself: symmetry must not be taken for granted."""

    def clear(self, market: Market) -> Any:
        if len(market.values) and market.values[-1] == 3:
            return VCG().clear(market)
        return super().clear(market)


def test_a_rule_that_clears_for_itself_gets_no_symmetry() -> None:
    proof = prove_on_grid(LastIndexWins(), range(5), buyers=2, sellers=2)
    assert not proof.symmetric
    assert not proof["truthful"].holds
    assert not proof["no deficit"].holds


class NameReader(McAfee):
    """A rule on ranks that looks up who holds them: buyer 0 must never be the one left out."""

    def terms(self, ranking: Any) -> Any:
        terms = super().terms(ranking)
        if terms.case == "B" and ranking.buyers[ranking.efficient - 1] == 0:
            return VCG().terms(ranking)
        return terms


def test_a_rule_that_asks_for_names_gets_no_symmetry() -> None:
    types = [Fraction(x) for x in range(4)]
    proof = prove_on_grid(NameReader(), types, buyers=2, sellers=1)
    assert not proof.symmetric
    assert [f.figure for f in proof.findings] == largest_failures(NameReader(), types, 2, 1)
    assert not proof["no deficit"].holds


@settings(max_examples=15)
@given(st.sampled_from([VCG(), McAfee(), TradeReduction(), HALF]), st.integers(1, 3), st.integers(1, 2))
def test_both_arithmetics_agree(mechanism: Any, buyers: int, sellers: int) -> None:
    proofs = [
        prove_on_grid(mechanism, [0, 1, 2.5, 4], buyers=buyers, sellers=sellers, arithmetic=arithmetic)
        for arithmetic in ("exact", "floating")
    ]
    assert [f.figure for f in proofs[0].findings] == [f.figure for f in proofs[1].findings]


def test_a_grid_passes_what_real_reports_refute() -> None:
    def strict_mid_price(values: Any, costs: Any) -> Any:
        return ((0,), (0,), (values[0] + costs[0]) / 2) if values[0] > costs[0] else ((), (), 0)

    on_grid = prove_on_grid(strict_mid_price, [0, 100], buyers=1, sellers=1)
    assert on_grid.proved
    over_reals = prove_on_grid(strict_mid_price, [0, 100], buyers=1, sellers=1, deviations="reals")
    witness = over_reals["truthful"].witness
    assert witness is not None
    assert witness.market == Market([100], [0])
    assert 0 < witness.gain < 50  # the supremum, half the gain from trade, is not attained
    assert witness.replay(strict_mid_price).confirmed


@pytest.mark.parametrize("mechanism", [VCG(), McAfee(), TradeReduction()], ids=str)
def test_types_on_the_grid_and_reports_anywhere(mechanism: Any) -> None:
    proof = prove_on_grid(mechanism, [0, 1, 3], buyers=2, sellers=2, deviations="reals")
    assert proof["truthful"].verdict == "certified"
    assert proof["truthful"].scope.endswith("every report of 0 or more")


def test_code_that_cannot_be_followed_is_sampled_over_the_reals() -> None:
    def floats(values: Any, costs: Any) -> Any:
        return ((0,), (0,), 5.0) if float(values[0]) >= 5 >= float(costs[0]) else ((), (), 0)

    proof = prove_on_grid(floats, [0, 4, 6], buyers=1, sellers=1, deviations="reals")
    assert proof["truthful"].verdict == "sampled"
    assert not proof.proved


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"types": []}, "at least one type"),
        ({"types": [-1, 2]}, "0 or more"),
        ({"buyers": 0, "sellers": 0}, "one trader"),
        ({"types": range(100), "buyers": 6}, "profiles"),
        ({"arithmetic": "decimal"}, "arithmetic must be"),
        ({"deviations": "some"}, "deviations"),
        ({"mechanism": ties_by_last_index, "arithmetic": "floating"}, "no clear_many"),
        ({"mechanism": StronglyBudgetBalanced(), "arithmetic": "floating"}, "draws lots"),
        ({"mechanism": KDoubleAuction(Fraction(1, 3)), "arithmetic": "floating"}, "exact"),
    ],
)
def test_bad_questions_are_refused(options: dict[str, Any], message: str) -> None:
    arguments = {"mechanism": VCG(), "types": [0, 1, 5], "buyers": 1, "sellers": 1} | options
    with pytest.raises(InvalidOption, match=message):
        prove_on_grid(arguments.pop("mechanism"), arguments.pop("types"), **arguments)
