"""Certificates: a sweep follows what its definition says, to the unit, whatever it is told lies ahead."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from certificates import PlainChain, all_served, drawn_server, fresh, most_saved
from hypothesis import given, settings
from hypothesis import strategies as st

from edgeopt.solvers.certificate import sweep
from edgeopt.solvers.certificate.chains import Chain
from edgeopt.solvers.certificate.knapsack import frontiers
from edgeopt.solvers.certificate.sweep import Sweep, _Step
from edgeopt.solvers.certificate.whole import WholeServer

SEEDS = st.integers(0, 2**32 - 1)


def sweep_of(server: WholeServer, *, slack: int = 10**6, width: int = 10**6) -> Sweep:
    chains = [Chain.of(server, m) for m in range(server.models)]
    fronts = [frontiers(server.weight, server.rent[:, t], server.room) for t in range(server.slots)]
    return Sweep(server, chains, fronts, slack, width)


# ---------------------------------------------------------------- the same in plain Python


class PlainSweep:
    """States are sets of what a model's contexts may be; a set of none is a model that was absent."""

    def __init__(self, server: WholeServer) -> None:
        self.server = server
        self.chains = [PlainChain(server, m) for m in range(server.models)]
        self.nodes: list[list[frozenset[Any]]] = []
        for m in range(server.models):
            begun = tuple(fresh(server, m).items())
            reached = [frozenset([begun])]
            for t in range(server.slots):
                reached.append(frozenset([begun]) | self.moved(reached[-1], t))
            self.nodes.append(reached)
        self.tied = False

    def moved(self, contexts: frozenset[Any], t: int) -> frozenset[Any]:
        return frozenset(tuple(all_served(self.server, dict(each), t).items()) for each in contexts)

    def options(self, m: int, t: int, state: Any) -> tuple[int, int, frozenset[Any]]:
        """Least excess of leaving and of staying, and the contexts after staying."""
        server, chain = self.server, self.chains[m]
        begun = tuple(chain.start.items())
        values, contexts = [], set()
        if state in ("unknown", frozenset()):
            values.append(chain.present(t, chain.start) - int(server.load[m]))
            contexts.add(begun)
        if state != frozenset():
            stays = self.nodes[m][t] if state == "unknown" else state
            values += [chain.present(t, dict(each)) for each in stays]
            contexts |= stays
        away = chain.absent(t + 1)
        leave = min(max(value - away, 0) for value in values)
        stay = min(max(away - value, 0) for value in values)
        return leave, stay, self.moved(frozenset(contexts), t)

    def dearest(self, m: int, t: int, room: int) -> int:
        """The dearest set of the models from m on."""
        if m == self.server.models:
            return 0
        without = self.dearest(m + 1, t, room)
        if room < self.server.weight[m]:
            return without
        taken = self.dearest(m + 1, t, room - int(self.server.weight[m]))
        return max(without, taken + int(self.server.rent[m, t]))

    def run(self, begin: int, end: int, ahead: list[int], limit: int, width: int, pool: int) -> int:
        """Least excess from ``begin`` to ``end``, at most the limit; `tied` if what is dropped is a toss."""
        server = self.server
        states: dict[tuple[Any, ...], int] = {("unknown" if begin else frozenset(),) * server.models: 0}
        for t in range(begin, end):
            grown = [
                (self.dearest(0, t, server.room) + spent, server.room, state, ())
                for state, spent in states.items()
            ]
            for m in range(server.models):
                split = []
                for excess, room, state, then in grown:
                    leave, stay, moved = self.options(m, t, state[m])
                    split.append((excess + leave, room, state, (*then, frozenset())))
                    if room >= server.weight[m]:
                        paid, left = excess + stay - int(server.rent[m, t]), room - int(server.weight[m])
                        split.append((paid, left, state, (*then, moved)))
                lowest = [
                    excess - self.dearest(m + 1, t, room) + ahead[t + 1] for excess, room, _, _ in split
                ]
                order = [i for i in np.argsort(lowest, kind="stable").tolist() if lowest[i] < limit]
                limit, order = self.cut(order, lowest, limit, pool * width)
                grown = [split[i] for i in order]
            best: dict[tuple[Any, ...], int] = {}
            for excess, _, _, then in grown:
                best[then] = min(excess, best.get(then, excess))
            kept, values = list(best), [excess + ahead[t + 1] for excess in best.values()]
            limit, order = self.cut(np.argsort(values, kind="stable").tolist(), values, limit, width)
            states = {kept[i]: best[kept[i]] for i in order}
        return min([limit, *(spent + ahead[end] for spent in states.values())])

    def cut(self, order: list[int], values: list[int], limit: int, most: int) -> tuple[int, list[int]]:
        if len(order) <= most:
            return limit, order
        self.tied |= values[order[most - 1]] == values[order[most]]
        return min(limit, values[order[most]]), order[:most]


@given(SEEDS)
@settings(max_examples=150)
def test_sweeps_side_by_side_find_what_each_finds_alone_in_plain_python(seed: int) -> None:
    """From nothing or from an unknown state, to any end, with anything charged in advance."""
    rng = np.random.default_rng(seed)
    server = drawn_server(rng, slots=4)
    plain, slots = PlainSweep(server), server.slots
    ahead = np.sort(rng.integers(0, 4, slots + 1) * (rng.random() < 0.7))[::-1].tolist()
    begins = rng.integers(0, slots, 3).tolist()
    ends = [int(rng.integers(begin + 1, slots + 1)) for begin in begins]
    limits = rng.integers(1, 40, 3).tolist()
    found = sweep_of(server)._runs(begins, ends, ahead, limits)
    cases = list(zip(begins, ends, limits, strict=True))
    assert found == [plain.run(begin, end, ahead, limit, 10**6, 8) for begin, end, limit in cases]
    begin, end, limit = cases[0]
    assert sweep_of(server)._run(begin, end, ahead, limit) == found[0]


@given(SEEDS)
@settings(max_examples=250)
def test_the_least_of_what_is_dropped_limits_what_is_found(seed: int) -> None:
    """With little room for states and for candidates, where it is clear which are the worst."""
    rng = np.random.default_rng(seed)
    server = drawn_server(rng, slots=4)
    scale = 1 << 20  # ties are rare
    rent, load = server.rent * scale, server.load * scale
    server = replace(
        server,
        rent=rent + rng.integers(0, scale, rent.shape),
        load=load + rng.integers(0, scale, load.shape),
        saving=server.saving * scale,
        charge=server.charge * scale,
    )
    ahead = np.sort(rng.integers(0, scale, server.slots + 1) * (rng.random() < 0.5))[::-1].tolist()
    width, pool = int(rng.integers(1, 4)), int(rng.integers(1, 3))
    begins = [0, int(rng.integers(0, server.slots))]
    ends, limits = [server.slots] * 2, [40 * scale, int(rng.integers(1, 20)) * scale]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sweep, "_POOL", pool)
        found = sweep_of(server, width=width)._runs(begins, ends, ahead, limits)
    for begin, end, limit, least in zip(begins, ends, limits, found, strict=True):
        plain = PlainSweep(server)
        expected = plain.run(begin, end, ahead, limit, width, pool)
        assert plain.tied or least == expected
        assert least <= limit


# ---------------------------------------------------------------- what is proved of all slots


@given(SEEDS)
@settings(max_examples=150)
def test_a_sweep_with_room_finds_the_least_excess_of_all_plans(seed: int) -> None:
    """Up to its slack; whatever the length of its blocks, and with every claim that a sweep finds true."""
    rng = np.random.default_rng(seed)
    server = drawn_server(rng)
    alone, together = most_saved(server)
    slack = int(rng.integers(1, 20))
    exact = min(slack, alone - together)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sweep, "_BLOCK", int(rng.integers(1, 4)))
        patch.setattr(sweep, "_STRIDE", int(rng.integers(1, 3)))
        assert sweep_of(server, slack=slack).least_excess() == exact
    nothing = [0] * (server.slots + 1)
    true = [sweep_of(server)._run(t, server.slots, nothing, slack) if t else 0 for t in range(server.slots)]
    told = replace(server, ahead=[*true, 0])
    assert sweep_of(told, slack=slack).least_excess() == exact


@given(SEEDS)
@settings(max_examples=300)
def test_no_claims_and_no_lack_of_room_make_a_sweep_find_more_than_there_is(seed: int) -> None:
    rng = np.random.default_rng(seed)
    server = drawn_server(rng)
    alone, together = most_saved(server)
    slack = int(rng.integers(1, 20))
    for width, pool in ((1, 1), (2, 8), (1000, 8)):
        claims = np.cumsum(rng.integers(0, 3, server.slots + 1) * (rng.random() < 0.8))[::-1]
        told = replace(server, ahead=(claims - claims[-1]).tolist())
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(sweep, "_POOL", pool)
            patch.setattr(sweep, "_BLOCK", 2)
            patch.setattr(sweep, "_STRIDE", 1)
            patch.setattr(sweep, "_SPAN", int(rng.integers(1, 4)))
            assert 0 <= sweep_of(told, slack=slack, width=width).least_excess() <= alone - together


def test_longer_blocks_are_tried_where_short_ones_prove_too_little(monkeypatch: pytest.MonkeyPatch) -> None:
    subject = sweep_of(drawn_server(np.random.default_rng(0)), slack=10)
    for short, long, least, tried in ((10, 99, 10, 1), (4, 7, 7, 2), (5, 3, 5, 2)):
        asked: list[tuple[int, int]] = []

        def swept(_: Sweep, block: int, stride: int, values: Any = (short, long), asked: Any = asked) -> int:
            asked.append((block, stride))
            return values[len(asked) - 1]

        monkeypatch.setattr(Sweep, "_swept", swept)
        assert subject.least_excess() == least
        assert asked == [(25, 5), (80, 10)][:tried]


def test_what_lies_ahead_is_found_in_blocks_from_the_last(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks of 5 slots, 3 apart, of 12: what one finds is charged to the slots before it."""
    server = replace(drawn_server(np.random.default_rng(0)), cap=np.zeros((1, 12), dtype=np.int64))
    asked: list[Any] = []
    values = iter((4, 2, 7))

    def least_from(_: Sweep, begin: int, end: int, ahead: list[int]) -> int:
        asked.append((begin, end, [*ahead]))
        return next(values)

    monkeypatch.setattr(Sweep, "_least_from", least_from)
    monkeypatch.setattr(Sweep, "_run", lambda _, *words: words)
    last = Sweep(server, [], [], 20, 1)._swept(5, 3)
    assert asked == [
        (9, 12, [0] * 13),
        (6, 11, [4] * 10 + [0] * 3),
        (3, 8, [4] * 10 + [0] * 3),
    ]
    assert last == (0, 12, [7] * 4 + [4] * 6 + [0] * 3, 20)


@pytest.mark.parametrize(
    ("slack", "least", "limits"),
    [
        (100, 37, [4, 5, 7, 11, 19, 35, 67]),
        (100, 5, [4, 5, 7]),
        (128, 5, [5, 7]),
        (1000, 37, [18, 33, 63]),
        (30, 99, [4, 5, 7, 11, 19, 30]),
        (3, 2, [3]),
    ],
)
def test_a_block_is_swept_with_limits_that_rise_from_what_is_known(
    monkeypatch: pytest.MonkeyPatch, slack: int, least: int, limits: list[int]
) -> None:
    tried: list[int] = []

    def run(_: Sweep, begin: int, end: int, ahead: list[int], limit: int) -> int:
        assert (begin, end, ahead) == (1, 2, [9, 9, 3, 0])
        tried.append(limit)
        return min(limit, least)

    monkeypatch.setattr(Sweep, "_run", run)
    server = drawn_server(np.random.default_rng(0))
    assert Sweep(server, [], [], slack, 1)._least_from(1, 2, [9, 9, 3, 0]) == min(slack, least)
    assert tried == limits


# ---------------------------------------------------------------- claims


def claimed(
    monkeypatch: pytest.MonkeyPatch, claims: list[int], found: list[int], whole: int, slack: int
) -> tuple[int, list[Any]]:
    """What is proved if sweeps from each claim find this, and that of all slots `whole`."""
    slots = len(claims) - 1
    server = replace(
        drawn_server(np.random.default_rng(0)), cap=np.zeros((1, slots), dtype=np.int64), ahead=claims
    )
    asked: list[Any] = []
    values = iter(found)

    def several(
        _: Sweep, begins: list[int], ends: list[int], ahead: list[int], limits: list[int]
    ) -> list[int]:
        asked.append((begins, ends, ahead, limits))
        return [whole] if begins == [0] else [next(values) for _ in begins]

    monkeypatch.setattr(Sweep, "_runs", several)
    monkeypatch.setattr(sweep, "_ABREAST", 2)
    monkeypatch.setattr(sweep, "_SPAN", 3)
    return Sweep(server, [], [], slack, 1).least_excess(), asked


def test_every_claim_that_adds_to_a_later_one_is_swept(monkeypatch: pytest.MonkeyPatch) -> None:
    """Claims 3 from slot 7, 5 from 4, 20 (of which 9 are of use) from 2, 1 from 1: three sweeps, two abreast.

    What is claimed from the first slot on needs no sweep of its own, and adds nothing.
    """
    ahead = [9, 9, 9, 5, 5, 3, 3, 3, 0]
    claims = [50, 1, 20, 0, 5, 3, 2, 3, 0]
    proved, asked = claimed(monkeypatch, claims, [3, 5, 9], 0, 9)
    assert asked == [([7, 4], [8, 7], ahead, [3, 5]), ([2], [5], ahead, [9])]
    assert proved == 9


@pytest.mark.parametrize(
    ("found", "whole", "proved"),
    [
        ([3, 5, 8], 12, 12),  # all true
        ([3, 5, 8], 7, 8),  # the sweep of all slots ran out of room
        ([2, 5, 8], 12, 11),  # one too high by 1: all before it count 1 less
        ([3, 3, 8], 12, 10),  # one too high by 2
        ([1, 4, 8], 12, 9),  # by 2, then another by 1 more
        ([0, 0, 0], 12, 4),  # as if nothing had been claimed: 12 less the highest claim
        ([3, 5, 6], 0, 6),
    ],
)
def test_claims_that_are_not_met_are_lowered_with_all_before_them(
    monkeypatch: pytest.MonkeyPatch, found: list[int], whole: int, proved: int
) -> None:
    claims = [0, 8, 0, 5, 0, 3, 0]
    lowered, asked = claimed(monkeypatch, claims, found, whole, 12)
    assert lowered == proved
    assert asked[-1] == ([0], [6], [8, 8, 5, 5, 3, 3, 0], [12])


@given(SEEDS)
@settings(max_examples=60)
def test_claims_prove_the_same_however_many_sweeps_go_abreast(seed: int) -> None:
    rng = np.random.default_rng(seed)
    server = drawn_server(rng)
    claims = np.cumsum(rng.integers(0, 3, server.slots + 1))[::-1].tolist()
    told = replace(server, ahead=claims)
    proved = set()
    for abreast in (1, 2, 64):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(sweep, "_ABREAST", abreast)
            proved.add(sweep_of(told, slack=12).least_excess())
    assert len(proved) == 1


# ---------------------------------------------------------------- its parts


@given(SEEDS)
@settings(max_examples=150)
def test_every_code_of_a_model_stands_for_what_its_contexts_may_be(seed: int) -> None:
    """Unknown, absent, each node, and each node or any later one: the excess either way, and what follows."""
    server = drawn_server(np.random.default_rng(seed), slots=6)
    plain = PlainSweep(server)
    for m in range(server.models):
        chain = Chain.of(server, m)
        start, services = chain.contexts.start, server.members[m].tolist()
        meanings = []
        for t in range(server.slots):
            units = chain.contexts.units[start[t] : start[t + 1]].tolist()
            nodes = [tuple(zip(services, node, strict=True)) for node in units]
            later = [frozenset(nodes[place:]) for place in range(len(nodes))]
            meanings.append(["unknown", frozenset(), *(frozenset([node]) for node in nodes), *later])
        for t in range(server.slots):
            step = _Step.of(server, chain, m, t)
            assert len(step.leave) == len(step.stay) == len(step.after) == len(meanings[t])
            for code, meaning in enumerate(meanings[t]):
                leave, stay, moved = plain.options(m, t, meaning)
                assert (step.leave[code], step.stay[code]) == (leave, stay)
                if t + 1 < server.slots:
                    after = int(step.after[code])
                    assert meanings[t + 1][after] == moved
                    assert after == meanings[t + 1].index(moved)  # equal states have equal codes


@given(SEEDS)
@settings(max_examples=150)
def test_states_that_are_equal_are_kept_once_the_best_of_every_run_first(seed: int) -> None:
    """Whether or not the codes of a state fit one number."""
    rng = np.random.default_rng(seed)
    size, width = int(rng.integers(0, 12)), int(rng.integers(1, 4))
    run = rng.integers(0, 3, size)
    state = rng.integers(0, 3, (size, 3)) << int(rng.choice([0, 20, 21, 32, 40]))
    spent = rng.permutation(size)
    best: dict[tuple[int, ...], int] = {}
    for place in np.argsort(spent).tolist():
        best.setdefault((int(run[place]), *state[place].tolist()), place)
    kept, dropped = sweep._distinct(run, state, spent, width)
    expected = {r: [place for key, place in best.items() if key[0] == r] for r in range(3)}
    assert sorted(kept) == sorted(place for places in expected.values() for place in places[:width])
    assert sorted(dropped) == sorted(place for places in expected.values() for place in places[width:])


@pytest.mark.parametrize(
    ("run", "state"),
    [
        ([0, 0, 0], [[0, 5], [2**32, 5], [0, 2**32 - 1]]),  # 2^32 times 2^32 codes would wrap to 0
        ([0, 0, 0], [[0, 5, 5], [2**20, 5, 5], [2**22 - 1] * 3]),
        ([0, 8, 8], [[5], [5], [2**61 - 1]]),  # as would eight runs of 2^61 codes
    ],
)
def test_codes_that_wrap_around_do_not_make_states_equal(run: list[int], state: list[list[int]]) -> None:
    kept, dropped = sweep._distinct(np.array(run), np.array(state), np.arange(3), 3)
    assert (sorted(kept.tolist()), dropped.tolist()) == ([0, 1, 2], [])


def test_the_least_values_of_every_run_are_told_from_the_others() -> None:
    run, value = np.array([2, 0, 2, 0, 2, 0]), np.array([5, 3, 1, 2, 4, 9])
    for most, inside in ((1, [3, 2]), (2, [3, 1, 2, 4]), (3, [3, 1, 5, 2, 4, 0])):
        best, others = sweep._best(run, value, most)
        assert best.tolist() == inside
        assert sorted([*best.tolist(), *others.tolist()]) == list(range(6))
    least = np.array([1, 7, 8])
    sweep._lower(least, run, value)
    assert least.tolist() == [1, 7, 1]
    sweep._lower(least, np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64))
    assert least.tolist() == [1, 7, 1]
