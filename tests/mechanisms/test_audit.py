from fractions import Fraction

import pytest

from edgeopt.mechanisms import (
    VCG,
    Claims,
    KDoubleAuction,
    Market,
    McAfee,
    PostedPrice,
    StronglyBudgetBalanced,
    TradeReduction,
    audit,
    best_response,
)
from edgeopt.mechanisms.audits.responses.critical import critical_price
from edgeopt.mechanisms.audits.responses.ranked import insert
from edgeopt.mechanisms.audits.responses.response import follow
from edgeopt.mechanisms.audits.responses.symbol import NotCertified, Run, Symbol
from edgeopt.mechanisms.audits.verdicts.draw import draw_markets
from edgeopt.problem.errors import InvalidOption

BOOK = Market([17, 14, 13, 9, 6], [1, 4, 5, 8, 11])


def middle_price(values, costs):
    if values[0] >= costs[0]:
        return (0,), (0,), (values[0] + costs[0]) / 2
    return (), (), 0


@pytest.mark.parametrize(
    ("mechanism", "budget"),
    [
        (VCG(), "deficit"),
        (McAfee(), "weak"),
        (TradeReduction(), "weak"),
        (PostedPrice(3), "strong"),
        (StronglyBudgetBalanced(), "strong"),
    ],
)
def test_truthful_rules_are_certified_and_their_claims_hold(mechanism, budget):
    report = audit(mechanism, draws=40, seed=1)
    assert report.truthful == "certified"
    assert report.max_regret == 0
    assert report.worst is None
    assert report.individually_rational
    assert report.budget == budget
    assert report.claims_hold


def test_the_k_double_auction_is_refuted_and_its_regret_known():
    report = audit(KDoubleAuction(Fraction(1, 2)), BOOK)
    assert (report.truthful, report.max_regret) == ("refuted", Fraction(1, 2))
    assert report.claims_hold  # it never claimed to be truthful
    assert audit(KDoubleAuction(Fraction(1, 2)), Market([9, 4], [8, 3])).max_regret == 2
    assert audit(KDoubleAuction(0), draws=40).regrets["buyer"] == 0


def test_vcg_deficit_on_the_book_is_four():
    report = audit(VCG(), BOOK)
    assert (report.deficit, report.welfare, report.efficiency) == (4, 35, 1.0)


def test_the_middle_price_has_regret_ten_at_report_thirty():
    best = best_response(middle_price, Market([50], [30]), "buyer", 0)
    assert (best.gain, best.report, best.attained) == (10, 30, True)
    report = audit(middle_price, Market([50], [30]))
    assert report.truthful == "refuted"
    assert "buyers" in str(report)
    assert report.rows[0].finding.witness.replay(middle_price).confirmed


def test_a_declared_claim_that_fails_is_named():
    class Boastful:
        claims = Claims(truthful=True, budget="strong")

        def clear(self, market):
            return KDoubleAuction(1).clear(market)

    report = audit(Boastful(), BOOK)
    assert "truthful" in report.failed_claims


def test_code_that_cannot_be_followed_is_sampled():
    def hashing(values, costs):
        trades = len({*values, *costs}) > 0 and values[0] >= 4 >= costs[0]
        return ((0,), (0,), 4) if trades else ((), (), 0)

    report = audit(hashing, Market([5], [3]))
    assert (report.truthful, report.max_regret) == ("sampled", 0)
    assert "key" in report.reason


def test_a_true_value_next_to_the_given_one_refutes_too():
    report = audit(middle_price, Market([3], [5]))  # nobody gains here, but a seller of cost 1 would
    assert report.regrets == {"buyer": 0, "seller": 0}
    assert report.truthful == "refuted"
    assert best_response(middle_price, report.worst.market, report.worst.side, report.worst.trader).gain > 0


@pytest.mark.parametrize("use", [bool, float, int, hash, str, repr, lambda x: x * x, lambda x: 1 / x])
def test_a_symbol_refuses_what_is_not_affine(use):
    with pytest.raises(NotCertified):
        use(Symbol(Run(Fraction(0), None)))


def test_a_comparison_cuts_the_interval_at_its_root():
    run = Run(Fraction(0), Fraction(10))
    assert (2 * Symbol(run) - 1) / 2 < 3
    assert (run.high, run.later) == (Fraction(7, 2), [(Fraction(7, 2), 10), (Fraction(7, 2), Fraction(7, 2))])


@pytest.mark.parametrize("rule", [McAfee(), TradeReduction(), VCG(), KDoubleAuction(Fraction(1, 3))])
def test_inserting_into_the_ranking_gives_the_pieces_of_the_whole_code(rule):
    for market in draw_markets(15, seed=3):
        for side, traders in (("buyer", len(market.values)), ("seller", len(market.costs))):
            for index in range(traders):
                slow, fast = follow(rule, market, side, index), insert(rule, market, side, index)
                assert slow.pieces == fast.pieces


def test_no_point_of_a_dense_grid_beats_the_exact_supremum():
    rule, grid = KDoubleAuction(Fraction(1, 4)), [Fraction(i, 7) for i in range(100)]
    for market in draw_markets(12, seed=5):
        for index in range(len(market.values)):
            best = best_response(rule, market, "buyer", index)
            truth = rule.clear(market).utility(market, "buyer", index)
            for report in [*grid, best.report]:
                outcome = rule.clear(market.with_report("buyer", index, report))
                assert outcome.utility(market, "buyer", index) - truth <= best.gain


def test_critical_prices_and_best_responses_agree():
    for rule in (McAfee(), KDoubleAuction(Fraction(1, 2))):
        for market in draw_markets(20, seed=7):
            for index in range(len(market.costs)):
                certificate = critical_price(follow(rule, market, "seller", index))
                if certificate.holds:
                    assert best_response(rule, market, "seller", index).gain == 0
                else:
                    found = certificate.misreport
                    true = market.with_report("seller", index, found.truth)
                    assert best_response(rule, true, "seller", index).gain >= found.gain > 0


def test_no_markets_is_an_error():
    with pytest.raises(InvalidOption, match="no markets"):
        audit(McAfee(), [])
