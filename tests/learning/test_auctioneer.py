"""The learned auctioneer: what it may look at, what it saves, and what it refuses to read."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgeopt.learning.auctioneer import (
    FAMILIES,
    KINDS,
    ORACLES,
    ClockAuctioneer,
    Past,
    Prior,
    Sequences,
    Statistics,
    draw_sequences,
    tune,
)
from edgeopt.learning.auctioneer.families import family
from edgeopt.learning.auctioneer.play import Played, continuous, optimum, play
from edgeopt.learning.auctioneer.training import kept_share, lower_bound
from edgeopt.mechanisms import Market, Markets, audit
from edgeopt.mechanisms.dda import DoubleDutchAuction, TruthfulDoubleDutchAuction
from edgeopt.mechanisms.dda.critical import CriticalTickAuction
from edgeopt.mechanisms.dda.rows import clear_rows
from edgeopt.problem.errors import InvalidFile, InvalidOption

SMALL = draw_sequences(4, 6, seed=0)
OTHER = draw_sequences(4, 6, seed=1)


@cache
def prior() -> Prior:
    return Prior.of(SMALL, continuous(SMALL, DoubleDutchAuction())[1])


@cache
def auctioneer(information: str = "prices") -> ClockAuctioneer:
    return ClockAuctioneer.train(SMALL, OTHER, information=information, evaluations=32)  # type: ignore[arg-type]


@settings(max_examples=30)
@given(st.sampled_from([*FAMILIES, *ORACLES]), st.integers(0, 10**6))
def test_every_vector_gives_ticks_and_closed_loop_play(name: str, seed: int) -> None:
    """Wild vectors too: the search may try anything."""
    chosen = (FAMILIES | ORACLES)[name]
    thetas = 3 * np.random.default_rng(seed).standard_normal((2, chosen.dimension))
    held = play(chosen, thetas, SMALL, prior(), TruthfulDoubleDutchAuction())
    assert held.messages.shape == (2, 4, 6)
    assert (held.messages > held.rounds).all()
    assert (held.welfare <= optimum(SMALL) + 1e-9).all()


def test_play_is_what_the_auctioneer_does_market_by_market() -> None:
    """The batched simulation that it was trained in, against schedule() and the auction itself."""
    found = auctioneer()
    auction = TruthfulDoubleDutchAuction()
    held = play(found.family, found.theta[None], OTHER, found.prior, auction)
    past: list[Past] = []
    for t in range(OTHER.length):
        market = OTHER.market(2, t)
        numbers, phase = (len(market.values), len(market.costs)), float(OTHER.phase[t])
        ticks = found.schedule(Statistics(*numbers, tuple(past), phase))
        outcome = replace(auction, ticks=ticks).clear(market)
        assert (outcome.rounds, outcome.messages) == (held.rounds[0, 2, t], held.messages[0, 2, t])
        assert outcome.welfare(market) == pytest.approx(held.welfare[0, 2, t])
        price = clear_rows(auction, Markets(market.values[None], market.costs[None]), ticks).price[0]
        past.append(Past(None if np.isnan(price) else float(price), *numbers, phase))


def test_with_prior_information_no_price_moves_a_tick() -> None:
    cautious, adaptive = auctioneer("prior"), auctioneer("prices")
    calm, wild = (
        Statistics(8, 9, tuple(Past(price, 8, 9) for price in prices), 0.25)
        for prices in ((50.0, 51.0), (5.0, 95.0))
    )
    assert cautious.schedule(calm) == cautious.schedule(wild)
    assert adaptive.schedule(calm) != adaptive.schedule(wild)


def test_learned_ticks_are_certified_with_critical_ticks_and_not_with_one_price() -> None:
    ticks = auctioneer().schedule(Statistics(4, 4, (Past(48.0, 4, 4),)))
    market = Market([60, 56, 49, 44], [40, 45, 50, 52])
    assert audit(CriticalTickAuction(TruthfulDoubleDutchAuction(ticks=ticks)), market).truthful == "certified"
    assert audit(DoubleDutchAuction(ticks=ticks), market).truthful == "refuted"


def test_same_seed_same_auctioneer_and_files_keep_it(tmp_path: Path) -> None:
    first, second = auctioneer(), ClockAuctioneer.train(SMALL, OTHER, evaluations=32)
    assert np.array_equal(first.theta, second.theta)
    first.save(tmp_path / "made")
    again = ClockAuctioneer.load(tmp_path / "made")
    statistics = Statistics(7, 9, (Past(40.0, 8, 8), Past(None, 1, 1), Past(43.0, 6, 9, 0.9)), 0.5)
    assert again.schedule(statistics) == first.schedule(statistics)
    assert again.information == "prices"


def test_training_keeps_its_promise_where_it_can() -> None:
    """At a loose promise: fewer messages than the untrained vector takes, on the markets it was chosen on."""
    found = tune(family("learned"), DoubleDutchAuction(), SMALL, OTHER, loss=0.1, evaluations=160)
    exact, _ = continuous(OTHER, DoubleDutchAuction())
    held = play(found.family, found.theta[None], OTHER, found.prior, DoubleDutchAuction())
    assert held.messages.mean() == pytest.approx(found.messages)
    assert kept_share(held, exact)[0] == pytest.approx(found.kept)
    assert found.kept >= 0.9
    untrained = play(
        found.family, np.zeros((1, found.family.dimension)), OTHER, found.prior, DoubleDutchAuction()
    )
    assert found.messages < untrained.messages.mean()


def test_an_oracle_is_told_what_sequences_must_say() -> None:
    unsaid = replace(SMALL, levels=None)
    with pytest.raises(InvalidOption, match="sequences with levels"):
        play(ORACLES["told the level"], np.zeros((1, 5)), unsaid, prior(), TruthfulDoubleDutchAuction())


def test_welfare_is_promised_with_confidence() -> None:
    """Of two sequences of welfare 10, 9 and 10 are kept: 0.95 less 1.645 standard errors of 0.05."""
    exact = Played(*(np.full((1, 2, 1), 10.0) for _ in range(3)))
    held = Played(*(np.array([[[9.0], [10.0]]]) for _ in range(3)))
    assert lower_bound(held, exact) == pytest.approx([0.95 - 1.645 * 0.05])
    assert lower_bound(exact, exact) == pytest.approx([1.0])


@pytest.mark.parametrize("kind", KINDS)
def test_sequences_are_of_their_kind(kind: str) -> None:
    drawn = draw_sequences(8, 48, seed=3, kinds=(kind,))
    again = draw_sequences(8, 48, seed=3, kinds=(kind,))
    assert np.array_equal(drawn.values, again.values)
    assert ((drawn.buyers >= 6) & (drawn.buyers <= 14)).all()
    _, prices = continuous(drawn, DoubleDutchAuction())
    within = np.abs(np.diff(prices, axis=1)).mean()
    across = np.nanstd(prices, axis=1).mean()
    assert across < 5 if kind == "stationary" else across > 5
    assert within < 12


def _break(path: Path, **changes: object) -> None:
    content = json.loads(path.read_text())
    content.update(changes)
    path.write_text(json.dumps(content))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"theta": [0.0]}, "theta: 5 finite numbers"),
        ({"theta": ["inf"] * 5}, "theta: 5 finite numbers"),
        ({"price": [[1.0]]}, "price has shape"),
        ({"range": [5.0, 1.0]}, "price range"),
        ({"model": [0.0] * 10}, "model has shape"),
        ({"model": [0.0] * 11}, "bottom below top"),
        ({"model": [0.0, 99.0] + [0.0] * 8 + [1.0]}, "out of range"),
        ({"uses_prices": [2]}, "0 or 1 is expected"),
        ({"values": list(range(101, 0, -1))}, "101 percentiles"),
        ({"values": ["__import__('os')"] * 101}, "not a regular array"),
        ({"edgeopt": "instance/1"}, "expected 'clock-auctioneer/2'"),
        ({"extra": [1]}, "unknown entry"),
    ],
)
def test_malformed_files_are_refused_in_one_line(
    tmp_path: Path, changes: dict[str, object], message: str
) -> None:
    ClockAuctioneer(family("learned"), np.zeros(5), prior()).save(tmp_path)
    _break(tmp_path / "auctioneer.json", **changes)
    with pytest.raises(InvalidFile, match=message) as caught:
        ClockAuctioneer.load(tmp_path)
    assert "\n" not in str(caught.value)


def test_missing_and_torn_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidFile, match="cannot be read"):
        ClockAuctioneer.load(tmp_path / "nowhere")
    (tmp_path / "auctioneer.json").write_text('{"edgeopt": "clock-auct')
    with pytest.raises(InvalidFile):
        ClockAuctioneer.load(tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(InvalidFile, match="cannot be made"):
        auctioneer().save(tmp_path / "file" / "below")


def test_bad_options_are_refused() -> None:
    with pytest.raises(InvalidOption, match="kind"):
        draw_sequences(1, 1, seed=0, kinds=("moon",))
    with pytest.raises(InvalidOption, match="information"):
        ClockAuctioneer.train(SMALL, OTHER, information="reports")  # type: ignore[arg-type]
    with pytest.raises(InvalidOption, match="loss"):
        tune(family("fixed"), DoubleDutchAuction(), SMALL, OTHER, loss=2.0)
    with pytest.raises(InvalidOption, match="family"):
        ClockAuctioneer(family("fixed"), np.zeros(1), prior())
    with pytest.raises(InvalidOption, match="family 'wild'"):
        family("wild")
    with pytest.raises(InvalidOption, match="phase"):
        Statistics(1, 1, phase=1.0)
    with pytest.raises(InvalidOption, match="price is nan"):
        Past(float("nan"), 1, 1)
    with pytest.raises(InvalidOption, match="outside the price range"):
        Sequences(np.full((1, 1, 1), 101.0), np.ones((1, 1, 1)), np.zeros(1))
    wide = Sequences(SMALL.values, SMALL.costs, SMALL.phase, high=200.0)
    with pytest.raises(InvalidOption, match="different price ranges"):
        tune(family("fixed"), DoubleDutchAuction(), SMALL, wide)
