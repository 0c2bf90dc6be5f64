"""Proof for all real reports at once, by satisfiability modulo linear arithmetic (z3, the extra ``smt``).

The mechanism's own unmodified code is run on as many unknown numbers as there are traders, and once more with
one unknown more for a misreport. Every comparison whose answer the path so far leaves open forks the path. On
each path payoffs are affine, so "some profile and some misreport gain" is a question of linear arithmetic,
answered for all real values and costs of 0 or more. Where the answer is yes, the solver's example is replayed
by clearing the market, and becomes a `Witness`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from ...problem.errors import InvalidOption
from ..market import Market, Number
from ..rule import Mechanism
from .finding import Finding
from .forking.forms import Form, explore
from .forking.reals import Constraints, LinearSolver
from .subject import as_mechanism, clear, coins
from .trials.measures import utilities
from .trials.trial import Trader, Trial
from .witness import Witness, witness_of


@dataclass(frozen=True)
class RealProof:
    """What is known of a mechanism for all markets of one size.

    Parameters
    ----------
    buyers, sellers
        The size.
    findings
        "truthful", "individually rational" and "no deficit", in this order. "certified": for all real values
        and costs of 0 or more; "refuted": with a witness.
    paths
        Paths of code that were run.
    questions
        Questions put to the solver.
    seconds
        Wall-clock time.
    """

    buyers: int
    sellers: int
    findings: tuple[Finding, ...]
    paths: int
    questions: int
    seconds: float

    @property
    def proved(self) -> bool:
        """Whether all three properties are certified."""
        return all(finding.verdict == "certified" for finding in self.findings)

    def __getitem__(self, claim: str) -> Finding:
        return next(finding for finding in self.findings if finding.claim == claim)


def prove(
    mechanism: Mechanism | Callable[..., Any],
    *,
    buyers: int,
    sellers: int,
    support: tuple[Number, Number | None] = (0, None),
) -> RealProof:
    """Prove or refute truthfulness, individual rationality and absence of deficits for all real reports.

    Parameters
    ----------
    mechanism
        A mechanism or function whose code sorts, compares, adds, and multiplies by plain numbers.
    buyers, sellers
        Size of the market. The number of paths grows with the orders of all reports: 2 x 2 takes seconds,
        2 x 3 a minute.
    support
        Lowest and highest possible value, cost and report; None: no highest.

    Raises
    ------
    InvalidOption
        When z3 is not installed, or the market or the support is empty.
    NotSymbolic
        When the code does something with reports that linear arithmetic cannot follow.
    """
    if buyers < 0 or sellers < 0 or buyers + sellers == 0:
        raise InvalidOption(f"buyers={buyers}, sellers={sellers}: at least one trader is expected")
    lowest, highest = Fraction(support[0]), None if support[1] is None else Fraction(support[1])
    if lowest < 0 or (highest is not None and highest < lowest):
        raise InvalidOption(f"support is {support}: 0 <= lowest <= highest is expected")
    solver = LinearSolver(buyers + sellers + 1, lowest, highest)
    work = _Work(as_mechanism(mechanism), buyers, sellers, solver)
    start = time.perf_counter()
    findings = (work.truthful(), *work.truth_telling())
    return RealProof(
        buyers, sellers, findings, work.paths, work.solver.questions, time.perf_counter() - start
    )


@dataclass
class _Work:
    """One proof in progress."""

    mechanism: Mechanism
    buyers: int
    sellers: int
    solver: LinearSolver
    paths: int = field(default=0)

    @property
    def scope(self) -> str:
        return f"all real reports {self.solver.support}, {self.buyers} x {self.sellers}"

    def truthful(self) -> Finding:
        for trader in self._traders():
            for coin in self._coins():
                for region, gain in self._paths(lambda *x, t=trader, c=coin: self._gain(t, c, x)):
                    point = self.solver.where_positive(region, gain)
                    if point is not None:
                        market = self._market(point)
                        trial = Trial(market, (trader,), (point[-1],), coin=coin)
                        return _refuted("truthful", self._confirmed("truthful", trial))
        return Finding("truthful", "certified", self.scope)

    def truth_telling(self) -> list[Finding]:
        rational = Finding("individually rational", "certified", self.scope)
        balanced = Finding("no deficit", "certified", self.scope)
        for coin in self._coins():
            for region, (losses, deficit) in self._paths(lambda *x, c=coin: self._losses(c, x)):
                for trader, loss in losses.items():
                    point = self.solver.where_positive(region, loss) if rational.holds else None
                    if point is not None:
                        trial = Trial(self._market(point), (trader,), coin=coin)
                        rational = _refuted(rational.claim, self._confirmed(rational.claim, trial))
                point = self.solver.where_positive(region, deficit) if balanced.holds else None
                if point is not None:
                    trial = Trial(self._market(point), coin=coin)
                    balanced = _refuted(balanced.claim, self._confirmed(balanced.claim, trial))
        return [rational, balanced]

    def _gain(self, trader: Trader, coin: Any, unknowns: tuple[Form, ...]) -> Form:
        market, report = self._market(unknowns), unknowns[-1]
        truth = clear(self.mechanism, market, coin).utility(market, trader.side, trader.index)
        changed = market.with_report(trader.side, trader.index, report)
        lie = clear(self.mechanism, changed, coin).utility(market, trader.side, trader.index)
        gain: Form = report * 0 + lie - truth
        return gain

    def _losses(self, coin: Any, unknowns: tuple[Form, ...]) -> tuple[dict[Trader, Form], Form]:
        market, nothing = self._market(unknowns), unknowns[0] * 0
        outcome = clear(self.mechanism, market, coin)
        losses = {trader: nothing - gain for trader, gain in utilities(outcome, market).items()}
        return losses, nothing - outcome.budget_surplus

    def _market(self, numbers: tuple[Any, ...]) -> Market:
        return Market.unchecked(numbers[: self.buyers], numbers[self.buyers : self.buyers + self.sellers])

    def _traders(self) -> list[Trader]:
        buyers = [Trader("buyer", i) for i in range(self.buyers)]
        return buyers + [Trader("seller", j) for j in range(self.sellers)]

    def _coins(self) -> tuple[Any, ...]:
        return coins(self.mechanism, Market([1] * self.buyers, [0] * self.sellers))

    def _paths(self, run: Callable[..., Any]) -> Iterator[tuple[Constraints, Any]]:
        for region, result in explore(run, self.solver.everything(), self.solver.unknowns):
            self.paths += 1
            yield region, result

    def _confirmed(self, claim: str, trial: Trial) -> Witness:
        witness = witness_of(claim, self.mechanism, trial)
        if witness is None:
            raise RuntimeError(f"the solver's example does not replay: {claim}, {trial}")
        return witness


def _refuted(claim: str, witness: Witness) -> Finding:
    return Finding(claim, "refuted", "found by the solver", witness.gain, witness)
