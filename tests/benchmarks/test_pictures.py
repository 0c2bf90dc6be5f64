"""What the report draws: an auction as it was held, and caches within their room on the page."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from edgeopt.benchmarks import Settings, pictures, run_benchmark
from edgeopt.benchmarks.auction_task import AuctionTask, auction
from edgeopt.benchmarks.cases import ScenarioCase, cases
from edgeopt.benchmarks.journal import Journal
from edgeopt.benchmarks.pictures import pictures as drawn
from edgeopt.mechanisms import Market, optimal_welfare
from edgeopt.mechanisms.dda import DoubleDutchAuction
from edgeopt.problem import scenario

CASE = ScenarioCase("hotset", "small")


def test_an_auction_is_the_market_of_its_slot_and_ends_as_it_is_cleared() -> None:
    held = json.loads(json.dumps(auction(AuctionTask(CASE)), allow_nan=False))
    instance = scenario("hotset", size="small", seed=0, split="test")
    place = {name: model for model, name in enumerate(instance.model_names)}
    market = Market(held["values"], held["costs"])
    outcome = DoubleDutchAuction().clear(market)
    assert held["traded"] == [list(pair) for pair in zip(outcome.buyers, outcome.sellers, strict=True)]
    assert held["price"] == pytest.approx(float(outcome.price))
    assert held["first_best"] == pytest.approx(float(optimal_welfare(market)))
    heard = [each for side in ("buyers", "sellers") for happened in held["rounds"] for each in happened[side]]
    assert len(heard) == outcome.messages - 2 - sum(
        now[clock] != before[clock]
        for before, now in zip(held["rounds"], held["rounds"][1:], strict=False)
        for clock in ("buyer_clock", "seller_clock")
    )
    # a buyer is a model that is asked for: worth what its requests save, less the share of a load
    slot = held["slot"]
    for name, value in zip(held["buyers"], held["values"], strict=True):
        mine = instance.service_model == place[name]
        saving = np.maximum(instance.saving[0, :, 0], 0.0)
        worth = (instance.requests[slot, 0] * saving)[mine].sum()
        assert value == pytest.approx(worth - held["load_share"] * instance.load_cost[0, place[name]])
    rules = {each["rule"]: each for each in held["rules"]}
    assert rules["vcg"]["welfare"] == pytest.approx(held["first_best"])
    assert rules["double-dutch"]["trades"] == len(held["traded"])
    assert all(each["welfare"] <= held["first_best"] * (1 + 1e-9) for each in held["rules"])


def test_an_auction_of_nothing_says_so() -> None:
    found = auction(AuctionTask(ScenarioCase("stationary", "small", slots=1)))
    assert found == {"unavailable": "no trade of cached models gains anything in any slot"}


def test_caches_beyond_their_room_are_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """First all servers but the one that was asked for, then the dearest plans."""
    settings = Settings(
        scenarios=("hotset",), sizes=("small",), slots=12, servers=3, policies=("lru", "fifo", "cloud-only"),
        seeds=1, tune_budget=0, timeline_server=1, illustrations=False,
    )  # fmt: skip
    result = run_benchmark(settings, tmp_path, workers=1)
    with Journal.open(tmp_path) as journal:
        results = dict(journal.results)

    def caches(room: int) -> pictures.Caches:
        monkeypatch.setattr(pictures, "MOST_TEXT", room)
        return drawn(settings, cases(settings), results, result.summaries)[0].caches

    whole = caches(10**6)
    assert next(iter(whole.plans)) == "reference"
    assert set(whole.plans) == {"reference", "lru", "fifo"}, "the cloud alone caches nothing"
    assert whole.server == 1
    least = caches(0)
    assert list(least.plans) == ["reference"]
    assert least.server == 0
    assert least.world["servers"] == [whole.world["servers"][1]]
    assert least.world["demand"] == [whole.world["demand"][1]]
    assert least.plans["reference"]["context"] == [whole.plans["reference"]["context"][1]]
