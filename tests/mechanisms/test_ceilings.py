"""The second best: published values, a programme without any reduction, mechaudit, and proofs."""

from __future__ import annotations

import importlib
from itertools import combinations, product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from edgeopt.mechanisms import (
    VCG,
    KDoubleAuction,
    McAfee,
    PostedPrice,
    StronglyBudgetBalanced,
    TradeReduction,
    second_best,
    welfare_share,
)
from edgeopt.mechanisms.ceilings import design
from edgeopt.mechanisms.ceilings.population import populations
from edgeopt.mechanisms.ceilings.programme import build
from edgeopt.mechanisms.ceilings.proof import safe_maximum
from edgeopt.problem.errors import EdgeoptError, InvalidOption

BUDGETS = ("weak", "strong", "ex-ante")


def grid(points: int) -> list[float]:
    return [(i + 0.5) / points for i in range(points)]


@pytest.mark.parametrize(
    ("points", "dominant", "bayesian", "first_best"),
    [(5, 0.144, 0.16, 0.16), (10, 0.135, 0.1512, 0.165), (20, 0.130625, 0.146818, 0.16625)],
)
def test_bilateral_trade(points: int, dominant: float, bayesian: float, first_best: float) -> None:
    types = grid(points)
    found = second_best(types, buyers=1, sellers=1)
    assert found.welfare == pytest.approx(dominant, abs=1e-9)
    assert found.first_best == pytest.approx(first_best, abs=1e-12)
    assert found.share == pytest.approx(dominant / first_best)
    assert second_best(types, buyers=1, sellers=1, truthful="BIC").welfare == pytest.approx(
        bayesian, abs=5e-7
    )


@pytest.mark.parametrize("points", [5, 10, 20])
def test_the_best_posted_price_is_the_bilateral_ceiling(points: int) -> None:
    """Hagerty and Rogerson (1987): only it is truthful with a strong budget; a weak one adds nothing."""
    types = grid(points)
    prices = [(value - cost) * (value >= p >= cost) for p in types for value in types for cost in types]
    best = np.array(prices).reshape(points, -1).mean(axis=1).max()
    for budget in ("weak", "strong"):
        assert second_best(types, buyers=1, sellers=1, budget=budget).welfare == pytest.approx(best, abs=1e-9)  # type: ignore[arg-type]


def test_two_by_two_and_the_share_of_each_mechanism() -> None:
    types = grid(4)
    ceiling = second_best(types, buyers=2, sellers=2)
    assert ceiling.welfare == pytest.approx(0.36914, abs=5e-6)
    expected = {
        McAfee(): 0.31836,
        McAfee("support", (types[0], types[-1])): 0.34180,
        TradeReduction(): 0.13867,
        StronglyBudgetBalanced(): 0.27832,
    }
    for mechanism, welfare in expected.items():
        found = welfare_share(mechanism, types, buyers=2, sellers=2, ceiling=ceiling)
        assert found.welfare == pytest.approx(welfare, abs=5e-6)
        assert found.of_second_best == pytest.approx(welfare / 0.36914, abs=5e-5)
        assert found.surplus >= -1e-12


def test_only_mechanisms_that_break_a_rule_exceed_the_ceiling() -> None:
    """VCG has a deficit and the k-double auction can be manipulated; both are efficient at truth."""
    for mechanism in (VCG(), KDoubleAuction(0.5)):
        found = welfare_share(mechanism, grid(4), buyers=2, sellers=2)
        assert found.of_second_best > 1.02
        assert found.of_first_best == pytest.approx(1.0)
    assert welfare_share(VCG(), grid(4), buyers=2, sellers=2).surplus < 0


class OnlyOne:
    """The rule, market by market, without its batches."""

    def __init__(self, rule: Any) -> None:
        self.clear = rule.clear
        if hasattr(rule, "coins"):
            self.coins = rule.coins


@pytest.mark.parametrize("rule", [McAfee(), StronglyBudgetBalanced(), PostedPrice(0.5)])
def test_expected_welfare_needs_no_batches(rule: Any) -> None:
    ceiling = second_best(grid(3), buyers=2, sellers=1)
    batched, one_by_one = (
        welfare_share(each, grid(3), buyers=2, sellers=1, ceiling=ceiling) for each in (rule, OnlyOne(rule))
    )
    assert one_by_one.welfare == pytest.approx(batched.welfare, abs=1e-12)
    assert one_by_one.surplus == pytest.approx(batched.surplus, abs=1e-12)


def written_out(
    values: list[float], costs: list[float], prior: Any, buyers: int, sellers: int, truthful: str, budget: str
) -> float:
    """The same optimum from the definition: every trader by name, every misreport, every set of traders."""
    traders = [("b", i) for i in range(buyers)] + [("s", j) for j in range(sellers)]
    worths = [values] * buyers + [[-c for c in costs]] * sellers
    chances = [prior[0]] * buyers + [prior[1]] * sellers
    profiles = list(product(*(range(len(w)) for w in worths)))
    outcomes = [
        (*bought, *sold)
        for size in range(min(buyers, sellers) + 1)
        for bought in combinations(range(buyers), size)
        for sold in combinations(range(buyers, buyers + sellers), size)
    ]
    weight = {p: float(np.prod([chances[n][k] for n, k in enumerate(p)])) for p in profiles}
    width, count = len(outcomes) + len(traders), len(profiles)
    place = {p: i * width for i, p in enumerate(profiles)}

    def utility(n: int, worth: float, report: tuple[int, ...]) -> np.ndarray:
        row = np.zeros(width * count)
        for o, members in enumerate(outcomes):
            row[place[report] + o] = worth if n in members else 0.0
        row[place[report] + len(outcomes) + n] = -1.0
        return row

    gain, at_least, equal, right = np.zeros(width * count), [], [], []
    for p in profiles:
        for o, members in enumerate(outcomes):
            gain[place[p] + o] = weight[p] * sum(worths[n][p[n]] for n in members)
        lottery, surplus = np.zeros(width * count), np.zeros(width * count)
        lottery[place[p] : place[p] + len(outcomes)] = 1.0
        surplus[place[p] + len(outcomes) : place[p] + width] = 1.0
        equal.append(lottery)
        right.append(1.0)
        if budget == "strong":
            equal.append(surplus)
            right.append(0.0)
        elif budget == "weak":
            at_least.append(surplus)
        at_least.extend(utility(n, worths[n][p[n]], p) for n in range(len(traders)))
    if budget == "ex-ante":
        total = np.zeros(width * count)
        for p in profiles:
            total[place[p] + len(outcomes) : place[p] + width] = weight[p]
        at_least.append(total)
    for n, own in enumerate(worths):
        for true, lie in product(range(len(own)), repeat=2):
            rows = [
                weight[p] * (utility(n, own[true], p) - utility(n, own[true], (*p[:n], lie, *p[n + 1 :])))
                for p in profiles
                if p[n] == true
            ]
            at_least.extend(rows if truthful == "DSIC" else [np.sum(rows, axis=0)])
    bounds = ([(0, None)] * len(outcomes) + [(None, None)] * len(traders)) * count
    found = linprog(
        -gain, -np.array(at_least), np.zeros(len(at_least)), np.array(equal), right, bounds, method="highs"
    )
    assert found.status == 0
    return float(-found.fun)


@pytest.mark.parametrize("truthful", ["DSIC", "BIC"])
@pytest.mark.parametrize("budget", BUDGETS)
@pytest.mark.parametrize(("buyers", "sellers"), [(1, 1), (2, 1), (1, 2), (2, 2)])
def test_reductions_lose_nothing(truthful: Any, budget: Any, buyers: int, sellers: int) -> None:
    rng = np.random.default_rng([buyers, sellers])
    for _ in range(2):
        values, costs = (rng.choice(12, 3 if buyers + sellers < 4 else 2, replace=False) for _ in range(2))
        priors = [rng.dirichlet(np.full(len(side), 3.0)) for side in (values, costs)]
        found = second_best(
            (values, costs), buyers=buyers, sellers=sellers, prior=priors, truthful=truthful, budget=budget
        )
        plain = written_out(
            values.tolist(), costs.tolist(), [p.tolist() for p in priors], buyers, sellers, truthful, budget
        )
        assert found.welfare == pytest.approx(plain, abs=1e-7)
        assert plain <= found.bound + 1e-7


def test_eager_types_must_not_be_excluded_either() -> None:
    """With this prior a rule that forgets to forbid overstated eagerness gains more than is possible."""
    values, costs = [6, 7, 10], [4, 6, 9]
    prior = ([0.48, 0.04, 0.48], [0.45, 0.1, 0.45])
    found = second_best((values, costs), buyers=1, sellers=1, prior=prior)
    assert found.welfare == pytest.approx(written_out(values, costs, prior, 1, 1, "DSIC", "weak"), abs=1e-9)


@pytest.mark.parametrize(("truthful", "buyers", "sellers"), [("DSIC", 1, 1), ("BIC", 1, 1), ("DSIC", 2, 1)])
@pytest.mark.parametrize("budget", BUDGETS)
def test_mechaudit_finds_the_same(truthful: Any, buyers: int, sellers: int, budget: Any) -> None:
    """An independent design library (PyPI, 0.1.0); it is not among our dependencies."""
    mechaudit = pytest.importorskip("mechaudit")
    types = [0.1, 0.3, 0.5, 0.9]
    names = [f"b{i}" for i in range(buyers)] + [f"s{j}" for j in range(sellers)]
    trades = [("none",), *((b, s) for b in names[:buyers] for s in names[buyers:])]
    environment = mechaudit.FiniteEnvironment(
        agents=dict.fromkeys(names, types),
        outcomes=["+".join(trade) for trade in trades],
        prior={
            profile[0] if len(names) == 1 else profile: 1 / len(types) ** len(names)
            for profile in product(types, repeat=len(names))
        },
        values=mechaudit.PrivateValues(
            lambda name, own, outcome: (own if name[0] == "b" else -own) * (name in outcome.split("+"))
        ),
    )
    requirements = importlib.import_module("mechaudit.requirements")
    balance = {
        "weak": requirements.WeakBudgetBalance,
        "strong": requirements.StrongBudgetBalance,
        "ex-ante": lambda: requirements.WeakBudgetBalance(timing="ex_ante"),
    }[budget]()
    problem = environment.design(
        objective=mechaudit.ExpectedSocialWelfare(),
        requirements=(getattr(mechaudit, truthful)(), requirements.ExPostIR(), balance),
    )
    found = second_best(types, buyers=buyers, sellers=sellers, truthful=truthful, budget=budget)
    assert problem.solve().objective_value == pytest.approx(found.welfare, abs=1e-7)


@settings(max_examples=10, deadline=None)
@given(data=st.data())
def test_order_of_the_ceilings(data: Any) -> None:
    """Less asked, more welfare; never above the first best; no truthful rule above its ceiling."""
    buyers, sellers = data.draw(st.sampled_from([(1, 1), (2, 1), (1, 2), (2, 2)]))
    types = data.draw(st.lists(st.integers(0, 9), min_size=1, max_size=3, unique=True))
    shape = {"buyers": buyers, "sellers": sellers}
    found = {
        (truthful, budget): second_best(types, **shape, truthful=truthful, budget=budget)
        for truthful in ("DSIC", "BIC")
        for budget in BUDGETS
    }
    for truthful in ("DSIC", "BIC"):
        strong, weak, expected = (found[truthful, budget] for budget in ("strong", "weak", "ex-ante"))
        assert strong.welfare <= weak.bound + 1e-9
        assert weak.welfare <= expected.bound + 1e-9
        assert expected.welfare <= expected.first_best + 1e-9
    for budget in BUDGETS:
        assert found["DSIC", budget].welfare <= found["BIC", budget].bound + 1e-9
    price = data.draw(st.integers(0, 9))
    for mechanism, budget in (
        (McAfee(), "weak"),
        (StronglyBudgetBalanced(), "strong"),
        (PostedPrice(price), "strong"),
    ):
        reached = welfare_share(mechanism, types, **shape, ceiling=found["DSIC", budget])
        assert reached.welfare <= found["DSIC", budget].bound + 1e-9


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), noise=st.floats(0, 10))
def test_no_prices_spoil_the_bound(seed: int, noise: float) -> None:
    programme = build(*populations([1, 4, 6], None, 2, 1), "DSIC", "weak")
    best = second_best([1, 4, 6], buyers=2, sellers=1).welfare
    rng = np.random.default_rng(seed)
    prices = [noise * rng.normal(size=matrix.shape[0]) for matrix in (programme.least, programme.equal)]
    assert safe_maximum(programme, *prices) >= best - 1e-9


def test_a_solver_that_lies_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(design, "_solved", lambda _: (0.3, 0.2))
    with pytest.raises(EdgeoptError, match=r"HiGHS claims 0\.6, its prices prove 0\.4"):
        second_best([1, 2], buyers=1, sellers=1)


def test_nothing_to_gain() -> None:
    """All buyers poorer than all sellers: every ceiling is zero, and every share of it one."""
    found = second_best(([1, 2], [5, 6]), buyers=2, sellers=2)
    assert (found.welfare, found.first_best, found.share) == (0.0, 0.0, 1.0)
    reached = welfare_share(McAfee(), ([1, 2], [5, 6]), buyers=2, sellers=2, ceiling=found)
    assert (reached.of_second_best, reached.of_first_best) == (1.0, 1.0)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"truthful": "both"}, "truthful is 'both': choose one of DSIC, BIC"),
        ({"budget": "none"}, "budget is 'none'"),
        ({"buyers": 0}, "buyers is 0: a whole number"),
        ({"prior": [0.5, 0.6]}, "must be positive and sum to 1"),
        ({"prior": [1.0]}, "1 numbers for 2 types"),
        ({"types": [1, 1]}, "types of the buyers repeat"),
        ({"types": ["a"]}, "types must be numbers"),
        ({"types": [-1, 1]}, "cost -1 is negative"),
        ({"types": []}, "finite numbers"),
        ({"buyers": 9, "sellers": 9, "types": range(9)}, "give fewer types"),
    ],
)
def test_bad_arguments(arguments: dict[str, Any], message: str) -> None:
    usual: dict[str, Any] = {"types": [1, 2], "buyers": 1, "sellers": 1}
    given_arguments = usual | arguments
    with pytest.raises(InvalidOption, match=message):
        second_best(given_arguments.pop("types"), **given_arguments)


def test_too_many_profiles_to_clear() -> None:
    ceiling = second_best([1, 2], buyers=1, sellers=1)
    with pytest.raises(InvalidOption, match="at most 5000000 are cleared"):
        welfare_share(McAfee(), range(10), buyers=4, sellers=4, ceiling=ceiling)
