"""From model caching to a double auction: one slot of one server as a market for memory.

**The unit** is one block of GPU memory for one slot. A block has the size of the largest model that is let
in (by default of any model that fits the memory), so that every model needs exactly one and whatever the
auction decides can be done. A server has floor(memory / block) of them, and each is a seller's one unit.

**A seller** is the holder of a block: the agents of the model that is cached there, or the server where the
block is empty. What the block is worth to the holder in this slot is what the edge gives up by selling it,
its marginal cost: the requests' saving against the cloud at the context they have built up, and
``reload_share`` of the load cost that bringing the model back would take. An empty block costs nothing.

**A buyer** is the pool of agents of a model that is not cached and is asked for. A block is worth what
serving their requests at the edge saves against the cloud, at context 0, less what the edge must spend on
them: GPU time, energy at ``energy_price``, and ``load_share`` of the load cost. These depend on who is
served and are metered, so they belong to the buyer; the price of a block is the same whoever buys it, as a
double auction needs.

So a trade swaps one model for another, its welfare is the cost it saves in this slot, and with equal
footprints, both shares at their defaults and no limit on compute or energy, the efficient trades lead to
the slot's optimum.

**What clearing does not capture**: footprints below a block leave memory unused; compute and energy limits
count only when requests are served, after the auction; the gain of later slots (context, loads avoided)
enters through the two shares alone; requests of agents on one model are pooled into one trader; and
truthfulness holds within the slot: a holder who thinks ahead may want to keep a block for what it will be
worth.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ..problem import Instance
from ..problem.capacity import usable
from ..problem.errors import InvalidOption
from .market import Floats, Market
from .outcome import Outcome

Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class EdgeState:
    """Caches and contexts with which a slot begins.

    Parameters
    ----------
    cached
        (N,M) bool, the models in memory in the slot before.
    context
        (N,S) context units that count if the service's model stays.
    """

    cached: Bools
    context: Ints

    @classmethod
    def empty(cls, instance: Instance) -> EdgeState:
        """Return the state before the first slot: nothing cached."""
        return cls(
            np.zeros((instance.servers, instance.models), dtype=np.bool_),
            np.zeros((instance.servers, instance.services), dtype=np.int64),
        )


@dataclass(frozen=True)
class Lease:
    """On which conditions the memory of a slot is sold.

    Parameters
    ----------
    block
        Bytes of a block; models larger than that are never cached. None: the largest footprint that fits.
    load_share
        Share of the load cost that a buyer must earn back in this slot, 0 or more.
    reload_share
        Share of the load cost that a holder adds to what her block is worth, 0 or more.
    energy_price
        Cost of a joule, 0 or more; 0 where computation cost includes it.

    Raises
    ------
    InvalidOption
        When a number is out of range.
    """

    block: float | None = None
    load_share: float = 1.0
    reload_share: float = 0.0
    energy_price: float = 0.0

    def __post_init__(self) -> None:
        if self.block is not None and not 0 < self.block < np.inf:
            raise InvalidOption(f"block is {self.block!r}: bytes above 0 are expected")
        for name in ("load_share", "reload_share", "energy_price"):
            if not 0 <= getattr(self, name) < np.inf:
                raise InvalidOption(f"{name} is {getattr(self, name)!r}: 0 or more is expected")


@dataclass(frozen=True, eq=False)
class EdgeMarket:
    """A market for the memory blocks of one server in one slot.

    Parameters
    ----------
    market
        Buyers' values and sellers' costs, in cost units of the instance.
    buyers
        The model each buyer stands for.
    holders
        The model in each seller's block; None where the block is empty.
    block
        Bytes of a block.
    cached
        (M,) bool, the cache before the auction.
    """

    market: Market
    buyers: tuple[int, ...]
    holders: tuple[int | None, ...]
    block: float
    cached: Bools

    def cache_after(self, outcome: Outcome) -> Bools:
        """(M,) bool, the cache when those who trade have swapped.

        Raises
        ------
        InvalidOption
            When the outcome buys and sells different numbers of blocks, or one twice.
        """
        bought, sold = set(outcome.buyers), set(outcome.sellers)
        if not len(outcome.buyers) == len(bought) == len(sold) == len(outcome.sellers):
            raise InvalidOption(
                f"{len(outcome.buyers)} blocks bought and {len(outcome.sellers)} sold: a trade is one of each"
            )
        after = self.cached.copy()
        for holder in (self.holders[j] for j in sold):
            if holder is not None:
                after[holder] = False
        after[[self.buyers[i] for i in bought]] = True
        return after


def market_from_instance(
    instance: Instance,
    slot: int,
    state: EdgeState | None = None,
    *,
    server: int = 0,
    lease: Lease | None = None,
) -> EdgeMarket:
    """Write down the market for a server's memory blocks in a slot.

    Parameters
    ----------
    instance
        The problem; values and costs come from its costs alone.
    slot, server
        Which slot, and which server's memory.
    state
        Caches and contexts with which the slot begins; None: nothing is cached.
    lease
        Size of a block, and what of load costs and energy is counted.

    Raises
    ------
    InvalidOption
        When slot or server does not exist, or more models are cached than there are blocks.
    """
    for name, given, size in (("slot", slot, instance.slots), ("server", server, instance.servers)):
        if not 0 <= given < size:
            raise InvalidOption(f"{name} {given}: there are only {name}s 0 to {size - 1}")
    state = EdgeState.empty(instance) if state is None else state
    return memory_market(
        requests=instance.requests[slot, server],
        cached=state.cached[server],
        context=state.context[server],
        world={name: getattr(instance, name)[server] for name in ("memory", "saving", "load_cost", "energy")}
        | {name: getattr(instance, name) for name in ("service_model", "footprint")},
        lease=lease,
    )


def memory_market(
    *, requests: Ints, cached: Bools, context: Ints, world: Mapping[str, Any], lease: Lease | None = None
) -> EdgeMarket:
    """Write down the market of one server from arrays without slot and server axis.

    Parameters
    ----------
    requests, context
        (S,) arrivals of the slot, and context units that count where the model stays.
    cached
        (M,) bool, the cache of the slot before.
    world
        ``memory`` (bytes), ``footprint`` (M,), ``service_model`` (S,), ``saving`` (S, contexts),
        ``load_cost`` (M,) and ``energy`` (S,), as in `Instance`.
    lease
        As in `market_from_instance`.
    """
    lease = Lease() if lease is None else lease
    footprint, load_cost = world["footprint"], world["load_cost"]
    block = block_size(footprint, float(world["memory"]), lease.block)
    blocks = 0 if block is None else int(usable(float(world["memory"])) // block)
    tenants = np.flatnonzero(cached)
    if len(tenants) > blocks:
        raise InvalidOption(
            f"{len(tenants)} models are cached, the memory has {blocks} blocks: give smaller blocks"
        )
    stays = cached[world["service_model"]]
    worth = _worth(requests, np.where(stays, context, 0), world, lease)
    wanted = np.bincount(world["service_model"], weights=requests, minlength=len(footprint)) > 0
    small = footprint <= (0.0 if block is None else block)
    buyers = np.flatnonzero(~cached & wanted & small)
    values = worth[buyers] - lease.load_share * load_cost[buyers]
    costs = np.zeros(blocks)
    costs[: len(tenants)] = worth[tenants] + lease.reload_share * load_cost[tenants]
    holders = (*tenants.tolist(), *[None] * (blocks - len(tenants)))
    return EdgeMarket(
        Market(values, costs), tuple(buyers.tolist()), holders, 0.0 if block is None else block, cached.copy()
    )


def block_size(footprint: Floats, memory: float, block: float | None = None) -> float | None:
    """Return the bytes of a block: as asked, or the largest footprint that fits; None if nothing fits."""
    fitting = footprint[footprint <= usable(memory)]
    if block is not None and block <= usable(memory):
        return block
    return float(fitting.max()) if block is None and len(fitting) else None


def _worth(requests: Ints, context: Ints, world: Mapping[str, Any], lease: Lease) -> Floats:
    """(M,) what serving a model's requests at the edge saves in this slot; nobody is served at a loss."""
    services = np.arange(len(requests))
    saving = world["saving"][services, context] - lease.energy_price * world["energy"]
    weights = requests * np.maximum(saving, 0.0)
    totals = np.bincount(world["service_model"], weights=weights, minlength=len(world["footprint"]))
    return totals.astype(np.float64, copy=False)
