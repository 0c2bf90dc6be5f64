"""Clock schedules: how many rounds and messages a stated loss of welfare saves, and what regret it leaves."""

from __future__ import annotations

import numpy as np

from ...mechanisms import Markets
from ...mechanisms.dda import DoubleDutchAuction, TruthfulDoubleDutchAuction
from ...mechanisms.dda.clocks import ClockAuction
from ...mechanisms.dda.schedules import schedule_table
from ..study import Report, percent

SIDES = ((10, 10), (20, 5))
"""Buyers and sellers; values and costs are whole numbers from 1 to 99, all equally likely."""
LOSS = 0.01


def run(quick: bool) -> Report:
    """Choose schedules on one sample of markets and measure them on another."""
    count = 200 if quick else 5000
    auctions: dict[str, ClockAuction] = {
        "double Dutch": DoubleDutchAuction(),
        "truthful double Dutch": TruthfulDoubleDutchAuction(),
    }
    rows, findings = [], []
    for buyers, sellers in SIDES[:1] if quick else SIDES:
        prior, markets = (_draw(buyers, sellers, count, seed) for seed in (0, 1))
        for name, auction in auctions.items():
            for schedule in schedule_table(auction, prior, markets, loss=LOSS, searched=1 if quick else 3):
                regret = None if schedule.regret is None else float(schedule.regret)
                found = {"auction": name, "buyers": buyers, "sellers": sellers, "schedule": schedule.family}
                found |= {"rounds": schedule.rounds, "messages": schedule.messages}
                findings.append(found | {"welfare": schedule.welfare, "regret": regret})
                rows.append(
                    (
                        f"{name}, {buyers}x{sellers}",
                        schedule.family,
                        f"{schedule.rounds:.1f}",
                        f"{schedule.messages:.1f}",
                        percent(schedule.welfare, 2),
                        "-" if regret is None else f"{regret:.3g}",
                    )
                )
    return Report(
        "schedules",
        f"Fewest rounds at a loss of {percent(LOSS)} of the continuous auction's welfare",
        ("auction", "ticks", "rounds", "messages", "of first best", "regret"),
        rows,
        [
            "Chosen on one sample of markets, measured on another; the price range is 0 to 100.",
            "Rounds of continuous clocks count only the positions at which somebody accepts.",
            "Regret: the most that a trader gains by stopping her clock elsewhere, in the first markets.",
        ],
        findings,
    )


def _draw(buyers: int, sellers: int, count: int, seed: int) -> Markets:
    random = np.random.default_rng([7, seed, buyers, sellers])
    values, costs = (random.integers(1, 100, (count, n)).astype(float) for n in (buyers, sellers))
    return Markets(values, costs)
