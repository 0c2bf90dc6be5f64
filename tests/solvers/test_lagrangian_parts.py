"""The parts of the decomposition, each against a plain re-computation."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeopt.problem import Instance, Plan, evaluate
from edgeopt.problem.errors import InvalidOption
from edgeopt.solvers.brute import solve_brute
from edgeopt.solvers.lagrangian import bound_from_prices, close, solve_lagrangian
from edgeopt.solvers.lagrangian.bound import safe_bound
from edgeopt.solvers.lagrangian.chains import best_chain, best_pair, chain_value
from edgeopt.solvers.lagrangian.close import sweep
from edgeopt.solvers.lagrangian.dual import Dual, IntervalDual
from edgeopt.solvers.lagrangian.intervals import best_intervals, interval_tables
from edgeopt.solvers.lagrangian.search import PriceSearch
from edgeopt.solvers.lagrangian.serve import best_service
from edgeopt.solvers.lagrangian.server import Server
from edgeopt.solvers.lagrangian.sets import best_sets, shelf
from edgeopt.solvers.lagrangian.slots import SlotProblem


def small(seed: int, *, limited: bool = False, slots: int = 5, losses: bool = False) -> Instance:
    rng = np.random.default_rng(seed)
    models, services = 3, 4
    window = rng.integers(0, 5, services)
    limits: dict[str, Any] = {"compute": 2.0, "work": rng.uniform(0.3, 1, services)} if limited else {}
    return Instance(
        requests=rng.integers(0, 3, (slots, services)),
        service_model=rng.integers(0, models, services),
        memory=2.5,
        footprint=rng.choice([1.0, 1.5, 0.7], models),
        cloud_cost=rng.uniform(0.5, 1.5, services),
        window=window,
        gain=rng.integers(0, 3, services),
        vanish=rng.integers(0, 2, services),
        accuracy=np.sort(rng.random((services, int(window.max()) + 1)), axis=1),
        accuracy_weight=rng.uniform(0, 2 if losses else 0.4, services),
        load_cost=rng.uniform(0, 1, models),
        **limits,
    )


def savings(instance: Instance, cached: np.ndarray, served: np.ndarray) -> float:
    """Referee: cost of serving nothing less the cost of the plan."""
    nothing = Plan.cloud_only(instance.slots, 1, instance.models, instance.services)
    plan = Plan(cached.T[:, None, :], served.T[:, None, :])
    return evaluate(instance, nothing).total - evaluate(instance, plan).total


@given(st.integers(0, 10**6), st.booleans(), st.floats(0, 3))
def test_any_prices_prove_a_valid_bound(seed: int, limited: bool, size: float) -> None:
    instance = small(seed, limited=limited, slots=4, losses=True)
    rng = np.random.default_rng(seed)
    presence = size * rng.random((4, 1, 3)) * (rng.random((4, 1, 3)) < 0.7)
    compute = size * rng.random((4, 1))
    service = size * rng.random((4, 1, 4)) * (rng.random((4, 1, 4)) < 0.7)
    optimum = solve_brute(instance).cost
    assert bound_from_prices(instance, presence, compute) <= optimum + 1e-12
    assert bound_from_prices(instance, presence, compute, service=service) <= optimum + 1e-12


@given(st.integers(0, 10**6), st.booleans())
def test_exact_chains_are_never_worse(seed: int, limited: bool) -> None:
    instance = small(seed, limited=limited, losses=True)
    server = Server.of(instance, 0)
    prices = np.random.default_rng(seed).random((5, 5)) * 0.5
    relaxed, exact = (safe_bound(server, prices, exact_chains=exact) for exact in (False, True))
    assert exact >= relaxed * (1 - 1e-9)
    if server.plain:
        assert exact == pytest.approx(relaxed, rel=1e-9)


def test_a_bound_is_reported_with_prices_that_prove_it() -> None:
    for seed in range(6):
        instance = small(seed, limited=seed % 2 == 0)
        solution = solve_lagrangian(instance, time_limit=3)
        proven = bound_from_prices(
            instance,
            *(
                solution.details[name]
                for name in ("presence_price", "compute_price", "energy_price", "service_price")
            ),
        )
        assert proven <= solution.lower_bound + 1e-9
        if solution.details["widest_sweep"] == 0:
            assert proven == pytest.approx(solution.lower_bound, rel=1e-9)


def test_bound_refuses_bad_prices() -> None:
    instance = small(0)
    for wrong in (np.full((5, 1, 3), -1.0), np.full((5, 1, 3), np.nan), np.full((5, 1, 3), np.inf)):
        with pytest.raises(InvalidOption, match="finite"):
            bound_from_prices(instance, wrong)
    for presence, compute in (((4, 1, 3), (5, 1)), ((5, 1, 3), (5, 2))):
        with pytest.raises(InvalidOption, match="shape"):
            bound_from_prices(instance, np.zeros(presence), np.zeros(compute))


@given(
    st.lists(st.tuples(st.floats(0, 5), st.floats(0.1, 5)), min_size=1, max_size=8),
    st.floats(0.1, 12),
    st.booleans(),
)
def test_knapsacks_are_exact(items: list[tuple[float, float]], capacity: float, whole: bool) -> None:
    prices = np.array([[price] for price, _ in items])
    weights = np.array([np.ceil(weight) if whole else weight for _, weight in items])
    values, chosen = np.zeros(1), np.zeros(prices.shape, dtype=np.bool_)
    best_sets(prices, shelf(weights, capacity, outward=False), values, chosen)
    best = max(
        prices[list(subset), 0].sum()
        for size in range(len(items) + 1)
        for subset in itertools.combinations(range(len(items)), size)
        if weights[list(subset)].sum() <= capacity * (1 + 1e-9) * (1 - 1e-14)
    )
    assert values[0] == pytest.approx(best, rel=1e-9, abs=1e-12)
    assert prices[chosen[:, 0], 0].sum() == pytest.approx(values[0], rel=1e-9, abs=1e-12)
    assert weights[chosen[:, 0]].sum() <= capacity * (1 + 1e-9)


def all_presences(slots: int) -> list[np.ndarray]:
    return [np.array(bits, dtype=np.bool_) for bits in itertools.product((False, True), repeat=slots)]


@given(st.integers(0, 10**6))
def test_chain_finds_the_best_presence(seed: int) -> None:
    """Against all 2^5 presences of a model, each served in full and priced by the referee."""
    instance = small(seed)
    server = Server.of(instance, 0)
    dual = Dual(server)
    rent = np.random.default_rng(seed).random(5)
    for m in range(3):
        chosen = np.zeros(5, dtype=np.bool_)
        found = best_chain(
            m, server.graph.first, server.graph.successor, dual.value, rent, server.load_cost[m],
            np.zeros(dual.value.size), np.zeros(7), chosen,
        )  # fmt: skip
        totals = []
        for presence in all_presences(5):
            cached = np.zeros((3, 5), dtype=np.bool_)
            cached[m] = presence
            if instance.footprint[m] <= 2.5:
                totals.append(
                    savings(instance, cached, server.cap * cached[server.service_model])
                    - rent[presence].sum()
                )
        assert found == pytest.approx(max(totals), abs=1e-9)
        graph = server.graph
        value = chain_value(m, graph.first, graph.successor, dual.value, server.load_cost[m], chosen)
        assert value - rent[chosen].sum() == pytest.approx(found, abs=1e-9)


@given(st.integers(0, 10**6))
def test_pair_finds_the_best_of_all_joint_presences(seed: int) -> None:
    instance = small(seed, slots=4)
    server, room = Server.of(instance, 0), np.random.default_rng(seed).uniform(0.5, 3, 4)
    dual, graph, weight = Dual(server), server.graph, server.footprint

    def worth(m: int, presence: np.ndarray) -> float:
        return float(chain_value(m, graph.first, graph.successor, dual.value, server.load_cost[m], presence))

    cached = np.zeros((3, 4), dtype=np.bool_)
    found = best_pair(0, 1, graph.first, graph.successor, dual.value, server.load_cost, room, weight, cached)
    best = max(
        worth(0, a) + worth(1, b)
        for a in all_presences(4)
        for b in all_presences(4)
        if np.all(a * weight[0] + b * weight[1] <= room)
    )
    assert found == pytest.approx(best, abs=1e-9)
    assert worth(0, cached[0]) + worth(1, cached[1]) == pytest.approx(found, abs=1e-9)
    assert np.all(cached[0] * weight[0] + cached[1] * weight[1] <= room)


@given(st.integers(0, 10**6))
def test_interval_tables_match_the_graph_where_serving_all_is_best(seed: int) -> None:
    server = Server.of(small(seed, slots=8), 0)
    if not server.plain:
        return
    free = np.zeros((4, 8))
    tables = interval_tables(server, free)
    rents = np.random.default_rng(seed).random((3, 8))
    dual = Dual(server)
    chosen = np.zeros((3, 8), dtype=np.bool_)
    total = sum(
        best_intervals(tables[m], rents[m], server.load_cost[m], np.zeros(9), chosen[m]) for m in range(3)
    )
    assert total == pytest.approx(dual.best_presence(rents, np.zeros((3, 8), dtype=np.bool_)), abs=1e-9)


@given(st.integers(0, 10**6))
def test_interval_tables_match_all_ways_to_serve(seed: int) -> None:
    """One service that loses at first: every vector of served requests over 4 slots is priced."""
    rng = np.random.default_rng(seed)
    requests = rng.integers(0, 3, (4, 1))
    instance = Instance(
        requests=requests, service_model=[0], memory=1, footprint=[1], cloud_cost=0.6,
        window=3, gain=int(rng.integers(0, 3)), vanish=int(rng.integers(0, 2)),
        accuracy=np.sort(rng.random(4)), accuracy_weight=1.0,
    )  # fmt: skip
    table = interval_tables(Server.of(instance, 0), np.zeros((1, 4)))[0]
    for start, end in itertools.combinations_with_replacement(range(4), 2):
        cached = np.zeros((1, 4), dtype=np.bool_)
        cached[0, start : end + 1] = True
        options = [range(requests[t, 0] + 1) if cached[0, t] else (0,) for t in range(4)]
        best = max(savings(instance, cached, np.array([x])) for x in itertools.product(*options))
        assert table[start, end] == pytest.approx(best, abs=1e-9)
        if not IntervalDual(Server.of(instance, 0), np.zeros((2, 4))).free:
            served, worth = best_service(Server.of(instance, 0), cached, np.zeros((2, 4)))
            assert worth == pytest.approx(best, abs=1e-9)
            assert savings(instance, cached, served) == pytest.approx(worth, abs=1e-9)


@given(st.integers(0, 10**6), st.floats(0, 1))
def test_service_respects_limits_and_states_its_worth(seed: int, price: float) -> None:
    instance = small(seed, limited=True, losses=True)
    server = Server.of(instance, 0)
    granted = np.zeros((3, 5), dtype=np.bool_)
    best_sets(np.random.default_rng(seed).random((3, 5)), server.inner_shelf, np.zeros(5), granted)
    served, worth = best_service(server, granted, np.full((2, 5), price))
    assert savings(instance, granted, served) == pytest.approx(worth, abs=1e-9)


@given(st.integers(0, 10**6), st.sampled_from([1, 3, 500]))
def test_sweep_caps_the_optimum_at_any_width(seed: int, width: int) -> None:
    instance = small(seed)
    server = Server.of(instance, 0)
    optimum = solve_brute(instance).cost
    prices = np.vstack([np.random.default_rng(seed).random((3, 5)) * 0.3, np.zeros((2, 5))])
    result = sweep(server, prices, 0.0, width, lambda: False)
    assert result is not None
    assert server.cloud_only - result.cap <= optimum + 1e-9
    if result.complete and result.cached is not None:
        served, worth = best_service(server, result.cached, np.zeros((2, 5)))
        assert savings(instance, result.cached, served) == pytest.approx(worth, abs=1e-9)
        if server.plain:
            assert server.cloud_only - worth == pytest.approx(optimum, rel=1e-9, abs=1e-9)


def pipelines(seed: int) -> Instance:
    """Two pipelines through four models each: the decomposition leaves a gap up to a per cent."""
    rng = np.random.default_rng(seed)
    hot = np.full((36, 8), 0.1)
    for pipeline in range(2):
        t, stage = 0, 0
        while t < 36:
            dwell = int(rng.integers(3, 6))
            hot[t : t + dwell, 4 * pipeline + stage] = 1.0
            t, stage = t + dwell, (stage + 1) % 4
    footprint = rng.choice([6.0, 8.0, 10.0, 12.0, 16.0], 8)
    return Instance(
        requests=rng.poisson(8 * hot),
        service_model=np.arange(8),
        memory=0.4 * footprint.sum(),
        footprint=footprint,
        cloud_cost=rng.uniform(0.85, 1.15, 8),
        window=32,
        vanish=1,
        accuracy=1 - 0.6 * (1 - np.log2(1 + np.arange(33) ** 0.8) / np.log2(1 + 32**0.8)),
        accuracy_weight=1.0,
        load_cost=footprint / 2,
    )


@pytest.mark.parametrize("seed", range(8))
def test_blocks_change_what_a_sweep_costs_and_not_what_it_proves(seed: int) -> None:
    """At good prices a charge too high by anything would drop the optimum that one long sweep finds."""
    server = Server.of(pipelines(seed), 0)
    search = PriceSearch(Dual(server))
    search.level_steps(300)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(close, "_STEP", 10**6)
        whole = sweep(server, search.prices, 0.985 * search.best, 20_000, lambda: False)
        assert whole is not None
        assert whole.complete
        assert whole.cached is not None
        for step, span in ((3, 3), (5, 10), (7, 36)):
            patch.setattr(close, "_STEP", step)
            patch.setattr(close, "_SPAN", span)
            for known, width in ((whole.cap - 1e-6, 20_000), (0.995 * whole.cap, 3), (0.995 * whole.cap, 40)):
                blocks = sweep(server, search.prices, known, width, lambda: False)
                assert blocks is not None
                assert blocks.cap >= whole.cap - 2e-9
                if blocks.complete:
                    assert blocks.cap == pytest.approx(whole.cap, abs=1e-9)
                    assert blocks.cached is not None


@pytest.mark.parametrize("seed", range(4))
def test_how_a_limit_rises_changes_nothing_while_no_state_is_dropped(seed: int) -> None:
    """A limit that is met is raised: a sweep that ends below it by rounding would be taken for the answer."""
    server = Server.of(pipelines(seed), 0)
    search = PriceSearch(Dual(server))
    search.level_steps(300)
    found = []
    with pytest.MonkeyPatch.context() as patch:
        for rise in (1e-4, 0.37, 1e6):
            patch.setattr(close, "_FIRST_RISE", rise)
            swept = sweep(server, search.prices, 0.995 * search.best, 20_000, lambda: False)
            assert swept is not None
            found.append(swept.ahead)
    assert found[0][0] > 0.0
    assert np.array_equal(found[0], found[1])
    assert np.array_equal(found[0], found[2])


@given(st.integers(0, 10**6), st.booleans())
def test_packings_are_exact_and_remember_nothing_wrong(seed: int, energy: bool) -> None:
    """Against all sets and all whole requests, four times in a row with the last answer as the start."""
    rng = np.random.default_rng(seed)
    models, services = int(rng.integers(1, 4)), int(rng.integers(1, 5))
    instance = Instance(
        requests=rng.integers(0, 4, (1, services)),
        service_model=rng.integers(0, models, services),
        memory=rng.uniform(1, 4),
        footprint=rng.choice([1.0, 1.5, 2.0], models),
        cloud_cost=1.0,
        compute=1.0,
        work=rng.uniform(0.05, 0.4, services),
        energy_budget=1.0 if energy else np.inf,
        energy=rng.uniform(0, 0.4, services),
    )
    server = Server.of(instance, 0)
    slots = SlotProblem(server, np.ones((2, 1)))
    for nodes in (300, 1, 300, 1):
        rent = rng.exponential(size=(models, 1)) * (rng.random((models, 1)) < 0.7)
        allowance = rng.exponential(size=(services, 1)) * (rng.random((services, 1)) < 0.8)
        collected = slots.solve(rent, allowance, 1e-7, nodes)
        best = 0.0
        for chosen in itertools.product((False, True), repeat=models):
            if server.footprint[list(chosen)].sum() > instance.memory[0]:
                continue
            most = server.cap[:, 0] * np.array(chosen)[server.service_model]
            for x in itertools.product(*(range(count + 1) for count in most)):
                if np.all(server.share @ x <= 1.0):
                    best = max(best, float(rent[list(chosen)].sum() + allowance[:, 0] @ x))
        assert collected >= best - 1e-12
        if nodes == 300:
            assert collected == pytest.approx(best, rel=1e-5, abs=1e-9)


@pytest.mark.parametrize("seed", range(6))
def test_packing_is_never_looser_than_pricing_the_limit(seed: int) -> None:
    server = Server.of(small(seed, limited=True, slots=8), 0)
    rng = np.random.default_rng(seed)
    resource = np.vstack([0.5 * rng.random(8), np.zeros(8)])
    rent = 0.3 * rng.random((3, 8))
    priced = safe_bound(server, np.vstack([rent, resource]))
    packed = safe_bound(server, np.vstack([rent, 0 * resource]), allowance=server.charge(resource))
    assert packed >= priced - 1e-6
