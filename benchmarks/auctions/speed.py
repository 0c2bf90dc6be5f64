"""How fast markets are cleared and audited, with peers on the same tasks in the same run.

Read the ratios of one run; seconds of two runs are not comparable.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from ...mechanisms import VCG, Market, Markets, McAfee, best_response
from ...mechanisms.audits.grid import prove_on_grid
from ..study import Report, duration, installed, seconds_of
from .peers import mechaudit_audit, pymarket_muda


@dataclass(frozen=True)
class Timing:
    """One contestant on one task.

    Parameters
    ----------
    task, contestant
        What was done, by whom.
    seconds
        Of one item (one market, one audit): the fastest of several runs; None if the contestant is not
        installed.
    ratio
        Time over that of the task's first contestant, which is edgeopt's; None likewise.
    """

    task: str
    contestant: str
    seconds: float | None
    ratio: float | None


def run(quick: bool) -> Report:
    """Time everything."""
    found = [*clearing(quick), *one_market(quick), *regrets(quick), *grid_audits(quick)]
    rows = [
        (
            each.task,
            each.contestant,
            "not installed" if each.seconds is None else duration(each.seconds),
            "" if each.ratio is None else f"{each.ratio:,.3g}",
        )
        for each in found
    ]
    peers = [f"{name} {installed(name) or '(not installed)'}" for name in ("pymarket", "mechaudit")]
    return Report(
        "speed",
        "Seconds of one market or audit, and times edgeopt's",
        ("task", "contestant", "time", "x first"),
        rows,
        [
            f"Peers: {', '.join(peers)}. pymarket is charged for entering its bids, as its interface "
            "demands, and runs MUDA, the truthful rule that it has; edgeopt clears McAfee's auction.",
            "Audits: truthful, voluntary, no deficit, against every report of the grid. edgeopt clears "
            "profiles up to the order of traders; mechaudit all of them, in floating point, with the time "
            "that it takes to describe environment and mechanism to it.",
            "The code of E. Segal-Halevi (github.com/erelsgl/auctions) is on no registry and was not timed.",
        ],
        [vars(each) for each in found],
    )


def clearing(quick: bool) -> list[Timing]:
    """One market of n a side: in a batch, alone, alone with fractions, and with pymarket."""
    found = []
    for traders in (3, 20) if quick else (3, 20, 100):
        rng = np.random.default_rng(traders)
        count = max((20_000 if quick else 1_000_000) // traders, 1)
        batch = Markets(rng.uniform(0, 100, (count, traders)), rng.uniform(0, 100, (count, traders)))
        alone = batch[0]
        whole = Market(rng.integers(0, 100, traders).tolist(), rng.integers(0, 100, traders).tolist())
        rule = McAfee()
        contestants: dict[str, float | None] = {
            "edgeopt, in a batch": seconds_of(lambda: rule.clear_many(batch)) / count,  # noqa: B023
            "edgeopt, alone": seconds_of(lambda: rule.clear(alone)),  # noqa: B023
            "edgeopt, alone, exact": seconds_of(lambda: rule.clear(whole)),  # noqa: B023
            "pymarket (MUDA)": _seconds(pymarket_muda(alone.values, alone.costs)),  # type: ignore[arg-type]
        }
        found += _timings(f"clear {traders}+{traders}", contestants)
    return found


def one_market(quick: bool) -> list[Timing]:
    """One market of very many traders."""
    traders = 10_000 if quick else 1_000_000
    rng = np.random.default_rng(0)
    market = Market(rng.uniform(0, 100, traders), rng.uniform(0, 100, traders))
    contestants: dict[str, float | None] = {
        "edgeopt, McAfee": seconds_of(lambda: McAfee().clear(market)),
        "edgeopt, VCG": seconds_of(lambda: VCG().clear(market)),
    }
    return _timings(f"clear {traders:,}+{traders:,}", contestants)


def regrets(quick: bool) -> list[Timing]:
    """Every trader's exact best response in a McAfee profile."""
    found = []
    for traders in (5,) if quick else (10, 40, 200):
        rng = np.random.default_rng(traders)
        market = Market(rng.integers(0, 1000, traders).tolist(), rng.integers(0, 1000, traders).tolist())
        took = seconds_of(lambda: all_regrets(market), most_runs=1 if traders > 40 else 3)  # noqa: B023
        found += _timings(f"all {2 * traders} regrets, {traders}x{traders}", {"edgeopt, exact": took})
    return found


def all_regrets(market: Market) -> Any:
    """Return the largest gain of any trader's misreport under McAfee's rule."""
    buyers, sellers = range(len(market.values)), range(len(market.costs))
    gains = [best_response(McAfee(), market, "buyer", index).gain for index in buyers]
    return max(gains + [best_response(McAfee(), market, "seller", index).gain for index in sellers])


def grid_audits(quick: bool) -> list[Timing]:
    """Exhaustive audit of McAfee's auction, 2x2, on a grid: truthful, voluntary and without a deficit."""
    found = []
    for points in (3,) if quick else (4, 6):
        types = [Fraction(2 * i + 1) for i in range(points)]
        shape: dict[str, Any] = {"buyers": 2, "sellers": 2}
        contestants: dict[str, float | None] = {
            "edgeopt, floating point": seconds_of(
                lambda: prove_on_grid(McAfee(), types, **shape, arithmetic="floating")  # noqa: B023
            ),
            "edgeopt, exact": seconds_of(lambda: prove_on_grid(McAfee(), types, **shape)),  # noqa: B023
            "mechaudit": _seconds(mechaudit_audit(McAfee(), types, 2, 2)),
        }
        found += _timings(f"audit 2x2 on {points} types", contestants)
    return found


def _seconds(task: Callable[[], Any] | None) -> float | None:
    return None if task is None else seconds_of(task)


def _timings(task: str, contestants: dict[str, float | None]) -> list[Timing]:
    first = next(iter(contestants.values()))
    return [
        Timing(task, name, seconds, None if seconds is None or first is None else seconds / first)
        for name, seconds in contestants.items()
    ]
