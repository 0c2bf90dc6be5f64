"""Certificates: the programmes behind a bound find what trying everything finds, on whole numbers."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations, product
from types import SimpleNamespace

import numpy as np
import pytest
from certificates import PlainChain, after, drawn_server, fits, most_saved
from hypothesis import given, settings
from hypothesis import strategies as st

from edgeopt.solvers.certificate import bound, intervals
from edgeopt.solvers.certificate.bound import prove
from edgeopt.solvers.certificate.chains import Chain
from edgeopt.solvers.certificate.contexts import Contexts
from edgeopt.solvers.certificate.knapsack import dearest, frontiers
from edgeopt.solvers.certificate.packing import dearest_packing
from edgeopt.solvers.certificate.whole import WholeServer

SEEDS = st.integers(0, 2**32 - 1)


def runs(pattern: tuple[int, ...]) -> list[tuple[int, int]]:
    """First and last slot of every caching interval of a pattern of presence."""
    slots = range(len(pattern))
    begins = [t for t in slots if pattern[t] and not (t and pattern[t - 1])]
    ends = [t for t in slots if pattern[t] and pattern[t + 1 : t + 2] != (1,)]
    return list(zip(begins, ends, strict=True))


def best_service(server: WholeServer, s: int, t: int, end: int, context: int) -> int:
    """Most that a service saves from slot t to the end of an interval: every number of requests is tried."""
    if t > end:
        return 0
    net = int(server.saving[s, context]) - int(server.charge[s, t])
    return max(
        x * net + best_service(server, s, t + 1, end, after(server, s, context, x))
        for x in range(int(server.cap[s, t]) + 1)
    )


# ---------------------------------------------------------------- one model


@given(SEEDS)
@settings(max_examples=200)
def test_a_node_stands_for_every_context_that_serving_all_can_lead_to(seed: int) -> None:
    server = drawn_server(np.random.default_rng(seed))
    for m in range(server.models):
        contexts, members = Contexts.of(server, m), server.members[m].tolist()
        found = [
            contexts.units[contexts.start[t] : contexts.start[t + 1]].tolist() for t in range(server.slots)
        ]
        reached = [[0] * len(members)]
        for t in range(server.slots):
            assert found[t] == sorted(map(list, {tuple(units) for units in reached}))
            moved = [
                [after(server, s, k, int(server.cap[s, t])) for s, k in zip(members, units, strict=True)]
                for units in found[t]
            ]
            if t + 1 < server.slots:
                leads = contexts.follow[contexts.start[t] : contexts.start[t + 1]]
                assert [found[t + 1][node] for node in leads] == moved
            reached = [[0] * len(members), *moved]
        assert len(contexts.follow) == len(contexts.units) == contexts.start[-1]


@given(SEEDS)
@settings(max_examples=200)
def test_a_chain_is_worth_what_its_definition_says_in_every_node(seed: int) -> None:
    server = drawn_server(np.random.default_rng(seed))
    for m in range(server.models):
        chain, plain = Chain.of(server, m), PlainChain(server, m)
        assert chain.absent == [plain.absent(t) for t in range(server.slots + 2)]
        start, units = chain.contexts.start, chain.contexts.units
        for t in range(server.slots):
            for node in range(start[t], start[t + 1]):
                contexts = dict(zip(server.members[m].tolist(), units[node].tolist(), strict=True))
                assert chain.present[node] == plain.present(t, contexts)


@given(SEEDS)
@settings(max_examples=200)
def test_the_best_intervals_are_those_that_trying_all_finds(seed: int) -> None:
    """Every pattern of presence, and every number of requests served in it."""
    server = drawn_server(np.random.default_rng(seed))
    for m in range(server.models):

        def value(begin: int, end: int, m: int = m) -> int:
            services = sum(best_service(server, s, begin, end, 0) for s in server.members[m].tolist())
            return services - int(server.rent[m, begin : end + 1].sum() + server.load[m])

        patterns = product((0, 1), repeat=server.slots)
        assert intervals.best_intervals(server, m) == max(
            sum(value(*run) for run in runs(pattern)) for pattern in patterns
        )


@given(SEEDS)
@settings(max_examples=100)
def test_a_model_loses_where_a_request_at_no_context_costs_more_than_it_saves(seed: int) -> None:
    server = drawn_server(np.random.default_rng(seed), slots=3)
    for m in range(server.models):
        assert intervals.loses(server, m) == any(
            server.cap[s, t] > 0 and server.saving[s, 0] < server.charge[s, t]
            for s in server.members[m].tolist()
            for t in range(server.slots)
        )


def test_the_programmes_of_all_intervals_are_made_up_to_a_number_of_cells(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Half the square of the slots, times the contexts of all services; and up to a number of slots."""
    server = SimpleNamespace(slots=7, window=np.array([0, 3, 4]))
    for most, enough in ((24 * 10, True), (24 * 10 - 1, False)):
        monkeypatch.setattr(intervals, "_MOST_CELLS", most)
        assert intervals.affordable(server) is enough
    monkeypatch.setattr(intervals, "_MOST_CELLS", 1000)
    for most, enough in ((7, True), (6, False)):
        monkeypatch.setattr(intervals, "_MOST_SLOTS", most)
        assert intervals.affordable(server) is enough


def test_long_days_of_long_contexts_are_within_the_limit_and_years_are_not() -> None:
    day = SimpleNamespace(slots=1440, window=np.full(8, 100))
    assert intervals.affordable(day)
    assert not intervals.affordable(SimpleNamespace(slots=8760, window=np.zeros(1, dtype=np.int64)))
    assert not intervals.affordable(SimpleNamespace(slots=1440, window=np.full(8, 10_000)))


# ---------------------------------------------------------------- one slot


@given(SEEDS)
@settings(max_examples=100)
def test_a_frontier_knows_the_dearest_set_at_every_room(seed: int) -> None:
    rng = np.random.default_rng(seed)
    weight, price = rng.integers(0, 5, 4), rng.integers(0, 4, 4)
    room = int(rng.integers(0, 12))
    fronts = frontiers(weight, price, room)
    assert len(fronts) == 5
    for m, (weights, prices) in enumerate(fronts):
        items = range(m, 4)
        pairs = [
            (sum(int(weight[i]) for i in chosen), sum(int(price[i]) for i in chosen))
            for size in range(5 - m)
            for chosen in combinations(items, size)
        ]
        assert (weights[0], prices[0]) == (0, 0)
        assert set(zip(weights.tolist(), prices.tolist(), strict=True)) <= set(pairs)
        assert np.all(np.diff(weights) >= 0)
        assert np.all(np.diff(prices) > 0)
        assert weights[-1] <= room
        rooms = np.arange(room + 1)
        best = [max(paid for heavy, paid in pairs if heavy <= most) for most in rooms]
        assert dearest((weights, prices), rooms).tolist() == best


# ---------------------------------------------------------------- one server


def dearest_sets(server: WholeServer) -> int:
    """The dearest set of every slot, added."""
    sets = [chosen for chosen in product((0, 1), repeat=server.models) if fits(server, chosen)]
    return sum(max(int(np.dot(chosen, server.rent[:, t])) for chosen in sets) for t in range(server.slots))


@given(SEEDS)
@settings(max_examples=100)
def test_the_bound_is_the_one_of_the_claim(seed: int) -> None:
    """Of every model the better of both programmes, of every slot the dearest set; then as far as a sweep
    that drops nothing goes, which is to the goal or to the best plan, every request served."""
    rng = np.random.default_rng(seed)
    server = drawn_server(rng)
    scale, cloud = server.scale, server.cloud_only
    saved = [
        intervals.best_intervals(server, m) if intervals.loses(server, m) else PlainChain(server, m).absent(0)
        for m in range(server.models)
    ]
    by_prices = cloud - (sum(saved) + dearest_sets(server) + server.resource) / scale
    alone, together = most_saved(server)
    best = cloud - (together + server.resource) / scale
    everything = cloud - (alone + server.resource) / scale
    assert everything <= by_prices
    near = (by_prices - 1, by_prices, best - 1, best, best + 1, cloud - 1, cloud, cloud + 30)
    for goal in (each + int(rng.integers(-2, 3)) / (4 * scale) for each in near):
        for width in (0, 10_000):
            proof = prove(server, float(goal), width)
            assert proof.by_prices == by_prices
            reached = best
            if best > (highest := min(goal, cloud)):  # what is to be proved, rounded up to the grid
                reached = everything - (everything - highest) * scale // 1 / scale
            expected = max(by_prices, reached) if width and goal > by_prices else by_prices
            assert proof.bound == expected


@given(SEEDS)
@settings(max_examples=200)
def test_a_server_with_allowances_is_bounded_by_its_packings(seed: int) -> None:
    rng = np.random.default_rng(seed)
    server = drawn_server(rng, priced=True)
    saved = [
        intervals.best_intervals(server, m) if intervals.loses(server, m) else PlainChain(server, m).absent(0)
        for m in range(server.models)
    ]
    packed = sum(dearest_packing(server, t) for t in range(server.slots))
    by_prices = server.cloud_only - (sum(saved) + packed + server.resource) / server.scale
    proof = prove(server, float(server.cloud_only), 0)
    assert (proof.bound, proof.by_prices) == (by_prices, by_prices)


def test_without_time_for_all_intervals_a_model_is_bounded_by_serving_everything(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The other programme would find less to be saved, that is, prove more."""
    monkeypatch.setattr(bound, "affordable", lambda _: False)
    differ = 0
    for seed in range(40):
        server = drawn_server(np.random.default_rng(seed))
        chains = sum(PlainChain(server, m).absent(0) for m in range(server.models))
        shared = dearest_sets(server) + server.resource
        assert prove(server, 0.0, 0).by_prices == server.cloud_only - (chains + shared) / server.scale
        exact = sum(intervals.best_intervals(server, m) for m in range(server.models))
        differ += exact != chains
    assert differ


class Swept(Exception):
    """A sweep was begun."""


def sweeps(monkeypatch: pytest.MonkeyPatch, server: WholeServer, goal: float, width: int) -> bool:
    """Whether a bound is worth a sweep."""

    def refuse(*_: object) -> None:
        raise Swept

    with monkeypatch.context() as patch:
        patch.setattr(bound, "Sweep", refuse)
        try:
            prove(server, goal, width)
        except Swept:
            return True
    return False


def test_a_sweep_is_made_where_it_can_prove_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not for a goal that the prices reach, nor without states, nor where requests carry allowances."""
    for seed in range(10):
        server = drawn_server(np.random.default_rng(seed))
        reached, unit = prove(server, 0.0, 0).by_prices, 1 / server.scale
        for goal, worth in ((-unit, False), (0, False), (unit / 4, True), (unit, True), (5 * unit, True)):
            assert sweeps(monkeypatch, server, float(reached + goal), 1) is worth
            assert not sweeps(monkeypatch, server, float(reached + goal), 0)
        allowance = np.zeros_like(server.allowance)
        allowance[-1, -1] = 1
        allowed = replace(server, allowance=allowance)
        assert not sweeps(monkeypatch, allowed, float(reached) + 100.0, 10)


def test_sets_of_more_models_than_a_number_has_bits_are_not_swept(monkeypatch: pytest.MonkeyPatch) -> None:
    for models, worth in ((62, True), (63, False)):
        one = drawn_server(np.random.default_rng(1))
        many = replace(
            one,
            rent=np.zeros((models, one.slots), dtype=np.int64),
            load=np.zeros(models, dtype=np.int64),
            weight=np.zeros(models, dtype=np.int64),
            service_model=np.zeros_like(one.service_model),
            members=(np.arange(len(one.cap)), *[np.arange(0)] * (models - 1)),
        )
        assert sweeps(monkeypatch, many, float(one.cloud_only) + 100.0, 10) is worth
