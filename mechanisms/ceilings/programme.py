"""The linear programme of automated mechanism design for double auctions, by arrays.

V. Conitzer and T. Sandholm, Complexity of mechanism design, UAI 2002. For unit traders with one number as
type three reductions lose nothing: mechanisms may be taken to be anonymous (average one over all names),
truthfulness need be asked of neighbouring types only (the gain from a misreport adds up along the grid), and
under dominant strategies participation of the least eager type only.

A seat's variables are its chance of trading and its expected payment (negative for a seller: money she gets).
The chances that fill the same number of seats on both sides are mixtures of plain outcomes, so the programme
includes every lottery.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
from scipy import sparse

from ..market import Floats
from .population import Ints, Population

Truthful: TypeAlias = Literal["DSIC", "BIC"]
Budget: TypeAlias = Literal["weak", "strong", "ex-ante"]


@dataclass(frozen=True, eq=False)
class Programme:
    """Maximise ``gain @ x`` with ``least @ x >= 0``, ``equal @ x == 0`` and ``lower <= x <= upper``."""

    gain: Floats
    least: Any
    equal: Any
    lower: Floats
    upper: Floats


@dataclass(frozen=True, eq=False)
class Seats:
    """The multisets of one side, their seats, and which seats differ by one report.

    Parameters
    ----------
    chances
        (P,) probability of each multiset.
    size
        (P,seats) sparse: traders of a multiset in each of its seats.
    kind
        (seats,) type that a seat has.
    step
        (others * (G-1), seats) sparse: +1 at the seat of type g + 1, -1 at that of type g, all others alike.
    step_kind, step_chance
        (rows of step,) the lower type g, and the probability of the others.
    lowest
        (others, seats) sparse: the seat of the least eager type.
    """

    chances: Floats
    size: Any
    kind: Ints
    step: Any
    step_kind: Ints
    step_chance: Floats
    lowest: Any

    @classmethod
    def of(cls, population: Population) -> Seats:
        """Lay out one side."""
        counts, types = population.counts(population.traders), population.types
        row, kind = np.nonzero(counts)
        seats = len(kind)
        size = sparse.csr_array((counts[row, kind].astype(float), (row, np.arange(seats))))
        number = {(counts[p].tobytes(), int(g)): s for s, (p, g) in enumerate(zip(row, kind, strict=True))}
        others = population.counts(population.traders - 1)
        places = np.array([[_seat(number, other, g) for g in range(types)] for other in others])
        low, high = places[:, :-1].ravel(), places[:, 1:].ravel()
        rows = np.arange(len(low))
        step = _entries(rows, high, 1.0, seats, len(rows)) - _entries(rows, low, 1.0, seats, len(rows))
        chance = population.chances(others)
        return cls(
            population.chances(counts),
            size,
            kind,
            step.tocsr(),
            np.tile(np.arange(types - 1), len(others)),
            np.repeat(chance, types - 1),
            _entries(np.arange(len(others)), places[:, 0], 1.0, seats, len(others)),
        )


def _seat(number: dict[tuple[bytes, int], int], others: Ints, kind: int) -> int:
    joined = others.copy()
    joined[kind] += 1
    return number[joined.tobytes(), kind]


def _entries(rows: Ints, columns: Ints, value: float, width: int, height: int) -> Any:
    return sparse.csr_array((np.full(len(rows), value), (rows, columns)), shape=(height, width))


def build(buyers: Population, sellers: Population, truthful: Truthful, budget: Budget) -> Programme:
    """Write the programme; columns are trades then payments of buyers' seats, then of sellers' seats."""
    sides = (Seats.of(buyers), Seats.of(sellers))
    # What happens on one side is repeated for every multiset of the other; both in order (buyers, sellers).
    far = (len(sides[1].chances), len(sides[0].chances))
    least, widths = [], []
    for number, (population, seats) in enumerate(zip((buyers, sellers), sides, strict=True)):
        other = sides[1 - number]
        least.append(_own_rows(population, seats, other.chances, number, truthful))
        widths.append(len(seats.kind) * far[number])
    trade = [_spread(seats.size, far[n], n) for n, seats in enumerate(sides)]
    none = [sparse.csr_array(each.shape) for each in trade]
    balance = sparse.hstack([trade[0], none[0], -trade[1], none[1]])
    surplus = sparse.hstack([none[0], trade[0], none[1], trade[1]])
    chance = np.outer(sides[0].chances, sides[1].chances).ravel()
    rows, equal = [sparse.block_diag(least)], [balance]
    if budget == "strong":
        equal.append(surplus)
    elif budget == "weak":
        rows.append(surplus)
    else:
        rows.append(sparse.csr_array(chance[None, :]) @ surplus)
    worth = [
        _by_seat(p.worth[s.kind], far[n], n)
        for n, (p, s) in enumerate(zip((buyers, sellers), sides, strict=True))
    ]
    gains = [(chance @ trade[n]) * worth[n] for n in range(2)]
    gain = np.concatenate([gains[0], np.zeros(widths[0]), gains[1], np.zeros(widths[1])])
    lower, upper = _boxes(buyers, sellers, widths, float(chance.min()) if budget == "ex-ante" else 1.0)
    return Programme(gain, sparse.vstack(rows).tocsr(), sparse.vstack(equal).tocsr(), lower, upper)


def _spread(matrix: Any, copies: int, side: int) -> Any:
    """Repeat a side's matrix for every multiset of the other, in the order (buyers' set, sellers' set)."""
    one = sparse.eye_array(copies)
    return sparse.kron(matrix, one).tocsr() if side == 0 else sparse.kron(one, matrix).tocsr()


def _expected(matrix: Any, far: Floats, side: int) -> Any:
    """Weigh a side's matrix with the chances of the other side."""
    weights = sparse.csr_array(far[None, :])
    return sparse.kron(matrix, weights).tocsr() if side == 0 else sparse.kron(weights, matrix).tocsr()


def _by_seat(entries: Floats, copies: int, side: int) -> Floats:
    return np.repeat(entries, copies) if side == 0 else np.tile(entries, copies)


def _own_rows(population: Population, seats: Seats, far: Floats, side: int, truthful: Truthful) -> Any:
    """Rows >= 0 on (trades, payments): no gain from a neighbour's report, no loss from taking part."""
    step, kind = seats.step, seats.step_kind
    if truthful == "BIC":
        weights = sparse.csr_array(
            (seats.step_chance, (kind, np.arange(len(kind)))), shape=(population.types - 1, len(kind))
        )
        step, kind = weights @ step, np.arange(population.types - 1)
        steps = _expected(step, far, side)
        low, high = population.worth[kind], population.worth[kind + 1]
    else:
        steps = _spread(step, len(far), side)
        low, high = (_by_seat(population.worth[k], len(far), side) for k in (kind, kind + 1))
    up = sparse.hstack([sparse.diags_array(high) @ steps, -steps])
    down = sparse.hstack([-(sparse.diags_array(low) @ steps), steps])
    if truthful == "BIC":
        asked = sparse.eye_array(len(seats.kind) * len(far)).tocsr()
        worth = _by_seat(population.worth[seats.kind], len(far), side)
    else:
        asked = _spread(seats.lowest, len(far), side)
        worth = np.full(asked.shape[0], population.worth[0])
    takes_part = sparse.hstack([sparse.diags_array(worth) @ asked, -asked])
    return sparse.vstack([up, down, takes_part])


def _boxes(
    buyers: Population, sellers: Population, widths: list[int], rarest: float
) -> tuple[Floats, Floats]:
    """Ends that hold for every mechanism which satisfies the rows, so that a bound can be proved.

    Participation caps a payment at the type's worth. A trader can be given no more than all others can pay:
    in the same profile; in all profiles, weighed with their chances, if only the expected budget counts.
    """
    most = buyers.traders * max(float(buyers.worth[-1]), 0.0)
    lower = [np.zeros(widths[0]), np.full(widths[0], -most / rarest)]
    lower += [np.zeros(widths[1]), np.full(widths[1], -most / rarest)]
    upper = [np.ones(widths[0]), np.full(widths[0], max(float(buyers.worth[-1]), 0.0))]
    upper += [np.ones(widths[1]), np.full(widths[1], max(float(sellers.worth[-1]), 0.0))]
    return np.concatenate(lower), np.concatenate(upper)
