"""Hold sequences of auctions: what ticks come to, with the prices that they themselves lead to."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ...mechanisms.dda.clocks import ClockAuction
from ...mechanisms.dda.rows import Cleared, clear_rows, first_best, padded_markets
from ...mechanisms.market import Floats
from ...problem.errors import InvalidOption
from .families import Family
from .fitting import crowding
from .sequences import Sequences
from .statistics import Memory, Prior, Public


@dataclass(frozen=True, eq=False)
class Played:
    """P schedules in S sequences of T markets, (P,S,T) each; rounds and messages as in `Meeting`.

    Parameters
    ----------
    rounds, messages, welfare
        Of each auction.
    """

    rounds: Floats
    messages: Floats
    welfare: Floats


def play(family: Family, thetas: Floats, sequences: Sequences, prior: Prior, auction: ClockAuction) -> Played:
    """Hold every sequence under each of (P, dimension) vectors, with sincere traders.

    Earlier prices, where the family looks at them, are those of the very auctions held: coarse ticks make
    coarse statistics.

    Raises
    ------
    InvalidOption
        When an oracle's sequences do not say what it is to be told.
    """
    if family.fixed is not None:
        markets = sequences.all()
        held = [clear_rows(auction, markets, family.fixed(theta, prior)) for theta in thetas]
        shape = (len(thetas), sequences.count, sequences.length)
        return Played(
            *(
                np.array([getattr(each, name) for each in held], dtype=float).reshape(shape)
                for name in ("rounds", "messages", "welfare")
            )
        )
    P, S = len(thetas), sequences.count
    rows = np.repeat(thetas, S, axis=0)
    memory = Memory.empty(P * S, prior)
    told = _told(family, sequences, auction)
    steps: list[Cleared] = []
    buyers, sellers = sequences.buyers, sequences.sellers
    for t in range(sequences.length):
        phase = np.full(P * S, sequences.phase[t])
        public = memory.public(np.tile(buyers[:, t], P), np.tile(sellers[:, t], P), phase, prior)
        if told is not None:
            public = _whispered(family, public, np.tile(told[:, t], P), prior)
        markets = sequences.at(t)
        markets = padded_markets(np.tile(markets.values, (P, 1)), np.tile(markets.costs, (P, 1)))
        cleared = clear_rows(auction, markets, family.rows(rows, public, prior))
        if family.information == "prices":
            memory = memory.after(cleared.price, public, prior)
        steps.append(cleared)
    return Played(
        *(
            np.stack([getattr(each, name) for each in steps], axis=1).reshape(P, S, -1).astype(float)
            for name in ("rounds", "messages", "welfare")
        )
    )


def _told(family: Family, sequences: Sequences, auction: ClockAuction) -> Floats | None:
    """(S,T) what an oracle is told of the very market."""
    if family.information == "price":
        return continuous(sequences, auction)[1]
    if family.information == "level":
        if sequences.levels is None:
            raise InvalidOption(f"{family.name}: sequences with levels are expected")
        return sequences.levels
    return None


def _whispered(family: Family, public: Public, told: Floats, prior: Prior) -> Public:
    if family.information == "price":
        return replace(public, last=np.where(np.isfinite(told), told, prior.price))
    crowd, _ = crowding(public.buyers, public.sellers)
    return replace(public, density=prior.model.known(told, crowd))


def continuous(sequences: Sequences, auction: ClockAuction) -> tuple[Played, Floats]:
    """Hold every sequence with continuous clocks (P = 1); also return its (S,T) prices."""
    held = clear_rows(auction, sequences.all())
    shape = (1, sequences.count, sequences.length)
    played = Played(
        *(getattr(held, name).astype(float).reshape(shape) for name in ("rounds", "messages", "welfare"))
    )
    return played, held.price.reshape(shape[1:])


def optimum(sequences: Sequences) -> Floats:
    """(S,T) the first best of each market."""
    return first_best(sequences.all()).reshape(sequences.count, sequences.length)
