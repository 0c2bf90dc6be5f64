"""Examples and figures that peers and papers publish, each with its source."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgeopt.mechanisms import (
    MUDA,
    HuangMultiUnit,
    Market,
    Markets,
    McAfee,
    MultiUnitMarket,
    StronglyBudgetBalanced,
    optimal_welfare_many,
)
from edgeopt.mechanisms.multi_unit import Split, optimal_welfare

FOLDER = Path(__file__).parent / "conformance"
UNIT = json.loads((FOLDER / "published.json").read_text())
MULTI_UNIT = json.loads((FOLDER / "published_multi_unit.json").read_text())
RULES = {"McAfee": McAfee(), "StronglyBudgetBalanced": StronglyBudgetBalanced()}


@pytest.mark.parametrize("case", UNIT, ids=lambda case: f"{case['rule']} {case['values']} {case['costs']}")
def test_unit_example(case: dict[str, Any]) -> None:
    market = Market(case["values"], case["costs"])
    for cleared in (RULES[case["rule"]].clear(market), RULES[case["rule"]].clear(market.as_floats())):
        assert list(cleared.buyers) == case["buyers"]
        if "one_seller_of" in case:
            assert len(cleared.sellers) == 1
            assert cleared.sellers[0] in case["one_seller_of"]
        else:
            assert list(cleared.sellers) == case["sellers"]
        assert {cleared.payments[i] for i in cleared.buyers} <= {Fraction(case.get("pays", 0))}
        assert {cleared.receipts[j] for j in cleared.sellers} <= {Fraction(case.get("gets", 0))}


def blocks(side: list[Any]) -> list[list[tuple[int, Fraction]]]:
    return [[(quantity, Fraction(price)) for quantity, price in trader] for trader in side]


@pytest.mark.parametrize("case", MULTI_UNIT, ids=lambda case: f"{case['rule']} {case.get('price', '')}")
def test_multi_unit_example(case: dict[str, Any]) -> None:
    values, costs = blocks(case["values"]), blocks(case["costs"])
    market = MultiUnitMarket.from_blocks(values, costs)
    if case["rule"] == "HuangMultiUnit":
        outcome = HuangMultiUnit().clear(market)
        traders_gain = outcome.welfare(market) - outcome.budget_surplus
    else:
        # One buyer alone in the right half names the price that the example gives from outside.
        market = MultiUnitMarket.from_blocks([*values, [(1, Fraction(case["price"]))]], costs)
        everyone = len(values) + 1
        left = (*(True for _ in values), False)
        coin = Split(left, (True,) * len(costs), tuple(range(everyone)), tuple(range(len(costs))))
        outcome = MUDA("vickrey").clear(market, coin)
        assert outcome.bought[-1] == 0
        traders_gain = outcome.welfare(market) - outcome.budget_surplus
    for name in ("bought", "sold", "payments", "receipts"):
        if name in case:
            expected = [Fraction(x) for x in case[name]]
            assert list(getattr(outcome, name))[: len(expected)] == expected
    if "units" in case:
        assert (outcome.units, traders_gain) == (case["units"], case["traders_gain"])
        assert outcome.budget_surplus == case["surplus"]


@pytest.mark.parametrize(
    ("buyers", "sellers", "gain"),
    [
        ([0], [0], 250),
        ([1], [0], 450),
        ([0], [1], 600),
        ([0, 1], [0, 1], 1100),
    ],
)
def test_walrasian_gain(buyers: list[int], sellers: list[int], gain: int) -> None:
    """Gains of erelsgl/double-auction, doubleauction.py."""
    all_buyers = [[(5, 250)], [(3, 350), (4, 150)]]
    all_sellers = [[(5, 200)], [(4, 100), (3, 300)]]
    market = MultiUnitMarket.from_blocks([all_buyers[i] for i in buyers], [all_sellers[j] for j in sellers])
    assert optimal_welfare(market) == gain


@pytest.mark.parametrize(
    ("traders", "optimal", "share"),
    [(2, 402.72, 76.82), (3, 644.69, 88.25), (4, 884.53, 92.01), (5, 1140.88, 94.59), (10, 2394.48, 98.32)],
)
def test_mcafee_experiment(traders: int, optimal: float, share: float) -> None:
    """First best and McAfee's share: erelsgl/auctions, results/mcafee_experiment.csv, sampled there too."""
    rng = np.random.default_rng(traders)
    size = (20_000, traders)
    batch = Markets(rng.integers(1, 1001, size), rng.integers(1, 1001, size))
    best = optimal_welfare_many(batch)
    np.testing.assert_allclose(best.mean(), optimal, rtol=0.025)
    np.testing.assert_allclose(100 * McAfee().clear_many(batch).welfare().sum() / best.sum(), share, atol=1.0)
