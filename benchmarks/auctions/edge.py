"""The price of incentives at the edge: one market for memory in each slot, and the cost of the whole horizon.

Every mechanism sells the same blocks of memory on the same terms (`mechanisms.edge_market`), so that what one
costs more than efficient clearing is what truthfulness without a subsidy costs the system.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from ...mechanisms import Market, Mechanism, Outcome, optimal_welfare
from ...problem import Instance, evaluate, scenario
from ...problem.referee import cloud_only_cost
from ...solvers import policy, simulate, solve
from ..study import Report, percent
from .market_policy import MarketPolicy
from .rules import rule_names

SCENARIOS = ("stationary", "hotset", "decoy", "workflow")
BLOCK_SHARE = 0.5
GAP = 1e-3
TIME_LIMIT = 60.0


@dataclass
class Ledger:
    """What the markets of a run come to, in cost units.

    Parameters
    ----------
    welfare, first_best
        Gain from trade of the slots' markets, and what efficient clearing of the same markets would have
        given.
    surplus
        Payments less receipts: what the auctioneer keeps, or must add.
    trades
        Blocks that changed hands.
    """

    welfare: float = 0.0
    first_best: float = 0.0
    surplus: float = 0.0
    trades: int = 0


@dataclass(frozen=True)
class AuditedPolicy(MarketPolicy):
    """The market policy, with a ledger of everything it clears."""

    ledger: Ledger = field(default_factory=Ledger, compare=False)

    def auctioneer(self, rng: np.random.Generator) -> Mechanism:
        """Return the mechanism, watched."""
        return _Watched(super().auctioneer(rng), self.ledger)


class _Watched:
    def __init__(self, mechanism: Mechanism, ledger: Ledger) -> None:
        self._mechanism = mechanism
        self._ledger = ledger

    def clear(self, market: Market) -> Outcome:
        outcome = self._mechanism.clear(market)
        self._ledger.welfare += float(outcome.welfare(market))
        self._ledger.first_best += float(optimal_welfare(market))
        self._ledger.surplus += float(outcome.budget_surplus)
        self._ledger.trades += outcome.trades
        return outcome


@dataclass(frozen=True)
class EdgeRun:
    """One mechanism on one instance.

    Parameters
    ----------
    scenario, mechanism
        Which.
    cost, efficient_cost, slot_optimum, cloud_only, lower_bound
        Total cost of the run; of efficient clearing (VCG at truthful reports); of an exact knapsack in each
        slot on the models' true sizes instead of blocks; of doing nothing; and the proven bound on every
        plan, which knows the future.
    welfare, first_best, surplus, trades
        As in `Ledger`.
    """

    scenario: str
    mechanism: str
    cost: float
    efficient_cost: float
    slot_optimum: float
    cloud_only: float
    lower_bound: float
    welfare: float
    first_best: float
    surplus: float
    trades: int

    @property
    def price_of_incentives(self) -> float:
        """Cost above that of efficient clearing, as a share of it."""
        return self.cost / self.efficient_cost - 1.0

    @property
    def captured(self) -> float:
        """Savings against the cloud over the largest that the bound allows."""
        return (self.cloud_only - self.cost) / (self.cloud_only - self.lower_bound)


def measure(instance: Instance, name: str, *, seeds: int = 1) -> list[EdgeRun]:
    """Run every mechanism through an instance; lots are drawn ``seeds`` times and the results averaged."""
    solution = solve(instance, gap=GAP, time_limit=TIME_LIMIT)
    cloud = cloud_only_cost(instance)
    terms = MarketPolicy(block_share=BLOCK_SHARE)
    # Whoever comes pays one share and whoever stays is credited with the other: together, a price of coming.
    knapsack = policy("myopic", stickiness=terms.load_share + terms.reload_share)
    slot_optimum = evaluate(instance, simulate(instance, knapsack)).total
    books = {mechanism: _books(instance, mechanism, seeds) for mechanism in rule_names()}
    efficient = books["vcg"][0]
    return [
        EdgeRun(
            name,
            mechanism,
            cost,
            efficient,
            slot_optimum,
            cloud,
            solution.lower_bound,
            ledger.welfare / seeds,
            ledger.first_best / seeds,
            ledger.surplus / seeds,
            round(ledger.trades / seeds),
        )
        for mechanism, (cost, ledger) in books.items()
    ]


def _books(instance: Instance, mechanism: str, seeds: int) -> tuple[float, Ledger]:
    watched = AuditedPolicy(mechanism, block_share=BLOCK_SHARE)
    costs = [evaluate(instance, simulate(instance, watched, seed=seed)).total for seed in range(seeds)]
    return sum(costs) / seeds, watched.ledger


def run(quick: bool) -> Report:
    """Measure the mechanisms on scenarios of one server."""
    names, slots, seeds = (SCENARIOS[:1], 20, 1) if quick else (SCENARIOS, 200, 5)
    found = [
        each for name in names for each in measure(scenario(name, slots=slots, servers=1), name, seeds=seeds)
    ]
    rows = [
        (
            each.scenario,
            each.mechanism,
            f"{each.cost:.1f}",
            percent(each.price_of_incentives),
            f"{each.slot_optimum:.1f}",
            percent(each.captured),
            percent(each.welfare / each.first_best) if each.first_best > 0 else "-",
            f"{each.surplus:+.1f}",
            str(each.trades),
        )
        for each in found
    ]
    return Report(
        "edge",
        f"The price of incentives at the edge, {slots} slots of one server",
        (
            "scenario",
            "mechanism",
            "cost",
            "above VCG",
            "knapsack",
            "captured",
            "welfare",
            "money kept",
            "trades",
        ),
        rows,
        [
            "Truthful reports. Above VCG: cost against efficient clearing, which is best in each slot's "
            "market and need not be best over the horizon. Knapsack: cost with an exact knapsack on true "
            "sizes in each slot.",
            "Captured: savings against the cloud over the largest that the proven bound, which knows the "
            "future, allows. Welfare: gain from trade over the first best of the same markets. Money kept: "
            "payments less receipts, in cost units.",
            "The k-double auction clears efficiently here because reports are truthful; it is not truthful.",
        ],
        [vars(each) | {"price_of_incentives": each.price_of_incentives} for each in found],
    )
