"""Schedules of ticks: chosen on the prior, cheap in rounds, within the loss that was allowed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from edgeopt.mechanisms import Markets
from edgeopt.mechanisms.dda import DoubleDutchAuction, TruthfulDoubleDutchAuction
from edgeopt.mechanisms.dda.schedules import FAMILIES, fewest_rounds, measured, schedule_table, schedules
from edgeopt.problem.errors import InvalidOption


def sample(seed: int, count: int = 80) -> Markets:
    random = np.random.default_rng(seed)
    return Markets(random.integers(1, 100, (count, 5)), random.integers(1, 100, (count, 4)))


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("auction", [DoubleDutchAuction(), TruthfulDoubleDutchAuction()], ids=str)
def test_the_chosen_schedule_keeps_its_promise_and_no_other_is_shorter(
    family: str, auction: DoubleDutchAuction
) -> None:
    prior = sample(0)
    chosen = fewest_rounds(auction, family, prior, 0.05)  # type: ignore[arg-type]
    floor = 0.95 * measured(auction, prior).welfare
    assert chosen.welfare >= floor
    for ticks in schedules(family, prior):  # type: ignore[arg-type]
        other = measured(replace(auction, ticks=ticks), prior)
        assert other.rounds >= chosen.rounds or other.welfare < floor


def test_a_looser_promise_takes_fewer_rounds() -> None:
    prior = sample(1)
    rounds = [fewest_rounds(DoubleDutchAuction(), "fixed", prior, loss).rounds for loss in (0.001, 0.02, 0.2)]
    assert rounds == sorted(rounds, reverse=True)
    assert rounds[0] > rounds[-1]


def test_table_finds_the_regret_of_one_price_and_none_worth_a_tick_of_truthful_clearing() -> None:
    tables = {
        truthful: schedule_table(
            TruthfulDoubleDutchAuction() if truthful else DoubleDutchAuction(),
            sample(2),
            sample(3, 12),
            loss=0.2,
            searched=4,
        )
        for truthful in (False, True)
    }
    assert [x.family for x in tables[True]] == ["continuous", "ticks of 1", *FAMILIES]
    assert tables[False][0].welfare == 1.0
    assert max(x.regret for x in tables[False] if x.regret is not None) > 0
    for schedule in tables[True]:
        if schedule.ticks is not None and schedule.regret is not None:
            widest = max(np.abs(np.diff([float(x) for x in schedule.ticks.buyers])))
            assert 0 <= schedule.regret < widest


def test_impossible_promise_is_one_clear_line() -> None:
    random = np.random.default_rng(4)
    close = Markets(50 + random.random((200, 3)), 50 + random.random((200, 3)))
    with pytest.raises(InvalidOption, match="no fixed schedule loses 0 or less"):
        fewest_rounds(DoubleDutchAuction(), "fixed", close, 0.0)
    with pytest.raises(InvalidOption, match="loss is 2"):
        fewest_rounds(DoubleDutchAuction(), "fixed", sample(4), 2)
    with pytest.raises(InvalidOption, match="family is 'fine'"):
        list(schedules("fine", sample(4)))  # type: ignore[arg-type]
