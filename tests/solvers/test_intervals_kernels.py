"""The compiled searches for columns, against plain enumeration."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from edgeopt.solvers.intervals.columns import Pricer, runs
from edgeopt.solvers.intervals.kernels import near_best, near_best_sets, savings_of, serve_interval
from edgeopt.solvers.lagrangian.server import Server
from strategies import random_instance


@pytest.mark.parametrize("seed", range(20))
def test_serving_an_interval(seed: int) -> None:
    """Every way to serve up to 3 requests in 4 slots, prices and all."""
    rng = np.random.default_rng(seed)
    cap, price = rng.integers(0, 4, 4), rng.uniform(0, 0.6, 4)
    window, gain, vanish = (int(x) for x in rng.integers(0, 4, 3))
    saving = np.sort(rng.uniform(-0.5, 1.0, window + 1))
    served = np.zeros(4, dtype=np.int64)
    worth = serve_interval(cap, price, saving, window, gain, vanish, served)
    ways = [np.array(way) for way in itertools.product(*(range(most + 1) for most in cap))]
    best = max(savings_of(way, saving, window, gain, vanish) - way @ price for way in ways)
    assert worth == pytest.approx(savings_of(served, saving, window, gain, vanish))
    assert worth - served @ price == pytest.approx(best)


@pytest.mark.parametrize("seed", range(20))
def test_near_best_sets_are_all_and_only_the_maximal_ones(seed: int) -> None:
    rng = np.random.default_rng(seed)
    weight, price = rng.integers(1, 6, 7).astype(float), rng.integers(0, 4, 7).astype(float)
    order = np.argsort(-price / weight, kind="stable")
    weight, price, capacity, least = weight[order], price[order], 9.0, 4.0
    sets = [np.array(bits) for bits in itertools.product((False, True), repeat=7)]
    fitting = [each for each in sets if weight[each].sum() <= capacity]
    wanted = {
        tuple(each)
        for each in fitting
        if price[each].sum() >= least and np.all(weight[~each] + weight[each].sum() > capacity)
    }
    found = np.zeros((200, 7), dtype=np.bool_)
    count = near_best_sets(price, weight, capacity, least, 10_000, found)
    assert {tuple(each) for each in found[:count]} == wanted
    assert count == len(wanted)
    if count > 1:
        assert near_best_sets(price, weight, capacity, least, 10_000, found[: count - 1]) == -1
    assert near_best_sets(price, weight, capacity, least, 3, found) == -1


def choices(slots: int) -> list[list[tuple[int, int]]]:
    """Every choice of disjoint intervals of so many slots, adjacent ones included."""
    every: list[list[list[tuple[int, int]]]] = [[[]]]
    for end in range(slots):
        longer = [[*before, (begin, end)] for begin in range(end + 1) for before in every[begin]]
        every.append(every[end] + longer)
    return every[slots]


@pytest.mark.parametrize("seed", range(20))
def test_near_best_intervals_are_those_of_near_best_choices(seed: int) -> None:
    rng = np.random.default_rng(seed)
    slots, load, slack = 5, 1.0, 0.8
    table, rent = rng.uniform(0, 4, (slots, slots)), rng.uniform(0, 1.5, slots)
    profit = {
        (u, v): table[u, v] - load - rent[u : v + 1].sum() for u in range(slots) for v in range(u, slots)
    }
    totals = [(sum(profit[each] for each in choice), choice) for choice in choices(slots)]
    best = max(total for total, _ in totals)
    wanted = {each for total, choice in totals if total >= best - slack for each in choice}
    found = np.zeros((100, 2), dtype=np.int64)
    count = near_best(table, rent, load, slack, found)
    assert {(int(u), int(v)) for u, v in found[:count]} == wanted
    assert near_best(table, rent, load, slack, found[:1]) == count


def test_runs() -> None:
    cached = np.array([[1, 1, 0, 1], [0, 0, 0, 0], [1, 1, 1, 1]], dtype=bool)
    assert runs(cached) == [(0, 0, 1), (0, 3, 3), (2, 0, 3)]


@pytest.mark.parametrize("seed", range(10))
def test_profitable_intervals_have_the_profit_they_promise(seed: int) -> None:
    """A column's worth less what it pays agrees with the table it was priced from, and none is missed."""
    rng = np.random.default_rng(seed)
    server = Server.of(random_instance(rng, slots=6, servers=1, models=3, services=4), 0)
    pricer = Pricer(server)
    assert pricer.exact
    prices = rng.uniform(0, 0.3, (server.models + 2, server.slots))
    if not server.limited:
        prices[server.models :] = 0.0
    pricer.evaluate(prices)
    columns = pricer.profitable(prices, 1e-9)
    for column in columns:
        span = slice(column.begin, column.end + 1)
        paid = prices[column.model, span].sum() + (prices[server.models :, span] * column.usage).sum()
        value = pricer.table(column.model)[column.begin, column.end]
        rent = prices[column.model, span].sum()
        assert column.worth - paid == pytest.approx(value - rent - server.load_cost[column.model], abs=1e-9)
        assert column.worth - paid > 1e-9
    for m in range(server.models):
        table = pricer.table(m)
        most = max(
            table[u, v] - prices[m, u : v + 1].sum() - server.load_cost[m]
            for u in range(server.slots)
            for v in range(u, server.slots)
        )
        assert (most > 1e-9) == any(column.model == m for column in columns)
