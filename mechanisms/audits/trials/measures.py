"""By how much a property fails in one experiment: clear twice, compare, exactly.

Each measure is more than 0 exactly where the experiment refutes the property. Payoffs are compared rather
than who trades: that a trader who neither gains nor loses trades or not is no failure of a property.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Final

import numpy as np

from ...market import Market, Number
from ...outcome import Outcome
from ...ranking import optimal_welfare
from ...rule import Mechanism
from ..subject import clear, weighted_coins
from .trial import Trader, Trial

_ROUNDING = 1e-9


def utilities(outcome: Outcome, market: Market) -> dict[Trader, Number]:
    """Return every trader's gain at ``market``'s values and costs."""
    buyers, sellers = set(outcome.buyers), set(outcome.sellers)
    gains: dict[Trader, Number] = {}
    for i, (value, payment) in enumerate(zip(market.values, outcome.payments, strict=True)):
        gains[Trader("buyer", i)] = (value if i in buyers else 0) - payment
    for j, (cost, receipt) in enumerate(zip(market.costs, outcome.receipts, strict=True)):
        gains[Trader("seller", j)] = receipt - (cost if j in sellers else 0)
    return gains


def gains_of_deviating(mechanism: Mechanism, trial: Trial) -> list[Number]:
    """Return what each deviating trader gains, at true values and costs."""
    before = clear(mechanism, trial.market, trial.coin)
    after = clear(mechanism, trial.changed, trial.coin)
    return [
        after.utility(trial.market, x.side, x.index) - before.utility(trial.market, x.side, x.index)
        for x in trial.traders
    ]


def _misreporting(mechanism: Mechanism, trial: Trial) -> Number:
    return sum(gains_of_deviating(mechanism, trial))


def _colluding(mechanism: Mechanism, trial: Trial) -> Number:
    gains = gains_of_deviating(mechanism, trial)
    return sum(gains) if min(gains) >= 0 else 0


def _loss(mechanism: Mechanism, trial: Trial) -> Number:
    (trader,) = trial.traders
    return -clear(mechanism, trial.market, trial.coin).utility(trial.market, trader.side, trader.index)


def _deficit(mechanism: Mechanism, trial: Trial) -> Number:
    return -clear(mechanism, trial.market, trial.coin).budget_surplus


def _imbalance(mechanism: Mechanism, trial: Trial) -> Number:
    return abs(clear(mechanism, trial.market, trial.coin).budget_surplus)


def _welfare_lost(mechanism: Mechanism, trial: Trial) -> Number:
    return optimal_welfare(trial.market) - clear(mechanism, trial.market, trial.coin).welfare(trial.market)


def payoffs_by_report(mechanism: Mechanism, market: Market) -> list[tuple[str, Number, Number]]:
    """Return (side, report, mean payoff) of all traders, sorted: what is left when names are forgotten."""
    means: dict[Trader, Number] = {}
    for weight, coin in weighted_coins(mechanism, market):
        for trader, gain in utilities(clear(mechanism, market, coin), market).items():
            means[trader] = means.get(trader, 0) + weight * gain
    return sorted((x.side, market.report(x.side, x.index), gain) for x, gain in means.items())


def _names_matter(mechanism: Mechanism, trial: Trial) -> Number:
    before = payoffs_by_report(mechanism, trial.market)
    after = payoffs_by_report(mechanism, trial.changed)
    return max((abs(x[2] - y[2]) for x, y in zip(before, after, strict=True)), default=0)


def _bossiness(mechanism: Mechanism, trial: Trial) -> Number:
    (trader,) = trial.traders
    outcomes = [clear(mechanism, market, trial.coin) for market in (trial.market, trial.changed)]
    before, after = (utilities(outcome, trial.market) for outcome in outcomes)
    if len({own_outcome(outcome, trader) for outcome in outcomes}) > 1:
        return 0
    return max((abs(after[x] - before[x]) for x in before if x != trader), default=0)


def own_outcome(outcome: Outcome, trader: Trader) -> tuple[bool, Number]:
    """Return whether one trader trades, and what she pays or gets."""
    if trader.side == "buyer":
        return trader.index in outcome.buyers, outcome.payments[trader.index]
    return trader.index in outcome.sellers, outcome.receipts[trader.index]


def _not_equivariant(mechanism: Mechanism, trial: Trial) -> Number:
    changed = trial.changed
    before = utilities(clear(mechanism, trial.market, trial.coin), trial.market)
    after = utilities(clear(mechanism, changed, trial.coin), changed)
    factor = 1 if trial.factor is None else trial.factor
    return max((abs(after[x] - factor * before[x]) for x in before), default=0)


MEASURES: Final[dict[str, Callable[[Mechanism, Trial], Number]]] = {
    "truthful": _misreporting,
    "individually rational": _loss,
    "no deficit": _deficit,
    "strong budget balance": _imbalance,
    "efficient": _welfare_lost,
    "anonymity": _names_matter,
    "non-bossiness": _bossiness,
    "scale equivariance": _not_equivariant,
    "shift equivariance": _not_equivariant,
    "collusion-proof": _colluding,
    "collusion-proof with side payments": _misreporting,
}
"""By claim; see `Witness.claim`."""


def measure(claim: str, mechanism: Mechanism, trial: Trial) -> Fraction:
    """Return by how much a property fails in an experiment; 0 or less: it does not.

    Where a mechanism computes in floating point, up to 1e-9 of the largest report passes for rounding.
    """
    size = MEASURES[claim](mechanism, trial)
    if isinstance(size, float | np.floating):
        largest = max(map(abs, (*trial.market.values, *trial.market.costs, *trial.reports)), default=0)
        if size <= _ROUNDING * largest:
            return Fraction(0)
        return Fraction(float(size))
    return Fraction(size)
