"""The optional task that makes a slot of a case a market, and holds a double Dutch auction in it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import array_api_compat.numpy as xp

from ..problem import Instance, Plan, evaluate
from ..problem.dynamics import World, next_context
from ..solvers.engines import source_digest
from .cases import Case
from .tasks import Keyed

if TYPE_CHECKING:
    from ..mechanisms import EdgeMarket, EdgeState
    from ..mechanisms.dda.protocol import Round

SOURCES = ("mechanisms/**/*.py", "benchmarks/auctions/*.py")
"""What the result depends on beside the code that every task depends on."""

BLOCK_SHARE = 0.5
"""Share of the models, the smallest first, that fit a block of the memory on sale."""

LOAD_SHARES = (0.1, 0.05, 0.02, 0.01, 0.0)
"""Shares of the load cost charged in one slot; the first one at which cached models are traded is taken."""


@dataclass(frozen=True)
class AuctionTask(Keyed):
    """Hold the auction of one slot of a case's first test instance."""

    case: Case
    kind: Literal["auction"] = "auction"

    @property
    def label(self) -> str:
        """The task in words."""
        return f"auction on {self.case.name}"

    def spec(self) -> dict[str, Any]:
        """All that the result depends on."""
        return {"kind": self.kind, "case": self.case.spec(), "sources": source_digest(*SOURCES)}


def auction(task: AuctionTask) -> dict[str, Any]:
    """Return the market, the auction round by round, and what other rules make of the same market.

    The caches are those of an efficient auction in every slot before. The slot is the earliest of those with
    most to show (see `_interest`); "unavailable" says why there is none.
    """
    from ..mechanisms import optimal_welfare

    instance = task.case.instance(0, "test")
    for load_share in LOAD_SHARES:
        slot, found = max(_markets(instance, load_share), key=lambda pair: _interest(pair[1]))
        if _interest(found)[0]:
            break
    else:
        return {"unavailable": "no trade of cached models gains anything in any slot"}
    names = instance.model_names
    return {
        "unavailable": None,
        "server": instance.server_names[0],
        "slot": slot,
        "block": found.block,
        "load_share": load_share,
        "buyers": [names[model] for model in found.buyers],
        "sellers": [None if holder is None else names[holder] for holder in found.holders],
        "values": found.market.values.tolist(),  # type: ignore[union-attr]
        "costs": found.market.costs.tolist(),  # type: ignore[union-attr]
        "first_best": float(optimal_welfare(found.market)),
        **_held(found),
        "rules": _other_rules(found),
    }


def _interest(offered: EdgeMarket) -> tuple[bool, int, int, float]:
    """Rank a market: whether a cached model is at stake, then by trades, traders, and gain."""
    from ..mechanisms import VCG, optimal_welfare

    gain = float(optimal_welfare(offered.market))
    held = sum(holder is not None for holder in offered.holders)
    trades = VCG().clear(offered.market).trades if gain > 0 else 0
    return held > 0 and trades > 0, trades, len(offered.buyers) + held, gain


def _markets(instance: Instance, load_share: float) -> Iterator[tuple[int, EdgeMarket]]:
    """Yield the market of the first server in every slot of a run that clears all of them efficiently."""
    from ..mechanisms import market_from_instance
    from ..solvers import simulate
    from .auctions.market_policy import MarketPolicy

    policy = MarketPolicy("vcg", block_share=BLOCK_SHARE, load_share=load_share, reload_share=load_share)
    plan = simulate(instance, policy, seed=0)
    lease = policy.lease(instance.footprint, float(instance.memory[0]))
    for slot, state in enumerate(_states(instance, plan)):
        yield slot, market_from_instance(instance, slot, state, lease=lease)


def _states(instance: Instance, plan: Plan) -> Iterator[EdgeState]:
    """Yield the caches and contexts with which each slot begins."""
    from ..mechanisms import EdgeState

    world, counted = World.of(instance), evaluate(instance, plan).context
    yield EdgeState.empty(instance)
    for slot in range(instance.slots - 1):
        after = next_context(xp, world, counted[slot], plan.cached[slot], plan.served[slot])
        yield EdgeState(plan.cached[slot], after)


def _held(offered: EdgeMarket) -> dict[str, Any]:
    from ..mechanisms.dda import DoubleDutchAuction, session

    held = session(DoubleDutchAuction(), offered.market)
    outcome = held.outcome
    return {
        "rounds": [_round(each) for each in held.rounds],
        "price": float(held.price),
        "traded": [[int(i), int(j)] for i, j in zip(outcome.buyers, outcome.sellers, strict=True)],
        "messages": outcome.messages,
    }


def _round(happened: Round) -> dict[str, Any]:
    """Return a round; a clock that has not been heard of yet has no price."""
    clocks = {"buyer_clock": happened.buyer_clock, "seller_clock": happened.seller_clock}
    return {
        **{name: None if abs(price) == float("inf") else float(price) for name, price in clocks.items()},
        "buyers": [int(index) for index in happened.buyers],
        "sellers": [int(index) for index in happened.sellers],
    }


def _other_rules(offered: EdgeMarket) -> list[dict[str, Any]]:
    """Clear the same market, at truthful reports, with every mechanism of the auction benchmarks."""
    from .auctions.rules import rule, rule_names

    found = []
    for name in rule_names():
        outcome = rule(name).clear(offered.market)
        paid = [float(outcome.payments[index]) for index in outcome.buyers]
        got = [float(outcome.receipts[index]) for index in outcome.sellers]
        found.append(
            {
                "rule": name,
                "trades": outcome.trades,
                "buyer_pays": sum(paid) / len(paid) if paid else None,
                "seller_gets": sum(got) / len(got) if got else None,
                "welfare": float(outcome.welfare(offered.market)),
                "budget_surplus": float(outcome.budget_surplus),
            }
        )
    return found
