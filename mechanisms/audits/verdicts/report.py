"""What an audit says: verdicts with figures and counterexamples, and the declared claims that fail."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Literal

from ...market import Market, Side
from ...rule import Claims
from ..best_response import Gain
from ..finding import Finding, Verdict
from ..trials.encoding import plain
from .table import Cells, as_text


@dataclass(frozen=True)
class Worst:
    """The most profitable misreport that was found.

    Parameters
    ----------
    trader, side
        Index and side of the trader.
    report
        What she reports instead of the truth.
    gain
        Supremum of her gain, in the unit of reports.
    attained
        Whether ``report`` gives exactly ``gain``, and not only nearly.
    market
        The market at true values and costs.
    coin
        The coin of a lottery.
    """

    trader: int
    side: Side
    report: Fraction
    gain: Gain
    attained: bool
    market: Market
    coin: Any = None

    @property
    def truth(self) -> Fraction:
        """Her true value or cost."""
        report: Fraction = self.market.report(self.side, self.trader)
        return report

    def __str__(self) -> str:
        values, costs = (", ".join(map(str, x)) for x in (self.market.values, self.market.costs))
        return f"buyers {values}; sellers {costs}: {self.side} {self.trader} reports {self.report}"


@dataclass(frozen=True)
class Row:
    """One property.

    Parameters
    ----------
    finding
        Verdict, scope, largest failure and counterexample.
    figure
        The figure to show, in words.
    claimed
        Whether the mechanism declares the property; None: it declares nothing.
    """

    finding: Finding
    figure: str
    claimed: bool | None = None

    @property
    def fails(self) -> bool:
        """Whether the property is declared and refuted."""
        return bool(self.claimed) and not self.finding.holds

    @property
    def verdict(self) -> str:
        """The verdict, and what was declared where it matters."""
        if self.finding.holds or self.claimed is None:
            return self.finding.verdict
        return "refuted: the claim fails" if self.claimed else "refuted (not claimed)"

    @property
    def witness(self) -> str:
        """The counterexample in words; empty where there is none."""
        return "" if self.finding.witness is None else str(self.finding.witness.trial)


@dataclass(frozen=True)
class AuditReport:
    """What was found out about a mechanism in the audited markets.

    Parameters
    ----------
    mechanism
        Its name and options.
    markets, traders
        How many markets were audited, and how many misreporting traders (each for every coin).
    truthful
        "certified": nobody in these markets gains by any report of 0 or more, and the critical prices hold,
        so that nobody would with another true value either; "refuted": somebody does; "sampled": nobody was
        found, but the code could not be followed and only some reports were tried.
    reason
        Why it could not be followed, where it could not.
    max_regret
        Largest gain by a misreport, in the unit of reports; infinite where nothing bounds it.
    worst
        Who, where and how; None where nobody gains.
    regrets
        Largest gain on each side, "buyer" and "seller".
    individually_rational
        Whether no truthful trader loses.
    budget
        "strong": payments equal receipts; "weak": never a deficit, but surpluses; "deficit".
    deficit, surplus
        The largest in one market, 0 where there is none.
    welfare, optimal_welfare
        Gains from trade over all markets, at truthful reports (mean over coins), and the first best.
    guarantee
        Whether each market gives at least 1 - 1/k of its first best, k its efficient number of trades.
    rounded
        Whether the mechanism computes in floating point, so that all is exact up to its rounding only.
    claims
        What the mechanism declares; None: nothing.
    rows
        All properties in order, with counterexamples that can be stored and replayed.
    """

    mechanism: str
    markets: int
    traders: int
    truthful: Verdict
    reason: str | None
    max_regret: Gain
    worst: Worst | None
    regrets: dict[Side, Gain]
    individually_rational: bool
    budget: Literal["strong", "weak", "deficit"]
    deficit: Fraction
    surplus: Fraction
    welfare: Fraction
    optimal_welfare: Fraction
    guarantee: bool
    rounded: bool
    claims: Claims | None
    rows: tuple[Row, ...]

    @property
    def efficiency(self) -> float:
        """Welfare over the first best; 1 where there is nothing to gain."""
        return float(self.welfare / self.optimal_welfare) if self.optimal_welfare else 1.0

    @property
    def failed_claims(self) -> tuple[str, ...]:
        """Declared properties that are refuted."""
        return tuple(row.finding.claim for row in self.rows if row.fails)

    @property
    def claims_hold(self) -> bool:
        """Whether no declared property is refuted."""
        return not self.failed_claims

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Every property's finding."""
        return tuple(row.finding for row in self.rows)

    def __str__(self) -> str:
        """Return the table as text."""
        return as_text(self.headline, self.cells, self.remarks)

    @property
    def headline(self) -> str:
        """What was audited, in one line."""
        size = f"{self.markets} {'market' if self.markets == 1 else 'markets'}"
        return f"{self.mechanism}: {size}, {self.traders} best responses"

    @property
    def cells(self) -> tuple[Cells, ...]:
        """The table's rows: property, verdict, figure, witness."""
        return tuple((row.finding.claim, row.verdict, row.figure, row.witness) for row in self.rows)

    @property
    def remarks(self) -> tuple[str, ...]:
        """What a reader of the table must know beside it."""
        lines = []
        if self.reason is not None:
            lines.append(f"sampled only, the code cannot be followed: {self.reason}")
        if self.rounded:
            lines.append("the mechanism computes in floating point: exact up to its rounding")
        if self.failed_claims:
            lines.append(f"declared and refuted: {', '.join(self.failed_claims)}")
        return tuple(lines)

    def as_json(self) -> dict[str, Any]:
        """Return plain objects; numbers that are not whole become text such as ``"17/2"``."""
        return {
            "mechanism": self.mechanism,
            "markets": self.markets,
            "traders": self.traders,
            "truthful": self.truthful,
            "reason": self.reason,
            "max_regret": _plain(self.max_regret),
            "individually_rational": self.individually_rational,
            "budget": self.budget,
            "deficit": plain(self.deficit),
            "surplus": plain(self.surplus),
            "welfare": plain(self.welfare),
            "optimal_welfare": plain(self.optimal_welfare),
            "efficiency": self.efficiency,
            "guarantee": self.guarantee,
            "rounded": self.rounded,
            "failed_claims": list(self.failed_claims),
            "properties": [_row(row) for row in self.rows],
        }


def _plain(gain: Gain) -> int | str:
    return plain(gain) if isinstance(gain, Fraction) else "infinite"


def _row(row: Row) -> dict[str, Any]:
    finding = row.finding
    return {
        "property": finding.claim,
        "verdict": finding.verdict,
        "claimed": row.claimed,
        "scope": finding.scope,
        "figure": row.figure,
        "witness": None if finding.witness is None else finding.witness.as_json(),
    }
