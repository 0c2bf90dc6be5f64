"""The second best: the most expected welfare of any truthful mechanism that nobody has to subsidise.

The first best cannot be had truthfully, voluntarily and without a deficit (Myerson and Satterthwaite 1983):
a mechanism's share of it mixes what the mechanism loses with what everyone must lose. On a finite grid of
types the best that can be had is the optimum of a linear programme (Conitzer and Sandholm 2002).
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, replace
from typing import Any, get_args

import numpy as np

from ...problem.errors import EdgeoptError, InvalidOption
from ..market import Markets
from ..ranking import optimal_welfare_many
from .population import Population, multisets, populations
from .programme import Budget, Programme, Truthful, build
from .proof import safe_maximum

LARGEST = 2_000_000
"""Most variables that a programme is built with."""

AGREEMENT = 1e-6
"""Largest distance between the optimum that is claimed and the bound proved, over the largest type."""


@dataclass(frozen=True)
class Ceiling:
    """The optimum of the programme, with its proof.

    Parameters
    ----------
    welfare
        Greatest expected gain from trade of any mechanism with the properties asked for, anonymous or not.
    bound
        What no such mechanism can exceed, proved from the dual prices without trusting the solver.
    first_best
        Expected gain from trade of the efficient allocation.
    truthful, budget
        The properties that were asked for.
    profiles, variables, rows
        Size of the programme: profiles of multisets, columns, and constraints.
    seconds
        Wall-clock time.
    """

    welfare: float
    bound: float
    first_best: float
    truthful: Truthful
    budget: Budget
    profiles: int
    variables: int
    rows: int
    seconds: float

    @property
    def share(self) -> float:
        """The ceiling as a share of the first best; 1 where no trade is ever worth while."""
        return self.welfare / self.first_best if self.first_best > 0 else 1.0


def second_best(
    types: Any,
    *,
    buyers: int,
    sellers: int,
    prior: Any = None,
    truthful: Truthful = "DSIC",
    budget: Budget = "weak",
) -> Ceiling:
    """Maximise expected welfare over all truthful, individually rational mechanisms on a finite grid.

    Lotteries are allowed; truthfulness and budget hold on average over the mechanism's own coins, and
    participation (ex post: in every profile) can then be had coin by coin, by charging only those who trade.

    Parameters
    ----------
    types
        What a unit may be worth to a buyer or cost a seller: a sequence for both sides, or a pair of
        sequences, buyers' values and sellers' costs. Traders are drawn independently.
    buyers, sellers
        How many unit traders there are on each side.
    prior
        Probability of each type, or a pair of such; None: all equally likely.
    truthful
        "DSIC": no trader can gain by a misreport, whatever the others report. "BIC": no trader can gain on
        average, when the others are truthful and drawn from the prior.
    budget
        "weak": never a deficit. "strong": payments equal receipts in every profile. "ex-ante": no deficit on
        average over the profiles.

    Raises
    ------
    InvalidOption
        When an argument is not among the possible ones, or the programme would be too large.
    EdgeoptError
        When the solver's optimum cannot be confirmed by its own prices.
    """
    for name, given, known in (("truthful", truthful, Truthful), ("budget", budget, Budget)):
        if given not in get_args(known):
            raise InvalidOption(f"{name} is {given!r}: choose one of {', '.join(get_args(known))}")
    begin = time.perf_counter()
    sides = populations(types, prior, buyers, sellers)
    profiles = _require_size(*sides)
    unit = _unit(*sides)
    scaled_buyers, scaled_sellers = (replace(side, worth=side.worth / unit) for side in sides)
    programme = build(scaled_buyers, scaled_sellers, truthful, budget)
    welfare, bound = (unit * amount for amount in _solved(programme))
    if not abs(bound - welfare) <= AGREEMENT * unit:
        raise EdgeoptError(
            f"ceiling: HiGHS claims {welfare!r}, its prices prove {bound!r} only: "
            "types of very different size, or very rare ones, are beyond floating point"
        )
    return Ceiling(
        welfare=welfare,
        bound=bound,
        first_best=expected_first_best(*sides),
        truthful=truthful,
        budget=budget,
        profiles=profiles,
        variables=len(programme.gain),
        rows=programme.least.shape[0] + programme.equal.shape[0],
        seconds=time.perf_counter() - begin,
    )


def expected_first_best(buyers: Population, sellers: Population) -> float:
    """Return the expected gain from trade of the efficient allocation."""
    values = buyers.worth[buyers.members(buyers.traders)]
    costs = -sellers.worth[sellers.members(sellers.traders)]
    chances = [side.chances(side.counts(side.traders)) for side in (buyers, sellers)]
    total = 0.0
    for row, chance in zip(values, chances[0], strict=True):
        markets = Markets(np.tile(row, (len(costs), 1)), costs)
        total += float(chance * (chances[1] @ optimal_welfare_many(markets)))
    return total


def _require_size(buyers: Population, sellers: Population) -> int:
    """Return the number of profiles of multisets, if the programme over them can be built."""
    sets = [multisets(side.types, side.traders) for side in (buyers, sellers)]
    seats = [side.types * multisets(side.types, side.traders - 1) for side in (buyers, sellers)]
    variables = 2 * (seats[0] * sets[1] + seats[1] * sets[0])
    if variables > LARGEST:
        raise InvalidOption(
            f"ceiling: {variables} variables for {buyers.traders}x{sellers.traders} traders of "
            f"{buyers.types} and {sellers.types} types, at most {LARGEST} are built: give fewer types"
        )
    return sets[0] * sets[1]


def _unit(buyers: Population, sellers: Population) -> float:
    """Return a power of two near the largest type: a solver's tolerances must not depend on the currency."""
    largest = max(float(np.abs(side.worth).max()) for side in (buyers, sellers))
    return 2.0 ** math.floor(math.log2(largest)) if largest > 0 else 1.0


def _solved(programme: Programme) -> tuple[float, float]:
    """Return the optimum and the bound that its prices prove."""
    from scipy.optimize import linprog

    found = linprog(
        -programme.gain,
        A_ub=-programme.least,
        b_ub=np.zeros(programme.least.shape[0]),
        A_eq=programme.equal,
        b_eq=np.zeros(programme.equal.shape[0]),
        bounds=np.column_stack([programme.lower, programme.upper]),
        # Interior point with crossover: five times faster than simplex on these degenerate programmes.
        method="highs-ipm",
        options={"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10},
    )
    if found.status != 0:
        raise EdgeoptError(f"ceiling: HiGHS did not finish: {str(found.message).splitlines()[0]}")
    prices = -np.asarray(found.ineqlin.marginals), np.asarray(found.eqlin.marginals)
    # Adding 0 keeps a grid without any trade from reporting a welfare of -0.
    return -float(found.fun) + 0.0, safe_maximum(programme, *prices)
