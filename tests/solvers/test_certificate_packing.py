"""Certificates: what a slot collects in rents and allowances is what trying every packing finds."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import product
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgeopt.solvers.certificate import packing
from edgeopt.solvers.certificate.knapsack import frontiers

SEEDS = st.integers(0, 2**32 - 1)
UNITS = 12


@pytest.fixture(scope="module", autouse=True)
def few_units() -> Iterator[None]:
    """Limits of twelve units, in which what fits exactly is common."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(packing, "NEED_UNITS", UNITS)
        patch.setattr(packing, "_FINE", 1)
        yield


def slot(rng: np.random.Generator) -> SimpleNamespace:
    """What a packing reads of a server of one slot; no request needs more than a limit."""
    models, services = int(rng.integers(1, 5)), int(rng.integers(1, 5))
    need = rng.integers(0, UNITS + 1, (2, services)) * (rng.random((2, services)) < 0.7)
    need[1] *= rng.random() < 0.6
    most = UNITS // np.maximum(1, need.max(axis=0))
    weight = rng.integers(0, 5, models)
    return SimpleNamespace(
        rent=rng.integers(0, 8, (models, 1)) * (rng.random((models, 1)) < 0.7),
        allowance=rng.integers(0, 6, (services, 1)) * rng.choice([1, 15], (services, 1)),
        cap=np.minimum(rng.integers(0, 4, services), most)[:, None],
        need=need,
        service_model=rng.integers(0, models, services),
        weight=weight,
        room=int(rng.integers(0, int(weight.sum()) + 1)),
        models=models,
    )


def sets_that_fit(server: SimpleNamespace) -> list[tuple[int, ...]]:
    """Models that the memory admits together, 0 or 1 each."""
    chosen = product((0, 1), repeat=server.models)
    return [each for each in chosen if int(np.dot(each, server.weight)) <= server.room]


def packings(server: SimpleNamespace, services: list[int]) -> Iterator[int]:
    """What every choice of whole requests within both limits pays."""
    for counts in product(*(range(int(server.cap[s, 0]) + 1) for s in services)):
        if (server.need[:, services] @ np.array(counts, dtype=np.int64) <= UNITS).all():
            yield int(np.dot(counts, server.allowance[services, 0]))


def best_packing(server: SimpleNamespace) -> int:
    """The dearest set of models with the dearest requests that both limits admit."""
    return max(
        int(np.dot(chosen, server.rent[:, 0]))
        + max(packings(server, [s for s, m in enumerate(server.service_model) if chosen[m]]))
        for chosen in sets_that_fit(server)
    )


def relaxed_value(server: SimpleNamespace, limit: int, price: int) -> int:
    """The dearest set where a request that needs units pays for them, and the limit's units are sold."""
    worth = server.rent[:, 0].copy()
    for s, m in enumerate(server.service_model):
        worth[m] += server.cap[s, 0] * max(0, server.allowance[s, 0] - price * server.need[limit, s])
    return max(int(np.dot(chosen, worth)) for chosen in sets_that_fit(server)) + price * UNITS


@given(SEEDS)
@settings(max_examples=400)
def test_a_slot_collects_what_its_dearest_packing_pays(seed: int) -> None:
    server = slot(np.random.default_rng(seed))
    assert packing.dearest_packing(server, 0) == best_packing(server)


@given(SEEDS)
@settings(max_examples=200)
def test_with_short_lists_it_is_never_less_and_never_more_than_a_limit_at_its_price(seed: int) -> None:
    """Pairs beyond the length are dropped, and count for what they could have become."""
    server = slot(np.random.default_rng(seed))
    best = best_packing(server)
    options = [
        relaxed_value(server, limit, price)
        for limit in range(2)
        for price in {0, *(server.allowance[:, 0] // np.maximum(1, server.need[limit])).tolist()}
    ]
    for longest in (1, 2, 4):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(packing, "_LONGEST", longest)
            assert best <= packing.dearest_packing(server, 0) <= min(options)


@given(SEEDS)
@settings(max_examples=300)
def test_the_price_of_a_limit_is_the_best_of_those_at_which_a_service_breaks_even(seed: int) -> None:
    server = slot(np.random.default_rng(seed))
    rent, pay, cap = server.rent[:, 0], server.allowance[:, 0], server.cap[:, 0]
    asked = np.flatnonzero((cap > 0) & (pay > 0))
    limit, price, worth = packing._best_price(server, rent, pay, cap, asked)
    values = {(0, 0): relaxed_value(server, 0, 0)}
    for r in range(2):
        for s in asked[server.need[r, asked] > 0].tolist():
            at = int(pay[s]) // int(server.need[r, s])
            values[r, at] = relaxed_value(server, r, at)
    found = int(frontiers(server.weight, worth, server.room)[0][1][-1]) + price * UNITS
    assert values[limit, price] == found == min(values.values())


def test_a_limit_has_no_price_at_which_its_units_leave_64_bits() -> None:
    server = slot(np.random.default_rng(0))
    server.need = np.ones_like(server.need)
    server.allowance = np.full_like(server.allowance, 7)
    server.cap = np.full_like(server.cap, 3)
    asked = np.arange(len(server.cap))
    server.service_model = np.zeros_like(server.service_model)
    server.room, server.rent = int(server.weight.sum()), np.zeros_like(server.rent)
    server.cap[:] = 50
    for headroom, price in ((7 * UNITS + 1, 7), (7 * UNITS, 0)):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(packing, "HEADROOM", headroom)
            found = packing._best_price(
                server, server.rent[:, 0], server.allowance[:, 0], server.cap[:, 0], asked
            )
        assert found[1] == price


def test_the_least_of_falling_and_rising_values_is_found() -> None:
    for length, least in ((n, at) for n in range(1, 9) for at in range(n)):
        prices = [10 * place for place in range(length)]
        for left, right in product((0, 1, 3), repeat=2):
            values = {
                price: (left * (least - place) if place < least else right * (place - least))
                for place, price in enumerate(prices)
            }
            assert values[packing._least(prices, values.__getitem__)] == 0


@given(SEEDS)
@settings(max_examples=200)
def test_all_sets_above_a_floor_are_listed_the_best_first(seed: int) -> None:
    rng = np.random.default_rng(seed)
    server = slot(rng)
    worth = rng.integers(0, 8, server.models)
    useful = np.flatnonzero((worth > 0) | (rng.random(server.models) < 0.5))
    tails = frontiers(server.weight, worth, server.room)
    extra, floor = int(rng.integers(0, 5)), int(rng.integers(0, 20))
    found = packing._sets(server, worth, tails, useful, extra, floor)
    expected = {
        tuple(np.flatnonzero(chosen).tolist()): int(np.dot(chosen, worth)) + extra
        for chosen in sets_that_fit(server)
        if set(np.flatnonzero(chosen).tolist()) <= set(useful.tolist())
    }
    assert {tuple(models): value for value, models in found} == {
        models: value for models, value in expected.items() if value > floor
    }
    assert len({tuple(models) for _, models in found}) == len(found)
    assert [value for value, _ in found] == sorted((value for value, _ in found), reverse=True)


@given(SEEDS)
@settings(max_examples=400)
def test_requests_of_a_set_are_packed_in_short_lists_as_far_as_they_tell(seed: int) -> None:
    """Whatever the length of the lists, what is found is a packing, and what is lost covers the rest."""
    rng = np.random.default_rng(seed)
    server = slot(rng)
    services = np.arange(len(server.cap))
    base, floor, limit = int(rng.integers(0, 10)), int(rng.integers(0, 12)), int(rng.integers(0, 2))
    best = max(floor, base + max(packings(server, services.tolist())))
    pay, cap = server.allowance[:, 0], server.cap[:, 0]
    assert packing._fill(server.need, pay, cap, services, limit, base, floor) == (best, 0)
    for longest in (1, 2, 3, 5):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(packing, "_LONGEST", longest)
            found, lost = packing._fill(server.need, pay, cap, services, limit, base, floor)
        assert floor <= found <= best <= max(found, lost)
        assert lost <= base + int((cap * pay).sum())


def test_a_list_is_cut_only_where_it_is_longer_than_allowed() -> None:
    """Three pairs, none to two requests: of three all stay, of one the second best counts as lost."""
    need, pay, cap = np.array([[1], [1]]), np.array([1]), np.array([2])
    for longest, lost in ((3, 0), (1, 1)):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(packing, "_LONGEST", longest)
            patch.setattr(packing, "_greedy", lambda *_: -1)
            assert packing._fill(need, pay, cap, np.array([0]), 0, 0, -1) == (2, lost)


def test_what_is_dropped_counts_with_what_the_room_it_leaves_could_still_pay() -> None:
    """At most two of (6 units, pays 6), then three of (4, 2): two A leave no room, one leaves 6 units."""
    need, pay, cap = np.array([[6, 4], [0, 0]]), np.array([6, 2]), np.array([2, 3])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(packing, "_LONGEST", 1)
        patch.setattr(packing, "_greedy", lambda *_: -1)
        # One A and 6 units of B, in halves rounded up and one more for the rest: 6 + (6 / 2 + 1).
        assert packing._fill(need, pay, cap, np.arange(2), 0, 0, -1) == (12, 10)


@given(SEEDS)
@settings(max_examples=300)
def test_as_many_requests_are_taken_in_order_as_fit(seed: int) -> None:
    rng = np.random.default_rng(seed)
    server = slot(rng)
    order = rng.permutation(len(server.cap)).tolist()
    used, value = np.zeros(2, dtype=np.int64), 5
    for s in order:
        for _ in range(int(server.cap[s, 0])):
            if np.all(used + server.need[:, s] <= UNITS):
                used += server.need[:, s]
                value += int(server.allowance[s, 0])
    pay, cap = server.allowance[:, 0], server.cap[:, 0]
    assert packing._greedy(server.need, pay, cap, order, 5) == value


@given(SEEDS)
@settings(max_examples=300)
def test_what_services_can_still_pay_is_capped_a_little_above_the_fractional_optimum(seed: int) -> None:
    """The last request is cut to fit; its pay for a unit, and the units left, are rounded up."""
    rng = np.random.default_rng(seed)
    server = slot(rng)
    limit, fine = int(rng.integers(0, 2)), int(rng.integers(0, 3))
    need, pay, cap = server.need[limit], server.allowance[:, 0], server.cap[:, 0]
    order = sorted(range(len(cap)), key=lambda s: packing._per_unit(int(pay[s]), int(need[s])))
    order = order[: int(rng.integers(0, len(order) + 1))]
    rooms = np.arange(UNITS + 1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(packing, "_FINE", fine)
        capped = packing._rest(server.need, pay, cap, order, limit, rooms)
    for room, most in zip(rooms.tolist(), capped.tolist(), strict=True):
        left, exact, rounded = room, Fraction(0), Fraction(0)
        for s in order:
            whole, units = int(cap[s]) * int(pay[s]), int(cap[s]) * int(need[s])
            if units <= left:
                exact, rounded, left = exact + whole, rounded + whole, left - units
                continue
            exact += Fraction(int(pay[s]) * left, int(need[s]))
            rate = -(-(int(pay[s]) << fine) // int(need[s]))
            rounded += min(whole, rate * ((left >> fine) + 1))
            break
        assert exact <= most == rounded


def test_services_that_need_nothing_come_first_then_the_densest() -> None:
    pairs = [(3, 0), (1, 0), (9, 1), (5, 1), (9, 2), (4, 1), (1, 3)]
    mixed = [pairs[place] for place in (5, 2, 0, 6, 1, 4, 3)]
    assert sorted(mixed, key=lambda pair: packing._per_unit(*pair)) == pairs
    assert packing._per_unit(2, 4) == packing._per_unit(1, 2)


def test_values_to_beat_fall_to_nothing() -> None:
    """At first sets within a thousandth of the best are looked at, at last all."""
    assert packing._floors(1 << 20) == [(1 << 20) - (1 << 20 - shift) for shift in (10, 8, 6, 4, 2)] + [0]
