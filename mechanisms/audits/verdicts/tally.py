"""The worst of what is found in many markets, kept while they go by."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Generic, TypeVar

from ...market import Market, Side
from ..best_response import BestResponse, Gain
from ..responses.critical import Misreport
from ..trials.trial import Trader, Trial
from .examine import AtTruth, Examined

Found = TypeVar("Found")


@dataclass(frozen=True)
class In(Generic[Found]):
    """Something found in a market."""

    market: Market
    found: Found


@dataclass(frozen=True)
class Refutation:
    """A trader with a true value for whom the certificate of critical prices fails."""

    side: Side
    index: int
    coin: Any
    misreport: Misreport

    def trial(self, market: Market) -> Trial:
        """Return the experiment: the market with that true value, and the misreport."""
        true = market.with_report(self.side, self.index, self.misreport.truth)
        return Trial(true, (Trader(self.side, self.index),), (self.misreport.report,), coin=self.coin)


@dataclass
class Tally:
    """What has been found so far. Sums are over markets, and means over coins."""

    markets: int = 0
    responses: int = 0
    sampled: int = 0
    rounded: bool = False
    reason: str | None = None
    regrets: dict[Side, In[BestResponse]] = field(default_factory=dict)
    certificates: int = 0
    critical: int = 0
    refutation: In[Refutation] | None = None
    loss: In[AtTruth] | None = None
    deficit: In[AtTruth] | None = None
    surplus: In[AtTruth] | None = None
    lost: In[AtTruth] | None = None
    welfare: Fraction = Fraction(0)
    optimal_welfare: Fraction = Fraction(0)
    shortfall: In[Fraction] | None = None

    def add(self, examined: Examined) -> None:
        """Take note of one more market."""
        market = examined.market
        self.markets += 1
        self._add_responses(examined)
        self._add_certificates(examined)
        optimum = examined.optimal_welfare
        for truth in examined.truth:
            self.loss = _larger(self.loss, market, truth, lambda x: x.loss)
            self.deficit = _larger(self.deficit, market, truth, lambda x: -x.surplus)
            self.surplus = _larger(self.surplus, market, truth, lambda x: x.surplus)
            if truth.welfare < optimum and (self.lost is None or truth.welfare < self.lost.found.welfare):
                self.lost = In(market, truth)
        self.welfare += examined.welfare
        self.optimal_welfare += optimum
        k = examined.efficient_trades
        missing = (1 - Fraction(1, k)) * optimum - examined.welfare if k else Fraction(0)
        if missing > 0 and (self.shortfall is None or missing > self.shortfall.found):
            self.shortfall = In(market, missing)

    def _add_responses(self, examined: Examined) -> None:
        for best in examined.responses:
            self.responses += 1
            self.rounded |= best.rounded
            if not best.exact:
                self.sampled += 1
                self.reason = self.reason or best.reason
            known = self.regrets.get(best.side)
            if best.gain > 0 and (known is None or best.gain > known.found.gain):
                self.regrets[best.side] = In(examined.market, best)

    def _add_certificates(self, examined: Examined) -> None:
        for certificate in examined.certificates:
            if certificate is None:
                continue
            self.certificates += 1
            self.critical += certificate.holds
            found = certificate.misreport
            if found is not None and (
                self.refutation is None or found.gain > self.refutation.found.misreport.gain
            ):
                refutation = Refutation(certificate.side, certificate.index, certificate.coin, found)
                self.refutation = In(examined.market, refutation)

    def regret(self, side: Side) -> Gain:
        """Return the largest gain by a misreport on one side."""
        return self.regrets[side].found.gain if side in self.regrets else Fraction(0)

    def worst(self) -> In[BestResponse] | None:
        """Return the most profitable misreport."""
        return max(self.regrets.values(), key=lambda x: (x.found.gain, x.found.attained), default=None)


def _larger(
    known: In[AtTruth] | None, market: Market, found: AtTruth, size: Callable[[AtTruth], Fraction]
) -> In[AtTruth] | None:
    if size(found) > 0 and (known is None or size(found) > size(known.found)):
        return In(market, found)
    return known
