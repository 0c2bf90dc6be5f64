"""An online policy that sells the memory of an edge server by auction, slot by slot.

It joins the two halves of the library: `mechanisms.edge_market` writes down the market, any mechanism clears
it at truthful reports, and what the swaps are worth shows up in the cost of the whole horizon.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from ...mechanisms import Mechanism
from ...mechanisms.edge_market import Lease, memory_market
from ...problem.capacity import usable
from ...problem.fields import FloatArray, IntArray
from ...solvers.policies import Decision, Observation, Site
from ...solvers.policies.base import Tunable
from ...solvers.policies.slot_choice import SlotChoice
from .rules import rule

WORLD = ("memory", "footprint", "service_model", "saving", "load_cost", "energy")


@dataclass(frozen=True)
class MarketPolicy(Tunable):
    """Clear the memory market of every slot with one mechanism; serve whatever then saves cost.

    Parameters
    ----------
    mechanism
        One of `rules.rule_names`.
    block_share
        Share of the models, the smallest ones first, that must fit a block: smaller blocks are more, and
        shut the larger models out.
    load_share, reload_share, energy_price
        As in `mechanisms.edge_market.Lease`. A load is seldom earned back in one slot, so that by default a
        tenth of it is charged to whoever comes, and a tenth counts for whoever stays.
    """

    title: ClassVar[str] = "market"
    grid: ClassVar[Mapping[str, tuple[Any, ...]]] = {
        "block_share": (1.0, 0.75, 0.5),
        "load_share": (1.0, 0.5, 0.25, 0.1),
        "reload_share": (0.0, 0.1, 0.25, 0.5),
    }
    limits: ClassVar[Mapping[str, tuple[float, float]]] = {
        "block_share": (0.0, 1.0),
        "load_share": (0.0, 1e6),
        "reload_share": (0.0, 1e6),
        "energy_price": (0.0, 1e12),
    }
    mechanism: str = "mcafee"
    block_share: float = 1.0
    load_share: float = 0.1
    reload_share: float = 0.1
    energy_price: float = 0.0

    def __post_init__(self) -> None:
        Tunable.__post_init__(self)
        rule(self.mechanism)

    @property
    def name(self) -> str:
        """The mechanism, and that it clears a market."""
        return f"market-{self.mechanism}"

    def lease(self, footprint: FloatArray, memory: float) -> Lease:
        """Return the terms on which a server with that memory sells blocks."""
        return Lease(
            _block(footprint, memory, self.block_share), self.load_share, self.reload_share, self.energy_price
        )

    def start(
        self,
        site: Site,
        rng: np.random.Generator,
        future: IntArray | None,  # noqa: ARG002
    ) -> _MarketAgent:
        """Begin a run on one server."""
        return _MarketAgent(site, self.auctioneer(rng), self.lease(site.footprint, site.memory))

    def auctioneer(self, rng: np.random.Generator) -> Mechanism:
        """Return the mechanism that clears a server's markets; ``rng`` draws its lots."""
        return rule(self.mechanism, rng)


class _MarketAgent:
    def __init__(self, site: Site, mechanism: Mechanism, lease: Lease) -> None:
        self._choice = SlotChoice(site)
        self._mechanism = mechanism
        self._lease = lease
        self._world = {name: getattr(site, name) for name in WORLD}

    def decide(self, observation: Observation) -> Decision:
        offered = memory_market(
            requests=observation.requests,
            cached=observation.cached,
            context=observation.context,
            world=self._world,
            lease=self._lease,
        )
        cached = offered.cache_after(self._mechanism.clear(offered.market))
        stays = (cached & observation.cached)[self._choice.site.service_model]
        saving = self._choice.saving(np.where(stays, observation.context, 0))
        return self._choice.serve(cached, observation.requests, saving)


def _block(footprint: FloatArray, memory: float, share: float) -> float | None:
    """Return the bytes that hold at least that share of the models that fit the memory; None if none do."""
    fitting = np.sort(footprint[footprint <= usable(memory)])
    if not len(fitting):
        return None
    return float(fitting[max(int(np.ceil(share * len(fitting))), 1) - 1])
