"""Audit a mechanism, or any function that clears markets: what holds, what does not, and how it is known."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from fractions import Fraction
from typing import Any

from ...problem.errors import InvalidOption
from ..market import Market, Side
from ..rule import Claims, Mechanism
from .axioms import axiom_verdicts
from .finding import Finding, Verdict
from .shrink import shrink
from .subject import as_mechanism
from .trials.naming import describe
from .trials.trial import Trader, Trial, traders_of
from .verdicts.draw import draw_markets
from .verdicts.examine import AtTruth, examine
from .verdicts.report import AuditReport, Row, Worst
from .verdicts.tally import In, Tally
from .witness import Witness, witness_of

_LARGEST_SHRUNK = 16
_AXIOM_MARKETS = 20


def audit(
    mechanism: Mechanism | Callable[..., Any],
    markets: Market | Iterable[Market] | None = None,
    *,
    draws: int = 100,
    seed: int = 0,
    axioms: bool = False,
) -> AuditReport:
    """Find out which properties a mechanism has in the given markets, exactly.

    Parameters
    ----------
    mechanism
        A mechanism, or a function of a market, or of values and costs; its code need not know of the audit.
        Rules with a lottery are audited coin by coin.
    markets
        One or several, at true values and costs; floats stand for the binary fractions they are. None: small
        random ones, full of ties.
    draws, seed
        How many random markets, and their seed.
    axioms
        Whether to look at anonymity, non-bossiness, equivariance and collusion of pairs too, in the first
        20 markets.

    Raises
    ------
    InvalidOption
        When ``mechanism`` clears nothing, or there are no markets.
    """
    subject = as_mechanism(mechanism)
    if markets is None:
        markets = draw_markets(draws, seed=seed)
    tally = Tally()
    kept: list[Market] = []
    for market in [markets] if isinstance(markets, Market) else markets:
        exact = market.as_fractions()
        tally.add(examine(subject, exact))
        if axioms and len(kept) < _AXIOM_MARKETS:
            kept.append(exact)
    if tally.markets == 0:
        raise InvalidOption("there are no markets to audit: one at least is expected")
    return _report(subject, tally, axiom_verdicts(subject, kept) if axioms else [])


def _report(subject: Mechanism, tally: Tally, axioms: list[Finding]) -> AuditReport:
    worst = _worst(subject, tally)
    claims = getattr(subject, "claims", None)
    claims = claims if isinstance(claims, Claims) else None
    deficit = Fraction(0) if tally.deficit is None else -tally.deficit.found.surplus
    surplus = Fraction(0) if tally.surplus is None else tally.surplus.found.surplus
    return AuditReport(
        mechanism=str(describe(subject)),
        markets=tally.markets,
        traders=tally.responses,
        truthful=_verdict(tally, refuted=worst is not None),
        reason=tally.reason,
        max_regret=Fraction(0) if worst is None else worst.gain,
        worst=worst,
        regrets={"buyer": tally.regret("buyer"), "seller": tally.regret("seller")},
        individually_rational=tally.loss is None,
        budget="deficit" if deficit else "weak" if surplus else "strong",
        deficit=deficit,
        surplus=surplus,
        welfare=tally.welfare,
        optimal_welfare=tally.optimal_welfare,
        guarantee=tally.shortfall is None,
        rounded=tally.rounded,
        claims=claims,
        rows=(*_rows(subject, tally, worst, claims), *(Row(x, _text(x.figure)) for x in axioms)),
    )


def _verdict(tally: Tally, *, refuted: bool) -> Verdict:
    if refuted:
        return "refuted"
    return "sampled" if tally.sampled else "certified"


def _worst(subject: Mechanism, tally: Tally) -> Worst | None:
    """Return the most profitable misreport; if there is none, that of a trader with another value."""
    found = tally.worst()
    if found is not None:
        best = found.found
        return Worst(best.index, best.side, best.report, best.gain, best.attained, found.market, best.coin)
    if tally.refutation is None:
        return None
    refutation = tally.refutation.found
    trial = refutation.trial(tally.refutation.market)
    witness = witness_of("truthful", subject, trial)
    if witness is None:
        return None
    return Worst(
        refutation.index,
        refutation.side,
        witness.reports[0],
        witness.gain,
        True,
        trial.market,
        refutation.coin,
    )


def _rows(subject: Mechanism, tally: Tally, worst: Worst | None, claims: Claims | None) -> list[Row]:
    markets = f"{tally.markets} markets"
    budget = None if claims is None else claims.budget
    ratio = float(tally.welfare / tally.optimal_welfare) if tally.optimal_welfare else 1.0
    lost = tally.optimal_welfare - tally.welfare
    unbalanced = max((tally.deficit, tally.surplus), key=_imbalance)
    return [
        *_truthful(subject, tally, worst, claims),
        Row(
            _at_truth("individually rational", subject, tally.loss, _loss(tally.loss), markets),
            f"loss {_text(_loss(tally.loss))}",
            None if claims is None else claims.individually_rational,
        ),
        Row(
            _at_truth("no deficit", subject, tally.deficit, _imbalance(tally.deficit), markets),
            f"deficit {_text(_imbalance(tally.deficit))}",
            None if budget is None else budget != "deficit",
        ),
        Row(
            _at_truth("strong budget balance", subject, unbalanced, _imbalance(unbalanced), markets),
            f"off by {_text(_imbalance(unbalanced))}",
            None if budget is None else budget == "strong",
        ),
        Row(
            _at_truth("efficient", subject, tally.lost, lost, markets),
            f"{ratio:.2%} of the first best",
            None if claims is None else claims.efficient,
        ),
        _guarantee(tally, markets, claims),
    ]


def _truthful(subject: Mechanism, tally: Tally, worst: Worst | None, claims: Claims | None) -> list[Row]:
    scope = f"all reports of 0 or more, {tally.markets} markets"
    witness = None if worst is None else _shrunk(subject, "truthful", _trial(worst))
    verdict = _verdict(tally, refuted=worst is not None)
    figure = Fraction(0) if worst is None else worst.gain
    rows = [
        Row(
            Finding("truthful", verdict, scope, figure, witness),
            f"regret {_text(figure)}",
            None if claims is None else claims.truthful is True,
        )
    ]
    sides: tuple[Side, ...] = ("buyer", "seller")
    claimed = [side for side in sides if claims is not None and claims.truthful == f"{side}s"]
    rows += [_one_side(subject, tally, side, scope) for side in claimed]
    if tally.certificates:
        failed = tally.refutation
        trial = None if failed is None else failed.found.trial(failed.market)
        rows.append(
            Row(
                Finding(
                    "critical prices",
                    "certified" if failed is None else "refuted",
                    f"all true values and reports of 0 or more, {tally.markets} markets",
                    Fraction(0) if failed is None else failed.found.misreport.gain,
                    None if trial is None else _shrunk(subject, "truthful", trial),
                ),
                f"{tally.critical} of {tally.certificates} certificates",
                None if claims is None else claims.truthful is True,
            )
        )
    return rows


def _one_side(subject: Mechanism, tally: Tally, side: Side, scope: str) -> Row:
    found = tally.regrets.get(side)
    witness = None
    if found is not None:
        best = found.found
        trial = Trial(found.market, (Trader(side, best.index),), (best.report,), coin=best.coin)
        witness = _shrunk(subject, "truthful", trial)
    verdict = _verdict(tally, refuted=found is not None)
    finding = Finding(f"truthful for {side}s", verdict, scope, tally.regret(side), witness)
    return Row(finding, f"regret {_text(tally.regret(side))}", claimed=True)


def _trial(worst: Worst) -> Trial:
    return Trial(worst.market, (Trader(worst.side, worst.trader),), (worst.report,), coin=worst.coin)


def _at_truth(
    claim: str, subject: Mechanism, found: In[AtTruth] | None, figure: Fraction, scope: str
) -> Finding:
    if found is None:
        return Finding(claim, "certified", scope)
    loser = found.found.loser
    traders = (loser,) if claim == "individually rational" and loser is not None else ()
    witness = _shrunk(subject, claim, Trial(found.market, traders, coin=found.found.coin))
    return Finding(claim, "refuted", scope, figure, witness)


def _guarantee(tally: Tally, scope: str, claims: Claims | None) -> Row:
    missing = Fraction(0) if tally.shortfall is None else tally.shortfall.found
    verdict: Verdict = "certified" if tally.shortfall is None else "refuted"
    return Row(
        Finding("1 - 1/k of the first best", verdict, scope, missing),
        f"short by {_text(missing)}",
        None if claims is None else claims.guarantee,
    )


def _shrunk(subject: Mechanism, claim: str, trial: Trial) -> Witness | None:
    """Return the counterexample, made smaller where that does not take long."""
    witness = witness_of(claim, subject, trial)
    if witness is None or len(traders_of(trial.market)) > _LARGEST_SHRUNK:
        return witness
    try:
        return shrink(witness, subject)
    except Exception:  # code of a user's own may take no smaller market than the one it was given
        return witness


def _loss(found: In[AtTruth] | None) -> Fraction:
    return Fraction(0) if found is None else found.found.loss


def _imbalance(found: In[AtTruth] | None) -> Fraction:
    return Fraction(0) if found is None else abs(found.found.surplus)


def _text(number: Any) -> str:
    if isinstance(number, float):
        return "unbounded"
    return str(number) if Fraction(number).denominator < 1000 else f"{float(number):.6g}"
