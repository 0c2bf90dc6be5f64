"""A page with every part of the report, made up by hand, with names that try to break out of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from edgeopt.benchmarks.aggregate import CaseSummary, Interval, PolicySummary
from edgeopt.benchmarks.curves import curves
from edgeopt.benchmarks.gaps import OnlineSummary, PolicyGap
from edgeopt.benchmarks.ladders import LadderRung, LadderSummary
from edgeopt.benchmarks.pictures import Caches, CasePictures
from edgeopt.benchmarks.results import Row
from edgeopt.benchmarks.standings import standings

HOSTILE = "</script ><img src=x onerror=alert(1)>&<lru>'\""


def summary(name: str = "hotset-small") -> CaseSummary:
    def made(policy: str, cost: float, captured: float, clairvoyant: bool = False) -> PolicySummary:
        return PolicySummary(
            policy=policy,
            clairvoyant=clairvoyant,
            cost=cost,
            terms={
                "switching": 0.25 * cost,
                "transmission": 0.0,
                "computation": 0.0,
                "accuracy": 0.0,
                "cloud": 0.75 * cost,
            },
            ratio=Interval(cost / 100, cost / 100 - 0.011, cost / 100 + 0.012),
            captured=Interval(captured, captured - 0.021, captured + 0.022),
            gap_to_bound=cost / 98 - 1,
            mean_accuracy=0.777,
        )

    policies = (
        made("reference", 100.0, 1.0, clairvoyant=True),
        made(HOSTILE, 123.4, 0.766),
        made("cloud-only", 200.0, 0.0),
        made("awful", 450.0, -2.5),
    )
    return CaseSummary(name, 10, 7, 200.0, 100.0, 98.0, 2.0, 1.01, policies)


def rows(name: str = "hotset-small") -> list[Row]:
    found = []
    for policy in summary(name).policies:
        terms = policy.terms | {"cost": policy.cost, "mean_accuracy": 0.5, "captured": policy.captured.value}
        terms |= {"lower_bound": 98.0, "best_known": 100.0, "gap_to_bound": policy.gap_to_bound}
        found.append(Row(name, policy.policy, 0, seconds=3.25, **terms))
    return found


CACHES = Caches(
    server=0,
    world={
        "servers": ["edge <0>", "edge 1"],
        "models": ["llm-<a>", "llm-b"],
        "memory": [80e9, 1.0],
        "footprint": [40e9, 30e9],
        "room": [10, 0],
        "demand": [["0*2 4 1", "2*4"], ["1*4", "0*4"]],
        "prices": [["0.5*2 0*2", "0*4"], ["0*4", "1*4"]],
    },
    plans={
        "reference": {
            "context": [["-*2 0 10", "0 3 10 -"], ["-*4", "-*4"]],
            "served": [["0*2 3 1", "2*2 1 0"], ["0*4", "0*4"]],
        },
        HOSTILE: {
            "context": [["0 - 0 -", "-*4"], ["0*4", "-*4"]],
            "served": [["0*4", "0*4"], ["0*4", "0*4"]],
        },
    },
)
CURVES = curves(
    [[1.0, 2.0, 0.0, 4.0]],
    {HOSTILE: [[2.0, 2.0, 1.0, 6.0]], "cloud-only": [[2.0, 4.0, 1.0, 8.0]], "awful": [[9.0, 9.0, 9.0, 9.0]]},
    marks=[(2, "shift <b>")],
)
AUCTION: dict[str, Any] = {
    "unavailable": None,
    "server": "edge <0>",
    "slot": 3,
    "block": 4.0,
    "load_share": 0.05,
    "buyers": ["llm-<a>", "llm-b"],
    "sellers": [None, "llm-c"],
    "values": [9.0, 2.0],
    "costs": [0.0, 4.0],
    "first_best": 9.0,
    "rounds": [
        {"buyer_clock": None, "seller_clock": None, "buyers": [], "sellers": []},
        {"buyer_clock": 9.0, "seller_clock": None, "buyers": [0], "sellers": []},
        {"buyer_clock": 9.0, "seller_clock": 0.0, "buyers": [], "sellers": [0]},
    ],
    "price": 0.0,
    "traded": [[0, 0]],
    "messages": 7,
    "rules": [
        {
            "rule": "vcg",
            "trades": 1,
            "buyer_pays": 4.0,
            "seller_gets": 2.0,
            "welfare": 9.0,
            "budget_surplus": 2.0,
        },
        {
            "rule": "none",
            "trades": 0,
            "buyer_pays": None,
            "seller_gets": None,
            "welfare": 0.0,
            "budget_surplus": 0.0,
        },
    ],
}
GAPS = (
    PolicyGap(HOSTILE, 123.4, 3.0, 25.4, 13.0, 2.0, 10.4, 2.0, 0.488),
    PolicyGap("lucky", 108.0, 3.0, 10.0, -2.4, 2.0, 10.4, 2.0, 1.24),
)
RUNGS = (
    LadderRung("compact", "bound", 80.0, 0.1, 20.0, True),
    LadderRung("<hull>", "bound", 90.0, 9.0, 10.0, False),
    LadderRung("optimum", "optimum", 100.0, 0.2, 0.0, True),
)
LADDER = LadderSummary(None, 100.0, "ab" * 32, RUNGS)
PROVENANCE: dict[str, Any] = {
    "edgeopt": "0.1.0",
    "code": "ab" * 32,
    "python": "3.11",
    "platform": "here",
    "packages": {"numpy": "2.0", "pulp": None},
    "command": ["edgeopt", "benchmark", "--out", "a b"],
    "settings": {"seeds": 10},
    "instances": [
        {
            "instance": name,
            "seed": 0,
            "digest": "cd" * 32,
            "status": "optimal",
            "reference": "exact",
            "cloud_only": 200.0,
            "static_hindsight": 101.0,
        }
        for name in ("hotset-small", "decoy-small")
    ],
    "tuned": {"hotset-small": {"lru": {"threshold": 3}}},
}


def full() -> CaseSummary:
    """A case with all the optional parts."""
    online = OnlineSummary(None, 24, 23, 110.4, 1.0, 98.0, 100.0, 12.4, 1.5, GAPS)
    return replace(summary("decoy-small"), online=online, ladder=LADDER)


def sample_page() -> str:
    """Return the page of a bare case and of one with everything."""
    from edgeopt.benchmarks.report import report_page

    drawn = [
        CasePictures(CACHES),
        CasePictures(CACHES, CURVES, ladder=LADDER, ladder_of="decoy-small", auction=AUCTION),
    ]
    every = [*rows(), *rows("decoy-small")]
    return report_page([summary(), full()], every, PROVENANCE, drawn, standings(every, {"look-ahead"}))
