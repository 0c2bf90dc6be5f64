"""Hold sequences of auctions: what ticks come to, with the prices that they themselves lead to."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...mechanisms.dda.clocks import ClockAuction
from ...mechanisms.dda.rows import Cleared, clear_rows, first_best, padded_markets
from ...mechanisms.market import Floats
from .families import Family
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
    gains = family.gains(rows)
    memory = Memory.empty(P * S, prior)
    steps: list[Cleared] = []
    buyers, sellers = sequences.buyers, sequences.sellers
    for t in range(sequences.length):
        public = Public(
            np.tile(buyers[:, t], P),
            np.tile(sellers[:, t], P),
            np.full(P * S, sequences.phase[t]),
            memory,
        )
        markets = sequences.at(t)
        markets = padded_markets(np.tile(markets.values, (P, 1)), np.tile(markets.costs, (P, 1)))
        cleared = clear_rows(auction, markets, family.rows(rows, public, prior))
        memory = memory.after(cleared.price, gains)
        steps.append(cleared)
    return Played(
        *(
            np.stack([getattr(each, name) for each in steps], axis=1).reshape(P, S, -1).astype(float)
            for name in ("rounds", "messages", "welfare")
        )
    )


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
